"""What a loaded contract says of its operations, and how they are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.contracts.openapi import Api, load
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.source import Source
from tests.contracts import api, document

SHOP = """\
openapi: 3.0.3
info: {title: Shop, version: 1.10}
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: trace, in: header, schema: {type: string}}
    patch:
      deprecated: true
      parameters: [{$ref: '#/components/parameters/Trace'}]
      requestBody: {$ref: '#/components/requestBodies/Patch'}
      responses: {204: {description: done}}
    get:
      operationId: getOrder
      responses:
        200: {$ref: '#/components/responses/Order'}
        x-note: a
        default: {description: else}
  /orders:
    get:
      operationId: listOrders
      responses: {200: {description: fine}}
components:
  parameters:
    Trace: {name: trace, in: header, required: true, schema: {type: integer}}
  requestBodies:
    Patch: {content: {application/json: {schema: {type: object}}, text/plain: {}}}
  headers:
    Left: {schema: {type: integer}}
  responses:
    Order: {$ref: '#/components/responses/Real'}
    Real:
      description: an order
      headers: {x-left: {$ref: '#/components/headers/Left'}, x-own: {schema: {type: string}}}
      content: {application/json: {schema: {type: object}}}
"""


@pytest.fixture(scope="module")
def shop() -> Api:
    return api(SHOP)


def test_operations_are_in_a_stable_order(shop: Api) -> None:
    assert shop.names() == ["listOrders", "getOrder", "PATCH /orders/{id}"]
    assert [o.deprecated for o in shop.operations] == [False, False, True]
    assert (shop.title, shop.info_version, shop.dialect) == ("Shop", "1.10", "3.0")


@pytest.mark.parametrize("text", ["getOrder", "GET /orders/{id}", "get /orders/{id}"])
def test_an_operation_is_found_by_its_id_and_by_its_path(shop: Api, text: str) -> None:
    found = shop.find(text)
    assert found is not None
    assert (found.method, str(found.path), found.key) == ("GET", "/orders/{id}", "getOrder")
    assert found.pointer == ("paths", "/orders/{id}", "get")


def test_what_is_not_there_is_not_found(shop: Api) -> None:
    assert shop.find("GET /orders/{other}") is None
    assert shop.find("") is None


def test_the_place_of_an_operation_is_its_method(shop: Api) -> None:
    found = shop.find("PATCH /orders/{id}")
    assert found is not None
    assert str(shop.where(found)) == "contract.yaml:8:5"


def test_an_operations_parameter_replaces_the_paths(shop: Api) -> None:
    operation = shop.find("PATCH /orders/{id}")
    assert operation is not None
    assert [(p.value["name"], p.path) for p in shop.parameters(operation)] == [
        ("id", ("paths", "/orders/{id}", "parameters", 0)),
        ("trace", ("components", "parameters", "Trace")),
    ]


def test_bodies_responses_and_headers_are_resolved(shop: Api) -> None:
    patch, get = shop.find("PATCH /orders/{id}"), shop.find("getOrder")
    assert patch is not None
    assert get is not None
    body = shop.request_body(patch)
    assert body is not None
    assert body.path == ("components", "requestBodies", "Patch")
    assert [name for name, _ in shop.content(body)] == ["application/json", "text/plain"]
    assert shop.request_body(get) is None
    responses = dict(shop.responses(get))
    assert list(responses) == ["200", "default"]
    assert responses["200"].path == ("components", "responses", "Real")
    assert [(name, node.path) for name, node in shop.headers(responses["200"])] == [
        ("x-left", ("components", "headers", "Left")),
        ("x-own", ("components", "responses", "Real", "headers", "x-own")),
    ]


def write(folder: Path, **files: str) -> Library:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return Library(folder.resolve())


def opened(library: Library, name: str) -> tuple[Api | None, list[Finding]]:
    made = library.document(name, "gatewright.yaml", Source("gatewright.yaml", "").span(0, 0))
    assert made is not None
    assert not isinstance(made, Finding)
    return load(made, (), library)


ONE = "openapi: 3.1.0\ninfo: {title: T, version: 1}\n"


def test_references_lead_across_files_and_back(tmp_path: Path) -> None:
    library = write(
        tmp_path,
        a=ONE + "paths: {/a: {$ref: 'b.yaml#/items/a'}}\ncomponents: {schemas: {A: {type: string}}}",
        b="items:\n  a:\n    get:\n      responses:\n        200:\n          description: a\n"
        "          content: {text/plain: {schema: {$ref: 'a.yaml#/components/schemas/A'}}}",
    )
    made, findings = opened(library, "a.yaml")
    assert not findings
    assert made is not None
    operation = made.operations[0]
    assert operation.node.document.source.name == "b.yaml"
    schema = made.resolve(dict(made.content(dict(made.responses(operation))["200"]))["text/plain"]["schema"])
    assert (schema.document.source.name, schema.path) == ("a.yaml", ("components", "schemas", "A"))


def test_a_mistake_in_another_file_is_found_there(tmp_path: Path) -> None:
    library = write(
        tmp_path,
        a=ONE + "paths: {}\ncomponents: {schemas: {A: {$ref: b.yaml}}}",
        b="properties:\n  a: {type: strng}\n",
    )
    made, findings = opened(library, "a.yaml")
    assert made is None
    assert [str(f.where) for f in findings] == ["b.yaml:2:13"]


def test_a_broken_file_is_said_once_and_named_where_it_is_needed(tmp_path: Path) -> None:
    library = write(tmp_path, a=ONE + "paths: {}\ncomponents: {schemas: {A: {$ref: b.yaml}}}", b="a: [")
    made, findings = opened(library, "a.yaml")
    assert made is None
    assert [(f.rule, str(f.where), f.message) for f in findings] == [
        ("openapi-invalid", "a.yaml:4:34", "`b.yaml` cannot be read")
    ]
    assert [f.rule for f in library.findings] == ["yaml-syntax"]


def test_a_symlink_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("type: string")
    project = tmp_path / "project"
    project.mkdir()
    (project / "b.yaml").symlink_to(tmp_path / "outside.yaml")
    library = write(project, a=ONE + "paths: {}\ncomponents: {schemas: {A: {$ref: b.yaml}}}")
    _, findings = opened(library, "a.yaml")
    assert [f.rule for f in findings] == ["path-outside-project"]


def test_an_inline_document_counts_its_pointers_from_itself() -> None:
    text = "contracts:\n  a:\n" + "\n".join("    " + line for line in SHOP.splitlines())
    made, findings = load(document(text), ("contracts", "a"), Library(Path("/nonexistent")))
    assert not findings
    assert made is not None
    operation = made.find("getOrder")
    assert operation is not None
    assert dict(made.responses(operation))["200"].path == ("contracts", "a", "components", "responses", "Real")
    assert made.where(operation).line == 15
    _, findings = load(document(text.replace("Real:", "Rael:")), ("contracts", "a"), Library(Path("/nonexistent")))
    assert [(f.where.line, f.help) for f in findings] == [(33, "did you mean `Rael`?")]
