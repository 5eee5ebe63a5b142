"""Whether every value of a type satisfies a schema; what cannot be shown is no."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from compiler.contracts.examples import answer
from compiler.contracts.fits import Judge
from compiler.contracts.openapi import Api, children
from compiler.contracts.refs import Node
from compiler.expressions.satisfies import satisfies
from compiler.expressions.types import TEXT, Type, known, listed, record, schema_type, union
from tests.contracts import answering, api
from tests.schemas import plain_schemas, valid


def loaded(schema: Any) -> tuple[Api, Node]:
    made = api(answering(schema))
    (media,) = children(made.root["paths"]["/"]["get"]["responses"]["200"], "content")
    return made, media["schema"]


def problems(given: Any, wanted: Any, *, loose: bool = False) -> list[str]:
    """What is wrong with values of one schema (or type) for another."""
    other, node = loaded(wanted)
    if not isinstance(given, Type):
        mine, inner = loaded(given)
        given = schema_type(mine, [inner], "response")
    return [m.message for m in satisfies(given, other, [node], "response", loose=loose)]


A = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"type": "string"}, {}),
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"type": "integer"}, {"type": "number"}),
        ({"enum": ["a", "b"]}, {"enum": ["c", "b", "a"]}),
        ({"enum": ["a", "b"]}, {"type": "string", "maxLength": 1}),
        ({"type": "string", "minLength": 2, "maxLength": 3}, {"type": "string", "minLength": 1, "maxLength": 3}),
        ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a"}),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 5}, {"type": "integer", "minimum": 0, "maximum": 5}),
        (A, {"type": "object", "properties": {"a": {}, "b": {"type": "string"}}}),
        (A, {"anyOf": [{"type": "string"}, A]}),
        ({"allOf": [A, {"properties": {"b": {"type": "integer"}}}]}, A),
        ({"oneOf": [A, {"type": "null"}]}, {"anyOf": [{"type": "null"}, A]}),
        ({"type": "array", "items": A, "maxItems": 3}, {"type": "array", "items": A, "maxItems": 4}),
        (known(5), {"type": "integer", "multipleOf": 5}),
        (listed(TEXT, most=3), {"type": "array", "maxItems": 3, "items": {"type": "string"}}),
        (record({"a": TEXT}), A),
        (record({"a": known("x")}), {**A, "additionalProperties": False}),
        (union([known(None), TEXT]), {"type": ["string", "null"]}),
    ],
)
def test_it_satisfies(given: Any, wanted: Any) -> None:
    assert problems(given, wanted) == []


@pytest.mark.parametrize(
    ("given", "wanted", "says"),
    [
        ({"type": ["string", "null"]}, {"type": "string"}, "it may be null, and a text is wanted"),
        ({"type": "number"}, {"type": "integer"}, "it may be a number, and a whole number is wanted"),
        ({}, {"type": "string"}, "it may be an object, and a text is wanted"),
        ({"type": "string"}, {"enum": ["a"]}, "it may be anything, and one of `a` is wanted"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "`b` does not satisfy the schema"),
        ({"type": "string"}, {"type": "string", "maxLength": 3}, "it may have more than 3 characters"),
        (
            {"type": "string"},
            {"type": "string", "pattern": "^a"},
            "it may be any text, and one that matches `^a` is wanted",
        ),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "exclusiveMinimum": 0}, "it may be less than 0"),
        ({"type": "integer"}, {"type": "integer", "maximum": 9}, "it may be more than 9"),
        ({"type": "integer"}, {"type": "integer", "multipleOf": 2}, "it cannot be shown to satisfy `multipleOf`"),
        ({"type": "object", "properties": A["properties"]}, A, "the field `a` may be absent"),
        ({"type": "object"}, A, "the field `a` is missing"),
        (
            A,
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            "it may be a text, and a whole number is wanted",
        ),
        (
            A,
            {"type": "object", "additionalProperties": False},
            "the field `a` is not declared, and others are not allowed",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "it may be a text, and a whole number is wanted",
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "maxItems": 3},
            "it may have more than 3 elements",
        ),
        ({"type": "array", "items": {}}, {"type": "array", "items": A}, "it may be an array"),
        (A, {"not": {"type": "string"}}, "it cannot be shown to satisfy `not`"),
        (known("x"), {"type": "integer"}, "it may be `x`, and a whole number is wanted"),
    ],
)
def test_it_does_not(given: Any, wanted: Any, says: str) -> None:
    found = problems(given, wanted)
    assert says in found or (says == "it may be an array" and found)


def test_loose_leaves_bounds_to_the_receiver() -> None:
    assert problems({"type": "string"}, {"type": "string", "maxLength": 3, "pattern": "x"}, loose=True) == []
    assert problems(known("long"), {"type": "string", "maxLength": 3}, loose=True) != []
    assert problems({"type": "object"}, A, loose=True) == ["the field `a` is missing"]


def test_schemas_that_refer_to_themselves() -> None:
    tree = {"type": "object", "required": ["v"], "properties": {"v": {"type": "string"}}}
    tree["properties"]["children"] = {"type": "array", "items": {"$ref": "#/components/schemas/T"}}  # type: ignore[index]
    other = {**tree, "required": []}
    both = [api(answering({"$ref": "#/components/schemas/T"}, T=schema)) for schema in (tree, other)]
    nodes = [next(children(made.root["components"], "schemas")) for made in both]
    strict = schema_type(both[0], [nodes[0]], "response")
    assert satisfies(strict, both[1], [nodes[1]], "response") == []
    lax = schema_type(both[1], [nodes[1]], "response")
    assert [m.message for m in satisfies(lax, both[0], [nodes[0]], "response")] == [
        "the field `v` may be absent",
        "the field `v` may be absent",
    ]


@given(plain_schemas())
def test_every_schema_satisfies_itself(schema: Any) -> None:
    assert problems(schema, schema) == []


@settings(max_examples=200)
@given(plain_schemas(1), plain_schemas(1))
def test_what_is_said_to_satisfy_does(one: Any, other: Any) -> None:
    if problems(one, other):
        return
    mine, _ = loaded(one)
    status, _, body = answer(mine, mine.operations[0])
    wanted, node = loaded(other)
    if status == 200 and valid(one, json.loads(body), {}):  # of some schemas no example can be made
        assert Judge(wanted.scope, "3.1").fits(node, json.loads(body))
