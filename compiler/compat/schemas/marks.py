"""What tells the branches of a union apart: properties that must be there and can have few values."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.compat.schemas.views import View

Marks = Mapping[str, frozenset[str]]


def marks_of(view: View) -> Marks:
    """What values some properties that must be there can have, as text: what tells the branches of a union apart."""
    found: dict[str, frozenset[str]] = {}
    waiting = [view]
    for _ in range(12):
        if not waiting:
            break
        one = waiting.pop()
        schema = one.node.value
        if not isinstance(schema, dict):
            continue
        if isinstance(schema.get("$ref"), str):
            target = one.target()
            waiting += [target] if target is not None else []
            if one.dialect == "3.0":
                continue
        waiting += [one.at("allOf", n) for n in range(len(schema.get("allOf", ())))]
        if schema.get("type") != "object":
            continue
        for name in schema.get("required", ()):
            inner = schema.get("properties", {}).get(name)
            if isinstance(inner, dict) and ("const" in inner or "enum" in inner):
                listed = [inner["const"]] if "const" in inner else inner["enum"]
                if all(isinstance(value, str) for value in listed) and not one.stays(one.at("properties", name)):
                    found[name] = frozenset(listed)
    return found


def apart(one: Marks, other: Marks) -> bool:
    """Whether no value has the marks of both."""
    return any(name in other and one[name].isdisjoint(other[name]) for name in one)
