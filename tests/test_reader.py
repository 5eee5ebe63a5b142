"""Reading YAML and JSON: values, places, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import Finding
from compiler.reader import MAX_DEPTH, MAX_DIGITS, Document, MapNode, plain_scalar, read, read_yaml
from compiler.source import Source, Span
from tests.test_json_places import steps, values


def yaml(text: str) -> Document:
    document, findings = read_yaml(Source("a.yaml", text))
    assert not findings
    assert document is not None
    return document


def refused(text: str, name: str = "a.yaml") -> list[Finding]:
    document, findings = read(Source(name, text))
    assert findings
    assert document is None or all(f.rule == "duplicate-key" for f in findings)
    return findings


def text_of(span: Span) -> str:
    return span.source.text[span.start : span.end]


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


# Laws.

PIECES = st.sampled_from(
    [
        *"a1~'\"{}[]\n\x00\té",
        "b: ",
        "- ",
        "  ",
        "\n  ",
        "&x ",
        "*x",
        "!t ",
        "!!str ",
        ", ",
        "? ",
        "true",
        "0x1f",
        "1e999",
        "---",
        "...",
        "#c",
        "|\n",
        ">\n",
        ": ",
        "a: 1\n",
        "b: [x, y]\n",
        "c:\n",
    ]
)


@settings(max_examples=3000)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_plain_reading_differs_in_nothing(text: str) -> None:
    """The quick way to plain data and the one that keeps places agree on values, places and findings."""
    source = Source("a.yaml", text)
    quick, quick_findings = read(source)
    slow, slow_findings = read_yaml(source)
    assert quick_findings == slow_findings
    assert (quick is None) == (slow is None)
    if quick is None or slow is None:
        return
    assert repr(quick.root) == repr(slow.root)
    if isinstance(slow.root, dict):
        for path in steps(slow.root):
            assert quick.span(path) == slow.span(path)
            assert quick.span(path, key=True) == slow.span(path, key=True)
        assert quick.span(("nowhere",)) == slow.span(("nowhere",))


def test_the_usual_is_read_plainly() -> None:
    document, _ = read(Source("a.yaml", "a: {b: [1, 'x', null]}\nc: |\n  text\n"))
    assert document is not None
    assert type(document.root) is dict
    assert type(document.root["a"]["b"]) is list


@given(values)
def test_json_is_read_as_json_has_it(value: Any) -> None:
    document, findings = read(Source("a.json", json.dumps(value)))
    assert not findings
    assert document is not None
    assert document.root == value


@given(values.filter(lambda v: "\\ud" not in json.dumps(v) and "\x7f" not in json.dumps(v)), st.sampled_from([None, 1]))
def test_yaml_reads_json_alike_and_each_place_holds_its_value(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    document = yaml(text)
    assert document.root == value
    for path in steps(value):
        if path:
            assert json.loads(text_of(document.span(path))) == at(value, path)
        if path and isinstance(path[-1], str):
            assert json.loads(text_of(document.span(path, key=True))) == path[-1]


KEYS = st.sampled_from(["a", "b-c", "on", "200", "x y", "ü"])
BLOCKS = st.recursive(
    st.sampled_from(["one", "two words", "1.10", "yes", "ünï"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def block(value: Any, indent: int = 0) -> str:
    """Block style as people write it, with comments and blank lines in between."""
    pad = " " * indent
    if isinstance(value, dict):
        lines = (
            f"{pad}{key}: {inner}  # c\n"
            if isinstance(inner, str)
            else f"{pad}{key}:  # c\n\n{block(inner, indent + 2)}"
            for key, inner in value.items()
        )
        return "".join(lines)
    lines = (
        f"{pad}- {inner}\n" if isinstance(inner, str) else f"{pad}-\n{block(inner, indent + 2)}" for inner in value
    )
    return "".join(lines)


@given(BLOCKS.filter(lambda v: not isinstance(v, str)))
def test_places_in_blocks_are_those_of_the_text(value: Any) -> None:
    document = yaml(block(value))
    for path in steps(value):
        span, expected = document.span(path), at(value, path)
        if isinstance(expected, str):
            assert text_of(span) == expected
        else:
            assert not text_of(span)[0].isspace()
            assert not text_of(span)[-1].isspace()
        if path and isinstance(path[-1], str):
            assert text_of(document.span(path, key=True)) == path[-1]


@given(st.text(alphabet="ab:-[]{}&*#'\"!|>%@,? \n\t\\x0\ud7ff", max_size=30))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for name in ("a.yaml", "a.json"):
        document, findings = read(Source(name, text))
        assert document is not None or findings
        for finding in findings:
            assert 0 <= finding.where.start <= finding.where.end <= len(text)
            assert finding.where.line >= 1


# Scalars of YAML 1.2's core schema.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-12", -12),
        ("+1", 1),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1.10", 1.1),
        ("1.4.2", "1.4.2"),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("2027-03-31", "2027-03-31"),
        ("-", "-"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    found = plain_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(yaml("a: .NaN").root["a"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: '1'", "1"),
        ('a: "true"', "true"),
        ("a: !!str 1.10", "1.10"),
        ("a: !!int '7'", 7),
        ("a: !!float 1", 1.0),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: >-\n  x\n  y\n", "x y"),
    ],
)
def test_quotes_and_tags(text: str, value: Any) -> None:
    found = yaml(text).root["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_as_written() -> None:
    assert list(yaml("1.10: a\n200: b\ntrue: c\n'x': d").root) == ["1.10", "200", "true", "x"]


# Aliases.


def test_an_alias_is_the_anchored_value() -> None:
    document = yaml("a: &x {b: 1}\nc: *x\nd: [&y 2, *y]")
    assert document.root == {"a": {"b": 1}, "c": {"b": 1}, "d": [2, 2]}
    assert document.root["c"] is document.root["a"]
    assert text_of(document.span(("c",))) == "*x"
    assert text_of(document.span(("c", "b"))) == "1"


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (finding,) = refused("\n".join(lines))
    assert "aliases of this file stand for more than" in finding.message
    assert finding.where.line == 7


# What is refused, and where.

MISTAKES = [
    ("a: 1\na: 2", "duplicate-key", "2:1", "stands twice"),
    ("a: {b: 1, b: 2}", "duplicate-key", "1:11", "stands twice"),
    ("a: *b", "yaml-syntax", "1:4", "nothing bears the anchor"),
    ("a: &x [*x]", "yaml-syntax", "1:8", "stands inside the value"),
    ("a: 1\n\tb: 2", "yaml-syntax", "2:1", "tab"),
    ("a: [1", "yaml-syntax", "1:6", "did not find expected"),
    ("a: b: c", "yaml-syntax", "1:5", "mapping values are not allowed"),
    ("a: @b", "yaml-syntax", "1:4", "cannot start any token"),
    ("a: \x07", "yaml-syntax", "1:4", "U+0007"),
    ("a: 1\n---\nb: 2", "yaml-syntax", "2:1", "a second YAML document"),
    ("[a]: 1", "yaml-syntax", "1:1", "a key must be a plain text"),
    ("? {a: 1}\n: 2", "yaml-syntax", "1:3", "a key must be a plain text"),
    ("?\n: 1", "yaml-syntax", "1:2", "a key is missing"),
    ("a: !!binary x", "yaml-syntax", "1:4", "does not fit the tag"),
    ("a: !thing {}", "yaml-syntax", "1:4", "does not belong here"),
    ("a: !!int x", "yaml-syntax", "1:4", "does not fit the tag"),
    ("a: !!float 1e999", "yaml-syntax", "1:4", "too large a number"),
    ("a: 1e999", "yaml-syntax", "1:4", "too large a number"),
    ("a: " + "9" * (MAX_DIGITS + 1), "yaml-syntax", "1:4", "a whole number of more than"),
    ("[" * (MAX_DEPTH + 1), "yaml-syntax", f"1:{MAX_DEPTH + 1}", "nested deeper"),
]


@pytest.mark.parametrize(("text", "rule", "place", "message"), MISTAKES)
def test_mistakes_in_yaml_are_found_where_they_are(text: str, rule: str, place: str, message: str) -> None:
    (finding,) = refused(text)
    assert (finding.rule, str(finding.where)) == (rule, f"a.yaml:{place}")
    assert message in finding.message


@pytest.mark.parametrize(
    ("text", "rule", "place", "message"),
    [
        ('{"a": 1, "a": 2}', "duplicate-key", "1:10", "stands twice"),
        ('{"a": 1,}', "yaml-syntax", "1:9", "not JSON"),
        ("{'a': 1}", "yaml-syntax", "1:2", "not JSON"),
        ("", "yaml-syntax", "1:1", "not JSON"),
        ("[NaN]", "yaml-syntax", "1:1", "`NaN` is no JSON value"),
        ("[1e999]", "yaml-syntax", "1:1", "too large a number"),
        ("[" + "9" * (MAX_DIGITS + 1) + "]", "yaml-syntax", "1:1", "a whole number of more than"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "yaml-syntax", f"1:{MAX_DEPTH + 1}", "nested deeper"),
        ('[1, {"a": ' * 150 + "1" + "}]" * 150, "yaml-syntax", f"1:{100 * 10 + 1}", "nested deeper"),
        ("[" * 100_000, "yaml-syntax", "1:1", "nested deeper"),
        ('["\\ud800"]', "yaml-syntax", "1:2", "half of a surrogate pair"),
    ],
)
def test_mistakes_in_json_are_found_where_they_are(text: str, rule: str, place: str, message: str) -> None:
    (finding,) = refused(text, "a.json")
    assert (finding.rule, str(finding.where)) == (rule, f"a.json:{place}")
    assert message in finding.message


def test_a_duplicate_key_names_the_first_and_reading_goes_on() -> None:
    document, findings = read_yaml(Source("a.yaml", "a: 1\nb: 2\na: 3\nb: 4\nc: 5"))
    assert document is not None
    assert document.root == {"a": 1, "b": 2, "c": 5}
    assert [(str(f.where), str(f.notes[0].where)) for f in findings] == [
        ("a.yaml:3:1", "a.yaml:1:1"),
        ("a.yaml:4:1", "a.yaml:2:1"),
    ]


def test_as_deep_as_is_allowed_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    for name in ("a.yaml", "a.json"):
        document, findings = read(Source(name, text))
        assert document is not None
        assert not findings


# Places.


def test_an_absent_value_is_at_the_nearest_one_above() -> None:
    document = yaml("a:\n  b: [1, 2]\nc:\n")
    assert text_of(document.span(("a", "b", 7, "x"))) == "[1, 2]"
    assert text_of(document.span(("a", "z"))) == "b: [1, 2]"
    assert text_of(document.span(("c",))) == "c"
    assert document.span(("z",)) == document.top


def test_columns_count_code_points() -> None:
    assert str(yaml("{ü🎉: 1, b: 2}").span(("b",))) == "a.yaml:1:12"


def test_windows_line_ends() -> None:
    document = yaml("a: 1\r\nb:\r\n  c: x\r\n")
    assert str(document.span(("b", "c"))) == "a.yaml:3:6"
    assert text_of(document.span(("b",))) == "c: x"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_null(text: str) -> None:
    assert yaml(text).root is None


def test_nodes_know_their_own_places() -> None:
    root = yaml("a: {b: 1}\nc: [2]").root
    assert isinstance(root, MapNode)
    assert text_of(root.key_span("c")) == "c"
    assert text_of(root["c"].value_span(0)) == "2"
    assert text_of(root["a"].span) == "{b: 1}"


texts = st.text(st.sampled_from('":\\\\ a\\n{}é'), max_size=4)


@st.composite
def written(draw: st.DrawFn, depth: int = 2) -> tuple[str, bool]:
    """JSON text of which some objects may have a key twice, and whether one has."""
    if depth == 0 or draw(st.booleans()):
        return json.dumps(draw(texts)), False
    names = draw(st.lists(texts, max_size=3))
    inner = [draw(written(depth - 1)) for _ in names]
    colon = draw(st.sampled_from([":", ": ", " :", "\n:"]))
    pairs = ", ".join(json.dumps(name) + colon + text for name, (text, _) in zip(names, inner, strict=True))
    return f"{{{pairs}}}", len(set(names)) < len(names) or any(twice for _, twice in inner)


@settings(max_examples=2000)
@given(written())
def test_a_key_that_stands_twice_is_found_in_json(case: tuple[str, bool]) -> None:
    text, twice = case
    document, findings = read(Source("a.json", text))
    assert document is not None
    assert document.root == json.loads(text)
    assert bool(findings) is twice
    assert all(f.rule == "duplicate-key" for f in findings)
