"""What one operation asks of its requests: parameters and body."""

from __future__ import annotations

from typing import cast

from compiler.composed import Kind
from compiler.contracts.examples import is_json
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import Node
from compiler.expressions.types import KINDS, Type, element, field_names, member, schema_type
from compiler.request_checks.tables import Tables
from compiler.requested import BodyCheck, ParameterCheck, Reading, RequestCheck, Style

_USUAL: dict[str, Style] = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_NOT_PARAMETERS = ("accept", "content-type", "authorization")
"""OpenAPI 3.1, section 4.8.12.1: header parameters of these names say nothing."""


def operation_check(tables: Tables, api: Api, operation: Operation) -> RequestCheck:
    """What an operation asks, with its schemas added to the tables."""
    parameters = [
        _parameter(tables, api, node)
        for node in api.parameters(operation)
        if node.value["in"] != "header" or node.value["name"].lower() not in _NOT_PARAMETERS
    ]
    ordered = tuple(sorted(parameters, key=lambda p: (p.place, p.name)))
    return RequestCheck(ordered, _body(tables, api, operation))


def _parameter(tables: Tables, api: Api, node: Node) -> ParameterCheck:
    value = node.value
    place, name = value["in"], value["name"]
    style = cast(Style, value.get("style", _USUAL[place]))
    schema = node["schema"] if "schema" in value else None
    content = next((media for _, media in api.content(node)), None)
    if content is not None:
        style, schema = "json", content["schema"] if "schema" in content.value else None
    return ParameterCheck(
        place=place,
        name=name.lower() if place == "header" else name,
        required=value.get("required") is True,
        may_be_empty=place == "query" and value.get("allowEmptyValue") is True,
        style=style,
        explode=value.get("explode", style == "form") is True,
        reading=_reading(api, schema),
        schema=tables.schema(api, schema) if schema is not None else None,
    )


def _reading(api: Api, schema: Node | None) -> Reading:
    if schema is None or isinstance(schema.value, bool):
        return Reading(("string",), None, None)
    found = schema_type(api, [schema], "request")
    scalar = tuple(kind for kind in KINDS if kind in found.kinds and kind not in ("object", "array"))
    lists, objects = found.of_kind("array"), found.of_kind("object")
    everything = len(found.kinds) == len(KINDS) - 1 or len(found.kinds) == len(KINDS)
    if everything:
        return Reading(scalar, None, None)
    return Reading(
        scalar or None,
        _scalars([element(variant) for variant in lists]) if lists else None,
        tuple(
            (name, _scalars([made for variant in objects if (made := member(variant, name)) is not None]))
            for name in sorted({name for variant in objects for name in field_names(variant)})
        )
        if objects
        else None,
    )


def _scalars(types: list[Type]) -> tuple[Kind, ...]:
    """The types as which one text may be read."""
    found = {kind for one in types for kind in one.kinds}
    return tuple(kind for kind in KINDS if kind in found and kind not in ("object", "array"))


def _body(tables: Tables, api: Api, operation: Operation) -> BodyCheck | None:
    body = api.request_body(operation)
    if body is None:
        return None
    media: list[tuple[str, int | None]] = []
    for name, node in api.content(body):
        essence = name.partition(";")[0].strip().lower()
        checked = "schema" in node.value and (is_json(name) or essence in ("*/*", "application/*"))
        media.append((essence, tables.schema(api, node["schema"]) if checked else None))
    return BodyCheck(body.value.get("required") is True, tuple(sorted(media, key=lambda m: _specificity(m[0]))))


def _specificity(essence: str) -> tuple[int, str]:
    """Sorts what is named before what a wildcard takes in."""
    return (essence.count("*"), essence)
