"""What a composition reads of each step's answer, and of which type it must be there.

A service may break its contract. An answer in which a value that is read has another type than the expressions were
checked with counts as failed, so each step knows what is read of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.compositions.calls import body_type
from compiler.compositions.compose import Composition, Part
from compiler.compositions.values import Value, expressions
from compiler.expressions.syntax import (
    Binary,
    Conditional,
    Each,
    Expression,
    Has,
    Index,
    Literal,
    Member,
    Name,
    Not,
    Size,
)
from compiler.expressions.types import KINDS, Kind, Type, element, member, union
from compiler.records import frozen

Path = tuple[str | int, ...]
"""Names of fields, indices, and ``*`` for each element."""
_Bound = Mapping[str, "Place | None"]


@frozen
class Place:
    """A value in a step's answers; ``path`` begins with ``body``, ``status`` or ``headers``."""

    step: str
    path: Path


def relied(composition: Composition) -> dict[str, list[tuple[Path, tuple[Kind, ...], bool]]]:
    """For each step the paths in its body that are read, with the JSON types and whether the value may be absent."""
    places: set[Place] = set()
    parts = {part.name: part for part in composition.parts}
    for part in composition.parts:
        item: dict[str, Place | None] = {}
        if part.when is not None:
            places.update(_of_value(part.when, parts, {}))
        if part.each is not None and part.each.single is not None:
            places.update(_reads(part.each.single, parts, {}))
            item["item"] = _below(_place(part.each.single, parts, {}), "*")
        for value in [given.value for given in part.inputs] + ([part.body] if part.body is not None else []):
            places.update(_of_value(value, parts, item))
    places.update(_of_value(composition.body, parts, {}))
    found: dict[str, list[tuple[Path, tuple[Kind, ...], bool]]] = {part.name: [] for part in composition.parts}
    for place in sorted(places, key=lambda p: (p.step, [(isinstance(s, int), str(s)) for s in p.path])):
        if place.path[:1] == ("body",):
            made = _type_at(body_type(parts[place.step].called), place.path[1:])
            kinds = tuple(kind for kind in KINDS if kind in made.kinds)
            if len(kinds) < len(KINDS):
                found[place.step].append((place.path[1:], kinds, made.absent))
    return found


def _type_at(made: Type, path: Path) -> Type:
    """The type of what a path leads to; absent also where something on the way may be."""
    absent = False
    for step in path:
        absent = absent or made.optional
        variants = made.present().variants
        if step == "*" or isinstance(step, int):
            made = union([element(v) for v in variants if v.kind == "array"])
            absent = absent or isinstance(step, int)
        else:
            types = [member(v, str(step)) for v in variants if v.kind == "object"]
            known = [t for t in types if t is not None]
            absent = absent or len(known) < len(types)
            made = union(known)
    return Type(made.variants, absent=absent or made.absent)


def _of_value(value: Value, parts: Mapping[str, Part], bound: _Bound) -> Iterator[Place]:
    for expression, _ in expressions(value):
        yield from _reads(expression, parts, bound)


def _place(expression: Expression, parts: Mapping[str, Part], bound: _Bound) -> Place | None:
    """Where in a step's answer the value of an expression stands; None for anything that is computed."""
    match expression:
        case Name():
            if expression.name in bound:
                return bound[expression.name]
            return Place(expression.name, ()) if expression.name in parts else None
        case Member():
            return _below(_place(expression.of, parts, bound), expression.name)
        case Index():
            return _below(_place(expression.of, parts, bound), expression.index)
        case Each(kind="filter"):
            return _place(expression.of, parts, bound)
    return None


def _below(place: Place | None, step: str | int) -> Place | None:
    """One step below a place. The list of a step with ``for_each`` has one answer an element, which all are alike."""
    if place is None:
        return None
    if not place.path and (step == "*" or isinstance(step, int)):
        return place
    return Place(place.step, (*place.path, step))


def _reads(expression: Expression, parts: Mapping[str, Part], bound: _Bound) -> Iterator[Place]:
    """Every place that is read, and all that it is read through."""
    match expression:
        case Name() | Literal():
            return
        case Member() | Index():
            place = _place(expression, parts, bound)
            if place is not None and place.path:
                yield place
            yield from _reads(expression.of, parts, bound)
        case Has() | Size() | Not():
            yield from _reads(expression.of, parts, bound)
        case Binary():
            yield from _reads(expression.left, parts, bound)
            yield from _reads(expression.right, parts, bound)
        case Conditional():
            yield from _reads(expression.test, parts, bound)
            yield from _reads(expression.then, parts, bound)
            yield from _reads(expression.otherwise, parts, bound)
        case Each():
            yield from _reads(expression.of, parts, bound)
            inner = {**bound, expression.variable: _below(_place(expression.of, parts, bound), "*")}
            yield from _reads(expression.body, parts, inner)
            if inner[expression.variable] is not None:
                yield from _element(inner[expression.variable])


def _element(place: Place | None) -> Iterator[Place]:
    if place is not None and place.path:
        yield place
