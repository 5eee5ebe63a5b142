"""Containment: what is said to be contained is, every witness is one, and what people change is understood."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from compiler.compat.schemas import BUDGET, Contained, Dialect, Direction, NotContained, Unknown, View, contained
from compiler.contracts.refs import Scope
from compiler.files import Library
from compiler.reader import Document
from compiler.source import Source
from tests.contracts import NOWHERE
from tests.schemas import COMPONENTS, endless, schemas, valid, values


def view(
    schema: Any,
    dialect: Dialect = "3.1",
    direction: Direction | None = None,
    *,
    sender: bool = False,
    **components: Any,
) -> View:
    """A schema of a document of its own, with components that it may refer to."""
    source = Source("contract.json", "{}")
    root = {"schema": schema, "components": {"schemas": components}}
    made = Document(source, root, source.span(0, 0))
    scope = Scope(Library(NOWHERE), made, ())
    return View(scope.root_of(made)["schema"], scope, dialect, direction, sender)


def said(inner: Any, outer: Any, **more: Any) -> str:
    found = contained(view(inner, **more), view(outer, **more))
    if isinstance(found, NotContained):
        return "no"
    return "yes" if isinstance(found, Contained) else "unknown"


S, I, N, O, A = ({"type": name} for name in ("string", "integer", "number", "object", "array"))  # noqa: E741


def one(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, **more}


NARROWER = [
    # a schema, and a wider one: contained that way, not the other
    (I, N),
    ({"type": ["string", "null"]}, {"type": ["string", "null", "integer"]}),
    ({"enum": [1, 2]}, {"enum": [3, 2, 1]}),
    ({"const": "a"}, {"enum": ["a", "b"]}),
    ({"const": 1}, I),
    ({"minimum": 3, "type": "number"}, {"minimum": 2, "type": "number"}),
    ({"exclusiveMinimum": 2, "type": "number"}, {"minimum": 2, "type": "number"}),
    ({"maximum": 2, "type": "integer"}, {"exclusiveMaximum": 4, "type": "integer"}),
    ({"multipleOf": 6, "type": "integer"}, {"multipleOf": 3, "type": "integer"}),
    ({"multipleOf": 0.2, "type": "number"}, {"multipleOf": 0.1, "type": "number"}),
    ({"minLength": 2, "type": "string"}, {"minLength": 1, "type": "string"}),
    ({"maxLength": 2, "type": "string"}, {"maxLength": 3, "type": "string"}),
    ({"type": "string", "pattern": "^[a-c]{2}$"}, {"type": "string", "pattern": "^[a-z]+$"}),
    ({"type": "string", "pattern": r"^\d{3}$"}, {"type": "string", "maxLength": 3}),
    ({"type": "string", "pattern": "^ab"}, {"type": "string", "pattern": "b"}),
    (one("a", S), one("a", {"type": ["string", "null"]})),
    (one("a", S, required=["a"]), one("a", S)),
    (one("a", S, additionalProperties=False), one("a", S)),
    (one("a", S, additionalProperties=S), one("a", S, additionalProperties={"type": ["string", "null"]})),
    ({"type": "object", "patternProperties": {"^x": I}}, {"type": "object", "patternProperties": {"^x": N}}),
    ({"type": "object", "propertyNames": {"maxLength": 2}}, {"type": "object", "propertyNames": {"maxLength": 3}}),
    ({"type": "object", "minProperties": 2}, {"type": "object", "minProperties": 1}),
    ({"type": "object", "maxProperties": 1}, {"type": "object", "maxProperties": 2}),
    ({"type": "object", "dependentRequired": {"a": ["b", "c"]}}, {"type": "object", "dependentRequired": {"a": ["b"]}}),
    ({"type": "object", "required": ["b"]}, {"type": "object", "dependentRequired": {"a": ["b"]}}),
    (
        {"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}},
        {"type": "object", "dependentSchemas": {"a": {"minProperties": 2}}},
    ),
    ({"type": "array", "items": I}, {"type": "array", "items": N}),
    ({"type": "array", "prefixItems": [I, S]}, {"type": "array", "prefixItems": [N]}),
    ({"type": "array", "prefixItems": [I], "items": False}, {"type": "array", "maxItems": 1}),
    ({"type": "array", "minItems": 2}, {"type": "array", "minItems": 1}),
    ({"type": "array", "uniqueItems": True}, A),
    ({"type": "array", "contains": I, "minContains": 2}, {"type": "array", "contains": N}),
    ({"type": "array", "items": I, "minItems": 1}, {"type": "array", "contains": N}),
    ({"type": "array", "maxItems": 2}, {"type": "array", "contains": S, "minContains": 0, "maxContains": 2}),
    ({"allOf": [S, {"minLength": 1}]}, S),
    (S, {"anyOf": [S, I]}),
    ({"oneOf": [S, I]}, {"type": ["string", "integer", "null"]}),
    ({"oneOf": [N, I]}, {"not": I}),
    ({"not": {"type": ["string", "integer"]}}, {"not": S}),
    (
        {"type": "number", "if": {"minimum": 5}, "then": {"multipleOf": 2}},
        {"type": "number", "if": {"minimum": 6}, "then": {"multipleOf": 2}},
    ),
    ({"type": "integer", "minimum": 1, "maximum": 3}, {"anyOf": [{"maximum": 2}, {"minimum": 3}], "type": "integer"}),
    (False, S),
    (S, True),
]
SAME = [
    # two ways to write one thing
    ({"allOf": [S]}, S),
    ({"anyOf": [S, {"type": "null"}]}, {"type": ["null", "string"]}),
    ({"enum": ["b", "a"]}, {"enum": ["a", "b"]}),
    ({"const": 1}, {"enum": [1.0]}),
    ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    ({"type": "array", "items": True}, A),
    (one("a", S, required=["a"]), {"allOf": [one("a", S), {"required": ["a"]}]}),
    ({"not": {"not": S}}, S),
    ({"type": "string", "pattern": "^(a|b)$"}, {"type": "string", "pattern": "^[ab]$"}),
    ({"type": "array", "prefixItems": [S], "items": S}, {"type": "array", "items": S}),
    ({"type": "object", "properties": {"a": True}}, O),
    ({"if": S, "then": {"minLength": 1}}, {"anyOf": [{"not": S}, {"minLength": 1}]}),
    ({"anyOf": [{"type": "number", "maximum": 1}, {"type": "number", "minimum": 0}]}, N),
    ({"type": "object", "unevaluatedProperties": False}, {"unevaluatedProperties": False, "type": "object"}),
]


@pytest.mark.parametrize(("narrow", "wide"), NARROWER)
def test_a_narrower_schema_is_contained_and_a_wider_is_not(narrow: Any, wide: Any) -> None:
    assert said(narrow, wide) == "yes"
    assert said(wide, narrow) == "no"


@pytest.mark.parametrize(("one", "other"), SAME)
def test_how_a_schema_is_written_plays_no_part(one: Any, other: Any) -> None:
    assert said(one, other) == "yes"
    assert said(other, one) == "yes"


def test_bounds_of_both_dialects_mean_the_same() -> None:
    old = view({"type": "number", "minimum": 1, "exclusiveMinimum": True, "nullable": True}, "3.0")
    new = view({"type": ["number", "null"], "exclusiveMinimum": 1}, "3.1")
    assert isinstance(contained(old, new), Contained)
    assert isinstance(contained(new, old), Contained)
    assert isinstance(contained(view({"type": "number", "minimum": 1}, "3.0"), old), NotContained)


def test_a_format_is_no_assertion_but_not_forgotten() -> None:
    date = {"type": "string", "format": "date"}
    assert said(date, date) == "yes"
    assert said(date, S) == "yes"
    assert said(S, date) == "unknown"


# What travels, and what a sender sends.


def test_a_sender_sends_what_it_declares() -> None:
    old = one("a", S)
    new = {"type": "object", "properties": {"a": S, "b": I}}
    for sender, expected in ((True, Contained), (False, NotContained)):
        assert isinstance(contained(view(old, sender=sender), view(new)), expected)
    written_out = {**old, "additionalProperties": True}
    assert isinstance(contained(view(written_out, sender=True), view(new)), NotContained)
    free = {"type": "object"}
    assert isinstance(contained(view(free, sender=True), view(new)), NotContained)


def test_a_sender_is_held_to_all_its_branches_together() -> None:
    sends = {"allOf": [one("a", S), one("b", S)]}
    assert isinstance(contained(view(sends, sender=True), view(one("c", I))), Contained)
    assert isinstance(contained(view(sends, sender=True), view(one("b", I))), NotContained)


def test_what_does_not_travel_does_not_count() -> None:
    old, new = one("id", S), one("id", {"type": "integer", "readOnly": True}, required=["id"])
    assert isinstance(contained(view(old, direction="request"), view(new, direction="request")), Contained)
    assert isinstance(contained(view(new, direction="response"), view(old, direction="response")), NotContained)


# Recursion.

TREE = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/One"}, "value": S}}


def test_recursive_schemas_are_compared() -> None:
    wider = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/One"}, "value": {}}}
    reference = {"$ref": "#/components/schemas/One"}
    assert isinstance(contained(view(reference, One=TREE), view(reference, One=TREE)), Contained)
    assert isinstance(contained(view(reference, One=TREE), view(reference, One=wider)), Contained)
    found = contained(view(reference, One=wider), view(reference, One=TREE))
    assert isinstance(found, NotContained)
    unrolled = {**TREE, "properties": {**TREE["properties"], "next": TREE}}  # type: ignore[dict-item]
    assert isinstance(contained(view(unrolled, One=TREE), view(reference, One=TREE)), Contained)
    assert isinstance(contained(view(reference, One=TREE), view(unrolled, One=TREE)), Contained)


@pytest.mark.parametrize(
    "circle",
    [
        {"$ref": "#/components/schemas/One"},
        {"anyOf": [{"$ref": "#/components/schemas/One"}, S]},
        {"not": {"$ref": "#/components/schemas/One"}},
        {"allOf": [{"$ref": "#/components/schemas/One"}]},
    ],
)
def test_circles_end(circle: Any) -> None:
    for inner, outer in ((circle, S), (S, circle), (circle, circle)):
        contained(view(inner, One=circle), view(outer, One=circle))


# Bounded work: each of these takes milliseconds, and none may take seconds.


def tagged(count: int, *, last: Any = S) -> dict[str, Any]:
    branches: list[Any] = [
        {
            "type": "object",
            "required": ["kind", "a"],
            "properties": {"kind": {"const": f"k{n}"}, "a": last if n == count - 1 else S, "b": I},
        }
        for n in range(count)
    ]
    return {"oneOf": branches}


def nested(levels: int) -> Any:
    schema: Any = S
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


WIDE = {"type": "object", "properties": {f"p{n}": {"type": "string", "maxLength": n + 1} for n in range(80)}}
BOUNDED = {
    "a tagged union": (tagged(30), tagged(30), "yes"),
    "a tagged union that changed": (tagged(20, last=I), tagged(20), "no"),
    "fifty branches": ({"anyOf": [{"const": n} for n in range(50)]}, {"enum": list(range(50))}, "yes"),
    "eighty properties": (WIDE, WIDE, "yes"),
    "eighty properties, one wider": ({**WIDE, "properties": {**WIDE["properties"], "p79": S}}, WIDE, "no"),  # type: ignore[dict-item]
    "patterns with lengths": (
        {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
        {"type": "string", "pattern": "^[a-z0-9_-]*$", "maxLength": 64},
        "yes",
    ),
    "thirty levels": (nested(30), nested(30), "yes"),
    "a pattern that explodes": (
        {"type": "string", "pattern": "^(a|b)*a(a|b){30}$"},
        {"type": "string", "pattern": "^(a|b)*b(a|b){30}$"},
        "no or unknown",
    ),
    "all of anys": (
        {"allOf": [{"anyOf": [{"required": [f"a{n}"]}, {"required": [f"b{n}"]}]} for n in range(14)], "type": "object"},
        {"type": "object", "minProperties": 14},
        "yes or unknown",
    ),
    "nothing but choices": (
        {"anyOf": [{"minimum": n, "maximum": n + 1} for n in range(40)]},
        {"anyOf": [{"minimum": n - 1, "maximum": n} for n in range(40)]},
        "no or unknown",
    ),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_work_is_bounded(name: str) -> None:
    inner, outer, expected = BOUNDED[name]
    began = time.process_time()
    assert said(inner, outer) in expected.split(" or ")
    assert time.process_time() - began < 10, "this is to end within a fraction of a second on any machine"


def test_an_unbearable_question_is_not_answered() -> None:
    assert isinstance(contained(view(tagged(12)), view(tagged(12)), budget=5), Unknown)
    assert BUDGET > 1000


# Laws. jsonschema decides about documents.

components = st.fixed_dictionaries(dict.fromkeys(COMPONENTS, schemas))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas, of which the second is often the first with something changed or added."""
    inner = draw(schemas)
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return inner, draw(schemas)
    if kind == 1:
        return inner, {"anyOf": [draw(schemas), inner]}
    if kind == 2:
        return {"allOf": [inner, draw(schemas)]}, inner
    if kind == 3 and isinstance(inner, dict) and inner:
        left_out = draw(st.sampled_from(sorted(inner)))
        return inner, {key: value for key, value in inner.items() if key != left_out}
    return {"not": {"not": inner}}, inner


@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(pairs(), components, st.lists(values, max_size=3))
@example(({"const": 2}, {"not": {"const": 2}}), {"One": True, "Two": True}, [2])
def test_no_wrong_answer(pair: tuple[Any, Any], components: dict[str, Any], documents: list[Any]) -> None:
    if endless(components):
        return
    inner, outer = pair
    found = contained(view(inner, **components), view(outer, **components), budget=600)
    if isinstance(found, NotContained):
        assert valid(inner, found.witness, components)
        assert not valid(outer, found.witness, components)
    elif isinstance(found, Contained):
        for document in documents:
            assert not valid(inner, document, components) or valid(outer, document, components)
