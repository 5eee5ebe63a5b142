"""The table of the diff against the plan: no field of it is passed over in silence."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import pytest

from compiler.composed import Balanced, Computed, Constant, Joined, ListOf, ObjectOf, Parameter, Relied
from compiler.diff.entries import Coded, Compared, Elsewhere, Ignored, Inside
from compiler.diff.table import TABLE
from compiler.diff.table_clients import CLIENTS
from compiler.expressions import syntax
from compiler.paths import PathTemplate
from compiler.plan import Answer, Endpoint, Exposed, HashOn, HeaderChanges, Plan, Secret, Target, VersionTest
from compiler.plan_policies import RemoteKeys
from compiler.requested import RequestCheck, RequestTables
from compiler.shaped import FieldChange, Tree
from compiler.source import Span

WHOLE = {
    Secret: "a reference is compared as one value",
    Target: "`coded.changed_targets` compares shares by cluster; `deployables` the paths at the service",
    Balanced: "`coded.changed_targets` compares shares by cluster",
    Endpoint: "`coded.changed_endpoints` compares weights by host and port",
    HashOn: "compared as one value",
    HeaderChanges: "`coded.changed_headers` compares by name",
    Answer: "answers of our own follow from the operations, the versioning and `cors`",
    VersionTest: "`calls` takes the version and the default from it",
    RequestCheck: "made of contracts; whether there is one is compared",
    RequestTables: "made of contracts",
    Exposed: "the rules say the same",
    Parameter: "follows from the contract",
    Relied: "follows from the expressions",
    Constant: "a part of what is composed, which is compared as one value",
    Computed: "a part of what is composed, which is compared as one value",
    Joined: "a part of what is composed, which is compared as one value",
    ObjectOf: "a part of what is composed, which is compared as one value",
    ListOf: "a part of what is composed, which is compared as one value",
    Tree: "`table_shapes.changed_tree` compares trees",
    FieldChange: "`table_shapes.changed_tree` compares trees",
    PathTemplate: "a value",
    RemoteKeys: "keys are compared as one value",
    Span: "a place",
}
"""Types whose fields are not walked one by one, and why that loses nothing."""
VALUES = (str, int, float, bool, type(None), Any, object)


def types_in(hint: Any) -> Iterator[Any]:
    """The classes that an annotation names."""
    origin = get_origin(hint)
    if origin is Literal or hint in VALUES or hint is ...:
        return
    if origin in (Union, types.UnionType, tuple, list, dict) or origin is not None:
        for inner in get_args(hint):
            yield from types_in(inner)
    elif isinstance(hint, type):
        yield hint


def of_the_plan() -> dict[type, set[str]]:
    """Every dataclass that a plan is made of, with its fields."""
    found: dict[type, set[str]] = {}
    waiting: list[Any] = [Plan]
    while waiting:
        kind: Any = waiting.pop()
        if kind in found or not is_dataclass(kind) or kind.__module__ == syntax.__name__:
            continue
        found[cast(type, kind)] = {field.name for field in fields(kind)}
        if kind not in WHOLE:
            waiting += [inner for hint in get_type_hints(kind).values() for inner in types_in(hint)]
    return found


def test_each_field_of_the_plan_stands_in_the_table() -> None:
    plan = of_the_plan()
    for kind, names in plan.items():
        if kind in WHOLE:
            assert kind not in TABLE
        else:
            assert set(TABLE.get(kind, {})) == names, (
                f"compiler/diff/table.py: what does a change of {kind.__name__} mean?"
            )
    assert set(TABLE) == {kind for kind in plan if kind not in WHOLE}


def test_the_walk_goes_where_types_are_in_the_table() -> None:
    for kind, entries in TABLE.items():
        hints = get_type_hints(kind)
        for name, entry in entries.items():
            inner = [one for one in types_in(hints[name]) if is_dataclass(one)]
            if isinstance(entry, Inside):
                assert inner, f"{kind.__name__}.{name} is no dataclass"
                assert all(one in TABLE for one in inner), f"{kind.__name__}.{name}"
                optional = (type(None) in get_args(hints[name]) or len(inner) > 1) and entry.usual is None
                assert (entry.kind is not None) >= optional, f"{kind.__name__}.{name} may be absent"
            elif isinstance(entry, Compared):
                assert all(one not in TABLE for one in inner), f"{kind.__name__}.{name} is compared as a whole"


def test_each_field_of_a_client_stands_in_its_table() -> None:
    for kind, entries in CLIENTS.items():
        assert is_dataclass(kind)
        assert set(entries) == {field.name for field in fields(kind)}


@pytest.mark.parametrize("kind", list(TABLE), ids=lambda kind: kind.__name__)
def test_what_is_ignored_has_a_reason(kind: type) -> None:
    for entry in TABLE[kind].values():
        assert isinstance(entry, (Compared, Inside, Coded, Elsewhere, Ignored))
        if isinstance(entry, Ignored):
            assert len(entry.reason.split()) > 4
        if isinstance(entry, Elsewhere):
            __import__(f"compiler.diff.{entry.module}")
