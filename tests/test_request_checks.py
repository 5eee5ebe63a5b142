"""What requests are held against: tables that say what the contract's schemas say, and automata for patterns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from compiler.contracts.openapi import Api, load
from compiler.contracts.refs import Node
from compiler.files import Library
from compiler.reader import Document
from compiler.request_checks import Tables, operation_check
from compiler.request_checks.patterns import accepts, automaton
from compiler.requested import RequestCheck
from compiler.source import Source
from tests.contracts import NOWHERE
from tests.schemas import COMPONENTS, endless, schemas, valid, values

PATTERNS = (
    "^a",
    "b+$",
    "^[a-c]{1,3}$",
    r"^\d{2}-\d{2}$",
    "^(x|y)z?$",
    "kind",
    "^$",
    "a|^b$",
    r"\w\s",
    "^.{2,}$",
    "[^a-z]",
)
_NUMBERS = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")


def api(paths: Any, version: str = "3.1.0", **components: Any) -> Api:
    root = {
        "openapi": version,
        "info": {"title": "t", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": components},
    }
    source = Source("contract.json", "{}")
    made, findings = load(Document(source, root, source.span(0, 0)), (), Library(NOWHERE))
    assert made is not None, findings
    return made


def asked(
    parameters: Any = (), body: Any = None, version: str = "3.1.0", **components: Any
) -> tuple[Tables, RequestCheck]:
    operation: dict[str, Any] = {"parameters": list(parameters), "responses": {"200": {"description": ""}}}
    if body is not None:
        operation["requestBody"] = body
    made = api({"/a/{id}": {"parameters": [ID], "post": operation}}, version, **components)
    tables = Tables()
    return tables, operation_check(tables, made, made.operations[0])


ID = {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}}


@pytest.mark.parametrize("pattern", PATTERNS)
@given(st.text(st.sampled_from("abcxyz 01-kind\n\u00e4"), max_size=8))
def test_an_automaton_finds_what_the_pattern_does(pattern: str, text: str) -> None:
    made = automaton(pattern)
    assert made is not None
    assert accepts(made, text) == bool(re.search(pattern.replace("$", r"\Z"), text, re.ASCII))


def test_an_automaton_is_as_small_as_can_be() -> None:
    made = automaton("^[a-z0-9-]{2,4}$")
    assert made is not None
    assert len(made.steps) == 5
    assert len(set(made.classes)) == 2


def test_a_pattern_that_multiplies_has_none() -> None:
    assert automaton("(a|b)*a(a|b){14}$") is None
    assert automaton(r"(?=a)b") is None


@settings(deadline=None)
@given(schemas, st.fixed_dictionaries(dict.fromkeys(COMPONENTS, schemas)), st.lists(values, max_size=4))
def test_the_tables_say_what_the_schema_says(schema: Any, components: dict[str, Any], documents: list[Any]) -> None:
    if endless(components):
        return
    body = {"content": {"application/json": {"schema": schema}}}
    tables, check = asked(body=body, **components)
    assert check.body is not None
    ((_, number),) = check.body.media
    if tables.limits:
        assert "unevaluated" in str([schema, components])
        return
    found = tables.finished()
    root = {
        "$defs": {str(n): readable(dict(one)) for n, one in enumerate(found.schemas)},
        "$ref": f"#/$defs/{number}",
    }
    for document in documents:
        patterned = "pattern" in str(found.schemas)
        if not patterned:
            assert Draft202012Validator(root).is_valid(document) == valid(schema, document, components)


def readable(said: dict[str, Any]) -> Any:
    """An entry of the tables as the schema that it stands for."""

    def refer(number: int) -> dict[str, str]:
        return {"$ref": f"#/$defs/{number}"}

    types = said.pop("types", None)
    if types is not None:
        said["type"] = types
        if not types:
            return False
    for key in _NUMBERS:
        if key in said:
            said[key] = refer(said[key])
    for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        if key in said:
            said[key] = [refer(number) for number in said[key]]
    for key in ("properties", "dependentSchemas"):
        if key in said:
            said[key] = {name: refer(number) for name, number in said[key].items()}
    return said


def test_recursion_is_a_number() -> None:
    tree = {
        "type": "object",
        "properties": {"below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}}
    tables, check = asked(body=body, Tree=tree)
    assert check.body is not None
    number = check.body.media[0][1]
    found = tables.finished().schemas
    assert number is not None
    below = found[found[number]["properties"]["below"]]
    assert below["items"] == number


def test_what_only_answers_bear_need_not_be_sent() -> None:
    schema = {"type": "object", "required": ["id", "name"], "properties": {"id": {"readOnly": True}, "name": {}}}
    tables, _ = asked(body={"content": {"application/json": {"schema": schema}}})
    assert [s["required"] for s in tables.finished().schemas if "required" in s] == [["name"]]


def test_the_older_dialect() -> None:
    schema = {"type": "integer", "format": "int32", "minimum": 0, "exclusiveMinimum": True, "nullable": True}
    tables, _ = asked(body={"content": {"application/json": {"schema": schema}}}, version="3.0.3")
    assert tables.finished().schemas[-1] == {
        "types": ["integer", "null"],
        "exclusiveMinimum": 0,
        "minimum": -(2**31),
        "maximum": 2**31 - 1,
    }


def test_what_cannot_be_checked_is_told() -> None:
    schema = {"type": "object", "unevaluatedProperties": False, "properties": {"a": {"pattern": "(?=b)"}}}
    tables, _ = asked(body={"content": {"application/json": {"schema": schema}}})
    assert [limit.what for limit in tables.limits] == ["the pattern `(?=b)`", "`unevaluatedProperties`"]
    assert all(isinstance(limit.node, Node) for limit in tables.limits)


READINGS = {
    "a number or a text": ({"type": ["integer", "string"]}, (("string", "integer"), None, None)),
    "a list of numbers": ({"type": "array", "items": {"type": "number"}}, (None, ("number",), None)),
    "one or several": (
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        (("string",), ("string",), None),
    ),
    "fields": (
        {"type": "object", "properties": {"from": {"type": "integer"}, "to": {"type": "integer"}}},
        (None, None, (("from", ("integer",)), ("to", ("integer",)))),
    ),
    "anything": (True, (("string",), None, None)),
}


@pytest.mark.parametrize("name", READINGS)
def test_as_what_a_text_is_read(name: str) -> None:
    schema, expected = READINGS[name]
    _, check = asked([{"in": "query", "name": "q", "schema": schema}])
    reading = check.parameters[-1].reading
    assert (reading.scalar, reading.elements, reading.fields) == expected


def test_parameters() -> None:
    _, check = asked(
        [
            {"in": "query", "name": "deep", "style": "deepObject", "explode": True, "schema": {"type": "object"}},
            {"in": "query", "name": "list", "explode": False, "required": True, "schema": {"type": "array"}},
            {"in": "header", "name": "X-Trace", "schema": {"type": "string"}},
            {"in": "header", "name": "Accept", "schema": {"type": "string"}},
            {"in": "query", "name": "json", "content": {"application/json": {"schema": {"type": "object"}}}},
        ]
    )
    assert [(p.place, p.name, p.style, p.explode, p.required) for p in check.parameters] == [
        ("header", "x-trace", "simple", False, False),
        ("path", "id", "simple", False, True),
        ("query", "deep", "deepObject", True, False),
        ("query", "json", "json", False, False),
        ("query", "list", "form", False, True),
    ]


def test_media_types_that_are_named_come_first() -> None:
    media: dict[str, Any] = {
        "*/*": {},
        "application/*": {},
        "Application/JSON; charset=utf-8": {"schema": {}},
        "text/csv": {},
    }
    _, check = asked(body={"required": True, "content": media})
    assert check.body is not None
    assert check.body.required
    assert [name for name, _ in check.body.media] == ["application/json", "text/csv", "application/*", "*/*"]
    assert [schema is not None for _, schema in check.body.media] == [True, False, False, False]
