"""The types of values that a shape puts in, and schemas for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.compositions.calls import asked, json_schema
from compiler.compositions.values import Value, type_of
from compiler.contracts.modern import plain
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.expressions.types import (
    NULL,
    TEXT,
    WHOLE,
    Type,
    Variant,
    element,
    field_names,
    member,
    record,
    schema_type,
    union,
)
from compiler.shaping.schemas import Given
from compiler.shaping.tree import Path, Put

_DEEPEST = 8
_TELLING = ("minLength", "maxLength", "pattern", "format", "minimum", "maximum", "multipleOf")


def roots(api: Api, operation: Operation, responses: list[tuple[str, Node]]) -> Mapping[str, Type]:
    """What expressions may read of one operation: the request but for its body, and the service's good answer."""
    asked_for = asked(api, operation).variants[0].fields or {}
    bodies, headers = [], dict[str, Type]()
    for _, response in responses:
        schema = json_schema(api, response)
        bodies.append(schema_type(api, [schema], "response") if schema is not None else NULL)
        for name, header in api.headers(response):
            always = header.value.get("required") is True and len(responses) == 1
            headers[name.lower()] = Type(TEXT.variants, absent=not always)
    answer = {"status": WHOLE, "headers": record(headers), "body": union(bodies) if bodies else NULL}
    return {
        "request": record({name: made for name, made in asked_for.items() if name != "body"}),
        "response": record(answer),
    }


def typed(value: Value, known: Mapping[str, Type]) -> tuple[Type, list[Finding]]:
    """The type of what is put in, and what is wrong with its expressions."""
    return type_of(value, known, {}, frozenset())


def given_by(puts: Mapping[Path, Type]) -> Given:
    """The schema of what is put in at a path, and whether it is always there, by the types of all that is."""

    def given(path: Path, put: Put) -> tuple[Any, bool]:
        made = puts.get(path)
        return (schema_of(made), not made.absent) if made is not None else ({}, False)

    return given


def schema_of(made: Type, depth: int = 0) -> Any:
    """A schema of OpenAPI 3.1 that every value of a type satisfies."""
    if depth > _DEEPEST or not made.variants:
        return {}
    schemas: list[Any] = []
    for variant in made.variants:
        schema = _variant(variant, depth)
        if schema not in schemas:
            schemas.append(schema)
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _variant(variant: Variant, depth: int) -> Any:
    if variant.values is not None:
        return {"enum": [plain(value) for value in variant.values]}
    schema: dict[str, Any] = {"type": variant.kind}
    if variant.kind == "object":
        fields = {name: member(variant, name) for name in field_names(variant)}
        known = {name: inner for name, inner in fields.items() if inner is not None}
        if known:
            schema["properties"] = {name: schema_of(inner, depth + 1) for name, inner in known.items()}
        needed = [name for name, inner in known.items() if not inner.absent]
        if needed:
            schema["required"] = needed
    elif variant.kind == "array":
        schema["items"] = schema_of(element(variant), depth + 1)
        most = [variant.most] if variant.most is not None else []
        most += list(variant.view.all("maxItems")) if variant.view is not None else []
        if most:
            schema["maxItems"] = min(most)
    elif variant.view is not None:
        for key in _TELLING:
            said = [plain(value) for value in variant.view.all(key)]
            if len(said) == 1:
                schema[key] = said[0]
    return schema
