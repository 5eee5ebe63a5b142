"""A value that satisfies a schema: always the same one, made with bounded work.

Optional parts are included as far as the schema does not come back to itself and the bounds allow. Where a schema offers
a choice, its branches are tried in order and the value is judged; where nothing fits within the bounds, the best attempt
stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.contracts.fits import Direction, Judge, below, property_schemas, said
from compiler.contracts.openapi import Api
from compiler.contracts.patterns import candidates
from compiler.contracts.refs import Node
from compiler.contracts.scalars import numbers, texts
from compiler.diagnostics import Finding

_ATTEMPTS = 24
_MAX_DEPTH = 48
_FULL_DEPTH = 8
"""Below this depth only required parts are made."""
_MAX_ITEMS = 200
_TYPES = ("object", "string", "array", "integer", "number", "boolean", "null")
_TELLING = (
    (
        "object",
        ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    ),
    ("array", ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems")),
    ("string", ("pattern", "format", "minLength", "maxLength")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
_JUDGED = frozenset(
    ("anyOf", "const", "contains", "dependentRequired", "dependentSchemas", "else", "enum", "if", "maxContains")
    + ("maxItems", "maxProperties", "minItems", "minProperties", "not", "oneOf", "patternProperties", "prefixItems")
    + ("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties", "uniqueItems")
)
"""Keywords that making a value does not settle by itself."""


class Impossible(Exception):
    """No value can be made within the bounds."""


@dataclass(slots=True)
class Facts:
    """A schema with its references and ``allOf`` laid open, and one branch chosen of each choice."""

    atoms: list[Node] = field(default_factory=list)
    through: list[object] = field(default_factory=list)
    """Identities of the schemas that references led to."""
    choices: list[int] = field(default_factory=list)
    """How many branches each choice had."""
    told: dict[str, str] = field(default_factory=dict)
    """Values of discriminating properties for the chosen branches."""


@dataclass(slots=True)
class Maker:
    """The making of one value."""

    api: Api
    direction: Direction
    left: int = 3_000
    """Values that may still be made with optional parts; as many again without, then nothing."""
    open: dict[object, int] = field(default_factory=dict)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self.judge = Judge(self.api.scope, self.api.dialect, self.direction, steps=200_000)

    def make(self, nodes: Sequence[Node], turn: int = 0, depth: int = 0) -> tuple[Any, bool]:
        """A value for all of the schemas, and whether it satisfies them as far as one can tell.

        ``turn`` counts the values that must differ from each other. Raises Impossible.
        """
        self.left -= 1
        if depth > _MAX_DEPTH or self.left < -3_000:
            raise Impossible
        first = self._facts(nodes, ())
        if any(self.open.get(identity, 0) > 1 for identity in first.through):
            raise Impossible
        for identity in first.through:
            self.open[identity] = self.open.get(identity, 0) + 1
        try:
            return self._tried(nodes, first, turn, depth)
        finally:
            for identity in first.through:
                self.open[identity] -= 1

    def _tried(self, nodes: Sequence[Node], first: Facts, turn: int, depth: int) -> tuple[Any, bool]:
        for value in _written(first.atoms, turn):
            if all(self.judge.fits(node, value) for node in nodes):
                return value, True
        best: list[Any] = []
        for picks, lean, shift in _attempts(first.choices):
            facts = self._facts(nodes, picks) if picks else first
            for kind in _kinds(facts.atoms, self.api.dialect):
                try:
                    value, settled = self._of_kind(kind, facts, turn + shift, lean, depth)
                except Impossible:
                    continue
                if settled and all(self.judge.fits(node, value) for node in nodes):
                    return value, True
                best.append(value)
                if self.left < 0:
                    break
            if self.left < 0 and best:
                break
        if not best:
            raise Impossible
        return best[0], False

    def _of_kind(self, kind: str, facts: Facts, turn: int, lean: bool, depth: int) -> tuple[Any, bool]:
        if kind == "object":
            return self._object(facts, lean or self.left < 0, depth)
        if kind == "array":
            return self._array(facts.atoms, turn, lean or self.left < 0, depth)
        if kind == "boolean":
            if turn > 1:
                raise Impossible
            return turn == 0, True
        if kind == "null":
            if turn > 0:
                raise Impossible
            return None, True
        schemas = [atom.value for atom in facts.atoms]
        made = texts(schemas, turn) if kind == "string" else numbers(schemas, kind == "integer", turn, self.api.dialect)
        tried = [value for value, _ in zip(made, range(40), strict=False)]
        for value in tried:
            if all(self.judge.fits(atom, value) for atom in facts.atoms):
                return value, True
        if not tried:
            raise Impossible
        return tried[0], False

    # Objects and lists.

    def _object(self, facts: Facts, lean: bool, depth: int) -> tuple[dict[str, Any], bool]:
        atoms = facts.atoms
        required = {name for atom in atoms for name in atom.value.get("required", ())}
        declared = [name for atom in atoms for name in atom.value.get("properties", ())]
        names = dict.fromkeys([*declared, *sorted(required)])
        if not names and not lean:
            names |= dict.fromkeys(_sample_names(atoms))
        made: dict[str, Any] = {}
        settled = True
        flag = "writeOnly" if self.direction == "response" else "readOnly"
        for name in names:
            parts = [part for atom in atoms for part, _ in property_schemas(atom, name)]
            if any(said(self.api.scope, part, flag) for part in parts):
                continue
            if name not in required and (lean or depth >= _FULL_DEPTH or self._comes_back(parts)):
                continue
            try:
                value, fits = self._told(facts.told.get(name), parts) or self._value(parts, depth)
            except Impossible:
                if name in required:
                    raise
                continue
            if fits or name in required:
                made[name] = value
                settled = settled and fits
        self._dependent(atoms, made, depth)
        most = min((atom.value["maxProperties"] for atom in atoms if "maxProperties" in atom.value), default=len(made))
        for name in [name for name in reversed(made) if name not in required][: max(0, len(made) - int(most))]:
            del made[name]
        least = min(max((atom.value.get("minProperties", 0) for atom in atoms), default=0), _MAX_ITEMS)
        for name in self._more_names(atoms, declared):
            if len(made) >= least:
                break
            if name not in made:
                parts = [part for atom in atoms for part, _ in property_schemas(atom, name)]
                try:
                    made[name] = self._value(parts, depth)[0]
                except Impossible:
                    continue
        return made, settled

    def _told(self, text: str | None, parts: Sequence[Node]) -> tuple[Any, bool] | None:
        """The value of a discriminating property, where the property takes it."""
        if text is None or not all(self.judge.fits(part, text) for part in parts):
            return None
        return text, True

    def _value(self, parts: Sequence[Node], depth: int, turn: int = 0) -> tuple[Any, bool]:
        if any(part.value is False for part in parts):
            raise Impossible
        return self.make([part for part in parts if part.value is not True], turn, depth + 1)

    def _dependent(self, atoms: Sequence[Node], made: dict[str, Any], depth: int) -> None:
        """Add what the properties that are there require."""
        for _ in range(4):
            needed: dict[str, list[Node]] = {}
            for atom in atoms:
                for name, others in atom.value.get("dependentRequired", {}).items():
                    if name in made:
                        needed |= {other: [] for other in others if other not in made}
                for name in atom.value.get("dependentSchemas", {}):
                    inner = self._facts([atom["dependentSchemas"][name]], ()).atoms if name in made else []
                    needed |= {n: inner for part in inner for n in part.value.get("required", ()) if n not in made}
            if not needed:
                return
            for name, more in needed.items():
                parts = [part for atom in [*atoms, *more] for part, _ in property_schemas(atom, name)]
                made[name] = self._value(parts, depth)[0]

    def _more_names(self, atoms: Sequence[Node], declared: Sequence[str]) -> Iterator[str]:
        yield from declared
        rules = [atom["propertyNames"] for atom in atoms if "propertyNames" in atom.value]
        for index in range(_MAX_ITEMS):
            if rules:
                value = self._value(rules, 0, index)[0]
                if isinstance(value, str):
                    yield value
            else:
                yield from (text for atom in atoms for text in _pattern_names(atom, index))
                yield f"key{index + 1}"

    def _array(self, atoms: Sequence[Node], turn: int, lean: bool, depth: int) -> tuple[list[Any], bool]:
        least = min(max((atom.value.get("minItems", 0) for atom in atoms), default=0), _MAX_ITEMS)
        most = min((atom.value["maxItems"] for atom in atoms if "maxItems" in atom.value), default=_MAX_ITEMS)
        contained = [atom for atom in atoms if "contains" in atom.value]
        wanted = sum(atom.value.get("minContains", 1) for atom in contained)
        listed = max((len(atom.value.get("prefixItems", ())) for atom in atoms), default=0)
        some = 0 if lean else max(1 if any("items" in atom.value for atom in atoms) else 0, listed)
        unique = any(atom.value.get("uniqueItems") for atom in atoms)
        made: list[Any] = []
        settled = True
        holders = [atom for atom in contained for _ in range(min(atom.value.get("minContains", 1), _MAX_ITEMS))]
        for index in range(int(min(max(least, wanted, some), most, _MAX_ITEMS))):
            parts = [part for atom in atoms if (part := _item(atom, index)) is not None]
            if index < len(holders):
                parts.append(holders[index]["contains"])
            needless = index >= least and index >= len(holders)
            if needless and (depth >= _FULL_DEPTH or self._comes_back(parts)):
                break
            try:
                value, fits = self._value(parts, depth, turn + index if unique else turn if index == 0 else 0)
            except Impossible:
                if needless:
                    break
                raise
            if not fits and needless:
                break
            made.append(value)
            settled = settled and fits
        if turn and not made:
            raise Impossible
        return made, settled

    # What a schema says.

    def _comes_back(self, parts: Sequence[Node]) -> bool:
        """Whether a schema that is being made already is needed again."""
        return any(self.open.get(identity) for identity in self._facts(parts, ()).through)

    def _facts(self, nodes: Sequence[Node], picks: Sequence[int]) -> Facts:
        facts = Facts()
        waiting = list(reversed(nodes))
        seen: set[object] = set()
        while waiting and len(facts.atoms) < 200:
            node = waiting.pop()
            if not isinstance(node.value, Mapping):
                continue
            if node.is_reference:
                target = self.api.scope.target(node)
                if isinstance(target, Finding) or target.identity in seen:
                    continue
                seen.add(target.identity)
                facts.through.append(target.identity)
                if self.api.dialect == "3.0":
                    waiting.append(target)
                    continue
                waiting.append(target)
            facts.atoms.append(node)
            chosen = below(node, "allOf")
            for key in ("oneOf", "anyOf", "if"):
                if key in node.value:
                    branches = _branches(node, key)
                    pick = picks[len(facts.choices)] if len(facts.choices) < len(picks) else 0
                    facts.choices.append(len(branches))
                    chosen += branches[pick % len(branches)]
                    _tell(facts, node, branches[pick % len(branches)])
            waiting += reversed(chosen)
        return facts


def _branches(node: Node, key: str) -> list[list[Node]]:
    """What may be chosen: a branch, or of a condition its `then`, its `else`, or neither."""
    if key != "if":
        return [[branch] for branch in below(node, key)]
    holds = [node["if"]] + ([node["then"]] if "then" in node.value else [])
    return [holds, [node["else"]] if "else" in node.value else [], []]


def _tell(facts: Facts, node: Node, chosen: Sequence[Node]) -> None:
    discriminator = node.value.get("discriminator")
    if isinstance(discriminator, Mapping) and len(chosen) == 1 and chosen[0].is_reference:
        reference = chosen[0].value["$ref"]
        implied = reference.rpartition("/")[2]
        mapping = discriminator.get("mapping", {})
        named = [name for name, target in mapping.items() if target in (reference, implied)]
        facts.told[discriminator["propertyName"]] = named[0] if named else implied


def _attempts(choices: Sequence[int]) -> Iterator[tuple[tuple[int, ...], bool, int]]:
    """What to try: which branch of each choice, whether only with required parts, and how far to shift the turn."""
    picks = [()] if not choices else [tuple([0] * len(choices))]
    for place, count in enumerate(choices[:_ATTEMPTS]):
        picks += [tuple(index if at == place else 0 for at in range(len(choices))) for index in range(1, count)]
    picks = picks[:_ATTEMPTS]
    yield from ((pick, False, 0) for pick in picks)
    yield from ((pick, True, 0) for pick in picks)
    yield from ((picks[0], False, shift) for shift in (1, 2, 3))


def _written(atoms: Sequence[Node], turn: int) -> Iterator[Any]:
    """Values that the schema itself names, best first."""
    schemas = [atom.value for atom in atoms]
    if turn == 0:
        yield from (schema["example"] for schema in schemas if "example" in schema)
        for schema in schemas:
            examples = schema.get("examples")
            if isinstance(examples, list):
                yield from examples[:1]
        yield from (schema["default"] for schema in schemas if "default" in schema)
    yield from (schema["const"] for schema in schemas if "const" in schema and turn == 0)
    yield from (value for schema in schemas for value in schema.get("enum", ())[turn:])


def _kinds(atoms: Sequence[Node], dialect: str) -> list[str]:
    """The types that a value may have, in the order in which to try them."""
    allowed = list(_TYPES)
    order: list[str] = []
    for atom in atoms:
        written = atom.value.get("type")
        if written is None:
            order += [kind for kind, keys in _TELLING if any(key in atom.value for key in keys)]
            continue
        types = list(written) if isinstance(written, list) else [written]
        order += types
        if "number" in types:
            types.append("integer")
        if dialect == "3.0" and atom.value.get("nullable") is True:
            types.append("null")
        allowed = [kind for kind in allowed if kind in types]
    kinds = [kind for kind in dict.fromkeys([*order, *allowed]) if kind in allowed]
    return sorted(kinds, key=lambda kind: kind == "null")


def _item(atom: Node, index: int) -> Node | None:
    prefix = atom.value.get("prefixItems", ())
    if index < len(prefix):
        return atom["prefixItems"][index]
    return atom["items"] if "items" in atom.value else None


def _sample_names(atoms: Sequence[Node]) -> list[str]:
    """A name to show what a map holds."""
    for atom in atoms:
        names = list(_pattern_names(atom, 0))
        if names:
            return names[:1]
    if any(isinstance(atom.value.get("additionalProperties"), Mapping) for atom in atoms):
        return ["key"]
    return []


def _pattern_names(atom: Node, turn: int) -> Iterator[str]:
    for pattern in atom.value.get("patternProperties", ()):
        yield from (name for name, _ in zip(candidates(pattern, turn), range(2), strict=False))
