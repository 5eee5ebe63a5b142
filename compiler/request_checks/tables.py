"""Schemas of OpenAPI 3.0 and 3.1 as numbered tables of plain keywords, in the view of one who sends a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from compiler.compat.flat import canonical
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.records import frozen, mutable
from compiler.request_checks.patterns import automaton
from compiler.requested import Automaton, RequestTables

_COUNTS = (
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minContains", "maxContains"),
)
_ONE = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "dependentSchemas")
_BEYOND = ("unevaluatedProperties", "unevaluatedItems")
"""What depends on all that other keywords have looked at."""
_WHOLE = {"int32": 31, "int64": 63}


@frozen
class Limit:
    """Something in a document that a gateway cannot check; ``what`` names it."""

    what: str
    node: Node


@mutable
class Tables:
    """The tables so far, and what did not fit into them."""

    limits: list[Limit] = field(default_factory=list)
    _schemas: list[dict[str, Any]] = field(default_factory=list)
    _patterns: list[Automaton] = field(default_factory=list)
    _numbers: dict[object, int] = field(default_factory=dict)
    _patterns_by_text: dict[str, int] = field(default_factory=dict)

    def finished(self) -> RequestTables:
        """The tables as the plan has them."""
        return RequestTables(tuple(self._schemas), tuple(self._patterns))

    def schema(self, api: Api, node: Node) -> int:
        """The number of a schema, which is added with all that it refers to."""
        if node.is_reference and (api.dialect == "3.0" or len(node.value) == 1):
            node = api.resolve(node)
        known = self._numbers.get(node.identity)
        if known is not None:
            return known
        number = self._numbers[node.identity] = len(self._schemas)
        made: dict[str, Any] = {}
        self._schemas.append(made)
        made |= self._said(api, node)
        return number

    def pattern(self, text: str, node: Node) -> int | None:
        """The number of a pattern's automaton; None where it has none, which is noted."""
        if text not in self._patterns_by_text:
            found = automaton(text)
            if found is None:
                self.limits.append(Limit(f"the pattern `{text}`", node))
                return None
            self._patterns_by_text[text] = len(self._patterns)
            self._patterns.append(found)
        return self._patterns_by_text[text]

    def _said(self, api: Api, node: Node) -> dict[str, Any]:
        value = node.value
        if isinstance(value, bool):
            return {} if value else {"types": []}
        made: dict[str, Any] = {}
        if "$ref" in value:
            made["allOf"] = [self.schema(api, api.resolve(node))]
        types = _types(value, api.dialect)
        if types is not None:
            made["types"] = types
        if "enum" in value or "const" in value:
            listed = value.get("enum", [value.get("const")])
            made["enum"] = [v for v in listed if "const" not in value or canonical(v) == canonical(value["const"])]
        made |= {key: int(value[key]) for key in _COUNTS if key in value}
        made |= {key: value[key] for key in ("multipleOf", "dependentRequired") if key in value}
        made |= _bounds(value, api.dialect)
        if value.get("uniqueItems") is True:
            made["uniqueItems"] = True
        for key in _ONE:
            if key in value:
                made[key] = self.schema(api, node[key])
        for key in _SEVERAL:
            if key in value:
                made[key] = [*made.get(key, ()), *(self.schema(api, node[key][i]) for i in range(len(value[key])))]
        for key in _NAMED:
            if key in value:
                made[key] = {name: self.schema(api, node[key][name]) for name in sorted(value[key])}
        self._patterned(api, node, made)
        required = [name for name in value.get("required", ()) if not self._is_read_only(api, node, name)]
        if required:
            made["required"] = sorted(set(required))
        for key in _BEYOND:
            if key in value and value[key] is not True:
                self.limits.append(Limit(f"`{key}`", node[key]))
        return made

    def _patterned(self, api: Api, node: Node, made: dict[str, Any]) -> None:
        value = node.value
        if "pattern" in value:
            number = self.pattern(value["pattern"], node["pattern"])
            if number is not None:
                made["pattern"] = number
        if "patternProperties" in value:
            below = node["patternProperties"]
            found = [(self.pattern(text, below[text]), self.schema(api, below[text])) for text in sorted(below.value)]
            made["patternProperties"] = [[pattern, schema] for pattern, schema in found if pattern is not None]

    def _is_read_only(self, api: Api, node: Node, name: str) -> bool:
        """Whether clients need not send a property, though it is required (OpenAPI 3.0.4, section 4.7.24.2)."""
        properties = node.value.get("properties", {})
        if name not in properties:
            return False
        found = api.resolve(node["properties"][name]).value
        return isinstance(found, Mapping) and found.get("readOnly") is True


def _types(value: Mapping[str, Any], dialect: str) -> list[str] | None:
    """The JSON types that are allowed, sorted; None for all."""
    if "type" not in value:
        return None
    said = value["type"]
    types = {said} if isinstance(said, str) else set(said)
    if dialect == "3.0" and value.get("nullable") is True:
        types.add("null")
    return sorted(types)


def _bounds(value: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """The bounds of numbers as 3.1 writes them, with those of the whole numbers that a format names."""
    made: dict[str, Any] = {}
    for key, beyond in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if dialect == "3.0" and value.get(beyond) is True and key in value:
            made[beyond] = value[key]
            continue
        if key in value:
            made[key] = value[key]
        if beyond in value and not isinstance(value[beyond], bool):
            made[beyond] = value[beyond]
    bits = _WHOLE.get(value.get("format", "")) if value.get("type") == "integer" else None
    if bits is not None:
        made["minimum"] = max(made.get("minimum", -(2**bits)), -(2**bits))
        made["maximum"] = min(made.get("maximum", 2**bits - 1), 2**bits - 1)
    return made
