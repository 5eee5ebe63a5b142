"""OpenAPI 3.0's ways of saying things, as 3.1 has them.

Source: https://www.openapis.org/blog/2021/02/16/migrating-from-openapi-3-0-to-3-1-0
"""

from __future__ import annotations

from typing import Any

_ANNOTATIONS = frozenset(
    ("default", "deprecated", "description", "example", "examples", "externalDocs", "readOnly", "title", "writeOnly")
) | {"xml"}


def modern(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of OpenAPI 3.0's dialect as 3.1 writes it. Changes its argument.

    What stands below it is modern already. A type that is ``nullable`` becomes a list of two; where a schema without a
    type is ``nullable``, what it asks for otherwise becomes one branch of an ``anyOf``.
    """
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.pop(flag, False) and bound in schema:
            schema[flag] = schema.pop(bound)
    if not schema.pop("nullable", False):
        return schema
    if "type" in schema:
        schema["type"] = "null" if schema["type"] == "null" else [schema["type"], "null"]
        return schema
    outer = {key: value for key, value in schema.items() if key in _ANNOTATIONS or key.startswith("x-")}
    inner = {key: value for key, value in schema.items() if key not in outer}
    return {**outer, "anyOf": [inner, {"type": "null"}]} if inner else outer


def plain(value: Any) -> Any:
    """A value without places: dict and list of the language itself."""
    kind = type(value)
    if kind is str or kind is dict or kind is list or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value]
