"""The effective API: what clients of a gateway see, from the contracts of several versions."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.contracts.effective import Part, build
from compiler.contracts.openapi import Api, load
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.source import Source
from tests.contracts import answering, api, loaded, minimal
from tests.schemas import endless, schemas, valid, values
from tests.test_contracts_fits import schema_of


def part(made: Api, label: str = "2", **more: Any) -> Part:
    return Part(
        contract=more.pop("contract", "orders"),
        label=label,
        version=more.pop("version", f"{label}.0.0" if "." not in label else f"{label}.0"),
        api=made,
        operations=more.pop("operations", made.operations),
        prefix=more.pop("prefix", ""),
        **more,
    )


IN_HEADER: dict[str, Any] = {"version_in": "header", "version_name": "x-version"}


def sound(document: dict[str, Any]) -> dict[str, Any]:
    """The document, once it is known that loading finds nothing wrong with it and that it is JSON."""
    text = json.dumps(document, allow_nan=False)
    made, findings = loaded(json.loads(text))
    assert made is not None, [f.message for f in findings]
    return document


def get(schema: Any = None, **more: Any) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    return {"get": {"responses": {"200": {"description": "fine", **content}}, **more}}


ORDER = {"type": "object", "properties": {"id": {"type": "string"}}}
REFERENCE = {"$ref": "#/components/schemas/Order"}


def test_components_are_copied_as_far_as_they_are_needed_and_renamed() -> None:
    components = {"Order": {**ORDER, "allOf": [{"$ref": "#/components/schemas/Base"}]}, "Base": {}, "Unused": {}}
    made = sound(build("public", [part(api(minimal({"/orders": get(REFERENCE)}, schemas=components)), prefix="/v2")]))
    assert list(made) == ["openapi", "info", "servers", "paths", "components"]
    assert made["info"] == {"title": "public", "version": "orders@2.0.0"}
    assert made["servers"] == [{"url": "/"}]
    content = made["paths"]["/v2/orders"]["get"]["responses"]["200"]["content"]["application/json"]
    assert content == {"schema": {"$ref": "#/components/schemas/orders.v2.Order"}}
    assert list(made["components"]["schemas"]) == ["orders.v2.Base", "orders.v2.Order"]
    assert made["components"]["schemas"]["orders.v2.Order"]["allOf"] == [
        {"$ref": "#/components/schemas/orders.v2.Base"}
    ]


def test_every_kind_of_component_is_followed() -> None:
    text = """\
openapi: 3.1.0
info: {title: T, version: 1}
paths:
  /a/{id}:
    parameters: [{$ref: '#/components/parameters/Id'}]
    post:
      requestBody: {$ref: '#/components/requestBodies/Body'}
      responses: {200: {$ref: '#/components/responses/Fine'}}
      callbacks: {done: {$ref: '#/components/callbacks/Done'}}
components:
  parameters: {Id: {name: id, in: path, required: true, schema: {$ref: '#/components/schemas/Id'}}}
  requestBodies: {Body: {content: {a/b: {examples: {one: {$ref: '#/components/examples/One'}}}}}}
  responses: {Fine: {description: f, headers: {x-a: {$ref: '#/components/headers/A'}}}}
  headers: {A: {schema: {$ref: '#/components/schemas/Id'}}}
  examples: {One: {value: 1}}
  callbacks: {Done: {'{$url}': {post: {operationId: done, responses: {200: {description: f}}}}}}
  schemas: {Id: {type: string}}
"""
    made = sound(build("g", [part(api(text), deprecated=True)]))
    assert {section: list(named) for section, named in made["components"].items()} == {
        "callbacks": ["orders.v2.Done"],
        "examples": ["orders.v2.One"],
        "headers": ["Deprecation", "orders.v2.A"],
        "parameters": ["orders.v2.Id"],
        "requestBodies": ["orders.v2.Body"],
        "responses": ["orders.v2.Fine"],
        "schemas": ["orders.v2.Id"],
    }
    assert list(made["components"]["responses"]["orders.v2.Fine"]["headers"]) == ["x-a", "Deprecation"]
    called_back = made["components"]["callbacks"]["orders.v2.Done"]["{$url}"]["post"]
    assert called_back == {"operationId": "orders_v2_done", "responses": {"200": {"description": "f"}}}


def test_other_files_are_drawn_in(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "money.yaml").write_text(
        "Money: {properties: {unit: {$ref: '#/Unit'}}}\nUnit: {type: string}"
    )
    (tmp_path / "size.yaml").write_text("type: integer")
    refs = {
        "a": {"$ref": "common/money.yaml#/Money"},
        "b": {"$ref": "size.yaml"},
        "c": {"$ref": "#/components/schemas/C"},
    }
    text = json.dumps(
        answering({"properties": refs}, C={"properties": {"x": {"$ref": "#/components/schemas/C/not"}}, "not": {}})
    )
    (tmp_path / "a.json").write_text(text)
    library = Library(tmp_path.resolve())
    document = library.document("a.json", "gatewright.yaml", Source("gatewright.yaml", "").span(0, 0))
    assert document is not None
    assert not isinstance(document, Finding)
    made_api, findings = load(document, (), library)
    assert made_api is not None, findings
    made = sound(build("g", [part(made_api)]))
    assert list(made["components"]["schemas"]) == [
        "orders.v2.C",
        "orders.v2.C.not",
        "orders.v2.common.money.Money",
        "orders.v2.common.money.Unit",
        "orders.v2.size",
    ]


def test_names_that_would_collide_bear_a_digest() -> None:
    nested = {"properties": {"x": {"type": "integer"}}}
    refs = ["Order/properties/x", "Order.properties.x", "Order/properties/ü"]
    schema = {"allOf": [{"$ref": f"#/components/schemas/{name}"} for name in refs]}
    nested["properties"]["ü"] = {}
    components = {"Order": nested, "Order.properties.x": {"type": "string"}}
    made = sound(build("g", [part(api(minimal({"/a": get(schema)}, schemas=components)))]))
    names = list(made["components"]["schemas"])
    assert len(names) == 3
    assert "orders.v2.Order.properties.x" in names
    assert made["components"]["schemas"]["orders.v2.Order.properties.x"] == {"type": "string"}


def test_two_versions_of_one_label_do_not_share_a_component() -> None:
    first = api(minimal({"/a": get(REFERENCE)}, schemas={"Order": {"type": "string"}}))
    second = api(minimal({"/b": get(REFERENCE)}, schemas={"Order": {"type": "integer"}}))
    made = sound(build("g", [part(first, version="2.0.0"), part(second, version="2.1.0", prefix="/beta")]))
    assert sorted(s["type"] for s in made["components"]["schemas"].values()) == ["integer", "string"]


def test_openapi_30_becomes_31() -> None:
    schema = {
        "type": "object",
        "nullable": True,
        "properties": {
            "low": {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            "high": {"type": "integer", "maximum": 9, "exclusiveMaximum": False},
            "some": {
                "nullable": True,
                "allOf": [{"$ref": "#/components/schemas/Order"}],
                "description": "d",
                "example": 1,
            },
            "any": {"nullable": True, "description": "d"},
            "none": {"type": "null", "nullable": True},
            "ref": {"$ref": "#/components/schemas/Order", "description": "does not count"},
        },
    }
    made = sound(build("g", [part(api(answering(schema, "3.0.3", Order=ORDER)))]))
    assert made["paths"]["/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] == {
        "type": ["object", "null"],
        "properties": {
            "low": {"type": "integer", "exclusiveMinimum": 1},
            "high": {"type": "integer", "maximum": 9},
            "some": {
                "description": "d",
                "example": 1,
                "anyOf": [{"allOf": [{"$ref": "#/components/schemas/orders.v2.Order"}]}, {"type": "null"}],
            },
            "any": {"description": "d"},
            "none": {"type": "null"},
            "ref": {"$ref": "#/components/schemas/orders.v2.Order"},
        },
    }


def test_discriminators_name_what_the_old_names_implied() -> None:
    pet = {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}}
    animal = {"type": "object", "discriminator": {"propertyName": "kind", "mapping": {"d": "Dog"}}}
    dog = {"allOf": [{"$ref": "#/components/schemas/Animal"}]}
    document = answering(
        {"allOf": [{"$ref": "#/components/schemas/Animal"}, pet]}, Cat={}, Animal=animal, Dog=dog, Fox=dog
    )
    made = sound(build("g", [part(api(document))]))
    schema = made["paths"]["/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["allOf"][1]["discriminator"]["mapping"] == {"Cat": "#/components/schemas/orders.v2.Cat"}
    assert made["components"]["schemas"]["orders.v2.Animal"]["discriminator"]["mapping"] == {
        "d": "#/components/schemas/orders.v2.Dog",
        "Fox": "#/components/schemas/orders.v2.Fox",
    }


def test_operation_ids_are_kept_where_they_are_unique() -> None:
    paths = {"/a": get(operationId="list"), "/b": get(operationId="other")}
    one, two = api(minimal(paths)), api(minimal({"/a": get(operationId="list")}))
    made = sound(
        build("g", [part(one, "1", prefix="/v1"), part(two, "2", prefix="/v2"), part(two, "2", prefix="/again")])
    )
    ids = {path: item["get"]["operationId"] for path, item in made["paths"].items()}
    assert ids["/v1/b"] == "other"
    assert ids["/v1/a"] == "orders_v1_list"
    assert ids["/v2/a"].startswith("orders_v2_list_")
    assert len(set(ids.values())) == 4


def test_links_follow_their_operations_and_hidden_ones_are_left_out() -> None:
    links = {
        "a": {"operationId": "list", "parameters": {"x": "$response.body#/x"}},
        "b": {"operationRef": "#/paths/~1b/get"},
        "hidden": {"operationId": "hidden"},
    }
    paths = {
        "/a": {"get": {"operationId": "list", "responses": {"200": {"description": "fine", "links": links}}}},
        "/b": get(),
        "/hidden": get(operationId="hidden"),
    }
    made_api = api(minimal(paths))
    shown = [o for o in made_api.operations if o.operation_id != "hidden"]
    made = sound(build("g", [part(made_api, operations=shown, prefix="/v2")]))
    assert made["paths"]["/v2/a"]["get"]["responses"]["200"]["links"] == {
        "a": {"operationId": "list", "parameters": {"x": "$response.body#/x"}},
        "b": {"operationRef": "#/paths/~1v2~1b/get"},
    }
    assert "/v2/hidden" not in made["paths"]


def test_servers_and_security_are_the_gateways_own() -> None:
    document = minimal({"/a": {**get(security=[{"k": []}], servers=[{"url": "/x"}]), "servers": [{"url": "/y"}]}})
    document |= {
        "servers": [{"url": "/z"}],
        "components": {"securitySchemes": {"k": {"type": "http", "scheme": "basic"}}},
    }
    made = sound(build("g", [part(api(document))], servers=[{"url": "https://api.example"}]))
    assert made["servers"] == [{"url": "https://api.example"}]
    assert "components" not in made
    assert "security" not in json.dumps(made)
    scheme = {"type": "http", "scheme": "bearer"}
    made = sound(build("g", [part(api(document))], security=[{"jwt": []}], security_schemes={"jwt": scheme}))
    assert made["security"] == [{"jwt": []}]
    assert made["components"] == {"securitySchemes": {"jwt": scheme}}


def test_what_is_deprecated_says_so() -> None:
    made = sound(build("g", [part(api(minimal({"/a": get()})), deprecated=True, sunset=date(2027, 3, 31))]))
    operation = made["paths"]["/a"]["get"]
    assert operation["deprecated"] is True
    assert operation["x-sunset"] == "2027-03-31"
    assert operation["responses"]["200"]["headers"] == {
        "Deprecation": {"$ref": "#/components/headers/Deprecation"},
        "Sunset": {"$ref": "#/components/headers/Sunset"},
    }


def test_tags_that_are_used_keep_their_description() -> None:
    document = {**minimal({"/a": get(tags=["b"])}), "tags": [{"name": "a"}, {"name": "b", "description": "B"}]}
    assert sound(build("g", [part(api(document))]))["tags"] == [{"name": "b", "description": "B"}]


# The version in a header: one operation for several versions.


def by_header(*documents: dict[str, Any], default: str | None = None, **more: Any) -> dict[str, Any]:
    parts = [
        part(
            api(document),
            str(number),
            version_in="header",
            version_name="x-version",
            version_default=default == str(number),
            **more,
        )
        for number, document in enumerate(documents, 1)
    ]
    return sound(build("g", parts))


def test_the_version_header_chooses_among_the_versions() -> None:
    document = minimal({"/a": get(parameters=[{"name": "X-Version", "in": "header", "schema": {}}]), "/b": get()})
    made = by_header(document, minimal({"/a": get()}))
    assert made["paths"]["/a"]["get"]["parameters"] == [
        {
            "name": "x-version",
            "in": "header",
            "description": "The version of the API.",
            "required": True,
            "schema": {"type": "string", "enum": ["1", "2"]},
        }
    ]
    assert made["paths"]["/b"]["get"]["parameters"][0]["schema"]["enum"] == ["1"]
    made = by_header(document, minimal({"/a": get()}), default="2")
    assert made["paths"]["/a"]["get"]["parameters"][0]["required"] is False
    assert made["paths"]["/a"]["get"]["parameters"][0]["schema"]["default"] == "2"
    assert made["paths"]["/b"]["get"]["parameters"][0]["required"] is True


def test_labels_are_in_the_order_of_versions() -> None:
    parts = [part(api(minimal({"/a": get()})), label, **IN_HEADER) for label in ("10", "0.10", "9", "0.9")]
    made = sound(build("g", parts))
    assert made["paths"]["/a"]["get"]["parameters"][0]["schema"]["enum"] == ["0.9", "0.10", "9", "10"]


def test_what_did_not_change_stands_once() -> None:
    document = minimal({"/a": get(REFERENCE)}, schemas={"Order": {"properties": {"next": REFERENCE}}})
    response = by_header(document, document)["paths"]["/a"]["get"]["responses"]["200"]
    assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/orders.v1.Order"}
    assert response["description"] == "fine"


def test_what_changed_is_any_of_the_versions() -> None:
    old = minimal({"/a": get(REFERENCE)}, schemas={"Order": {"type": "string"}})
    new = minimal({"/a": get(REFERENCE)}, schemas={"Order": {"type": "integer"}})
    response = by_header(old, new)["paths"]["/a"]["get"]["responses"]["200"]
    assert response["content"]["application/json"]["schema"] == {
        "anyOf": [{"$ref": "#/components/schemas/orders.v1.Order"}, {"$ref": "#/components/schemas/orders.v2.Order"}]
    }
    assert response["description"] == "fine (differs between the versions 1, 2)"


def test_a_parameter_of_one_version_is_not_required() -> None:
    page = {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}}
    size = {"name": "size", "in": "query", "required": True, "schema": {"type": "integer"}}
    text = {**size, "schema": {"type": "string"}}
    made = by_header(minimal({"/a": get(parameters=[page, size])}), minimal({"/a": get(parameters=[text])}))
    _, first, second = made["paths"]["/a"]["get"]["parameters"]
    assert (first["name"], first.get("required"), first["description"]) == ("page", None, "(in version 1)")
    assert (second["name"], second["required"]) == ("size", True)
    assert second["schema"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_bodies_combine() -> None:
    def post(required: bool, schema: dict[str, Any]) -> dict[str, Any]:
        body = {"required": required, "content": {"application/json": {"schema": schema, "example": 1}}}
        return minimal({"/a": {"post": {"requestBody": body, "responses": {"204": {"description": "done"}}}}})

    made = by_header(post(True, {"type": "integer"}), post(False, {"type": "number"}))
    body = made["paths"]["/a"]["post"]["requestBody"]
    assert "required" not in body
    assert body["content"]["application/json"] == {
        "schema": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
        "examples": {"v1": {"value": 1}, "v2": {"value": 1}},
    }


def test_one_version_that_ends_does_not_deprecate_the_operation() -> None:
    old, new = api(minimal({"/a": get()})), api(minimal({"/a": get()}))
    parts = [
        part(old, "1", **IN_HEADER, deprecated=True, sunset=date(2027, 3, 31)),
        part(new, "2", **IN_HEADER),
    ]
    operation = sound(build("g", parts))["paths"]["/a"]["get"]
    assert "deprecated" not in operation
    assert operation["parameters"][0]["description"] == (
        "The version of the API. Version 1 is deprecated, and ends after 2027-03-31."
    )
    assert operation["responses"]["200"]["headers"] == {
        name: {"$ref": f"#/components/headers/{name}"} for name in ("Deprecation", "Sunset")
    }
    assert list(operation) == ["parameters", "responses"]


def test_parameters_of_paths_take_the_first_versions_names() -> None:
    def at(name: str) -> dict[str, Any]:
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        return minimal({f"/a/{{{name}}}": {**get(), "parameters": [parameter]}})

    made = by_header(at("id"), at("orderId"))
    assert list(made["paths"]) == ["/a/{id}"]
    assert [p["name"] for p in made["paths"]["/a/{id}"]["get"]["parameters"]] == ["x-version", "id"]


# Laws.


@settings(max_examples=150, deadline=None)
@given(schemas, values, st.fixed_dictionaries({"One": schemas, "Two": schemas}))
def test_schemas_keep_their_meaning(schema: Any, value: Any, components: dict[str, Any]) -> None:
    assume(not endless(components))
    copied = api(sound(build("g", [part(api(answering(schema, **components)))])))
    root = copied.root.value.get("components", {}).get("schemas", {})
    assert valid(schema, value, components) == valid(schema_of(copied).value, value, root)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(schemas, st.sampled_from(["/a", "/b"]), st.sampled_from(["get", "post"])), min_size=1, max_size=4
    )
)
def test_any_versions_make_a_sound_document_whatever_their_order(asked: list[tuple[Any, str, str]]) -> None:
    parts = []
    for number, (schema, path, method) in enumerate(asked):
        document = answering(schema, One={"type": "string"}, Two={"type": "integer"})
        document["paths"] = {path: {method: {**document["paths"]["/"]["get"], "operationId": "same"}}}
        made_api, _ = loaded(document)
        if made_api is None:
            return
        parts.append(part(made_api, str(number), **IN_HEADER, deprecated=number == 0))
    made = sound(build("g", parts))
    assert json.dumps(made) == json.dumps(build("g", parts[::-1]))


@pytest.mark.parametrize("labels", [(), ("1",)])
def test_nothing_exposed_is_a_document_all_the_same(labels: tuple[str, ...]) -> None:
    made_api = api(minimal({"/a": get()}))
    assert sound(build("g", [part(made_api, label, operations=()) for label in labels]))["paths"] == {}


def versions(place: str, name: str | None, default: str) -> dict[str, Any]:
    parts = [
        part(
            api(minimal({"/a": get({"type": kind})})),
            label,
            version_in=place,
            version_name=name,
            version_default=label == default,
        )
        for label, kind in (("1", "string"), ("2", "integer"))
    ]
    found: dict[str, Any] = sound(build("g", parts))["paths"]["/a"]["get"]
    return found


def test_the_version_in_the_query_is_a_parameter() -> None:
    assert versions("query", "v", "2")["parameters"] == [
        {
            "name": "v",
            "in": "query",
            "description": "The version of the API.",
            "required": False,
            "schema": {"type": "string", "enum": ["1", "2"], "default": "2"},
        }
    ]


def test_the_version_in_the_media_type_tells_answers_apart() -> None:
    made = versions("media_type", None, "2")
    assert "parameters" not in made
    assert made["responses"]["200"]["content"] == {
        "application/vnd.orders.v1+json": {"schema": {"type": "string"}},
        "application/vnd.orders.v2+json": {"schema": {"type": "integer"}},
        "application/json": {"schema": {"type": "integer"}},
    }
