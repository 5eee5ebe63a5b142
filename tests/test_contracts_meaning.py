"""What a contract means: what makes no difference, what does, and that a meaning is a document again."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.contracts.meaning import meaning, reload
from compiler.contracts.openapi import Api, load
from compiler.files import Library
from compiler.reader import Document
from compiler.source import Source
from tests.contracts import answering, api, loaded, minimal
from tests.schemas import schemas
from tests.test_contracts_mutated import PLACES, RICH, changed, odd

HERE = Source("gatewright.lock", "version orders 1.0.0").span(0, 7)
ROOT = Path(__file__).parent.parent


def of(content: str | Mapping[str, Any]) -> Any:
    """The meaning of a document, as data."""
    return json.loads(meaning(api(content)).text)


def schema_of(schema: Any, openapi: str = "3.1.0", **components: Any) -> Any:
    made = of(answering(schema, openapi, **components))
    return made["paths"]["/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


def loaded_from(folder: Path, name: str) -> Api:
    library = Library(folder)
    document = library.document(name, "gatewright.yaml", Source(name, "").span(0, 0))
    assert isinstance(document, Document)
    made, findings = load(document, (), library)
    assert made is not None, findings
    return made


def test_all_that_is_left_of_a_document() -> None:
    assert of(RICH) == {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {
            "/a/{id}": {
                "post": {
                    "operationId": "post",
                    "security": [{"key": []}],
                    "parameters": [
                        {"$ref": "#/components/parameters/Id"},
                        {"name": "q", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
                    ],
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}},
                            "multipart/form-data": {
                                "schema": {"type": "object"},
                                "encoding": {"f": {"contentType": "a/b"}},
                            },
                        }
                    },
                    "responses": {
                        "200": {"$ref": "#/components/responses/Fine"},
                        "default": {"description": ""},
                    },
                    "callbacks": {"done": {"{$url}": {"post": {"responses": {"200": {"description": ""}}}}}},
                }
            }
        },
        "components": {
            "parameters": {
                "Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
            },
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "k"}},
            "responses": {
                "Fine": {
                    "description": "",
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
                    "type": ["null", "object"],
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


def test_names_of_properties_are_not_words_of_the_language() -> None:
    schema = {
        "type": "object",
        "properties": {"description": {"type": "string"}, "example": True, "x-a": {}, "tags": {}, "$id": {}},
        "default": {"description": "kept"},
    }
    assert schema_of(schema) == schema


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"description": "d", "title": "t", "examples": [1], "example": 1, "x-a": 1, "$comment": "c"}, {}),
        ({"deprecated": False, "readOnly": False, "uniqueItems": False, "required": []}, {}),
        ({"required": ["b", "a", "b"]}, {"required": ["a", "b"]}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"type": ["null", "string"]}),
        ({"enum": ["b", "a"]}, {"enum": ["a", "b"]}),
        ({"maximum": 3.0, "multipleOf": 0.5}, {"maximum": 3, "multipleOf": 0.5}),
        ({"$defs": {"a": True}, "$id": "a", "$schema": "s"}, {}),
        ({"additionalProperties": True}, {"additionalProperties": True}),
        ({"unheard-of": 1}, {"unheard-of": 1}),
    ],
)
def test_what_of_a_schema_is_kept(said: Any, kept: Any) -> None:
    assert schema_of(said) == kept


def test_values_of_any_kind_have_an_order() -> None:
    assert schema_of({"enum": [1, "1", None, {"b": 1, "a": 2}, True]}) == schema_of(
        {"enum": [True, {"a": 2, "b": 1}, None, "1", 1]}
    )


def test_beside_a_reference_of_3_0_nothing_counts() -> None:
    beside = {"$ref": "#/components/schemas/A", "minLength": 3}
    assert schema_of(beside, "3.0.3", A={}) == {"$ref": "#/components/schemas/A"}
    assert schema_of(beside, A={}) == beside


def test_what_a_document_is_called_and_of_which_patch_of_openapi_makes_no_difference() -> None:
    one, other = answering({}, "3.0.0"), answering({}, "3.0.3")
    other["info"] = {"title": "Another", "version": "9", "contact": {}}
    other["tags"] = [{"name": "a"}]
    assert of(one) == of(other)


def test_parameters_of_a_path_are_those_of_its_operations() -> None:
    a, b = ({"name": name, "in": "query", "schema": {"type": "string"}} for name in "ab")
    own = {**a, "schema": {"type": "integer"}, "required": False}
    answers = {"responses": {"204": {"description": ""}}}
    beside = minimal({"/": {"parameters": [b, a], "get": {"parameters": [own], **answers}}})
    inside = minimal({"/": {"get": {**answers, "parameters": [own, b]}}})
    assert of(beside) == of(inside)


def test_security_is_a_set_of_ways() -> None:
    schemes = {name: {"type": "http", "scheme": "basic", "description": name} for name in ("a", "b", "unused")}
    first = minimal({}, securitySchemes=schemes) | {"security": [{"a": []}, {"b": [], "a": ["y", "x"]}]}
    second = minimal({}, securitySchemes=schemes) | {"security": [{"a": ["x", "y"], "b": []}, {"a": []}]}
    assert of(first) == of(second)
    assert set(of(first)["components"]["securitySchemes"]) == {"a", "b"}


def test_a_discriminator_names_what_it_implied() -> None:
    shapes: dict[str, Any] = {"Cat": {"type": "object"}, "Dog": {"type": "object"}}
    pet = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat"}},
    }
    assert schema_of(pet, **shapes)["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"c": "#/components/schemas/Cat", "Dog": "#/components/schemas/Dog"},
    }


def test_the_heirs_of_a_discriminated_schema_are_kept() -> None:
    pet = {"type": "object", "discriminator": {"propertyName": "kind"}}
    cat = {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["claws"]}]}
    made = of(answering({"$ref": "#/components/schemas/Pet"}, Pet=pet, Cat=cat))["components"]["schemas"]
    assert made["Pet"]["discriminator"]["mapping"] == {"Cat": "#/components/schemas/Cat"}
    assert made["Cat"] == cat


def test_other_files_become_components(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    shared = "Order: {type: object, properties: {next: {$ref: '#/Order'}, id: {$ref: ids.yaml}}}\n"
    (tmp_path / "orders" / "shared.yaml").write_text(shared)
    (tmp_path / "orders" / "ids.yaml").write_text("{type: string, description: an id}\n")
    content = answering({"$ref": "shared.yaml#/Order"})
    (tmp_path / "orders" / "orders.json").write_text(json.dumps(content))
    found = json.loads(meaning(loaded_from(tmp_path, "orders/orders.json")).text)
    schema = found["paths"]["/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    names = sorted(found["components"]["schemas"])
    assert [name.rpartition("-")[0] for name in names] == ["ids_yaml", "shared_yaml.Order"]
    assert schema == {"$ref": f"#/components/schemas/{names[1]}"}
    assert found["components"]["schemas"][names[1]] == {
        "type": "object",
        "properties": {"next": schema, "id": {"$ref": f"#/components/schemas/{names[0]}"}},
    }
    (tmp_path / "orders").rename(tmp_path / "moved")
    again = json.loads(meaning(loaded_from(tmp_path, "moved/orders.json")).text)
    assert again == found, "where the files lie makes no difference"


def test_path_items_by_reference(tmp_path: Path) -> None:
    item = {"get": {"responses": {"200": {"$ref": "#/answers/Fine"}}}}
    answers = {"Fine": {"description": "d", "headers": {"x-a": {"$ref": "#/headers/A"}}}}
    part = {"item": item, "answers": answers, "headers": {"A": {"schema": {"type": "string"}}}}
    (tmp_path / "part.json").write_text(json.dumps(part))
    (tmp_path / "orders.json").write_text(json.dumps(minimal({"/a": {"$ref": "part.json#/item"}})))
    found = json.loads(meaning(loaded_from(tmp_path, "orders.json")).text)
    assert set(found["components"]) == {"responses", "headers"}
    assert list(found["paths"]["/a"]["get"]["responses"]["200"]) == ["$ref"]
    assert reload(json.dumps(found), HERE, "orders@1.0.0") is not None


CHANGES: tuple[Callable[[Any], object], ...] = (
    lambda d: d["paths"]["/a/{id}"]["post"].update(deprecated=True),
    lambda d: d["paths"]["/a/{id}"]["post"]["responses"].pop("default"),
    lambda d: d["paths"]["/a/{id}"]["post"].pop("security"),
    lambda d: d["paths"]["/a/{id}"]["post"]["parameters"][0].update(required=True),
    lambda d: d["paths"]["/a/{id}"]["post"]["requestBody"].update(required=True),
    lambda d: d["components"]["securitySchemes"]["key"].update(name="other"),
    lambda d: d["components"]["responses"]["Fine"]["headers"].clear(),
    lambda d: d["components"]["schemas"]["Cat"]["properties"]["n"].update(multipleOf=3),
    lambda d: d["components"]["schemas"]["Cat"].pop("additionalProperties"),
    lambda d: d["components"]["schemas"]["Cat"]["properties"]["kind"].update(const="dog"),
    lambda d: d["components"]["schemas"]["Cat"].update({"type": "object"}),
    lambda d: d["paths"].update({"/b": {"get": {"responses": {"200": {"description": ""}}}}}),
    lambda d: d.update(servers=[{"url": "https://a.example"}]),
)


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_real_change_is_another_meaning(number: int) -> None:
    document = copy.deepcopy(RICH)
    CHANGES[number](document)
    assert meaning(api(document)).digest != meaning(api(RICH)).digest


ABOUT = {"description": "Words.", "x-note": {"a": 1}}
DESCRIBED = (
    ("info",),
    ("paths", "/a/{id}"),
    ("paths", "/a/{id}", "post"),
    ("paths", "/a/{id}", "post", "parameters", 0),
    ("paths", "/a/{id}", "post", "requestBody"),
    ("components", "responses", "Fine"),
    ("components", "responses", "Fine", "headers", "x-left"),
    ("components", "securitySchemes", "key"),
    ("components", "schemas", "Pet"),
    ("components", "schemas", "Cat", "properties", "n"),
)


def shuffled(value: Any, turn: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        turn.shuffle(keys)
        return {key: shuffled(value[key], turn) for key in keys}
    return [shuffled(inner, turn) for inner in value] if isinstance(value, list) else value


@given(st.randoms(use_true_random=False), st.sets(st.sampled_from(DESCRIBED)), st.booleans())
def test_cosmetic_edits_make_no_difference(turn: random.Random, places: set[Any], more: bool) -> None:
    document = copy.deepcopy(RICH)
    for place in places:
        holder: Any = document
        for step in place:
            holder = holder[step]
        holder.update(ABOUT)
    if more:
        document["components"]["schemas"]["Unused"] = {"$ref": "#/components/schemas/Cat"}
        document["paths"]["/a/{id}"]["post"]["requestBody"]["content"]["application/json"]["example"] = {}
    assert meaning(api(shuffled(document, turn))) == meaning(api(RICH))


@settings(deadline=None)
@given(schemas, schemas, schemas)
def test_a_meaning_is_a_document_of_the_same_meaning(asked: Any, one: Any, two: Any) -> None:
    made, _ = loaded(answering(asked, One=one, Two=two))
    if made is None:  # a component may stand for itself
        return
    found = meaning(made)
    again = reload(found.text, HERE, "orders@1.0.0")
    assert again is not None
    assert meaning(again) == found
    assert [o.key for o in again.operations] == [o.key for o in made.operations]
    assert again.operations[0].node.span() == HERE


@settings(max_examples=500, deadline=None)
@example(("paths", "/a/{id}", "post", "security", 0, "key"), True, False, "3.1.0")
@given(st.sampled_from(PLACES), odd, st.booleans(), st.sampled_from(["3.1.0", "3.0.3"]))
def test_nothing_that_loads_is_without_a_meaning(path: tuple[Any, ...], value: Any, drop: bool, openapi: str) -> None:
    document = changed(path, value, drop and len(path) > 1)
    if path != ("openapi",):
        document["openapi"] = openapi
    try:
        made, _ = loaded(document)
    except (AssertionError, ValueError):  # a number that JSON text may not hold here
        return
    if made is not None:
        found = meaning(made)
        again = reload(found.text, HERE, "orders@1.0.0")
        assert again is not None
        assert meaning(again) == found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples" / "shop" / "contracts").glob("*-*.yaml")), ids=lambda p: p.stem
)
def test_the_example(path: Path) -> None:
    made = loaded_from(path.parent, path.name)
    found = meaning(made)
    again = reload(found.text, HERE, "orders@1.0.0")
    assert again is not None
    assert meaning(again) == found
    assert len(again.operations) == len(made.operations)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"openapi": "3.1.0", "paths": 3}', "null"])
def test_what_is_no_meaning(text: str) -> None:
    assert reload(text, HERE, "orders@1.0.0") is None
