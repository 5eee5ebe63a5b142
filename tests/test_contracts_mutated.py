"""Whatever stands in a document: loading ends with findings or with an API, and of an API everything can be made."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.contracts.effective import Part, build
from compiler.contracts.examples import answer, sample_request
from tests.contracts import loaded
from tests.test_json_places import steps, values

RICH: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "tags": [{"name": "a"}],
    "paths": {
        "/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "post": {
                "operationId": "post",
                "tags": ["a"],
                "security": [{"key": []}],
                "parameters": [{"name": "q", "in": "query", "style": "deepObject", "schema": {"type": "object"}}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Pet"},
                            "examples": {"a": {"value": 1}},
                        },
                        "multipart/form-data": {
                            "schema": {"type": "object"},
                            "encoding": {"f": {"contentType": "a/b"}},
                        },
                    }
                },
                "responses": {
                    "200": {"$ref": "#/components/responses/Fine"},
                    "default": {"description": "d", "links": {"again": {"operationId": "post"}}},
                },
                "callbacks": {"done": {"{$url}": {"post": {"responses": {"200": {"description": "d"}}}}}},
            },
        }
    },
    "components": {
        "parameters": {
            "Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
        },
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "k"}},
        "responses": {
            "Fine": {
                "description": "d",
                "headers": {"x-left": {"schema": {"type": "integer"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}},
            }
        },
        "schemas": {
            "Pets": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/components/schemas/Pet"},
                "uniqueItems": True,
            },
            "Pet": {
                "oneOf": [
                    {"$ref": "#/components/schemas/Cat"},
                    {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
                ],
                "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
            },
            "Cat": {
                "type": ["object", "null"],
                "required": ["kind"],
                "properties": {
                    "kind": {"const": "cat"},
                    "mother": {"$ref": "#/components/schemas/Cat"},
                    "n": {"multipleOf": 2},
                },
                "additionalProperties": False,
                "dependentRequired": {"n": ["kind"]},
                "patternProperties": {"^x-": {"enum": [1]}},
            },
        },
    },
}
PLACES = [path for path in steps(RICH) if path]
odd = (
    values
    | st.sampled_from(
        ["3.0.3", "#/components/schemas/Cat", "#/paths", "#", "object", "array", "null", "path", "^(a|b)*$", "("]
    )
    | st.sampled_from([{}, [], [{}], True, False, None, 0, -1, 10**400, 1e308, {"$ref": "#/components/schemas/Pet"}])
    | st.sampled_from([{"$ref": "#/components/responses/Fine"}, {"$ref": "#/components/parameters/Id"}, {"a": {}}])
)


def changed(path: tuple[str | int, ...], value: Any, drop: bool) -> Any:
    made: Any = copy.deepcopy(RICH)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(PLACES), odd, st.booleans(), st.sampled_from(["3.1.0", "3.0.3"]))
def test_nothing_raises(path: tuple[str | int, ...], value: Any, drop: bool, openapi: str) -> None:
    document = changed(path, value, drop and len(path) > 1)
    if path != ("openapi",):
        document["openapi"] = openapi
    text = json.dumps(document)
    if "Infinity" in text or len(text) > 100_000:
        return
    try:
        made, findings = loaded(json.loads(text))
    except AssertionError:  # a number that JSON text may not hold here
        return
    assert (made is None) == bool(findings)
    for finding in findings:
        assert finding.where.line >= 1
    if made is None:
        return
    for operation in made.operations:
        status, media_type, body = answer(made, operation)
        assert 200 <= status < 300
        assert body == "" or media_type is not None
        body.encode()
        sample_request(made, operation)
    part = Part("pets", "1", "1.0.0", made, made.operations, "/v1", deprecated=True)
    effective = build("g", [part])
    again, findings = loaded(json.loads(json.dumps(effective)))
    assert again is not None, [(f.message, str(f.where)) for f in findings]
    assert len(again.operations) == len(made.operations)
