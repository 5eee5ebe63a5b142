"""Requests that are changed: what the check lets pass is true of every body that a client may send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.compat.schemas import Contained, contained
from compiler.shaping.requests import asked_of, backwards
from compiler.shaping.schemas import Shaping
from compiler.shaping.tree import read_tree
from compiler.shaping.values import changed
from tests.schemas import valid
from tests.test_compat_schemas import view
from tests.test_shaping import asked, changes, constant, schema_of_constant, schemas, values

COMPONENTS: dict[str, Any] = {
    "One": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
}


def shaped(schema: Any, said: dict[str, Any]) -> tuple[Any, Any] | None:
    """What clients may send for a service's schema, and what then comes of it; None where the changes are refused."""
    tree, findings = read_tree(changes(**said))
    look = Shaping(COMPONENTS, schema_of_constant)
    look.shaped(schema, tree)
    if findings or look.clashes or look.missing:
        return None
    view = Shaping(COMPONENTS, schema_of_constant, closed=False).shaped(schema, asked_of(tree))
    return view, Shaping(COMPONENTS, schema_of_constant, sent=True).shaped(view, backwards(tree))


@settings(max_examples=400)
@given(schemas(2), st.lists(values, min_size=10, max_size=20), asked)
def test_what_is_let_pass_reaches_the_service_as_it_wants_it(
    schema: Any, several: list[Any], said: dict[str, Any]
) -> None:
    both = shaped(schema, said)
    if both is None:
        return
    asks, sent = both
    if not isinstance(contained(view(sent, **COMPONENTS), view(schema, **COMPONENTS)), Contained):
        return
    tree, _ = read_tree(changes(**said))
    for value in several:
        if valid(asks, value, COMPONENTS):
            result = changed(value, backwards(tree), constant)
            assert valid(schema, result, COMPONENTS), (value, result, schema, asks, sent, said)


ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["customer_id", "channel"],
    "properties": {
        "customer_id": {"type": "string"},
        "channel": {"enum": ["web", "mobile"]},
        "status": {"enum": ["open", "paid"]},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}, "price": {}}}},
    },
}
SENSIBLE: list[dict[str, Any]] = [
    {"remove": ["status", "lines.price"], "rename": {"customer_id": "customer"}, "set": {"channel": "mobile"}},
    {"include": ["customer_id", "lines.sku"], "set": {"channel": "mobile"}},
    {"include": ["customer_id", "channel"], "rename": {"customer_id": "customer"}},
    {"rename": {"lines.sku": "article"}},
]


@pytest.mark.parametrize("said", SENSIBLE, ids=str)
@pytest.mark.parametrize(
    "schema",
    [
        ORDER,
        {**ORDER, "additionalProperties": False},
        {**ORDER, "additionalProperties": True},
        {"allOf": [ORDER, {"type": "object", "properties": {"note": {"type": "string"}}}]},
        {"anyOf": [ORDER, {"type": "null"}]},
        {"oneOf": [ORDER, {"type": "array", "items": ORDER}]},
    ],
    ids=["open", "closed", "any", "in parts", "or null", "one or many"],
)
def test_what_is_usual_can_be_decided(schema: dict[str, Any], said: dict[str, Any]) -> None:
    both = shaped(schema, said)
    assert both is not None
    assert isinstance(contained(view(both[1], **COMPONENTS), view(schema, **COMPONENTS)), Contained)


def test_what_only_another_operation_takes_is_not_sent_to_one_that_is_closed() -> None:
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    both = shaped(closed, {"include": ["a", "b"]})
    assert both is not None
    assert both[0]["properties"]["b"] is False
    assert isinstance(contained(view(both[1]), view(closed)), Contained)
