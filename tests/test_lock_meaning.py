"""A published document may be spelled in another way, and only so: the lock beside the comparison of contracts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from compiler.compat.contracts import Options, compare
from compiler.contracts.meaning import meaning, reload
from compiler.pipeline import validate
from tests.contracts import answering, loaded
from tests.projects import locked
from tests.schemas import schemas
from tests.test_contracts_meaning import HERE, loaded_from

DAY = date(2026, 6, 1)
PROJECT = "gatewright: 1\ncontracts: {orders: {versions: {1.0.0: {openapi: orders.json}}}}\n"
ORDERS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "paths": {
        "/orders": {
            "get": {
                "operationId": "listOrders",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "exclusiveMinimum": 0}},
                    {"name": "state", "in": "query", "schema": {"$ref": "#/components/schemas/State"}},
                ],
                "responses": {
                    "200": {
                        "description": "The orders.",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                            }
                        },
                    },
                    "default": {"$ref": "#/components/responses/Problem"},
                },
            },
            "post": {
                "operationId": "addOrder",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
                "responses": {"201": {"description": "Placed."}, "default": {"$ref": "#/components/responses/Problem"}},
            },
        }
    },
    "components": {
        "responses": {
            "Problem": {
                "description": "A problem.",
                "content": {"application/problem+json": {"schema": {"type": "object"}}},
            }
        },
        "schemas": {
            "State": {"type": "string", "enum": ["open", "done"]},
            "Order": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "state": {"$ref": "#/components/schemas/State"},
                    "note": {"type": ["string", "null"]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
                },
            },
        },
    },
}


def found(folder: Path, changed: Any) -> set[str]:
    """The rules of what is found where a published document was changed."""
    (folder / "gatewright.yaml").write_text(PROJECT)
    (folder / "orders.json").write_text(json.dumps(ORDERS))
    (folder / "gatewright.lock").write_text(locked(folder, DAY))
    (folder / "orders.json").write_text(json.dumps(changed))
    return {d.finding.rule for d in validate(folder, DAY, locked=True).diagnostics} - {"unused"}


def order(document: Any) -> Any:
    return document["components"]["schemas"]["Order"]


def in_place(document: Any) -> None:
    order(document)["properties"]["state"] = copy.deepcopy(document["components"]["schemas"]["State"])


def wrapped(document: Any) -> None:
    order(document)["properties"]["state"] = {"allOf": [order(document)["properties"]["state"]]}


def renamed(document: Any) -> None:
    document["components"]["schemas"]["Condition"] = document["components"]["schemas"].pop("State")
    text = json.dumps(document).replace("#/components/schemas/State", "#/components/schemas/Condition")
    document.clear()
    document.update(json.loads(text))


def alternatives(document: Any) -> None:
    order(document)["properties"]["note"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def turned(document: Any) -> None:
    document["components"]["schemas"]["State"]["enum"].reverse()


def older(document: Any) -> None:
    document["openapi"] = "3.0.3"
    order(document)["properties"]["note"] = {"type": "string", "nullable": True}
    document["paths"]["/orders"]["get"]["parameters"][0]["schema"] = {
        "type": "integer",
        "minimum": 0,
        "exclusiveMinimum": True,
    }


def response_in_place(document: Any) -> None:
    document["paths"]["/orders"]["post"]["responses"]["default"] = document["components"]["responses"]["Problem"]


@pytest.mark.parametrize("respell", [in_place, wrapped, renamed, alternatives, turned, older, response_in_place])
def test_another_spelling_is_no_change(tmp_path: Path, respell: Callable[[Any], None]) -> None:
    document = copy.deepcopy(ORDERS)
    respell(document)
    assert found(tmp_path, document) == set()


def narrower(document: Any) -> None:
    order(document)["properties"]["id"]["minLength"] = 2


def more_states(document: Any) -> None:
    document["components"]["schemas"]["State"]["enum"].append("on_hold")


def another_operation(document: Any) -> None:
    document["paths"]["/orders"]["delete"] = {"operationId": "clear", "responses": {"204": {"description": ""}}}


def no_default(document: Any) -> None:
    del document["paths"]["/orders"]["post"]["responses"]["default"]


@pytest.mark.parametrize("change", [narrower, more_states, another_operation, no_default])
def test_a_real_change_is_found(tmp_path: Path, change: Callable[[Any], None]) -> None:
    document = copy.deepcopy(ORDERS)
    change(document)
    assert found(tmp_path, document) == {"published-version-changed"}


@settings(deadline=None, max_examples=200)
@given(schemas, schemas, schemas)
def test_what_was_recorded_is_what_was_meant(asked: Any, one: Any, two: Any) -> None:
    """Whatever is left out of a meaning, or written in another way there, is no change to the comparison."""
    made, _ = loaded(answering(asked, One=one, Two=two))
    if made is None:  # a component may stand for itself
        return
    again = reload(meaning(made).text, HERE, "orders@1.0.0")
    assert again is not None
    for before, after in ((made, again), (again, made)):
        found = compare(before, after, Options())
        visible = [change for change in found.changes if change.bump in ("major", "minor")]
        undecided = [
            c for c in visible if c.rule.endswith("-undecided") or (c.level != "breaking" and "-branch-" in c.rule)
        ]
        assert undecided == visible


@pytest.mark.parametrize("name", ["customers-3.0.1", "loyalty-1.2.0", "orders-1.4.2", "orders-2.1.0"])
def test_the_example_as_recorded(name: str) -> None:
    made = loaded_from(Path(__file__).parent.parent / "examples" / "shop" / "contracts", f"{name}.yaml")
    again = reload(meaning(made).text, HERE, "orders@1.0.0")
    assert again is not None
    assert compare(made, again, Options()).bump in ("none", "patch")
    assert compare(again, made, Options()).bump in ("none", "patch")
