"""Changes of bodies: what they make of values and of schemas, and that the two say the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from compiler.decode import decode
from compiler.lower_shapes import lower_tree
from compiler.model.shapes import BodyChanges
from compiler.reader import read_yaml
from compiler.shaping.requests import asked_of, backwards
from compiler.shaping.schemas import Shaping, TooInvolvedError
from compiler.shaping.tree import Path, Put, Tree, read_tree
from compiler.shaping.values import ABSENT, changed
from compiler.source import Source


def changes(**said: Any) -> BodyChanges:
    import json

    document, findings = read_yaml(Source("shape.yaml", json.dumps(said)))
    assert document is not None, findings
    made, findings = decode(BodyChanges, document.root, document.top)
    assert isinstance(made, BodyChanges), findings
    return made


def tree_of(**said: Any) -> Tree:
    tree, findings = read_tree(changes(**said))
    assert not findings, [f.message for f in findings]
    return tree


def constant(path: Path, put: Put) -> Any:
    from compiler.compositions.inputs import plain

    return plain(put.value)


def schema_of_constant(path: Path, put: Put) -> tuple[Any, bool]:
    return {"const": constant(path, put)}, True


ORDERS = {
    "items": [{"id": "o-1", "total": {"amount": 5, "currency": "EUR"}, "note": "x"}, {"id": "o-2"}],
    "next": None,
    "secret": {"key": 1},
}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"include": ["next"]}, {"next": None}),
        ({"include": ["items.id"]}, {"items": [{"id": "o-1"}, {"id": "o-2"}]}),
        (
            {"include": ["items.id", "items.total.amount", "next"], "rename": {"items": "orders", "items.id": "key"}},
            {"orders": [{"key": "o-1", "total": {"amount": 5}}, {"key": "o-2"}], "next": None},
        ),
        ({"remove": ["items", "secret"]}, {"next": None}),
        ({"remove": ["items.note", "items.total", "secret.key", "next"]}, {
            "items": [{"id": "o-1"}, {"id": "o-2"}], "secret": {},
        }),
        ({"include": ["next"], "set": {"served_by": "mobile"}}, {"next": None, "served_by": "mobile"}),
        ({"include": ["items.id"], "set": {"items.kind": "a"}}, {
            "items": [{"id": "o-1", "kind": "a"}, {"id": "o-2", "kind": "a"}],
        }),
        ({"include": ["next"], "set": {"next": [1]}}, {"next": [1]}),
        ({"include": ["next", "secret"], "rename": {"next": "secret", "secret": "next"}}, {
            "secret": None, "next": {"key": 1},
        }),
        ({"include": ["next"], "rename": {"next": "secret"}}, {"secret": None}),
        ({"include": ["next"], "rename": {"next": "items"}}, {"items": None}),
    ],
)  # fmt: skip
def test_values(said: dict[str, Any], expected: Any) -> None:
    assert changed(ORDERS, tree_of(**said), constant) == expected
    assert changed([ORDERS, 5, [ORDERS]], tree_of(**said), constant) == [expected, 5, [expected]]


def test_what_is_new_takes_the_place_of_what_a_service_sends_undeclared() -> None:
    tree = tree_of(remove=["a"], rename={"b": "c"}, set={"d": 1})
    assert changed({"a": 0, "b": 2, "c": 3, "d": 4, "e": 5}, tree, constant) == {"c": 2, "d": 1, "e": 5}
    plan = lower_tree(tree)
    assert [(f.own, f.name) for f in plan.fields] == [("a", None), ("b", "c"), ("c", None), ("d", None)]


def test_what_is_absent_is_not_put_in() -> None:
    tree = tree_of(set={"a": 1, "b": 2})
    assert changed({}, tree, lambda path, put: ABSENT if path == ("a",) else 3) == {"b": 3}


def shaped(schema: Any, components: dict[str, Any] | None = None, **said: Any) -> Any:
    return Shaping(components or {}, schema_of_constant).shaped(schema, tree_of(**said))


ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "total"],
    "properties": {"id": {"type": "string"}, "total": {"type": "integer"}, "note": {"type": "string"}},
}
PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/components/schemas/Order"}},
        "next": {"type": ["string", "null"]},
    },
}


def test_schemas() -> None:
    made = shaped(PAGE, {"Order": ORDER}, include=["items.id"], rename={"items": "orders"}, set={"by": "edge"})
    item = {
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
        "additionalProperties": False,
    }
    assert made == {
        "type": "object",
        "properties": {"orders": {"type": "array", "items": item}, "by": {"const": "edge"}},
        "required": ["orders", "by"],
        "additionalProperties": False,
    }
    assert shaped(PAGE, {"Order": ORDER}, remove=["next"])["properties"] == {"items": PAGE["properties"]["items"]}


def test_choices_and_parts() -> None:
    cat = {"type": "object", "properties": {"name": {"type": "string"}, "lives": {"type": "integer"}}}
    dog = {"type": "object", "properties": {"name": {"type": "string"}, "bone": {"type": "integer"}}}
    made = shaped({"oneOf": [cat, dog, {"type": "null"}]}, include=["name"], set={"by": 1})
    assert [one.get("required") for one in made["anyOf"]] == [["by"], ["by"], None]
    assert all("lives" not in one.get("properties", {}) for one in made["anyOf"])
    parts = shaped({"allOf": [cat, dog]}, include=["lives", "bone"])
    assert [one.get("additionalProperties") for one in parts["allOf"]] == [None, None], (
        "one part cannot close the other"
    )


def test_a_field_that_is_removed_does_not_come_back_as_one_of_any_name() -> None:
    made = shaped(
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, remove=["a"]
    )
    assert made["properties"] == {"a": False}


def test_recursion_is_followed_as_far_as_a_path_goes() -> None:
    below = {"$ref": "#/components/schemas/Tree"}
    tree = {"type": "object", "properties": {"next": below, "x": {"type": "string"}}}
    made = shaped({"$ref": "#/components/schemas/Tree"}, {"Tree": tree}, remove=["next.next.x"])
    assert made["properties"]["next"]["properties"]["next"]["properties"] == {"next": below}
    circle = {"$ref": "#/components/schemas/A"}
    with pytest.raises(TooInvolvedError):
        shaped(circle, {"A": circle}, remove=["a"])
    wide = {"anyOf": [{"$ref": "#/components/schemas/A"}] * 2}
    with pytest.raises(TooInvolvedError):
        shaped(wide, {"A": wide}, remove=["a"])


@pytest.mark.parametrize(
    ("said", "sent", "expected"),
    [
        ({"remove": ["a"]}, {"a": 1, "b": 2}, {"b": 2}),
        ({"include": ["a"]}, {"a": 1, "b": 2}, {"a": 1}),
        ({"rename": {"a": "x"}}, {"x": 1, "a": 2, "b": 3}, {"a": 1, "b": 3}),
        ({"rename": {"a": "b", "b": "a"}}, {"a": 1, "b": 2}, {"b": 1, "a": 2}),
        ({"rename": {"a": "b"}, "remove": ["b"]}, {"a": 1, "b": 2}, {"a": 2}),
        ({"set": {"a": 5}}, {"a": 1, "b": 2}, {"b": 2, "a": 5}),
        ({"rename": {"a": "x", "a.b": "y"}}, {"x": [{"y": 1, "b": 2}]}, {"a": [{"b": 1}]}),
        ({"include": ["a.b"], "set": {"a.c": 1}}, {"a": [{"b": 0, "c": 0, "d": 0}], "e": 0}, {"a": [{"b": 0, "c": 1}]}),
    ],
)
def test_requests_go_backwards(said: dict[str, Any], sent: Any, expected: Any) -> None:
    assert changed(sent, backwards(tree_of(**said)), constant) == expected


def test_two_fields_may_change_their_names() -> None:
    made = shaped(ORDER, rename={"id": "total", "total": "id"})
    assert made["properties"] == {"note": {"type": "string"}, "total": {"type": "string"}, "id": {"type": "integer"}}
    assert sorted(made["required"]) == ["id", "total"]


NAMES = ("a", "b", "c")
scalars = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"enum": ["x", 1, None]}, {"type": ["string", "null"]}, {}, True]
)


def schemas(depth: int = 3) -> st.SearchStrategy[Any]:
    if depth == 0:
        return scalars
    inner = schemas(depth - 1)
    objects = st.fixed_dictionaries(
        {"properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)},
        optional={
            "type": st.sampled_from(["object", ["object", "array"]]),
            "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
            "additionalProperties": st.booleans() | scalars,
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(1, 3),
            "patternProperties": st.just({"^a": {"type": "integer"}}),
        },
    )
    lists = st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"uniqueItems": st.just(True)})
    choices = st.builds(
        lambda key, several, rest: {key: several, **rest},
        st.sampled_from(["anyOf", "allOf", "oneOf"]),
        st.lists(inner, min_size=1, max_size=2),
        st.just({}) | objects,
    )
    return st.one_of(scalars, objects, lists, choices, st.just({"$ref": "#/components/schemas/One"}))


values = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["x", ""]),
    lambda one: st.dictionaries(st.sampled_from(NAMES), one, max_size=3) | st.lists(one, max_size=2),
    max_leaves=8,
)
PATHS = ["a", "b", "a.a", "a.b", "b.a", "c.b.a"]
asked = st.fixed_dictionaries(
    {},
    optional={
        "include": st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True),
        "remove": st.lists(st.sampled_from(PATHS), max_size=2, unique=True),
        "rename": st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["b", "d"]), max_size=2),
        "set": st.dictionaries(st.sampled_from([*PATHS, "d", "a.d"]), st.sampled_from([1, "x", None]), max_size=2),
    },
)


def declared(value: Any, schema: Any, components: dict[str, Any]) -> bool:
    """Whether an object of a value has only fields that its schema speaks of: senders are held to their document."""
    shaping = Shaping(components, schema_of_constant)

    def holds(value: Any, schemas: list[Any]) -> bool:
        if isinstance(value, list):
            return all(holds(one, schemas) for one in value)
        if not isinstance(value, dict):
            return True
        for name, inner in value.items():
            found = [one for schema in schemas for one in shaping._fields(schema, name, 0)]
            if not found or not holds(inner, found):
                return False
        return True

    return holds(value, [schema])


@settings(max_examples=300)
@given(schemas(), st.lists(values, min_size=5, max_size=20), asked)
def test_what_is_made_of_a_value_satisfies_what_is_made_of_its_schema(
    schema: Any, several: list[Any], said: dict[str, Any]
) -> None:
    tree, findings = read_tree(changes(**said))
    components = {"One": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}}
    shaping = Shaping(components, schema_of_constant)
    made = shaping.shaped(schema, tree)
    if findings or shaping.clashes:
        return
    before, after = (
        Draft202012Validator({"allOf": [one], "components": {"schemas": components}}) for one in (schema, made)
    )
    for value in several:
        if before.is_valid(value) and declared(value, schema, components):
            result = changed(value, tree, constant)
            assert after.is_valid(result), (value, result, schema, made, said)


@settings(max_examples=300)
@given(schemas(), st.lists(values, min_size=5, max_size=20), asked)
def test_what_a_service_gets_satisfies_what_is_made_of_its_schema_there_and_back(
    schema: Any, several: list[Any], said: dict[str, Any]
) -> None:
    tree, findings = read_tree(changes(**said))
    components = {"One": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}}
    if findings or (look := Shaping(components, schema_of_constant)).shaped(schema, tree) is None or look.clashes:
        return
    clients = Shaping(components, schema_of_constant, closed=False).shaped(schema, asked_of(tree))
    services = Shaping(components, schema_of_constant, closed=False).shaped(clients, backwards(tree))
    before, after = (
        Draft202012Validator({"allOf": [one], "components": {"schemas": components}}) for one in (clients, services)
    )
    for value in several:
        if before.is_valid(value) and declared(value, clients, components):
            result = changed(value, backwards(tree), constant)
            assert after.is_valid(result), (value, result, schema, clients, services, said)
