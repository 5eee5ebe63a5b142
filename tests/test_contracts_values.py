"""Values made from schemas: valid where a value can be made, always the same, with bounded work and size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.contracts.examples import made_value
from compiler.contracts.fits import Direction
from compiler.contracts.openapi import Api
from compiler.contracts.values import ImpossibleError, Maker
from tests.contracts import answering, api, loaded
from tests.schemas import endless, plain_schemas, schemas, valid
from tests.test_contracts_fits import schema_of


def made(schema: Any, openapi: str = "3.1.0", direction: Direction = "response", **components: Any) -> Any:
    contract = api(answering(schema, openapi, **components))
    return made_value(contract, schema_of(contract), direction)


def tried(contract: Api) -> tuple[Any, bool]:
    try:
        return Maker(contract, "response").make([schema_of(contract)])
    except ImpossibleError:
        return None, False


@settings(max_examples=300, deadline=None)
@given(plain_schemas())
def test_what_people_write_gets_a_valid_value(schema: dict[str, Any]) -> None:
    value, settled = tried(api(answering(schema)))
    assert settled
    assert valid(schema, value, {})


@settings(max_examples=300, deadline=None)
@given(schemas, st.fixed_dictionaries({"One": schemas, "Two": schemas}))
def test_what_is_said_to_be_valid_is(schema: Any, components: dict[str, Any]) -> None:
    contract, _ = loaded(answering(schema, **components))
    if contract is None:  # a circle of references
        return
    value, settled = tried(contract)
    json.dumps(value, allow_nan=False)
    assert tried(contract) == (value, settled)
    assert not settled or endless(components) or valid(schema, value, components)


CASES: dict[str, tuple[Any, Any]] = {
    "anything": ({}, {}),
    "true": (True, {}),
    "object": ({"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}, {"a": "string", "b": 1}),
    "example": ({"type": "string", "example": "Anna"}, "Anna"),
    "example that does not fit": ({"type": "integer", "example": "Anna"}, 1),
    "examples": ({"type": "string", "examples": ["x", "y"]}, "x"),
    "default": ({"type": "integer", "default": 7}, 7),
    "const": ({"const": [1]}, [1]),
    "enum": ({"enum": ["b", "a"]}, "b"),
    "enum within bounds": ({"enum": [1, 2, 3], "minimum": 2}, 2),
    "nullable type": ({"type": ["null", "boolean"]}, True),
    "date-time": ({"type": "string", "format": "date-time"}, "2024-01-15T09:30:00Z"),
    "length": ({"type": "string", "minLength": 8, "maxLength": 8}, "stringaa"),
    "short": ({"type": "string", "maxLength": 2}, "st"),
    "pattern": ({"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"}, "AAA-0"),
    "pattern and length": ({"type": "string", "pattern": "^ord_[a-z]*$", "minLength": 10}, "ord_aaaaaa"),
    "exclusive": ({"type": "integer", "exclusiveMinimum": 3}, 4),
    "between": ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
    "multiple": ({"type": "integer", "minimum": 10, "multipleOf": 7}, 14),
    "decimals": ({"type": "number", "minimum": 0.05, "multipleOf": 0.01}, 0.05),
    "negative": ({"type": "integer", "maximum": -5}, -5),
    "array": ({"type": "array", "items": {"type": "integer"}}, [1]),
    "unique": ({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True}, [1, 2, 3]),
    "unique texts": (
        {"items": {"type": "string", "minLength": 2}, "minItems": 2, "uniqueItems": True},
        ["string", "string1"],
    ),
    "tuple": ({"prefixItems": [{"const": 1}, {"const": "a"}], "items": False}, [1, "a"]),
    "contains": ({"type": "array", "contains": {"const": 5}, "items": {"type": "integer"}}, [5]),
    "allOf": (
        {"allOf": [{"properties": {"a": {"type": "integer", "minimum": 3}}}, {"properties": {"a": {"multipleOf": 4}}}]},
        {"a": 4},
    ),
    "first branch": ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
    "a branch that fits alone": ({"oneOf": [{"type": "number"}, {"type": "integer"}, {"type": "string"}]}, "string"),
    "one of two required": (
        {
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {"a": 1},
    ),
    "not": ({"type": "string", "not": {"const": "string"}}, "a"),
    "if": (
        {
            "properties": {"kind": {"enum": ["a", "b"]}},
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["n"]},
        },
        {"kind": "a", "n": {}},
    ),
    "map": ({"additionalProperties": {"type": "integer"}}, {"key": 1}),
    "map by pattern": ({"patternProperties": {"^x-": {"type": "boolean"}}, "minProperties": 1}, {"x-": True}),
    "map with names": (
        {"propertyNames": {"pattern": "^[A-Z]+$"}, "minProperties": 2, "additionalProperties": {"type": "null"}},
        {"A": None, "B": None},
    ),
    "required and undeclared": ({"type": "object", "required": ["a"]}, {"a": {}}),
    "dependent": ({"properties": {"a": {"type": "null"}}, "dependentRequired": {"a": ["b"]}}, {"a": None, "b": {}}),
    "few": ({"properties": {"a": {}, "b": {}}, "required": ["b"], "maxProperties": 1}, {"b": {}}),
}


@pytest.mark.parametrize(("schema", "expected"), [pytest.param(*case, id=name) for name, case in CASES.items()])
def test_the_value_of_a_schema(schema: Any, expected: Any) -> None:
    value = made(schema)
    assert value == expected
    assert valid(schema, value, {})


def test_openapi_30() -> None:
    assert made({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, "3.0.3") == 2
    assert made({"type": "string", "nullable": True}, "3.0.3") == "string"


def test_recursion_ends_at_optional_parts_and_empty_lists() -> None:
    node = {
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            "parent": {"$ref": "#/components/schemas/Node"},
        },
        "required": ["name", "children"],
    }
    assert made({"$ref": "#/components/schemas/Node"}, Node=node) == {"name": "string", "children": []}


def test_one_schema_in_several_places_is_made_in_each() -> None:
    schema = {"properties": {name: ref("Money") for name in "abcd"}, "required": ["d"]}
    assert made(schema, Money={"type": "integer"}) == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_required_recursion_ends_at_another_branch() -> None:
    expression = {
        "oneOf": [
            {"type": "object", "required": ["not"], "properties": {"not": {"$ref": "#/components/schemas/Expression"}}},
            {"type": "boolean"},
        ]
    }
    assert made({"$ref": "#/components/schemas/Expression"}, Expression=expression) == {"not": True}


def test_what_no_value_satisfies_gives_null() -> None:
    endless = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/Endless"}}}
    assert made({"$ref": "#/components/schemas/Endless"}, Endless=endless) is None
    assert made(False) is None


def test_each_direction_leaves_out_what_is_the_others() -> None:
    schema = {
        "required": ["id", "password"],
        "properties": {"id": {"type": "integer", "readOnly": True}, "password": {"type": "string", "writeOnly": True}},
    }
    assert made(schema, direction="response") == {"id": 1}
    assert made(schema, direction="request") == {"password": "string"}


def test_a_discriminator_says_which_branch_it_is() -> None:
    branch = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
    }
    assert made(schema, Cat=branch) == {"kind": "cat"}
    assert made({**schema, "discriminator": {"propertyName": "kind"}}, Cat=branch) == {"kind": "Cat"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


LONG_LIST = {"type": "array", "minItems": 10**9}
BOTH_AGAIN = {"type": "object", "required": ["a", "b"], "properties": {"a": ref("A"), "b": ref("A")}}
HOSTILE: dict[str, tuple[Any, dict[str, Any]]] = {
    "wide and deep": (
        ref("W0"),
        {"W7": {"type": "string"}}
        | {f"W{i}": {"properties": {f"p{j}": ref(f"W{i + 1}") for j in range(9)}} for i in range(7)},
    ),
    "long lists in long lists": ({**LONG_LIST, "items": {**LONG_LIST, "items": {"type": "string"}}}, {}),
    "a long text": ({"type": "string", "minLength": 10**9}, {}),
    "many properties": ({"type": "object", "minProperties": 10**9}, {}),
    "choices of choices": ({"oneOf": [{"oneOf": [{"oneOf": [{"type": "string"}] * 9}] * 9}] * 9}, {}),
    "a choice that is itself": (ref("A"), {"A": {"anyOf": [BOTH_AGAIN, ref("A")]}}),
    "a long pattern": ({"type": "string", "pattern": "^((a{1,999}){1,999}){1,999}$"}, {}),
    "a deep pattern": ({"type": "string", "pattern": "(" * 40 + "a" + ")" * 40}, {}),
    "a small step": ({"type": "integer", "multipleOf": 1e-300, "minimum": 10**300}, {}),
    "large bounds": ({"type": "number", "minimum": 10**300, "maximum": 10**301}, {}),
    "huge bounds": ({"type": "number", "minimum": 10**399}, {}),
}


@pytest.mark.parametrize(("schema", "components"), [pytest.param(*case, id=name) for name, case in HOSTILE.items()])
def test_hostile_schemas_end_and_stay_small(schema: Any, components: dict[str, Any]) -> None:
    value = made(schema, **components)
    assert len(json.dumps(value)) < 5_000_000
