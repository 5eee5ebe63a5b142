"""What a schema says, with references and ``allOf`` laid open: one flat list of facts, whatever way it was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.records import mutable

Schema = tuple[Node, ...]
"""Schemas all of which hold: one in most cases, several where ``allOf`` speaks of one property more than once."""

ALL_TYPES = frozenset(("array", "boolean", "null", "number", "object", "string"))
OPAQUE = (
    "not",
    "if",
    "contains",
    "propertyNames",
    "patternProperties",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
)
"""Keywords that are judged as a whole."""
NEAR = {"unevaluatedProperties", "unevaluatedItems", "patternProperties"}
"""Those that see what stands beside them."""
_LOWER = ("minLength", "minItems", "minProperties")
_UPPER = ("maxLength", "maxItems", "maxProperties")
_PARTS = 200
"""So many parts of one schema are laid open."""
_DEPTH = 8
"""So deep are choices looked into that are none."""
_ANNOTATIONS = frozenset(("title", "description", "example", "examples", "default", "deprecated", "externalDocs")) | {
    "xml",
    "readOnly",
    "writeOnly",
    "$comment",
}


@mutable
class Flat:
    """The facts. ``at`` is the node to show; ``through`` the names of components that references led through."""

    at: Node
    through: list[str] = field(default_factory=list)
    types: frozenset[str] = ALL_TYPES
    """With ``integer`` beside the six where numbers must be whole."""
    typed: bool = False
    enum: list[Any] | None = None
    enum_at: Node | None = None
    lowest: tuple[float, bool] | None = None
    """The least number, and whether it is excluded itself."""
    highest: tuple[float, bool] | None = None
    bounds: dict[str, int] = field(default_factory=dict)
    multiples: list[Any] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    unique: bool = False
    properties: dict[str, Schema] = field(default_factory=dict)
    required: dict[str, Node] = field(default_factory=dict)
    additional: Schema | None = None
    """None where ``additionalProperties`` is not written."""
    items: Schema | None = None
    prefix: list[Node] = field(default_factory=list)
    unions: list[tuple[str, Node, tuple[Node, ...]]] = field(default_factory=list)
    """``oneOf`` or ``anyOf``, the schema that says so, and the branches."""
    opaque: dict[str, list[Node]] = field(default_factory=dict)
    """By keyword, the schemas that say it."""
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False
    default: tuple[Any] | None = None
    tangled: bool = False
    """Facts that hold only beside each other in one schema were found in several: the parts cannot be told apart."""

    @property
    def free(self) -> bool:
        """Whether it says nothing at all."""
        return not (
            self.typed
            or self.enum is not None
            or self.lowest
            or self.highest
            or self.bounds
            or self.multiples
            or self.patterns
            or self.formats
            or self.unique
            or self.properties
            or self.required
            or self.additional is not None
            or self.items is not None
            or self.prefix
            or self.unions
            or self.opaque
        )


def flatten(api: Api, schema: Schema, depth: int = 0) -> Flat:
    """Lay a schema open, as far as it can be without a choice."""
    flat = Flat(schema[0])
    waiting: list[Node] = list(reversed(schema))
    seen: set[int] = set()
    closed = 0
    parts = 0
    while waiting:
        node = waiting.pop()
        value = node.value
        if value is True:
            continue
        if value is False:
            flat.types, flat.typed = frozenset(), True
            continue
        if not isinstance(value, Mapping) or id(value) in seen or len(seen) > _PARTS:
            continue
        seen.add(id(value))
        if "$ref" in value:
            target = api.scope.resolve(node)
            if target is node or target.identity == node.identity:
                continue
            flat.through.append(str(target.path[-1]) if target.path else target.document.source.name)
            waiting.append(target)
            if api.dialect == "3.0" or len(value) == 1:
                continue
        if api.dialect == "3.0" and value.get("nullable") is True and "type" not in value:
            inner = {k: v for k, v in value.items() if k not in _ANNOTATIONS and k != "nullable" and k[:2] != "x-"}
            _annotate(flat, value)
            if inner:
                nothing = Node({"type": "null"}, node.document, (*node.path, "~null"))
                flat.unions.append(("anyOf", node, (Node(inner, node.document, (*node.path, "~rest")), nothing)))
            continue
        parts += 1
        closed += bool(NEAR & value.keys()) or (
            "additionalProperties" in value and value["additionalProperties"] is not True
        )
        _take(flat, api, node, value)
        if "allOf" in value:
            waiting += [node["allOf"][i] for i in reversed(range(len(value["allOf"])))]
    flat.tangled = bool(closed) and parts > 1
    if depth < _DEPTH:
        _simplify(flat, api, depth)
    return flat


def _annotate(flat: Flat, value: Mapping[str, Any]) -> None:
    flat.read_only |= value.get("readOnly") is True
    flat.write_only |= value.get("writeOnly") is True
    flat.deprecated |= value.get("deprecated") is True
    if "default" in value:
        flat.default = (value["default"],)


def _take(flat: Flat, api: Api, node: Node, value: Mapping[str, Any]) -> None:
    """Add what one schema object says itself."""
    _annotate(flat, value)
    if "type" in value:
        said = value["type"]
        types = set(said) if isinstance(said, list) else {said}
        if api.dialect == "3.0" and value.get("nullable") is True:
            types.add("null")
        flat.types, flat.typed = _both(flat.types, frozenset(types)), True
    for key in ("enum", "const"):
        if key in value:
            values = value[key] if key == "enum" else [value[key]]
            if flat.enum is not None:
                known = {canonical(one) for one in flat.enum}
                values = [one for one in values if canonical(one) in known]
            flat.enum, flat.enum_at = list(values), node[key]
    _numbers(flat, value)
    for key in _LOWER + _UPPER:
        if key in value:
            known = flat.bounds.get(key, value[key])
            flat.bounds[key] = max(known, value[key]) if key in _LOWER else min(known, value[key])
    if "multipleOf" in value and value["multipleOf"] not in flat.multiples:
        flat.multiples.append(value["multipleOf"])
    for key, found in (("pattern", flat.patterns), ("format", flat.formats)):
        if key in value and value[key] not in found:
            found.append(value[key])
    flat.unique |= value.get("uniqueItems") is True
    for name in value.get("properties", ()):
        flat.properties[name] = (*flat.properties.get(name, ()), node["properties"][name])
    required = value.get("required", ())
    if isinstance(required, list):
        for index, name in enumerate(required):
            if name not in flat.required:
                flat.required[name] = Node(name, node.document, (*node.path, "required", index))
    if "additionalProperties" in value:
        flat.additional = (*(flat.additional or ()), node["additionalProperties"])
    if "items" in value:
        flat.items = (*(flat.items or ()), node["items"])
    if "prefixItems" in value:
        inner = [node["prefixItems"][i] for i in range(len(value["prefixItems"]))]
        flat.tangled |= bool(flat.prefix)
        flat.prefix = inner
    for key in ("oneOf", "anyOf"):
        if key in value:
            flat.unions.append((key, node, tuple(node[key][i] for i in range(len(value[key])))))
    for key in OPAQUE:
        if key in value:
            flat.opaque.setdefault(key, []).append(node)


def _numbers(flat: Flat, value: Mapping[str, Any]) -> None:
    for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        found: list[tuple[float, bool]] = []
        beyond = value.get(exclusive)
        if key in value:
            found.append((value[key], beyond is True))
        if beyond is not None and not isinstance(beyond, bool):
            found.append((beyond, True))
        for bound in found:
            if key == "minimum":
                flat.lowest = bound if flat.lowest is None else max(flat.lowest, bound)
            elif flat.highest is None or (bound[0], not bound[1]) < (flat.highest[0], not flat.highest[1]):
                flat.highest = bound


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The types that both allow; ``number`` includes ``integer``."""
    found = one & other
    if ("integer" in one and "number" in other) or ("integer" in other and "number" in one):
        found |= {"integer"}
    return found - {"integer"} if "number" in found else found


def covers(outer: frozenset[str], inner: str) -> bool:
    """Whether types allow one."""
    return inner in outer or (inner == "integer" and "number" in outer)


def _simplify(flat: Flat, api: Api, depth: int) -> None:
    """Choices that are none: one branch; branches that name a type each; null beside something else."""
    for _ in range(8):
        lone = [union for union in flat.unions if len(union[2]) == 1]
        if lone:
            flat.unions = [union for union in flat.unions if len(union[2]) != 1]
            inner = flatten(api, lone[0][2], depth + 1)
            if inner.tangled or inner.unions or not _merge(flat, inner):
                flat.unions.append(lone[0])
                return
            continue
        break
    if len(flat.unions) != 1:
        return
    kind, _, branches = flat.unions[0]
    types = [_bare_type(api, branch) for branch in branches]
    if all(types) and (kind == "anyOf" or sum(map(len, types)) == len(frozenset().union(*types))):
        joined = frozenset().union(*types)
        joined -= {"integer"} if "number" in joined else frozenset()
        flat.types, flat.typed, flat.unions = _both(flat.types, joined), True, []
        return
    rest = [branch for branch, said in zip(branches, types, strict=True) if said != {"null"}]
    if len(rest) != 1 or len(branches) != 2 or not _only_union(flat):
        return
    inner = flatten(api, (rest[0],), depth + 1)
    if inner.opaque or inner.unions or inner.tangled or not inner.typed:
        return
    flat.unions = []
    _merge(flat, inner)
    flat.types |= {"null"}
    if flat.enum is not None and None not in flat.enum:
        flat.enum = [*flat.enum, None]


def _only_union(flat: Flat) -> bool:
    probe = Flat(flat.at)
    for one in fields(Flat):
        if one.name not in ("at", "unions", "through"):
            setattr(probe, one.name, getattr(flat, one.name))
    return probe.free


def _merge(flat: Flat, inner: Flat) -> bool:
    """Add all that another schema says; False where that cannot be told apart."""
    if flat.prefix and inner.prefix:
        return False
    closed = (flat.additional is not None and flat.additional[0].value is not True) or inner.additional is not None
    if closed and flat.properties and inner.properties:
        return False
    if inner.typed:
        flat.types, flat.typed = _both(flat.types, inner.types), True
    if inner.enum is not None:
        if flat.enum is not None:
            known = {canonical(one) for one in flat.enum}
            flat.enum = [one for one in inner.enum if canonical(one) in known]
        else:
            flat.enum, flat.enum_at = inner.enum, inner.enum_at
    if inner.lowest is not None:
        flat.lowest = inner.lowest if flat.lowest is None else max(flat.lowest, inner.lowest)
    if inner.highest is not None:
        flat.highest = (
            inner.highest
            if flat.highest is None
            else min(flat.highest, inner.highest, key=lambda bound: (bound[0], not bound[1]))
        )
    for key, limit in inner.bounds.items():
        former = flat.bounds.get(key, limit)
        flat.bounds[key] = max(former, limit) if key in _LOWER else min(former, limit)
    flat.multiples += [one for one in inner.multiples if one not in flat.multiples]
    flat.patterns += [one for one in inner.patterns if one not in flat.patterns]
    flat.formats += [one for one in inner.formats if one not in flat.formats]
    flat.unique |= inner.unique
    for name, schema in inner.properties.items():
        flat.properties[name] = (*flat.properties.get(name, ()), *schema)
    flat.required = {**inner.required, **flat.required}
    for name in ("additional", "items"):
        both = (*(getattr(flat, name) or ()), *(getattr(inner, name) or ()))
        setattr(flat, name, both or None)
    flat.prefix = flat.prefix or inner.prefix
    for key, nodes in inner.opaque.items():
        flat.opaque.setdefault(key, []).extend(nodes)
    flat.through += inner.through
    flat.read_only |= inner.read_only
    flat.write_only |= inner.write_only
    flat.deprecated |= inner.deprecated
    flat.default = flat.default or inner.default
    return True


def _bare_type(api: Api, branch: Node) -> frozenset[str]:
    """The types of a schema that says nothing else; none where it says more."""
    value = branch.value
    if not isinstance(value, Mapping) or any(k != "type" and k not in _ANNOTATIONS and k[:2] != "x-" for k in value):
        if not isinstance(value, Mapping) or value.get("enum") != [None]:
            return frozenset()
        return frozenset(("null",))
    said = value.get("type")
    return frozenset(said if isinstance(said, list) else [said] if said else [])


def canonical(value: Any) -> str:
    """A text that JSON values share which are equal in JSON Schema: 1 and 1.0 are, true and 1 are not."""
    return json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain_numbers(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain_numbers(one) for key, one in value.items()}
    return value


def type_of(value: Any) -> str:
    """The JSON type of a value; ``integer`` for whole numbers."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
