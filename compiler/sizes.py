"""How large can JSON get that satisfies a schema? The bytes of its largest encoding, or why there is no largest.

Encodings are compact, without space between tokens. A character of a text takes at most six bytes, as an escape such as
``\\u00e9``; a number no more than the longest 64-bit integer or double. A sender is held to its document: properties
that are not declared count as not sent, unless ``additionalProperties`` or ``patternProperties`` is written out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from compiler.compat.flat import ALL_TYPES, Flat, Schema, flatten, type_of
from compiler.contracts.examples import is_json
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import Node
from compiler.records import frozen, mutable

PER_CHARACTER = 6
_INTEGER, _DOUBLE = len(str(-(2**63))), len("-2.2250738585072014e-308")
_FORMATS: Mapping[str, int] = {
    "date": 10,
    "date-time": 35,
    "duration": 64,
    "ipv4": 15,
    "ipv6": 45,
    "time": 24,
    "uuid": 36,
}
"""The longest texts of formats that have one, in characters of one byte; date-time with nine digits of a second."""
_MOST_SCHEMAS = 5_000
"""So many schemas are looked at for one answer."""


@frozen
class Unbounded:
    """There is no largest one, because of the schema ``at``; ``why`` says what it lacks, as the end of a sentence."""

    at: Node
    why: str


Size = int | Unbounded
_Sizes = dict[str, Size]
"""By JSON type, which is one of the six; a type that is not there cannot be."""


@mutable
class _Measuring:
    api: Api
    known: dict[tuple[object, ...], _Sizes] = field(default_factory=dict)
    open: set[tuple[object, ...]] = field(default_factory=set)


def largest_answer(api: Api, operation: Operation) -> Size:
    """The largest body of an operation's successful answers, of which there may be several."""
    answers = api.responses(operation)
    wanted = [node for status, node in answers if status.startswith("2")]
    wanted = wanted or [node for status, node in answers if status == "default"]
    found: list[Size] = [0]
    for response in wanted:
        found += (_content(api, name, media) for name, media in api.content(response))
    return _most(found)


def largest(api: Api, schema: Node) -> Size:
    """The largest JSON that satisfies a schema."""
    return _most(_schema(_Measuring(api), (schema,)).values())


def _content(api: Api, name: str, media: Node) -> Size:
    if "schema" not in media.value:
        return Unbounded(media, "it has no schema")
    if is_json(name):
        return largest(api, media["schema"])
    flat = flatten(api, (media["schema"],))
    if "maxLength" in flat.bounds:
        return 4 * flat.bounds["maxLength"]  # UTF-8
    return Unbounded(flat.at, f"`{name}` has no `maxLength`")


def _most(sizes: Iterable[Size]) -> Size:
    found = 0
    for size in sizes:
        if isinstance(size, Unbounded):
            return size
        found = max(found, size)
    return found


def _schema(measuring: _Measuring, schema: Schema) -> _Sizes:
    key = tuple(sorted(str(node.identity) for node in schema))
    if key in measuring.known:
        return measuring.known[key]
    if key in measuring.open:
        return dict.fromkeys(ALL_TYPES, Unbounded(schema[0], "it contains itself"))
    if len(measuring.known) + len(measuring.open) >= _MOST_SCHEMAS:
        return dict.fromkeys(ALL_TYPES, Unbounded(schema[0], "it is too involved to be measured"))
    measuring.open.add(key)
    found = _flat(measuring, flatten(measuring.api, schema))
    measuring.open.discard(key)
    measuring.known[key] = found
    return found


def _flat(measuring: _Measuring, flat: Flat) -> _Sizes:
    sizes: _Sizes = {"boolean": 5, "null": 4, "number": _number(flat), "string": _text(flat)}
    types = {"number" if one == "integer" else one for one in flat.types}
    if flat.enum is not None:
        values: _Sizes = {}
        for value in flat.enum:
            kind = type_of(value).replace("integer", "number")
            values[kind] = _most((values.get(kind, 0), len(_encoded(value))))
        return {kind: size for kind, size in values.items() if kind in types}
    if "array" in types:
        sizes["array"] = _list(measuring, flat)
    if "object" in types:
        sizes["object"] = _object(measuring, flat)
    sizes = {kind: size for kind, size in sizes.items() if kind in types}
    for kind, _, branches in flat.unions:
        sizes = _together(sizes, _either(kind, [_schema(measuring, (branch,)) for branch in branches]))
    return sizes


def _together(one: _Sizes, other: _Sizes) -> _Sizes:
    """What satisfies both: the smaller of two sizes, and of objects the properties of both."""
    found: _Sizes = {}
    for kind in one.keys() & other.keys():
        left, right = one[kind], other[kind]
        if kind == "object" and not _says_nothing(left) and not _says_nothing(right):
            found[kind] = _sum((left, right))
        elif isinstance(left, Unbounded) or (not isinstance(right, Unbounded) and right < left):
            found[kind] = right
        else:
            found[kind] = left
    return found


def _either(kind: str, branches: list[_Sizes]) -> _Sizes:
    """What satisfies one branch; of objects in ``anyOf``, the properties of all."""
    found: _Sizes = {}
    for branch in branches:
        for name, size in branch.items():
            former = found.get(name, 0)
            found[name] = _sum((former, size)) if name == "object" and kind == "anyOf" else _most((former, size))
    return found


def _sum(sizes: Iterable[Size]) -> Size:
    whole = 0
    for size in sizes:
        if isinstance(size, Unbounded):
            return size
        whole += size
    return whole


_ANY_PROPERTIES = "it allows any properties"


def _says_nothing(size: Size) -> bool:
    return isinstance(size, Unbounded) and size.why == _ANY_PROPERTIES


def _number(flat: Flat) -> Size:
    whole = "number" not in flat.types
    if not whole:
        return _DOUBLE
    ends = [flat.lowest[0] if flat.lowest else None, flat.highest[0] if flat.highest else None]
    return max(_INTEGER if end is None else _digits(end) for end in ends)


def _digits(number: float) -> int:
    """How many characters the whole part of a number has, its sign among them."""
    if not isinstance(number, int):
        return len(str(math.trunc(number))) if abs(number) < 1e300 else 302
    return len(str(number))  # numbers of documents are bounded


def _text(flat: Flat) -> Size:
    known = [_FORMATS[one] + 2 for one in flat.formats if one in _FORMATS]
    if "maxLength" in flat.bounds:
        known.append(PER_CHARACTER * int(flat.bounds["maxLength"]) + 2)
    return min(known) if known else Unbounded(flat.at, "it has no `maxLength`")


def _list(measuring: _Measuring, flat: Flat) -> Size:
    prefix = len(flat.prefix)
    ended = flat.items is not None and flat.items[0].value is False
    if "maxItems" not in flat.bounds and not ended:
        return Unbounded(flat.at, "it has no `maxItems`")
    most = min(int(flat.bounds.get("maxItems", prefix)), prefix if ended else math.inf)
    count = int(most)
    if count == 0:
        return 2
    elements = [_most(_schema(measuring, (node,)).values()) for node in flat.prefix[:count]]
    if count > prefix:
        if flat.items is None:
            return Unbounded(flat.at, "it has no `items`")
        one = _most(_schema(measuring, flat.items).values())
        if isinstance(one, Unbounded):
            return one
        elements.append(one * (count - prefix))
    whole = _sum(elements)
    return whole if isinstance(whole, Unbounded) else whole + count + 1


def _object(measuring: _Measuring, flat: Flat) -> Size:
    if "maxProperties" in flat.bounds and flat.bounds["maxProperties"] == 0:
        return 2
    members: list[Size] = []
    for name, schema in flat.properties.items():
        sizes = _schema(measuring, schema)
        if sizes and not flatten(measuring.api, schema).write_only:
            size = _most(sizes.values())
            members.append(size if isinstance(size, Unbounded) else size + len(_encoded(name)) + 1)
    further = _further(measuring, flat)
    if further is not None:
        members += [further]
    elif not flat.properties and flat.additional is None:
        return Unbounded(flat.at, _ANY_PROPERTIES)
    whole = _sum(members)
    if isinstance(whole, Unbounded):
        return whole
    return whole + 2 + max(0, len(members) - 1)


def _further(measuring: _Measuring, flat: Flat) -> Size | None:
    """The properties that have no name in the schema, with the commas between them; None where there are none."""
    patterns = [
        node["patternProperties"][name]
        for node in flat.opaque.get("patternProperties", ())
        for name in node.value["patternProperties"]
    ]
    additional = flat.additional is not None and not any(node.value is False for node in flat.additional)
    if not patterns and not additional:
        return None
    at = flat.additional[0] if additional and flat.additional else patterns[0]
    if "maxProperties" not in flat.bounds:
        return Unbounded(flat.at, "it has further properties and no `maxProperties`")
    names = [flatten(measuring.api, (node["propertyNames"],)) for node in flat.opaque.get("propertyNames", ())]
    lengths = [size for size in map(_text, names) if not isinstance(size, Unbounded)]
    if not lengths:
        return Unbounded(flat.at, "it has further properties, and `propertyNames` no `maxLength`")
    count = int(flat.bounds["maxProperties"])
    schemas = [*((flat.additional,) if additional and flat.additional else ()), *((node,) for node in patterns)]
    value = _most(size for schema in schemas for size in _schema(measuring, schema).values())
    if isinstance(value, Unbounded):
        return Unbounded(at, value.why)
    return count * (min(lengths) + 1 + value) + count - 1


def _encoded(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
