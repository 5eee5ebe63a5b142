"""The judge of values says what the jsonschema library says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.contracts.fits import Direction, Judge, is_multiple, same
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from tests.contracts import answering, api
from tests.schemas import endless, schemas, valid, values


def schema_of(made: Api) -> Node:
    return dict(made.content(dict(made.responses(made.operations[0]))["200"]))["application/json"]["schema"]


def fits(
    schema: Any, value: Any, openapi: str = "3.1.0", direction: Direction | None = None, **components: Any
) -> bool:
    made = api(answering(schema, openapi, **components))
    return Judge(made.scope, made.dialect, direction).fits(schema_of(made), value)


@settings(max_examples=400, deadline=None)
@given(schemas, values, st.fixed_dictionaries({"One": schemas, "Two": schemas}))
def test_agrees_with_the_library(schema: Any, value: Any, components: dict[str, Any]) -> None:
    assume(not endless(components))
    assert fits(schema, value, **components) == valid(schema, value, components)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string", "nullable": True}, None, True),
        ({"type": "string"}, None, False),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, False),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, 1, True),
        ({"type": "integer", "maximum": 1, "exclusiveMaximum": True}, 1, False),
        ({"$ref": "#/components/schemas/Text", "type": "integer"}, "a", True),
    ],
)
def test_openapi_30_has_its_own_meaning(schema: Any, value: Any, expected: bool) -> None:
    assert fits(schema, value, "3.0.3", Text={"type": "string"}) is expected


UNEVALUATED = {
    "allOf": [{"properties": {"a": {}}}],
    "properties": {"b": {}},
    "if": {"properties": {"c": {"const": 1}}, "required": ["c"]},
    "anyOf": [{"patternProperties": {"^x": {}}}, {"properties": {"d": {"type": "integer"}}, "required": ["d"]}],
    "dependentSchemas": {"a": {"properties": {"e": {}}}},
    "unevaluatedProperties": False,
}
PLACES = {"prefixItems": [True], "contains": {"const": 5}, "unevaluatedItems": {"type": "null"}}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (UNEVALUATED, {"a": 1, "b": 2, "x": 3}, True),
        (UNEVALUATED, {"c": 1}, True),
        (UNEVALUATED, {"c": 2}, False),
        (UNEVALUATED, {"d": 1}, True),
        (UNEVALUATED, {"d": "1"}, False),
        (UNEVALUATED, {"a": 1, "e": 1}, True),
        (UNEVALUATED, {"e": 1}, False),
        (PLACES, [1, 5], True),
        (PLACES, [1, 5, None], True),
        (PLACES, [1, 5, 6], False),
        ({"items": True, "unevaluatedItems": False}, [1, 2], True),
        ({"allOf": [{"unevaluatedProperties": True}], "unevaluatedProperties": False}, {"a": 1}, True),
    ],
)
def test_what_no_keyword_looked_at(schema: Any, value: Any, expected: bool) -> None:
    assert valid(schema, value, {}) is expected
    assert fits(schema, value) is expected


def test_required_properties_bind_only_those_who_may_send_them() -> None:
    schema = {
        "required": ["id", "password"],
        "properties": {"id": {"readOnly": True}, "password": {"$ref": "#/components/schemas/Secret"}},
    }
    secret = {"writeOnly": True}
    assert fits(schema, {"id": 1}, direction="response", Secret=secret)
    assert not fits(schema, {"id": 1}, direction="request", Secret=secret)
    assert fits(schema, {"password": 1}, direction="request", Secret=secret)
    assert not fits(schema, {"password": 1}, direction="response", Secret=secret)
    assert not fits(schema, {"id": 1}, Secret=secret)


def test_a_schema_that_stands_for_itself_by_a_choice_ends() -> None:
    schema = {"anyOf": [{"$ref": "#/components/schemas/Self"}, {"type": "string"}]}
    assert fits({"$ref": "#/components/schemas/Self"}, "a", Self=schema)


def test_a_pattern_that_takes_for_ever_is_not_tried() -> None:
    assert fits({"type": "string", "pattern": "^(a+)+$"}, "a" * 60 + "!")


def test_work_is_bounded() -> None:
    schema = {"anyOf": [{"items": {"$ref": "#/components/schemas/Deep"}}] * 8 + [False]}
    value: Any = []
    for _ in range(40):
        value = [value, value]
    made = api(answering({"$ref": "#/components/schemas/Deep"}, Deep=schema))
    judge = Judge(made.scope, made.dialect)
    judge.fits(schema_of(made), value)
    assert judge.steps < 0


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [(0.3, 0.1, True), (4.02, 0.01, True), (0.35, 0.1, False), (10**30, 7, False), (1e308, 0.1, False)],
)
def test_multiples_are_those_of_the_decimals(value: float, step: float, expected: bool) -> None:
    assert is_multiple(value, step) is expected


def test_true_is_no_number() -> None:
    assert not same(True, 1)
    assert same([1, {"a": 2.0}], [1.0, {"a": 2}])
