"""Is every document that one schema accepts accepted by another? A search for one that is not.

Asked is whether some value satisfies all of some schemas and none of others. For each type of value, the schemas that
must hold are opened into branches of plain keywords; a branch is empty if its keywords contradict each other, or if some
schema that must not hold holds in all of it. Values below (items, properties) ask the same question again; one that comes
back to itself has no finite answer that way, so it counts as empty there (coinduction).

What is found empty surely is. What is not gives candidates, which a judge of values then confirms; where none is, the
answer is *unknown*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from compiler.compat.schemas.arrays import arrays
from compiler.compat.schemas.numbers import Numbers, exact
from compiler.compat.schemas.objects import objects
from compiler.compat.schemas.texts import texts
from compiler.compat.schemas.views import Key, View
from compiler.contracts.fits import same
from compiler.contracts.refs import Node

KINDS = ("null", "boolean", "integer", "fraction", "string", "array", "object")
_OF_KIND = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "fraction": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"),
    "object": (
        *("required", "minProperties", "maxProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
        *("properties", "unevaluatedProperties"),
    ),
}
_PROPERTIES = ("properties", "patternProperties", "additionalProperties")
MAX_DEPTH = 40
_MOST_BRANCHES = 600
_MOST_ATOMS = 200
_MOST_SPLIT = 8
_SPLIT_BUDGET = 400
_MOST_CANDIDATES = 12


class SpentError(Exception):
    """The work that may be done is done."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One keyword of a schema, which holds or does not; ``properties`` stands for itself and its two companions."""

    view: View
    keyword: str
    holds: bool = True

    @property
    def value(self) -> Any:
        return self.view.node.value[self.keyword]


Candidates = list[Any] | None
"""Values that may be witnesses, best first; None where there surely is none."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way in which a schema does not hold: a keyword, or schemas that hold and schemas that do not."""

    atoms: tuple[Atom, ...] = ()
    holding: tuple[View, ...] = ()
    failing: tuple[View, ...] = ()


@dataclass(slots=True)
class Search:
    """One question with all that it leads to. ``budget`` is the number of branches that may be opened."""

    budget: int
    known: dict[tuple[frozenset[Key], frozenset[Key]], Candidates] = field(default_factory=dict)
    open: dict[tuple[frozenset[Key], frozenset[Key]], int] = field(default_factory=dict)
    lowest: int = 1 << 30
    """The outermost open question that something rested on since it was asked."""

    def some(self, holding: Sequence[View], failing: Sequence[View]) -> Candidates:
        """Values that satisfy all of the one schemas and none of the others."""
        key = (frozenset(v.key for v in holding), frozenset(v.key for v in failing))
        if key[0] & key[1] and not any(v.sender for v in (*holding, *failing)):
            return None
        if key in self.known:
            return self.known[key]
        if key in self.open:
            self.lowest = min(self.lowest, self.open[key])
            return None
        if len(self.open) >= MAX_DEPTH:
            raise SpentError
        level = self.open[key] = len(self.open)
        outer, self.lowest = self.lowest, 1 << 30
        try:
            found = self._some(holding, failing)
        finally:
            del self.open[key]
            rested, self.lowest = self.lowest, min(outer, self.lowest if self.lowest < level else 1 << 30)
        if found is not None or rested >= level:
            self.known[key] = found
        return found

    def _some(self, holding: Sequence[View], failing: Sequence[View]) -> Candidates:
        found: list[Any] = []
        empty = True
        for kind in KINDS:
            for branch in self.opened(holding, kind):
                candidates = self.in_branch(branch, failing, kind)
                if candidates is not None:
                    empty = False
                    found += candidates
        return None if empty else _chosen(found)

    def spend(self) -> None:
        """One branch more."""
        self.budget -= 1
        if self.budget < 0:
            raise SpentError

    # What holds.

    def opened(self, views: Sequence[View], kind: str, atoms: Sequence[Atom] = ()) -> Iterator[tuple[Atom, ...]]:
        """The branches of what holds for values of a kind: keywords that must all hold."""
        stack: list[tuple[list[tuple[View, bool]], tuple[Atom, ...], frozenset[Key]]] = [
            ([(view, True) for view in reversed(views)], tuple(atoms), frozenset())
        ]
        count = 0
        while stack:
            waiting, found, seen = stack.pop()
            if not waiting:
                count += 1
                if count > _MOST_BRANCHES:
                    raise SpentError
                yield found
                continue
            self.spend()
            view, holds = waiting[-1]
            rest = waiting[:-1]
            if not holds:
                for option in self.alternatives(view, kind):
                    more = [*((v, False) for v in option.failing), *((v, True) for v in option.holding)]
                    stack.append(([*rest, *more], found + tuple(_negated(a) for a in option.atoms), seen))
                continue
            step = self._one(view, kind, seen)
            if step is None:
                continue
            options, own, seen_now = step
            for option in reversed(options):
                stack.append(([*rest, *reversed(option)], found + own, seen_now))

    def _one(
        self, view: View, kind: str, seen: frozenset[Key]
    ) -> tuple[list[list[tuple[View, bool]]], tuple[Atom, ...], frozenset[Key]] | None:
        """A schema that holds: what holds with it, in one of several ways, and its own keywords. None: nothing does."""
        schema = view.node.value
        if schema is True or view.key in seen:
            return [[]], (), seen
        if schema is False:
            return None
        seen |= {view.key}
        options: list[list[tuple[View, bool]]] = [[]]

        def also(ways: list[list[tuple[View, bool]]]) -> None:
            options[:] = [[*one, *way] for one in options for way in ways]
            if len(options) > _MOST_BRANCHES:
                raise SpentError

        if isinstance(schema.get("$ref"), str):
            target = view.target()
            if target is None:
                raise SpentError
            also([[(target, True)]])
            if view.dialect == "3.0":
                return options, (), seen
        if "$dynamicRef" in schema or "$recursiveRef" in schema:
            raise SpentError
        if not _type_allows(schema, kind, view.dialect):
            return None
        for key in ("allOf",):
            also([[(view.at(key, n), True) for n in range(len(schema.get(key, ())))]])
        if "anyOf" in schema:
            also([[(view.at("anyOf", n), True)] for n in range(len(schema["anyOf"]))])
        if "oneOf" in schema:
            branches = [view.at("oneOf", n) for n in range(len(schema["oneOf"]))]
            also([[(one, True), *((other, False) for other in branches if other is not one)] for one in branches])
        if "not" in schema:
            also([[(view.at("not"), False)]])
        if "if" in schema and ("then" in schema or "else" in schema):
            then = [(view.at("then"), True)] if "then" in schema else []
            otherwise = [(view.at("else"), True)] if "else" in schema else []
            also([[(view.at("if"), True), *then], [(view.at("if"), False), *otherwise]])
        own = [Atom(view, key) for key in ("enum", "const") if key in schema]
        own += [Atom(view, key) for key in _keywords(schema, kind)]
        return options, tuple(own), seen

    # What does not hold.

    def alternatives(self, view: View, kind: str) -> list[Alternative]:
        """The ways in which a schema does not hold for values of a kind; none where it always holds."""
        schema = view.node.value
        if schema is True:
            return []
        if schema is False:
            return [Alternative()]
        found: list[Alternative] = []
        if isinstance(schema.get("$ref"), str):
            target = view.target()
            if target is None:
                raise SpentError
            found.append(Alternative(failing=(target,)))
            if view.dialect == "3.0":
                return found
        if "$dynamicRef" in schema or "$recursiveRef" in schema:
            raise SpentError
        if not _type_allows(schema, kind, view.dialect):
            return [Alternative()]
        found += [Alternative(atoms=(Atom(view, key),)) for key in ("enum", "const") if key in schema]
        found += [Alternative(atoms=(Atom(view, key),)) for key in _keywords(schema, kind)]
        found += [Alternative(failing=(view.at("allOf", n),)) for n in range(len(schema.get("allOf", ())))]
        if "anyOf" in schema:
            found.append(Alternative(failing=tuple(view.at("anyOf", n) for n in range(len(schema["anyOf"])))))
        if "oneOf" in schema:
            branches = [view.at("oneOf", n) for n in range(len(schema["oneOf"]))]
            found.append(Alternative(failing=tuple(branches)))
            if len(branches) > 24:
                raise SpentError
            found += [
                Alternative(holding=(one, other)) for at, one in enumerate(branches) for other in branches[at + 1 :]
            ]
        if "not" in schema:
            found.append(Alternative(holding=(view.at("not"),)))
        if "if" in schema:
            if "then" in schema:
                found.append(Alternative(holding=(view.at("if"),), failing=(view.at("then"),)))
            if "else" in schema:
                found.append(Alternative(failing=(view.at("if"), view.at("else"))))
        return found

    # Branches.

    def in_branch(self, branch: Sequence[Atom], failing: Sequence[View], kind: str) -> Candidates:
        """Values of a branch in which none of the failing schemas holds."""
        self.spend()
        if kind in ("null", "boolean"):
            return self._few(branch, failing, [None] if kind == "null" else [False, True])
        listed = [atom for atom in branch if atom.keyword in ("enum", "const") and atom.holds]
        if listed:
            values = listed[0].value if listed[0].keyword == "enum" else [listed[0].value]
            return self._few(branch, failing, [value for value in values if kind_of(value) == kind])
        alone = self.leaf(branch, (), kind)
        if alone is None or not failing:
            return alone
        if len(branch) > _MOST_ATOMS:
            raise SpentError
        for view in failing:
            options = self.alternatives(view, kind)
            if not options:
                return None
            if len(options) == 1:
                return self._applied(branch, options[0], [v for v in failing if v is not view], kind)
        found: list[Any] = []
        for view in failing:
            candidates = self.not_in(branch, view, kind)
            if candidates is None:
                return None
            found += candidates
        if 1 < len(failing) <= _MOST_SPLIT and self._split_is_empty(branch, failing, kind):
            return None
        return _chosen([*found, *alone])

    def _applied(self, branch: Sequence[Atom], option: Alternative, failing: Sequence[View], kind: str) -> Candidates:
        """Values of a branch in which one thing more is settled, and the failing schemas do not hold."""
        settled = (*branch, *(_negated(atom) for atom in option.atoms))
        rest = [*option.failing, *failing]
        if not option.holding:
            return self.in_branch(settled, rest, kind)
        found: list[Any] = []
        empty = True
        for opened in self.opened(option.holding, kind, settled):
            candidates = self.in_branch(opened, rest, kind)
            if candidates is not None:
                empty = False
                found += candidates
        return None if empty else _chosen(found)

    def _split_is_empty(self, branch: Sequence[Atom], failing: Sequence[View], kind: str) -> bool:
        """Whether several schemas together leave nothing, though each alone leaves something."""
        view = min(failing, key=lambda v: len(self.alternatives(v, kind)))
        rest = [v for v in failing if v is not view]
        before = self.budget
        self.budget = min(before, _SPLIT_BUDGET)
        allowed = self.budget
        try:
            return all(self._applied(branch, option, rest, kind) is None for option in self.alternatives(view, kind))
        except SpentError:
            return False
        finally:
            self.budget = before - (allowed - max(self.budget, 0))

    def _few(self, branch: Sequence[Atom], failing: Sequence[View], values: Sequence[Any]) -> Candidates:
        """Which of a few values are in a branch, and in none of the failing schemas. Decided value by value."""
        found = []
        for value in values:
            held = [_is_so(atom, value) for atom in branch]
            failed = [view.accepts(value) for view in failing]
            if False in held or True in failed:
                continue
            found.append(value)
        return found or None

    def not_in(self, branch: Sequence[Atom], view: View, kind: str) -> Candidates:
        """Values of a branch in which a schema does not hold."""
        found: list[Any] = []
        empty = True
        for option in self.alternatives(view, kind):
            self.spend()
            candidates = self._applied(branch, option, (), kind)
            if candidates is not None:
                empty = False
                found += candidates
        return None if empty else _chosen(found)

    def leaf(self, branch: Sequence[Atom], against: Sequence[Atom], kind: str) -> Candidates:
        """Values for which all keywords of a branch hold, and none of those against it."""
        self.spend()
        holding = [atom for atom in branch if atom.holds]
        failing = [*against, *(atom for atom in branch if not atom.holds)]
        if failing and any(_says_the_same(atom, other) for atom in failing for other in holding):
            return None
        if kind in ("integer", "fraction"):
            return _numbers(holding, failing, kind)
        if kind == "string":
            return texts(holding, failing)
        if kind == "array":
            return arrays(self, holding, failing)
        if kind == "object":
            return objects(self, holding, failing)
        return []


def _negated(atom: Atom) -> Atom:
    return Atom(atom.view, atom.keyword, holds=False)


_TOGETHER = {
    "properties": ("properties", "patternProperties", "additionalProperties"),
    "minimum": ("minimum", "exclusiveMinimum"),
    "maximum": ("maximum", "exclusiveMaximum"),
    "items": ("prefixItems", "items"),
    "contains": ("contains", "minContains", "maxContains"),
}


def _is_so(atom: Atom, value: Any) -> bool | None:
    """Whether a value agrees with a keyword that holds, or does not; None where it cannot be told."""
    schema = atom.view.node.value
    if atom.keyword in ("unevaluatedProperties", "unevaluatedItems", "exclusiveMinimum", "exclusiveMaximum"):
        return atom.view.accepts(value) if atom.holds else None
    kept = {key: schema[key] for key in _TOGETHER.get(atom.keyword, (atom.keyword,)) if key in schema}
    if atom.keyword == "required" and atom.view.direction is not None:
        kept |= {key: schema[key] for key in _PROPERTIES if key in schema}
        if not atom.holds:
            return None
    node = Node(kept, atom.view.node.document, atom.view.node.path)
    accepted = View(node, atom.view.scope, atom.view.dialect, atom.view.direction).accepts(value)
    return None if accepted is None else accepted == atom.holds


def _says_the_same(atom: Atom, other: Atom) -> bool:
    """Whether two keywords are one, or stand in schemas that are written alike and refer to nothing."""
    if atom.keyword != other.keyword:
        return False
    one, two = atom.view, other.view
    if one.key == two.key:
        return True
    if one.direction != two.direction or one.sender or one.dialect != two.dialect:
        return False
    return bool(one.node.value == two.node.value) and not _refers(one.node.value) and _typed_alike(one, two)


def _typed_alike(one: View, two: View) -> bool:
    """Python takes 1 for true, which JSON does not."""
    return repr(one.node.value) == repr(two.node.value) or same(one.node.value, two.node.value)


def _refers(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "$ref" in one:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def alike(one: Any, other: Any) -> bool:
    """Equality as JSON has it."""
    return same(one, other)


def kind_of(value: Any) -> str:
    """The kind of a value; a float without a fraction is whole."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() or isinstance(value, int) else "fraction"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _type_allows(schema: Mapping[str, Any], kind: str, dialect: str) -> bool:
    said = schema.get("type")
    if said is None:
        return True
    if kind == "null" and dialect == "3.0" and schema.get("nullable") is True:
        return True
    types = said if isinstance(said, list) else (said,)
    return kind in types or (kind in ("integer", "fraction") and "number" in types)


def _keywords(schema: Mapping[str, Any], kind: str) -> list[str]:
    """The keywords that mean something for a kind."""
    found = [key for key in _OF_KIND.get(kind, ()) if key in schema]
    if kind == "object" and "properties" not in schema and any(key in schema for key in _PROPERTIES):
        found.append("properties")
    return found


def _numbers(holding: Sequence[Atom], failing: Sequence[Atom], kind: str) -> Candidates:
    found = Numbers(kind == "integer")
    for atoms, holds in ((holding, True), (failing, False)):
        for atom in atoms:
            _bound(found, atom, holds)
    return None if found.is_empty() else list(islice(found.some(), 4))


def _bound(found: Numbers, atom: Atom, holds: bool) -> None:
    schema, key = atom.view.node.value, atom.keyword
    if key in ("enum", "const"):
        if not holds:
            listed = atom.value if key == "enum" else [atom.value]
            found.excluded.update(exact(v) for v in listed if isinstance(v, (int, float)) and not isinstance(v, bool))
        return
    value = atom.value
    if key == "multipleOf":
        (found.steps if holds else found.not_steps).append(exact(value))
        return
    if isinstance(value, bool):  # exclusiveMinimum of 3.0 and draft 4 says how `minimum` is read
        return
    bound = exact(value)
    is_open = key.startswith("exclusive")
    if not is_open:
        flag = "exclusiveMinimum" if key == "minimum" else "exclusiveMaximum"
        is_open = schema.get(flag) is True
    lower = key in ("minimum", "exclusiveMinimum")
    if lower == holds:
        found.at_least(bound, without=is_open if holds else not is_open)
    else:
        found.at_most(bound, without=is_open if holds else not is_open)


def _chosen(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if len(found) >= _MOST_CANDIDATES:
            break
        if not any(alike(value, other) for other in found):
            found.append(value)
    return found
