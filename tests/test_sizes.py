"""The largest encoding of a schema: what satisfies it is never larger, and the bound is no larger than it must be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.contracts.openapi import Api
from compiler.sizes import Unbounded, largest, largest_answer
from tests.contracts import api as api_of


def document(schema: Any, media: str = "application/json", **components: Any) -> Api:
    answer = {"description": "", "content": {media: {"schema": schema}}}
    operation = {"operationId": "get", "responses": {"200": answer, "404": {"description": "no bound, no matter"}}}
    return api_of(
        {
            "openapi": "3.1.0",
            "info": {"title": "A", "version": "1.0.0"},
            "paths": {"/a": {"get": operation}},
            "components": {"schemas": components},
        }
    )


def size(schema: Any, **components: Any) -> int | str:
    api = document(schema, **components)
    found = largest_answer(api, api.operations[0])
    return found.why if isinstance(found, Unbounded) else found


S5: dict[str, Any] = {"type": "string", "maxLength": 5}
EXACT: list[tuple[Any, str]] = [
    # a schema, and what of it is as large as anything can be
    ({"type": "null"}, "null"),
    ({"type": "boolean"}, "false"),
    ({"type": ["boolean", "null"]}, "false"),
    ({"type": "integer", "minimum": -10, "maximum": 999}, "999"),
    ({"type": "integer"}, "-9223372036854775808"),
    ({"type": "number"}, "-2.2250738585072014e-308"),
    (S5, '"' + "\\u00e9" * 5 + '"'),
    ({"type": "string", "format": "uuid"}, '"7c9e6679-7425-40de-944b-e07fc1f90ae7"'),
    ({"type": "string", "format": "date-time", "maxLength": 100}, '"2027-03-31T23:59:59.123456789+02:00"'),
    ({"enum": ["a", 17, None, {"b": []}]}, '{"b":[]}'),
    ({"enum": ["a", "bcd", 17], "type": "string"}, '"bcd"'),
    ({"const": "x"}, '"x"'),
    ({"type": "array", "maxItems": 3, "items": {"type": "boolean"}}, "[false,false,false]"),
    ({"type": "array", "maxItems": 0}, "[]"),
    ({"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "items": False}, "[null,false]"),
    (
        {"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "boolean"}, "maxItems": 2},
        "[null,false]",
    ),
    ({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}, '{"a":null,"b":false}'),
    ({"type": "object", "additionalProperties": False}, "{}"),
    ({"type": "object", "properties": {"é": {"type": "null"}}}, '{"\\u00e9":null}'),
    ({"type": "object", "properties": {"a": {"type": "string", "writeOnly": True}}}, "{}"),
    (
        {
            "type": "object",
            "additionalProperties": {"type": "null"},
            "propertyNames": {"maxLength": 1},
            "maxProperties": 2,
        },
        '{"\\u00e9":null,"\\u00ea":null}',
    ),
    ({"oneOf": [{"type": "null"}, {"type": "boolean"}]}, "false"),
    ({"allOf": [{"type": "string"}, {"maxLength": 9}, {"maxLength": 1}]}, '"\\u00e9"'),
    ({"type": "string", "anyOf": [{"enum": ["a"]}, {"enum": ["bcd"]}]}, '"bcd"'),
    ({"type": "string", "maxLength": 9, "oneOf": [{"maxLength": 1}, {"minLength": 8}]}, '"' + "\\u00e9" * 9 + '"'),
]
NONE: list[tuple[Any, str]] = [
    ({}, "it allows any properties"),
    ({"type": "string"}, "it has no `maxLength`"),
    ({"type": "string", "pattern": "^a{3}$"}, "it has no `maxLength`"),
    ({"type": "array", "items": {"type": "null"}}, "it has no `maxItems`"),
    ({"type": "array", "maxItems": 2}, "it has no `items`"),
    ({"type": "array", "maxItems": 2, "items": {"type": "string"}}, "it has no `maxLength`"),
    ({"type": "object"}, "it allows any properties"),
    (
        {"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": True},
        "it has further properties and no `maxProperties`",
    ),
    (
        {"type": "object", "patternProperties": {"^x": {"type": "null"}}, "maxProperties": 3},
        "it has further properties, and `propertyNames` no `maxLength`",
    ),
    ({"oneOf": [{"type": "null"}, {"type": "string"}]}, "it has no `maxLength`"),
]


@pytest.mark.parametrize(("schema", "widest"), EXACT, ids=lambda value: json.dumps(value)[:40])
def test_the_largest(schema: Any, widest: str) -> None:
    assert size(schema) == len(widest)


@pytest.mark.parametrize(("schema", "why"), NONE, ids=lambda value: json.dumps(value)[:40])
def test_there_is_no_largest(schema: Any, why: str) -> None:
    found = size(schema)
    assert found == why or (schema == {} and isinstance(found, str))


def test_objects_of_choices() -> None:
    a, b = ({"type": "object", "properties": {name: {"type": "null"}}} for name in "ab")
    assert size({"oneOf": [a, b]}) == len('{"a":null}')
    both = size({"anyOf": [a, b]})
    assert isinstance(both, int)
    assert both >= len('{"a":null,"b":null}')
    beside = size({"type": "object", "oneOf": [a, b]})
    assert beside == len('{"a":null}'), "what says nothing of properties adds none"


def test_references_and_circles() -> None:
    assert size({"$ref": "#/components/schemas/A"}, A=S5) == 32
    tree = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Tree"}}}
    assert size({"$ref": "#/components/schemas/Tree"}, Tree=tree) == "it contains itself"


def test_a_deep_ladder_is_measured_once() -> None:
    steps = {
        f"S{n}": {"type": "object", "properties": {k: {"$ref": f"#/components/schemas/S{n + 1}"} for k in "ab"}}
        for n in range(40)
    }
    found = size({"$ref": "#/components/schemas/S0"}, **steps, S40={"type": "null"})
    assert isinstance(found, int)
    assert found > 2**40


def test_other_bodies() -> None:
    for schema, expected in ((S5, 20), ({"type": "string"}, "`text/csv` has no `maxLength`")):
        api = document(schema, "text/csv")
        found = largest_answer(api, api.operations[0])
        assert (found.why if isinstance(found, Unbounded) else found) == expected


def test_hostile_numbers() -> None:
    assert size({"type": "integer", "minimum": 0, "maximum": 10**90}) == 91
    assert size({"type": "integer", "minimum": -1e308, "maximum": 1}) == 302


characters = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])


@st.composite
def bounded(draw: st.DrawFn, depth: int = 3) -> tuple[Any, Any]:
    """A schema with a bound, and something that satisfies it."""
    kind = draw(
        st.sampled_from(["text", "number", "whole", "null", *(["list", "object", "choice", "all"] * (depth > 0))])
    )
    if kind == "text":
        most = draw(st.integers(0, 9))
        return {"type": "string", "maxLength": most}, draw(st.text(characters, max_size=most))
    if kind == "number":
        return {"type": "number"}, draw(st.floats(allow_nan=False, allow_infinity=False))
    if kind == "whole":
        least, most = sorted(draw(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=2)))
        return {"type": "integer", "minimum": least, "maximum": most}, draw(st.integers(least, most))
    if kind == "null":
        return {"type": ["null", "boolean"]}, draw(st.sampled_from([None, True, False]))
    if kind == "list":
        schema, value = draw(bounded(depth=depth - 1))
        most = draw(st.integers(0, 3))
        return {"type": "array", "maxItems": most, "items": schema}, [value] * draw(st.integers(0, most))
    if kind == "object":
        made = {name: draw(bounded(depth=depth - 1)) for name in draw(st.lists(st.text(characters), max_size=3))}
        schema = {"type": "object", "properties": {n: s for n, (s, _) in made.items()}, "additionalProperties": False}
        return schema, {n: v for n, (_, v) in made.items() if draw(st.booleans())}
    (one, value), (other, _) = draw(bounded(depth=depth - 1)), draw(bounded(depth=depth - 1))
    if kind == "all":
        return {"allOf": [one, {"title": "no more than that"}]}, value
    return {draw(st.sampled_from(["anyOf", "oneOf"])): draw(st.permutations([one, other]))}, value


@given(bounded())
def test_nothing_is_larger(made: tuple[Any, Any]) -> None:
    schema, value = made
    api = document(schema)
    found = largest(api, api.responses(api.operations[0])[0][1]["content"]["application/json"]["schema"])
    assert isinstance(found, int)
    assert len(json.dumps(value, separators=(",", ":"))) <= found
