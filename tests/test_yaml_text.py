"""What is printed reads back as what it was, by YAML 1.1 and by our own reader of 1.2."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from compiler.reader import read_yaml
from compiler.source import Source
from compiler.yaml_text import as_json, dump, line

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "on",
        "NO",
        "y",
        "1.10",
        "0x1f",
        "012",
        "1e5",
        "12:30",
        "~",
        "",
        " a",
        "a ",
        "a: b",
        "- a",
        "# a",
        "a #b",
        "2001-01-01",
        "<<",
        "=",
    ]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
@example({"a": [[1, {"b": []}], {}], "c": 1e22, "d": -0.0, "e": "\x85\u2028\U0001f600"})
def test_round_trip(data: dict[str, Any]) -> None:
    text = dump(data)
    assert yaml.safe_load(text) == data
    document, findings = read_yaml(Source("x.yaml", text))
    assert not findings
    assert document is not None
    assert document.root == data


def test_layout() -> None:
    data = {"name": "public", "port": 8080, "list": [{"a": 1, "b": {"c": []}}, "x y"], "empty": {}}
    assert dump(data) == ('name: public\nport: 8080\nlist:\n- a: 1\n  b:\n    c: []\n- "x y"\nempty: {}\n')


@given(st.text('ab/ é\\"', min_size=300, max_size=600).map(lambda text: text * 4), VALUES)
def test_long_keys(key: str, value: Any) -> None:
    """Readers look for the colon of a plain key within 1,024 characters."""
    data = {"map": {key: value, "next": [{key: value, "next": 1}]}}
    assert yaml.safe_load(dump(data)) == data


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="set has no place"):
        dump({"a": {1, 2}})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=20,
    )
)
@example({"a": "\x85\u2028\x7f\U0001f600", "b: c": ["- d", "#", None, 15]})
def test_a_line_reads_back_wherever_it_stands(value: Any) -> None:
    one = line(value)
    text = dump({"a": one, "b": [one, {"c": one}, [one]], "d": {"e": one}})
    assert yaml.safe_load(text) == {"a": value, "b": [value, {"c": value}, [value]], "d": {"e": value}}
    assert len(text.splitlines()) == 8


@given(VALUES)
def test_json_holds_what_a_line_was_made_of(value: Any) -> None:
    assert json.loads(as_json({"a": line(value), "b": [value, line([value])]})) == {"a": value, "b": [value, [value]]}
