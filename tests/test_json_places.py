"""Places in JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.json_places import JsonPlaces, duplicate_keys, lone_surrogate

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def steps(value: Any) -> list[tuple[str | int, ...]]:
    found: list[tuple[str | int, ...]] = [()]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        found += [(step, *rest) for rest in steps(inner)]
    return found


@given(values, st.sampled_from([None, 0, 3]), st.booleans())
def test_each_value_is_where_it_is_said_to_be(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = " \n" + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\t"
    places = JsonPlaces(text)
    for path in steps(value):
        start, end = places.find(path)
        expected = value
        for step in path:
            expected = expected[step]
        if isinstance(expected, (dict, list)):
            assert text[start:end] == ("{" if isinstance(expected, dict) else "[")
            assert json.JSONDecoder().raw_decode(text, start)[0] == expected
        else:
            assert json.loads(text[start:end]) == expected
        if path and isinstance(path[-1], str):
            start, end = places.find(path, key=True)
            assert json.loads(text[start:end]) == path[-1]


@given(values, st.sampled_from([None, 0, 3]), st.data())
def test_reading_is_the_decoders_and_knows_the_same_places(value: Any, indent: int | None, data: st.DataObject) -> None:
    text = " " + json.dumps(value, indent=indent) + "\n"
    read, places = JsonPlaces.read(text, json.JSONDecoder())
    assert read == value
    for path in steps(value):
        for key in (False, True):
            assert places.find(path, key=key) == JsonPlaces(text).find(path, key=key)
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from(["", ",", ":", "1", '"', "{", "}", " ", "]"])) + text[at + 1 :]
    try:
        expected = json.loads(broken)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            JsonPlaces.read(broken, json.JSONDecoder())
    else:
        assert JsonPlaces.read(broken, json.JSONDecoder())[0] == expected


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        (("a", 1, "x"), False, "[@2"),
        (("a", 9), False, "[@1"),
        (("b", "c"), False, "3"),
        (("none",), True, "{"),
        (("a", 0), True, "1"),
        (("b",), True, '"b"'),
    ],
)
def test_what_is_absent_is_at_the_nearest_value_above(path: tuple[str | int, ...], key: bool, expected: str) -> None:
    text = '{"a": [1, [2]], "b": 3}'
    start, end = JsonPlaces(text).find(path, key=key)
    assert text[start:end] == expected.partition("@")[0]
    if "@" in expected:
        assert start == [i for i, c in enumerate(text) if c == "["][int(expected[-1]) - 1]


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    text = '{"a": 1, "a": 2}'
    assert JsonPlaces(text).find(("a",)) == (14, 15)
    assert duplicate_keys(text, "a") == [(9, 12)]


def test_duplicate_keys_are_those_of_one_object() -> None:
    text = '{"a": {"a": "a"}, "b": [{"a": 1}, {"a": 1, "\\u0061": 2, "a": 3}]}'
    assert [text[start:end] for start, end in duplicate_keys(text, "a")] == ['"\\u0061"', '"a"']


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('["\\ud83d\\ude00"]', None),
        ('["\\\\ud800"]', None),
        ('["\\ud800"]', '"\\ud800"'),
        ('{"a": 1, "x\\udc00": 2}', '"x\\udc00"'),
    ],
)
def test_half_a_surrogate_pair_is_found(text: str, found: str | None) -> None:
    place = lone_surrogate(text)
    assert (text[slice(*place)] if place else None) == found
