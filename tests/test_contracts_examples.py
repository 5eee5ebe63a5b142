"""Answers for stubs, and requests that fit a contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compiler.contracts.examples import MAX_BODY, answer, sample_request
from tests.contracts import answering, api, minimal


def answered(responses: dict[str, Any], method: str = "get", **components: Any) -> tuple[int, str | None, str]:
    made = api(minimal({"/a": {method: {"responses": responses}}}, **components))
    return answer(made, made.operations[0])


def json_of(media: dict[str, Any], **components: Any) -> Any:
    status, media_type, body = answered(
        {"200": {"description": "d", "content": {"application/json": media}}}, **components
    )
    assert (status, media_type) == (200, "application/json")
    return json.loads(body)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["404", "201", "200"], 200),
        (["500", "206", "202"], 202),
        (["404", "2XX"], 200),
        (["2XX", "201"], 201),
        (["404", "default"], 200),
        (["302", "404"], 204),
    ],
)
def test_the_status_is_the_lowest_good_one(statuses: list[str], expected: int) -> None:
    assert answered({status: {"description": "d"} for status in statuses}) == (expected, None, "")


def test_no_content_has_no_body() -> None:
    content = {"application/json": {"example": 1}}
    assert answered({"204": {"description": "d", "content": content}}) == (204, None, "")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["text/plain", "application/json"], "application/json"),
        (["text/plain", "application/hal+json"], "application/hal+json"),
        (["text/plain", "*/*"], "application/json"),
        (["text/csv", "text/plain"], "text/csv"),
        (["text/*"], "text/plain"),
        (["image/*"], "application/octet-stream"),
        (["application/json; charset=utf-8"], "application/json; charset=utf-8"),
    ],
)
def test_json_is_preferred(written: list[str], expected: str) -> None:
    content = {name: {"schema": {"type": "string"}} for name in written}
    _, media_type, body = answered({"200": {"description": "d", "content": content}})
    assert media_type == expected
    assert body == ('"string"' if "json" in expected else "string")


def test_the_contracts_own_example_comes_first() -> None:
    schema = {"type": "string", "example": "of the schema"}
    examples = {"b": {"$ref": "#/components/examples/B"}, "a": {"value": "A"}}
    components = {"examples": {"B": {"value": "B"}}}
    assert json_of({"schema": schema, "example": "its own"}) == "its own"
    assert json_of({"schema": schema, "examples": examples}, **components) == "B"
    assert json_of({"schema": schema, "examples": {"b": {"externalValue": "b.json"}, "a": {"value": "A"}}}) == "A"
    assert json_of({"schema": schema}) == "of the schema"
    assert json_of({"schema": {"type": "string"}}) == "string"
    assert json_of({}) == {}


def test_text_that_is_not_json_stands_as_it_is() -> None:
    assert answered({"200": {"description": "d", "content": {"text/plain": {"example": "Zen"}}}})[2] == "Zen"


def test_a_large_example_is_cut() -> None:
    value = json_of({"example": {"items": ["x" * 100] * 5000, "total": 5000}})
    assert value == {"items": ["x" * 100] * 64, "total": 5000}
    assert json_of({"example": "é" * MAX_BODY}) == "é" * 64 * 256
    assert json_of({"example": {str(i): "x" * 30 for i in range(20_000)}}) is None


def test_a_value_with_too_many_properties_is_made_again_with_fewer() -> None:
    text = {"type": "string", "minLength": 90}
    schema = {"properties": {f"p{i}": text for i in range(1000)}, "required": ["p0"]}
    value = json_of({"schema": schema})
    assert 1 <= len(value) < 400
    assert set(value.values()) == {"string".ljust(90, "a")}


def test_a_number_that_json_has_no_word_for() -> None:
    text = "openapi: 3.1.0\ninfo: {title: T, version: 1}\npaths:\n  /:\n    get:\n      responses:\n        200:\n"
    made = api(text + "          {description: d, content: {application/json: {example: [.nan]}}}")
    assert answer(made, made.operations[0]) == (200, "application/json", "null")


def test_nothing_may_be_a_branch_of_openapi_30() -> None:
    made = api(answering({"anyOf": [{"type": "null"}, {"type": "string"}]}, "3.0.3"))
    assert answer(made, made.operations[0])[2] == "null"


def test_the_same_answer_every_time() -> None:
    made = api(answering({"properties": {"b": {"type": "string"}, "a": {"type": "integer"}}}))
    assert answer(made, made.operations[0])[2] == '{"b": "string", "a": 1}'


def asked(method: str = "get", **operation: Any) -> Any:
    names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
    path = "/a" + "".join(f"/{{{name}}}" for name in names)
    made = api(minimal({path: {method: operation}}))
    return sample_request(made, made.operations[0])


def parameter(name: str, place: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, "required": True, **more}


def test_a_request_has_what_is_required() -> None:
    optional = {"name": "o", "in": "query", "schema": {}}
    path, query, headers, body, media_type = asked(
        parameters=[
            parameter("id", "path", {"type": "integer"}),
            parameter("q", "query", {"type": "boolean"}),
            parameter("x-a", "header", {"type": "string"}),
            parameter("Accept", "header", {"type": "string"}),
            parameter("c", "cookie", {"type": "string"}),
            parameter("d", "cookie", {"type": "string"}),
            optional,
        ]
    )
    assert (path, query) == ({"id": "1"}, {"q": "true"})
    assert headers == {"x-a": "string", "cookie": "c=string; d=string"}
    assert (body, media_type) == (None, None)


def test_parameters_are_written_as_their_style_says() -> None:
    thing = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    content = {"name": "j", "in": "query", "required": True, "content": {"application/json": {"schema": thing}}}
    _, query, _, _, _ = asked(
        parameters=[
            parameter("deep", "query", thing, style="deepObject"),
            parameter("flat", "query", thing, explode=False),
            parameter("list", "query", {"type": "array", "items": {"type": "integer"}, "minItems": 2}),
            content,
        ]
    )
    assert query == {"deep[a]": "1", "deep[b]": "1", "flat": "a,1,b,1", "list": "1,1", "j": '{"a": 1, "b": 1}'}
    assert asked(parameters=[parameter("flat", "query", thing)])[1] == {"a": "1", "b": "1"}


@pytest.mark.parametrize(("example", "expected"), [("a/b", "a-b"), ("", "a"), ("..", "a.."), ("x", "x")])
def test_a_path_parameter_is_one_segment(example: str, expected: str) -> None:
    assert asked(parameters=[parameter("id", "path", {"type": "string"}, example=example)])[0] == {"id": expected}


@pytest.mark.parametrize(
    ("media_type", "expected", "said"),
    [
        ("application/json", '{"a": "string", "b": 1}', "application/json"),
        ("application/x-www-form-urlencoded", "a=string&b=1", "application/x-www-form-urlencoded"),
        (
            "multipart/form-data",
            '--gatewright\r\nContent-Disposition: form-data; name="a"\r\n\r\nstring\r\n'
            '--gatewright\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--gatewright--\r\n',
            "multipart/form-data; boundary=gatewright",
        ),
    ],
)
def test_bodies(media_type: str, expected: str, said: str) -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "id": {"readOnly": True}}}
    body = {"content": {media_type: {"schema": schema}}}
    assert asked("post", requestBody=body)[3:] == (expected, said)
    assert asked("get", requestBody=body)[3:] == (None, None)
    assert asked("get", requestBody={**body, "required": True})[3:] == (expected, said)
