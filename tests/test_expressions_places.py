"""The places of a scalar's characters, in every style in which YAML can write it."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.expressions.places import stretch
from compiler.reader import MapNode, read_yaml
from compiler.source import Source


def shown(text: str, marked: str) -> str:
    """What is marked in a file ``a: <scalar>`` for a stretch of the scalar's value."""
    source = Source("x.yaml", text)
    document, findings = read_yaml(source)
    assert document is not None
    assert not findings
    root = document.root
    assert isinstance(root, MapNode)
    value = root["a"]
    at = value.index(marked)
    span = stretch(root.value_span("a"), value, at, at + len(marked))
    return text[span.start : span.end]


@pytest.mark.parametrize(
    "scalar",
    [
        "x ${a.b} y",
        "'it''s ${a.b}'",
        '"it\\"s \\u00e9\\x41\\t ${a.b}"',
        '"folded\n\n  ${a.b}\n  on"',
        '"joined \\\n   ${a.b}"',
        "plain\n  folded ${a.b}\n  on",
        "|\n  literal\n   ${a.b}\n",
        "|2-\n    deep ${a.b}\n",
        ">-\n  folded\n\n  more\n    kept\n  ${a.b}\n",
        "> # a note\n  ${a.b}",
        "&anchor ${a.b}",
        '!!str "${a.b}"',
        "&anchor 'x ${a.b}'",
    ],
)
def test_each_style(scalar: str) -> None:
    assert shown(f"a: {scalar}\n", "a.b") == "a.b"


def test_an_escaped_character_is_marked_where_it_is_written() -> None:
    assert shown('a: "x ${a\\x2eb}"\n', "a.b") == "a\\x2eb"


def test_an_alias_is_marked_as_a_whole() -> None:
    assert shown("b: &it x ${a.b}\na: *it\n", "a.b") == "*it"


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85\ufeff\ufffe\uffff"), max_size=30
)


@given(texts, texts, st.sampled_from(["'", '"', "|", ">"]), st.integers(20, 80))
def test_what_is_marked_is_what_is_meant(before: str, after: str, style: str, width: int) -> None:
    value = f"{before} ${{Q.z}} {after}"
    text = yaml.safe_dump({"a": value}, default_style=style, width=width, allow_unicode=True)
    if '"a": ' in text:
        text = text.replace('"a": ', "a: ", 1)
    document, _ = read_yaml(Source("x.yaml", text))
    assert document is not None
    if not isinstance(document.root, MapNode) or document.root.get("a") != value:
        return
    marked = shown(text, "${Q.z}")
    assert marked == "${Q.z}"


@given(texts)
def test_json_texts(before: str) -> None:
    text = "a: " + json.dumps(before + "${Q.z}") + "\n"
    document, _ = read_yaml(Source("x.yaml", text))
    if document is not None and isinstance(document.root, MapNode) and isinstance(document.root["a"], str):
        assert shown(text, "${Q.z}") == "${Q.z}"


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_anything_has_a_place_within_the_scalar(raw: str, value: str, start: int, end: int) -> None:
    source = Source("x.yaml", raw)
    span = stretch(source.span(0, len(raw)), value, start, end)
    assert 0 <= span.start <= span.end <= len(raw)
