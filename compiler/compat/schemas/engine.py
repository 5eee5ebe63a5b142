"""Is every document that one schema accepts accepted by another? A search for one that is not.

Asked is whether some value satisfies all of some schemas and none of others. For each type of value, the schemas that
must hold are opened into branches of plain keywords; a branch is empty if its keywords contradict each other, or if
some schema that must not hold holds in all of it. Values below (items, properties) ask the same question again; one
that comes back to itself has no finite answer that way, so it counts as empty there (coinduction).

What is found empty surely is. What is not gives candidates, which a judge of values then confirms; where none is, the
answer is *unknown*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import combinations
from typing import Any

from compiler.compat.schemas.arrays import arrays
from compiler.compat.schemas.keywords import (
    KINDS,
    Atom,
    alike,
    is_so,
    keywords,
    kind_of,
    negated,
    numbers,
    says_the_same,
    type_allows,
)
from compiler.compat.schemas.marks import Marks, apart, marks_of
from compiler.compat.schemas.objects import objects
from compiler.compat.schemas.texts import texts
from compiler.compat.schemas.views import Key, View
from compiler.contracts.refs import Node
from compiler.records import frozen, mutable

MAX_DEPTH = 40
_MOST_BRANCHES = 600
_MOST_ATOMS = 200
_MOST_SPLIT = 8
_SPLIT_BUDGET = 400
_MOST_CANDIDATES = 12


class SpentError(Exception):
    """The work that may be done is done."""


Candidates = list[Any] | None
"""Values that may be witnesses, best first; None where there surely is none."""


@frozen
class Branch:
    """Keywords that hold, or do not, and schemas that do not: one way in which some schemas hold."""

    atoms: tuple[Atom, ...]
    failing: tuple[View, ...]


@frozen
class Alternative:
    """One way in which a schema holds or does not: keywords, schemas that hold, and schemas that do not."""

    atoms: tuple[Atom, ...] = ()
    holding: tuple[View, ...] = ()
    failing: tuple[View, ...] = ()


@mutable
class Search:
    """One question with all that it leads to. ``budget`` is the number of branches that may be opened."""

    budget: int
    known: dict[tuple[frozenset[Key], frozenset[Key]], Candidates] = field(default_factory=dict)
    open: dict[tuple[frozenset[Key], frozenset[Key]], int] = field(default_factory=dict)
    marked: dict[Key, Marks] = field(default_factory=dict)
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
                candidates = self.in_branch(branch.atoms, [*branch.failing, *failing], kind)
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

    def opened(self, views: Sequence[View], kind: str, atoms: Sequence[Atom] = ()) -> Iterator[Branch]:
        """The branches of what holds for values of a kind."""
        stack: list[tuple[tuple[View, ...], tuple[Atom, ...], tuple[View, ...], frozenset[Key]]] = [
            (tuple(reversed(views)), tuple(atoms), (), frozenset())
        ]
        count = 0
        while stack:
            waiting, found, failing, seen = stack.pop()
            if not waiting:
                count += 1
                if count > _MOST_BRANCHES:
                    raise SpentError
                yield Branch(found, failing)
                continue
            self.spend()
            view = waiting[-1]
            if view.key in seen or view.node.value is True:
                stack.append((waiting[:-1], found, failing, seen))
                continue
            step = _one(view, kind)
            if step is None:
                continue
            ways, own = step
            stack += [
                (
                    (*waiting[:-1], *reversed(way.holding)),
                    found + own,
                    failing + way.failing,
                    seen | {view.key},
                )
                for way in reversed(ways)
            ]

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
        if not type_allows(schema, kind, view.dialect):
            return [Alternative()]
        found += [Alternative(atoms=(Atom(view, key),)) for key in ("enum", "const") if key in schema]
        found += [Alternative(atoms=(Atom(view, key),)) for key in keywords(schema, kind)]
        found += [Alternative(failing=(view.at("allOf", n),)) for n in range(len(schema.get("allOf", ())))]
        if "anyOf" in schema:
            found.append(Alternative(failing=tuple(view.at("anyOf", n) for n in range(len(schema["anyOf"])))))
        if "oneOf" in schema:
            branches = [view.at("oneOf", n) for n in range(len(schema["oneOf"]))]
            found.append(Alternative(failing=tuple(branches)))
            marks = [marks_of(branch) for branch in branches]
            found += [
                Alternative(holding=(branches[a], branches[b]))
                for a, b in combinations(range(len(branches)), 2)
                if not apart(marks[a], marks[b])
            ]
        if "not" in schema:
            found.append(Alternative(holding=(view.at("not"),)))
        if "if" in schema:
            if "then" in schema:
                found.append(Alternative(holding=(view.at("if"),), failing=(view.at("then"),)))
            if "else" in schema:
                found.append(Alternative(failing=(view.at("if"), view.at("else"))))
        for name in _named(view):
            found.append(Alternative(holding=(_has(view, name),), failing=(view.at("dependentSchemas", name),)))
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
        if kind == "object" and len(failing) > 1:
            failing = self._not_apart(branch, failing)
            if not failing:
                return alone
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

    def _not_apart(self, branch: Sequence[Atom], failing: Sequence[View]) -> list[View]:
        """The schemas that some value of a branch might satisfy, as far as what tells unions apart goes."""
        marks: dict[str, frozenset[str]] = {}
        for view in {atom.view.key: atom.view for atom in branch if atom.holds}.values():
            marks.update(self.marks(view))
        return [view for view in failing if not apart(marks, self.marks(view))] if marks else list(failing)

    def marks(self, view: View) -> Marks:
        """As ``marks_of``, but looked up once."""
        found = self.marked.get(view.key)
        if found is None:
            found = self.marked[view.key] = marks_of(view)
        return found

    def _applied(self, branch: Sequence[Atom], option: Alternative, failing: Sequence[View], kind: str) -> Candidates:
        """Values of a branch in which one thing more is settled, and the failing schemas do not hold."""
        settled = (*branch, *(negated(atom) for atom in option.atoms))
        rest = [*option.failing, *failing]
        if not option.holding:
            return self.in_branch(settled, rest, kind)
        found: list[Any] = []
        empty = True
        for opened in self.opened(option.holding, kind, settled):
            candidates = self.in_branch(opened.atoms, [*opened.failing, *rest], kind)
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
            held = [is_so(atom, value) for atom in branch]
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
        if failing and any(says_the_same(atom, other) for atom in failing for other in holding):
            return None
        if kind in ("integer", "fraction"):
            return numbers(holding, failing, kind)
        if kind == "string":
            return texts(holding, failing)
        if kind == "array":
            return arrays(self, holding, failing)
        if kind == "object":
            return objects(self, holding, failing)
        return []


def _one(view: View, kind: str) -> tuple[list[Alternative], tuple[Atom, ...]] | None:
    """What holds with a schema, in one of several ways, and its own keywords; None where it holds for no such value."""
    schema = view.node.value
    if schema is False:
        return None
    ways = [Alternative()]

    def also(options: Sequence[Alternative]) -> None:
        ways[:] = [
            Alternative(holding=one.holding + other.holding, failing=one.failing + other.failing)
            for one in ways
            for other in options
        ]
        if len(ways) > _MOST_BRANCHES:
            raise SpentError

    if isinstance(schema.get("$ref"), str):
        target = view.target()
        if target is None:
            raise SpentError
        also([Alternative(holding=(target,))])
        if view.dialect == "3.0":
            return ways, ()
    if "$dynamicRef" in schema or "$recursiveRef" in schema:
        raise SpentError
    if not type_allows(schema, kind, view.dialect):
        return None
    if "allOf" in schema:
        also([Alternative(holding=tuple(view.at("allOf", n) for n in range(len(schema["allOf"]))))])
    if "anyOf" in schema:
        also([Alternative(holding=(view.at("anyOf", n),)) for n in range(len(schema["anyOf"]))])
    if "oneOf" in schema:
        branches = [view.at("oneOf", n) for n in range(len(schema["oneOf"]))]
        marks = [marks_of(branch) for branch in branches]
        also(
            [
                Alternative(
                    holding=(one,),
                    failing=tuple(b for n, b in enumerate(branches) if n != at and not apart(marks[at], marks[n])),
                )
                for at, one in enumerate(branches)
            ]
        )
    if "not" in schema:
        also([Alternative(failing=(view.at("not"),))])
    if "if" in schema and ("then" in schema or "else" in schema):
        condition = view.at("if")
        then = (view.at("then"),) if "then" in schema else ()
        otherwise = (view.at("else"),) if "else" in schema else ()
        also([Alternative(holding=(condition, *then)), Alternative(holding=otherwise, failing=(condition,))])
    if kind == "object":
        for name in _named(view)[:6]:  # what is left out here only makes more possible
            has = _has(view, name)
            also([Alternative(failing=(has,)), Alternative(holding=(has, view.at("dependentSchemas", name)))])
    own = [Atom(view, key) for key in ("enum", "const") if key in schema]
    own += [Atom(view, key) for key in keywords(schema, kind)]
    return ways, tuple(own)


def _named(view: View) -> list[str]:
    return list(view.node.value.get("dependentSchemas", ()))


def _has(view: View, name: str) -> View:
    """A schema of objects that have a property; it stands nowhere, so it gets a path of its own."""
    path = (*view.node.path, "dependentSchemas", name, "~has")
    return View(Node({"required": [name]}, view.node.document, path), view.scope, view.dialect)


def _chosen(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if len(found) >= _MOST_CANDIDATES:
            break
        if not any(alike(value, other) for other in found):
            found.append(value)
    return found
