"""Keywords that are judged as a whole: the part of a schema that each of them says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.compat.flat import NEAR, OPAQUE, Flat
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node

_WITH = {"if": ("if", "then", "else"), "contains": ("contains", "minContains", "maxContains")}
CONDITIONS: Mapping[str, tuple[str, ...]] = {"if": ("if", "then", "else"), "dependentSchemas": ("dependentSchemas",)}
"""Keywords under which a schema may name properties that are there in some cases only."""
_DEPTH = 8
"""So deep are choices looked into under a condition."""


def opaque_part(flat: Flat, key: str, nodes: Sequence[Node], *, sent: bool) -> Any:
    """A schema of the types alone with what is said under one opaque keyword; ``sent`` adds the properties by name."""
    parts = []
    for node in nodes:
        keys = _WITH.get(key, (key,))
        if key in NEAR:
            parts.append(dict(node.value))
        else:
            parts.append({inner: node.value[inner] for inner in keys if inner in node.value})
    part = dict(parts[0]) if len(parts) == 1 else {"allOf": parts} if parts else {}
    if flat.typed and "type" not in part:
        part["type"] = sorted(flat.types)
    if sent and key not in NEAR:
        part["properties"] = {
            name: {"allOf": [node.value for node in schema]} for name, schema in flat.properties.items()
        }
        if flat.required:
            part["required"] = list(flat.required)
        if flat.additional is not None:
            part["additionalProperties"] = {"allOf": [node.value for node in flat.additional]}
    return part


def walk_opaque(flat: Flat) -> Iterator[tuple[str, list[Node]]]:
    """The opaque keywords in their order, with the schemas that say them."""
    for key in OPAQUE:
        if key in flat.opaque:
            yield key, flat.opaque[key]


def conditional(api: Api, nodes: Sequence[Node], key: str) -> dict[str, Node]:
    """The properties that are named under a condition, by name, in schemas that say ``key``."""
    found: dict[str, Node] = {}
    waiting = [(node[inner], 0) for node in nodes for inner in CONDITIONS[key] if inner in node.value]
    if key == "dependentSchemas":
        waiting = [(node[name], 0) for node, _ in waiting for name in sorted(node.value)]
    seen: set[int] = set()
    while waiting:
        node, depth = waiting.pop()
        node = api.scope.resolve(node)
        value = node.value
        if not isinstance(value, Mapping) or id(value) in seen or depth > _DEPTH:
            continue
        seen.add(id(value))
        for name in value.get("properties", ()):
            found.setdefault(name, node["properties"][name])
        for choice in ("allOf", "anyOf", "oneOf"):
            waiting += [(node[choice][i], depth + 1) for i in range(len(value.get(choice, ())))]
        waiting += [(node[inner], depth + 1) for inner in ("if", "then", "else") if inner in value]
    return found
