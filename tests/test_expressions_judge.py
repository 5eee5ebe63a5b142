"""Types of expressions against the schemas of a contract."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.contracts.openapi import children
from compiler.expressions.judge import Judge
from compiler.expressions.parser import parse
from compiler.expressions.syntax import Problem, Template
from compiler.expressions.types import TEXT, Type, listed, record, schema_type
from tests.contracts import answering, api

CUSTOMER: dict[str, Any] = {
    "type": "object",
    "required": ["name", "nick", "tags", "kind"],
    "properties": {
        "name": {"type": "string"},
        "nick": {"type": ["string", "null"]},
        "card": {"type": "integer"},
        "kind": {"enum": ["new", "old", 3]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "friend": {"$ref": "#/components/schemas/Customer"},
        "open": {"type": "object", "additionalProperties": True},
        "typed": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {},
        "either": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["a", "c"],
                    "properties": {"a": {"type": "string"}, "c": {"type": "boolean"}},
                },
                {
                    "type": "object",
                    "required": ["b", "c"],
                    "properties": {"b": {"type": "string"}, "c": {"type": "number"}},
                },
            ]
        },
        "all": {
            "allOf": [
                {"properties": {"a": {"type": "string"}}},
                {"required": ["a"], "properties": {"b": {"type": "string"}}},
            ]
        },
        "secret": {"type": "string", "writeOnly": True},
    },
}


def customer() -> Type:
    made = api(answering({"$ref": "#/components/schemas/Customer"}, Customer=CUSTOMER))
    (node,) = children(made.root["components"], "schemas")
    return schema_type(made, [node], "response")


def judged(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The type in words, and what is wrong: the rule and what is marked."""
    template = parse(text)
    assert isinstance(template, Template), template
    judge = Judge({"c": record({"body": customer(), "status": TEXT}), "l": listed(customer())})
    made = judge.template(template)

    def marked(problem: Problem) -> str:
        return text[problem.start : problem.end]

    return "wrong" if made.wrong else made.says(), [(p.rule, marked(p)) for p in judge.problems]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${c.body.name}", "a text"),
        ("${c.body['name']}", "a text"),
        ("${c.body.nick}", "a text or null"),
        ("${c.body.card}", "a whole number or absent"),
        ("${c.body.kind}", "a text or a whole number"),
        ("${c.body.tags}", "a list"),
        ("${c.body.tags[0]}", "a text or absent"),
        ("${c.body.any}", "anything or absent"),
        ("${has(c.body.address) ? c.body.address.city : ''}", "a text"),
        ("${c.body.address != null ? c.body.address.city : null}", "a text or null"),
        ("${c.body.address == null ? '' : c.body.address.city}", "a text"),
        ("${!has(c.body.address) ? '' : c.body.address.city}", "a text"),
        ("${!has(c.body.address) || c.body.address.city == 'x'}", "true or false"),
        ("${has(c.body.address) && c.body.address.city == 'x'}", "true or false"),
        ("${has(c.body.friend.friend.card) ? c.body.friend.friend.card : 0}", "a whole number"),
        ("${has(c.body.friend.friend.card) ? c.body.friend.friend.name : ''}", "a text"),
        ("${c.body.nick == 'x' ? c.body.nick + '!' : ''}", "a text"),
        ("${has(c.body.tags[0]) ? c.body.tags[0] + '!' : ''}", "a text"),
        ("${has(c.body.open.x)}", "true or false"),
        ("${has(c.body.typed) ? c.body.typed.x : 0}", "a whole number or absent"),
        ("${has(c.body.either) ? c.body.either.a : ''}", "a text or absent"),
        ("${has(c.body.either) ? c.body.either.c : 0}", "a whole number, a number or true or false"),
        ("${has(c.body.all) ? c.body.all.a : ''}", "a text"),
        ("${has(c.body.all) ? c.body.all.b : ''}", "a text or absent"),
        ("${c.body.secret}", "a text or absent"),
        ("${size(c.body.tags) > 2 && size(c.body.name) < 5}", "true or false"),
        ("${'x' in c.body.tags}", "true or false"),
        ("${l.map(x, x.name)}", "a list"),
        ("${l.filter(x, has(x.card)).map(x, x.name + '!')}", "a list"),
        ("${l.map(x, x.tags.map(y, x.name + y))}", "a list"),
        ("Hello ${c.body.name}, ${c.body.kind}", "a text"),
        ("${c.body.nick == null}", "true or false"),
        ("${c.body.card == 5}", "true or false"),
    ],
)
def test_types(text: str, says: str) -> None:
    assert judged(text) == (says, [])


@pytest.mark.parametrize(
    ("text", "rule", "marked"),
    [
        ("${d.body}", "unknown-reference", "d"),
        ("${c.body.nam}", "unknown-field", "nam"),
        ("${c.body['nam']}", "unknown-field", "'nam'"),
        ("${has(c.body.nam)}", "unknown-field", "nam"),
        ("${has(c.body.friend.nam)}", "unknown-field", "nam"),
        ("${c.body.name.first}", "type-mismatch", "c.body.name"),
        ("${c.body.tags.first}", "type-mismatch", "c.body.tags"),
        ("${c.body.name[0]}", "type-mismatch", "c.body.name"),
        ("${c.body.address.city}", "optional-unguarded", "c.body.address"),
        ("${c.body.tags[0] + 'x'}", "optional-unguarded", "c.body.tags[0]"),
        ("${c.body.nick + 'x'}", "optional-unguarded", "c.body.nick"),
        ("x ${c.body.nick}", "optional-unguarded", "c.body.nick"),
        ("x ${c.body.tags}", "type-mismatch", "c.body.tags"),
        ("${c.body.card > 5}", "optional-unguarded", "c.body.card"),
        ("${c.body.card ? 1 : 2}", "optional-unguarded", "c.body.card"),
        ("${has(c.body.nick) ? '' : c.body.nick + 'x'}", "optional-unguarded", "c.body.nick"),
        ("${has(c.body.nick) || c.body.nick + 'x' == ''}", "optional-unguarded", "c.body.nick"),
        ("${has(c.body.friend) ? c.body.friend.address.city : ''}", "optional-unguarded", "c.body.friend.address"),
        ("${!c.body.name}", "type-mismatch", "c.body.name"),
        ("${c.body.name && true}", "type-mismatch", "c.body.name"),
        ("${c.body.name == 5}", "type-mismatch", "c.body.name == 5"),
        ("${c.body.name < 5}", "type-mismatch", "c.body.name < 5"),
        ("${c.body.tags == c.body.tags}", "type-mismatch", "c.body.tags"),
        ("${c.body.name + 5}", "type-mismatch", "5"),
        ("${5 in c.body.tags}", "type-mismatch", "5 in c.body.tags"),
        ("${size(c.body.card == 1)}", "type-mismatch", "c.body.card == 1"),
        ("${c.body.tags.filter(x, x)}", "type-mismatch", "x"),
        ("${l.map(x, x.card)}", "optional-unguarded", "x.card"),
        ("${l.map(c, c.name)}", "schema", ".map(c, c.name)"),
    ],
)
def test_mistakes(text: str, rule: str, marked: str) -> None:
    _, problems = judged(text)
    assert problems == [(rule, marked)]


def test_one_mistake_is_said_once() -> None:
    _, problems = judged("${c.body.nam.first[0] + 'x' == c.body.name}")
    assert problems == [("unknown-field", "nam")]


def test_choices_that_multiply_say_nothing_rather_than_take_for_ever() -> None:
    choice = {"oneOf": [{"type": "object", "properties": {f"p{n}": {"type": "string"}}} for n in range(9)]}
    made = api(answering({"allOf": [choice] * 9}))
    (node,) = children(made.root["paths"]["/"]["get"]["responses"]["200"], "content")
    assert len(schema_type(made, [node["schema"]], "response").kinds) == 7
