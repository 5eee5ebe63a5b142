"""A value that satisfies a schema: always the same one, made with bounded work.

Optional parts are included as far as the schema does not come back to itself and the bounds allow. Where a schema
offers a choice, its branches are tried in order and the value is judged; where nothing fits within the bounds, the best
attempt stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from compiler.contracts.facts import Facts, attempts, facts, kinds, written
from compiler.contracts.fits import Direction, Judge, property_schemas, said
from compiler.contracts.openapi import Api
from compiler.contracts.patterns import candidates
from compiler.contracts.refs import Node
from compiler.contracts.scalars import numbers, texts
from compiler.records import mutable

_MAX_DEPTH = 48
_FULL_DEPTH = 8
"""Below this depth only required parts are made."""
_MAX_ITEMS = 200


class ImpossibleError(Exception):
    """No value can be made within the bounds."""


@mutable
class Maker:
    """The making of one value."""

    api: Api
    direction: Direction
    left: int = 3_000
    """Values that may still be made with optional parts; some thousands more without, then nothing."""
    open: dict[object, int] = field(default_factory=dict)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self.judge = Judge(self.api.scope, self.api.dialect, self.direction, steps=200_000)

    def make(self, nodes: Sequence[Node], turn: int = 0, depth: int = 0) -> tuple[Any, bool]:
        """A value for all of the schemas, and whether it satisfies them as far as one can tell.

        ``turn`` counts the values that must differ from each other. Raises ImpossibleError.
        """
        self.left -= 1
        if depth > _MAX_DEPTH or self.left < -3_000 or any(node.value is False for node in nodes):
            raise ImpossibleError
        first = facts(self.api, nodes)
        if any(self.open.get(identity, 0) > 1 for identity in first.through):
            raise ImpossibleError
        for identity in first.through:
            self.open[identity] = self.open.get(identity, 0) + 1
        try:
            return self._tried(nodes, first, turn, depth)
        finally:
            for identity in first.through:
                self.open[identity] -= 1

    def _tried(self, nodes: Sequence[Node], first: Facts, turn: int, depth: int) -> tuple[Any, bool]:
        for value in written(first.atoms, turn):
            if self._surely(nodes, value):
                return value, True
        best: list[Any] = []
        for picks, lean, shift in attempts(first.choices):
            found = facts(self.api, nodes, picks) if picks else first
            for kind in kinds(found.atoms, self.api.dialect):
                try:
                    value, settled = self._of_kind(kind, found, turn + shift, lean, depth)
                except ImpossibleError:
                    continue
                if settled and self._surely(nodes, value):
                    return value, True
                best.append(value)
                if self.left < 0:
                    break
            if self.left < 0 and best:
                break
        if not best:
            raise ImpossibleError
        return best[0], False

    def _surely(self, nodes: Sequence[Node], value: Any) -> bool:
        """Whether a value satisfies all schemas; what a judge says beyond its bound counts for nothing."""
        return all(self.judge.fits(node, value) for node in nodes) and self.judge.steps >= 0

    def _of_kind(self, kind: str, found: Facts, turn: int, lean: bool, depth: int) -> tuple[Any, bool]:
        if kind == "object":
            return self._object(found, lean or self.left < 0, depth)
        if kind == "array":
            return self._array(found.atoms, turn, lean or self.left < 0, depth)
        if kind == "boolean":
            if turn > 1:
                raise ImpossibleError
            return turn == 0, True
        if kind == "null":
            if turn > 0:
                raise ImpossibleError
            return None, True
        schemas = [atom.value for atom in found.atoms]
        made = texts(schemas, turn) if kind == "string" else numbers(schemas, kind == "integer", turn, self.api.dialect)
        tried = [value for value, _ in zip(made, range(40), strict=False)]
        for value in tried:
            if self._surely(found.atoms, value):
                return value, True
        if not tried:
            raise ImpossibleError
        return tried[0], False

    # Objects and lists.

    def _object(self, found: Facts, lean: bool, depth: int) -> tuple[dict[str, Any], bool]:
        atoms = found.atoms
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
            if name not in required and (lean or self.left < 0 or depth >= _FULL_DEPTH or self._comes_back(parts)):
                continue
            try:
                value, fits = self._told(found.told.get(name), parts) or self.make(parts, 0, depth + 1)
            except ImpossibleError:
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
                    made[name] = self.make(parts, 0, depth + 1)[0]
                except ImpossibleError:
                    continue
        return made, settled

    def _told(self, text: str | None, parts: Sequence[Node]) -> tuple[Any, bool] | None:
        """The value of a discriminating property, where the property takes it."""
        if text is None or not all(self.judge.fits(part, text) for part in parts):
            return None
        return text, True

    def _dependent(self, atoms: Sequence[Node], made: dict[str, Any], depth: int) -> None:
        """Add what the properties that are there require."""
        for _ in range(4):
            needed: dict[str, list[Node]] = {}
            for atom in atoms:
                for name, others in atom.value.get("dependentRequired", {}).items():
                    if name in made:
                        needed |= {other: [] for other in others if other not in made}
                for name in atom.value.get("dependentSchemas", {}):
                    inner = facts(self.api, [atom["dependentSchemas"][name]]).atoms if name in made else []
                    needed |= {n: inner for part in inner for n in part.value.get("required", ()) if n not in made}
            if not needed:
                return
            for name, more in needed.items():
                parts = [part for atom in [*atoms, *more] for part, _ in property_schemas(atom, name)]
                made[name] = self.make(parts, 0, depth + 1)[0]

    def _more_names(self, atoms: Sequence[Node], declared: Sequence[str]) -> Iterator[str]:
        yield from declared
        rules = [atom["propertyNames"] for atom in atoms if "propertyNames" in atom.value]
        for index in range(_MAX_ITEMS):
            if rules:
                value = self.make(rules, index)[0]
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
                value, fits = self.make(parts, turn + index if unique or index == 0 else 0, depth + 1)
            except ImpossibleError:
                if needless:
                    break
                raise
            if not fits and needless:
                break
            made.append(value)
            settled = settled and fits
        if turn and not made:
            raise ImpossibleError
        return made, settled

    # What a schema says.

    def _comes_back(self, parts: Sequence[Node]) -> bool:
        """Whether a schema that is being made already is needed again."""
        return any(self.open.get(identity) for identity in facts(self.api, parts).through)


def _item(atom: Node, index: int) -> Node | None:
    prefix = atom.value.get("prefixItems", ())
    if index < len(prefix):
        return atom["prefixItems"][index]
    return atom["items"] if "items" in atom.value else None


def _sample_names(atoms: Sequence[Node]) -> list[str]:
    """A name to show what a map holds."""
    if any("propertyNames" in atom.value for atom in atoms):
        return []
    for atom in atoms:
        names = list(_pattern_names(atom, 0))
        if names:
            return names[:1]
    if any(isinstance(atom.value.get("additionalProperties"), dict) for atom in atoms):
        return ["key"]
    return []


def _pattern_names(atom: Node, turn: int) -> Iterator[str]:
    for pattern in atom.value.get("patternProperties", ()):
        yield from (name for name, _ in zip(candidates(pattern, turn), range(2), strict=False))
