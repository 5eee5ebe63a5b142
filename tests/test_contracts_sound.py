"""The quick judgement is never kinder than the walk, and it does judge what is usual."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.contracts.openapi import load
from compiler.contracts.refs import Scope
from compiler.contracts.sound import WORTH_COMPILING, is_sound
from compiler.contracts.structure import check_structure
from compiler.contracts.walk import MAX_DEPTH
from compiler.files import Library
from compiler.reader import Document
from compiler.source import Source
from tests.contracts import NOWHERE, answering, document, loaded, minimal
from tests.test_contracts_mutated import RICH, odd
from tests.test_json_places import steps

USUAL: dict[str, Any] = copy.deepcopy(RICH)
"""The rich document without what is left to the walk."""
del USUAL["paths"]["/a/{id}"]["post"]["callbacks"]
del USUAL["components"]["schemas"]["Cat"]["patternProperties"]
PLACES = [path for path in steps(USUAL) if path]


def walked(content: Any) -> list[str]:
    """What the walk finds wrong with plain data."""
    source = Source("contract.json", "{}")
    made = Document(source, content, source.whole_line(1))
    scope = Scope(Library(NOWHERE), made, ())
    return [finding.message for finding in check_structure(scope.root_of(made), scope)]


@pytest.mark.parametrize("openapi", ["3.1.0", "3.0.3"])
def test_the_usual_is_sound(openapi: str) -> None:
    made = answering({"$ref": "#/components/schemas/A"}, openapi, A={"type": "object", "x-own": 1, "nullable": True})
    assert is_sound(made, 0)
    if openapi == "3.1.0":
        assert is_sound(USUAL, 0)


@settings(max_examples=3000, deadline=None)
@given(st.sampled_from(PLACES), odd, st.booleans(), st.sampled_from(["3.1.0", "3.0.3"]))
def test_what_is_sound_has_no_finding(path: tuple[str | int, ...], value: Any, drop: bool, openapi: str) -> None:
    made = copy.deepcopy(USUAL)
    made["openapi"] = openapi
    holder: Any = made
    for step in path[:-1]:
        holder = holder[step]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    if is_sound(made, 0):
        assert walked(made) == []


def circle(*names: str) -> dict[str, Any]:
    following = dict(zip(names, (*names[1:], names[0]), strict=True))
    return {name: {"allOf": [{"$ref": f"#/components/schemas/{next}"}]} for name, next in following.items()}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


PATH = "/a/{id}"
ID = {"name": "id", "in": "path", "required": True, "schema": {}}
FINE = {"responses": {"200": {"description": "d"}}}
LEFT = {
    "a reference that leads nowhere": answering({"$ref": "#/components/schemas/Gone"}),
    "a reference to another kind": minimal(
        {"/": {"get": FINE | {"parameters": [{"$ref": "#/components/schemas/A"}]}}}, schemas={"A": {}}
    ),
    "a circle": answering({"$ref": "#/components/schemas/A"}, **circle("A", "B", "C")),
    "a circle of parameters": minimal({}, parameters={"A": {"$ref": "#/components/parameters/A"}}),
    "too deep": answering(deep(MAX_DEPTH)),
    "a bad pattern": answering({"type": "string", "pattern": "("}),
    "a discriminator that leads nowhere": answering(
        {"discriminator": {"propertyName": "kind", "mapping": {"a": "#/components/schemas/Gone"}}}
    ),
    "a misspelt keyword": answering({"maxLenght": 3}),
    "a path parameter that is not declared": minimal({PATH: {"get": FINE}}),
    "a path parameter too many": minimal({"/a": {"get": FINE | {"parameters": [ID]}}}),
    "a parameter that stands twice": minimal({PATH: {"get": FINE | {"parameters": [ID, ID]}}}),
    "an operationId that stands twice": minimal({p: {"get": FINE | {"operationId": "one"}} for p in ("/a", "/b")}),
    "two paths of one shape": minimal(
        {f"/a/{{{n}}}": {"get": FINE | {"parameters": [ID | {"name": n}]}} for n in ("id", "key")}
    ),
    "a scheme that is not declared": minimal({"/a": {"get": FINE | {"security": [{"gone": []}]}}}),
    "a path that is none": minimal({"/a?b": {"get": FINE}}),
    "no responses in 3.0": minimal({"/a": {"get": {}}}, "3.0.3"),
    "no paths in 3.0": {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}},
    "another version": minimal({}, "3.2.0"),
    "no document": [],
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_wrong_is_left_to_the_walk(name: str) -> None:
    assert not is_sound(LEFT[name], 0)
    assert walked(LEFT[name])


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_loading_finds_the_same_in_large_and_small_documents(large: bool) -> None:
    wrong = answering({"type": "string", "maxLenght": 3})
    fine = answering({"type": "string"})
    if large:
        padding = {"x-padding": "." * WORTH_COMPILING}
        wrong, fine = wrong | padding, fine | padding
    assert loaded(fine)[0] is not None
    made, findings = loaded(wrong)
    assert made is None
    assert [f.message for f in findings] == ["unknown keyword `maxLenght`"]


def test_a_number_beyond_all_bounds_is_left_to_the_walk() -> None:
    text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\ncomponents: {schemas: {A: {minimum: .inf}}}\n"
    made = document(text)
    assert not is_sound(made.root, 0)
    assert load(made, (), Library(NOWHERE))[1]
