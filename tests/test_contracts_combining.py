"""When two values of an effective document say the same."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.contracts.combining import alike, any_of, combine


def ref(name: str, section: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


COMPONENTS: dict[str, dict[str, Any]] = {
    "schemas": {
        "v1.A": {"properties": {"next": ref("v1.A"), "b": ref("v1.B")}},
        "v2.A": {"properties": {"b": ref("v2.B"), "next": ref("v2.A")}},
        "v1.B": {"type": "string"},
        "v2.B": {"type": "string"},
        "v3.B": {"type": "integer"},
    },
    "responses": {"v1.A": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ref("v1.A"), ref("v2.A"), True),
        (ref("v1.B"), ref("v3.B"), False),
        ({"mapping": {"b": "#/components/schemas/v1.B"}}, {"mapping": {"b": "#/components/schemas/v2.B"}}, True),
        (ref("v1.B"), ref("v1.A", "responses"), False),
        ({"const": True}, {"const": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ("a", "a", True),
        (ref("v1.B"), {"type": "string"}, False),
    ],
)
def test_alike(one: Any, other: Any, expected: bool) -> None:
    assert alike(one, other, COMPONENTS) is expected
    assert alike(other, one, COMPONENTS) is expected


def test_a_long_chain_is_compared_without_recursion() -> None:
    chain = {f"{v}.{i}": {"items": ref(f"{v}.{i + 1}")} for v in "ab" for i in range(5000)}
    ends = {"a.5000": {"type": "string"}, "b.5000": {"type": "integer"}}
    assert not alike(ref("a.0"), ref("b.0"), {"schemas": chain | ends})


def test_equal_schemas_count_once() -> None:
    assert any_of([ref("v1.B"), ref("v2.B")], COMPONENTS) == ref("v1.B")
    assert any_of([ref("v1.B"), ref("v3.B"), ref("v2.B")], COMPONENTS) == {"anyOf": [ref("v1.B"), ref("v3.B")]}


def test_the_newest_version_gives_the_words() -> None:
    old = {"summary": "old", "description": "d", "tags": ["a"], "deprecated": True, "x-sunset": "2027-01-01"}
    new = {"summary": "new", "tags": ["b", "a"], "deprecated": True, "x-sunset": "2028-01-01"}
    assert combine([("1", old), ("2", new)], {}) == {
        "summary": "new",
        "description": "d",
        "tags": ["a", "b"],
        "deprecated": True,
        "x-sunset": "2028-01-01",
    }
    assert "deprecated" not in combine([("1", old), ("2", {})], {})


def test_statuses_of_all_versions_are_there() -> None:
    made = combine(
        [
            ("1", {"responses": {"404": {"description": "gone"}, "200": {"description": "one"}}}),
            ("2", {"responses": {"200": {"description": "two"}}}),
        ],
        {},
    )
    assert made["responses"] == {
        "200": {"description": "Version 1: one\n\nVersion 2: two"},
        "404": {"description": "gone (in version 1)"},
    }
