"""Does every value of a type satisfy a schema? Where that cannot be shown, the answer is no, with the reason.

What is composed is taken apart as it was put together; of two schemas, each keyword of the wanted one must be implied
by the other's. The same schema on both sides needs no look inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from compiler.contracts.fits import Direction, matches, said, same
from compiler.contracts.fits import Judge as ValueJudge
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.expressions.types import (
    CALLED,
    Type,
    Variant,
    View,
    allowed_kinds,
    branches,
    element,
    enumerated,
    field_names,
    member,
    schema_type,
)
from compiler.records import frozen, mutable

MAX_STEPS = 5_000
"""Pairs of a variant and a schema that are looked at; beyond, nothing is shown."""
_UNDECIDED = (
    "not", "if", "dependentSchemas", "dependentRequired", "unevaluatedProperties", "unevaluatedItems", "contains",
    "propertyNames", "minProperties", "maxProperties", "uniqueItems", "multipleOf",
)  # fmt: skip
_OF_LISTS = frozenset(("unevaluatedItems", "contains", "uniqueItems"))


@frozen
class Mismatch:
    """Why a type does not satisfy a schema, and where in the value: names of fields, ``0`` for any element."""

    path: tuple[str | int, ...]
    message: str


@mutable
class _Comparison:
    api: Api
    direction: Direction
    as_text: bool
    loose: bool
    steps: int = MAX_STEPS
    open: set[tuple[object, object]] = field(default_factory=set)


def satisfies(
    made: Type,
    api: Api,
    nodes: Sequence[Node],
    direction: Direction,
    *,
    as_text: bool = False,
    loose: bool = False,
) -> list[Mismatch]:
    """Why values of a type may not satisfy schemas of a document; nothing where they surely do.

    Absence is not looked at: it is for the caller to know whether a value must be there. With ``as_text``, numbers,
    ``true`` and ``false`` count as the texts that they are written as, which is how they stand in URLs and headers.
    Where ``loose``, a JSON type and the fields that must be there are enough: bounds, patterns and the like are for the
    receiver to judge once the value is known, unless it is known already.
    """
    if made.wrong:
        return []
    return _type(_Comparison(api, direction, as_text, loose), made, tuple(nodes), ())


def _type(c: _Comparison, made: Type, nodes: tuple[Node, ...], path: tuple[str | int, ...]) -> list[Mismatch]:
    wanted = [View(c.api, atoms, c.direction) for atoms in branches(c.api, nodes)]
    if any(node.value is False for node in nodes):
        return [Mismatch(path, "nothing may stand here")]
    found: list[Mismatch] = []
    for variant in made.variants:
        attempts = []
        for view in wanted:
            attempts.append(_variant(c, variant, view, nodes, path))
            if not attempts[-1]:
                break
        if all(attempts):
            likely = [a for view, a in zip(wanted, attempts, strict=True) if variant.kind in _kinds(view)] or attempts
            found += [m for m in min(likely, key=len) if m not in found]
    return found


def _kinds(view: View) -> list[str]:
    kinds: list[str] = list(allowed_kinds(view, lenient=False))
    return [*kinds, "integer"] if "number" in kinds else kinds


def _variant(
    c: _Comparison, variant: Variant, wanted: View, nodes: tuple[Node, ...], path: tuple[str | int, ...]
) -> list[Mismatch]:
    """Why one variant does not satisfy one branch of what is wanted."""
    if not wanted.atoms:
        return []
    if variant.view is not None and variant.view.api is c.api and wanted.identities <= variant.view.identities:
        return []
    c.steps -= 1
    if c.steps < 0:
        return [Mismatch(path, "the schemas are too large to be compared")]
    kinds = _kinds(wanted)
    if variant.kind not in kinds:
        if c.as_text and variant.kind in ("integer", "number", "boolean") and "string" in kinds:
            return [] if c.loose and variant.values is None else _as_text(variant, wanted, path)
        says = " or ".join(CALLED[kind] for kind in kinds if kind != "integer" or "number" not in kinds) or "nothing"
        return [Mismatch(path, f"it may be {_says(variant)}, and {says} is wanted")]
    if variant.values is not None:
        return _values(c, variant, nodes, path)
    key = (variant.key, wanted.identities)
    if key in c.open:
        return []
    c.open.add(key)  # a pair that is met again below itself holds if all else does
    found = [] if c.loose else [*_keywords(variant, wanted, path)]
    if variant.kind == "object":
        found += _object(c, variant, wanted, path)
    elif variant.kind == "array":
        found += _array(c, variant, wanted, path)
    c.open.discard(key)
    return found


def _says(variant: Variant) -> str:
    if variant.values is not None and len(variant.values) == 1 and variant.kind != "null":
        text = str(variant.values[0])
        return f"`{text if len(text) < 40 else text[:37] + '...'}`"
    return CALLED[variant.kind]


def _values(c: _Comparison, variant: Variant, nodes: tuple[Node, ...], path: tuple[str | int, ...]) -> list[Mismatch]:
    """Values that are known are simply tried."""
    judge = ValueJudge(c.api.scope, c.api.dialect, c.direction)
    wrong = [value for value in variant.values or () if not all(judge.fits(node, value) for node in nodes)]
    if not wrong:
        return []
    return [Mismatch(path, f"`{_short(wrong[0])}` does not satisfy the schema")]


def _short(value: Any) -> str:
    text = (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )
    return text if len(text) < 40 else text[:37] + "..."


def _as_text(variant: Variant, wanted: View, path: tuple[str | int, ...]) -> list[Mismatch]:
    strict = [key for key in ("enum", "const", "pattern", "minLength", "maxLength") if any(wanted.all(key))]
    if strict:
        return [Mismatch(path, f"it may be {_says(variant)}, and the text has a `{strict[0]}`")]
    return []


def _keywords(variant: Variant, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    """What single keywords want of texts and numbers, and of all."""
    given = variant.view
    allowed = enumerated(wanted)
    if allowed is not None:
        shown = ", ".join(f"`{_short(value)}`" for value in allowed[:5]) + (", ..." if len(allowed) > 5 else "")
        yield Mismatch(path, f"it may be anything, and one of {shown} is wanted")
    for key in _UNDECIDED:
        if _concerns(key, variant.kind):
            for value in wanted.all(key):
                if value is not False and not (given and any(same(value, other) for other in given.all(key))):
                    yield Mismatch(path, f"it cannot be shown to satisfy `{key}`")
    if variant.kind == "string":
        for pattern in wanted.all("pattern"):
            if given is None or pattern not in given.all("pattern"):
                yield Mismatch(path, f"it may be any text, and one that matches `{_short(pattern)}` is wanted")
        yield from _bounded(given, wanted, "minLength", "maxLength", "characters", path)
    elif variant.kind in ("integer", "number"):
        yield from _range(given, wanted, path)


def _concerns(keyword: str, kind: str) -> bool:
    """Whether a keyword wants anything of values of a JSON type."""
    if keyword in ("not", "if"):
        return True
    if keyword == "multipleOf":
        return kind in ("integer", "number")
    return kind == ("array" if keyword in _OF_LISTS else "object")


def _bounded(
    given: View | None, wanted: View, least: str, most: str, what: str, path: tuple[str | int, ...]
) -> Iterator[Mismatch]:
    low = max(wanted.all(least), default=0)
    high = min(wanted.all(most), default=math.inf)
    if low > max(given.all(least) if given else (), default=0):
        yield Mismatch(path, f"it may have fewer than {low} {what}")
    if high < min(given.all(most) if given else (), default=math.inf):
        yield Mismatch(path, f"it may have more than {high} {what}")


def _range(given: View | None, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    low, high = _interval(wanted)
    mine_low, mine_high = _interval(given) if given else ((-math.inf, False), (math.inf, False))
    if low > mine_low:
        yield Mismatch(path, f"it may be less than {low[0]}")
    if (high[0], not high[1]) < (mine_high[0], not mine_high[1]):
        yield Mismatch(path, f"it may be more than {high[0]}")


def _interval(view: View) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """The lowest and the highest number, each with whether it is excluded itself."""
    lows: list[tuple[float, bool]] = [(-math.inf, False)]
    highs: list[tuple[float, bool]] = [(math.inf, False)]
    for atom in view.atoms:
        for bound, flag, ends in (("minimum", "exclusiveMinimum", lows), ("maximum", "exclusiveMaximum", highs)):
            edge = atom.value.get(flag)
            if bound in atom.value:
                ends.append((atom.value[bound], edge is True))
            if edge is not None and not isinstance(edge, bool):
                ends.append((edge, True))
    return max(lows), min(highs, key=lambda end: (end[0], not end[1]))


def _object(c: _Comparison, variant: Variant, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    spared = "readOnly" if c.direction == "request" else "writeOnly"
    needed = list(dict.fromkeys(name for names in wanted.all("required") for name in names))
    for name in needed:
        nodes, _ = _properties(wanted, name)
        if any(said(c.api.scope, node, spared) for node in nodes):
            continue
        found = member(variant, name)
        if found is None:
            yield Mismatch((*path, name), f"the field `{name}` is missing")
        elif found.absent and not found.wrong:
            yield Mismatch((*path, name), f"the field `{name}` may be absent")
    there = [name for names in variant.view.all("required") for name in names] if variant.view else []
    for name in dict.fromkeys((*field_names(variant), *there)):
        nodes, closed = _properties(wanted, name)
        found = member(variant, name)
        if found is None or found.wrong:
            continue
        if closed:
            yield Mismatch((*path, name), f"the field `{name}` is not declared, and others are not allowed")
        elif nodes:
            yield from _type(c, found, tuple(nodes), (*path, name))
    if variant.fields is None and variant.view is None and any(v is not True for v in wanted.all("properties")):
        yield Mismatch(path, "nothing is known of its fields")
    yield from _rest(c, variant, wanted, path)


def _rest(c: _Comparison, variant: Variant, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    """Fields of other names that the variant explicitly welcomes."""
    if variant.view is None:
        return
    for atom in variant.view.atoms:
        rest = [atom["additionalProperties"]] if "additionalProperties" in atom.value else []
        rest += [atom["patternProperties"][pattern] for pattern in atom.value.get("patternProperties", {})]
        for node in rest:
            if node.value is False:
                continue
            made = schema_type(variant.view.api, [node], variant.view.direction)
            for other in wanted.atoms:
                if "additionalProperties" in other.value:
                    yield from _type(c, made, (other["additionalProperties"],), (*path, "*"))


def _properties(view: View, name: str) -> tuple[list[Node], bool]:
    """What a view wants of a field, and whether it refuses it."""
    nodes: list[Node] = []
    closed = False
    for atom in view.atoms:
        schema = atom.value
        declared = [atom["properties"][name]] if name in schema.get("properties", {}) else []
        declared += [atom["patternProperties"][p] for p in schema.get("patternProperties", {}) if matches(p, name)]
        if not declared and "additionalProperties" in schema:
            declared = [atom["additionalProperties"]]
        closed = closed or any(node.value is False for node in declared)
        nodes += [node for node in declared if not isinstance(node.value, bool)]
    return nodes, closed


def _array(c: _Comparison, variant: Variant, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    if not c.loose:
        yield from _length(variant, wanted, path)
    if any("prefixItems" in atom.value for atom in wanted.atoms):
        yield Mismatch(path, "it cannot be shown to satisfy `prefixItems`")
        return
    nodes = [atom["items"] for atom in wanted.atoms if "items" in atom.value]
    nodes = [node for node in nodes if node.value is not True]
    if nodes:
        yield from _type(c, element(variant), tuple(nodes), (*path, 0))


def _length(variant: Variant, wanted: View, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    most = variant.most
    high = min(wanted.all("maxItems"), default=math.inf)
    if most is None or most > high:
        yield from _bounded(variant.view, wanted, "minItems", "maxItems", "elements", path)
    elif max(wanted.all("minItems"), default=0) > 0:
        yield Mismatch(path, f"it may have fewer than {max(wanted.all('minItems'))} elements")
