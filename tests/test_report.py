"""Diagnostics as text and as JSON."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import Diagnostic, Finding, Note, Severity
from compiler.report import json as json_report
from compiler.report import text as text_report
from compiler.report.excerpt import WIDTH, columns, excerpt, visible
from compiler.source import Source, Span

TEXT = "gatewright: 1\ngateways:\n  public: {expose: [{contract: ordes}]}\n"


def span(text: str, word: str, name: str = "gatewright.yaml") -> Span:
    source = Source(name, text)
    start = text.index(word)
    return source.span(start, start + len(word))


def error(where: Span, message: str = "no contract is named `ordes`", **more: object) -> Diagnostic:
    return Diagnostic(Severity.ERROR, Finding("unknown-reference", message, where, **more))  # type: ignore[arg-type]


def text(*diagnostics: Diagnostic) -> str:
    return text_report.render(diagnostics, color=False)


def test_all_parts_of_a_diagnostic() -> None:
    other = span("\n" * 9 + "contracts: {orders: 1}\n", "orders", "teams/a.yaml")
    found = error(span(TEXT, "ordes"), help="did you mean `orders`?", notes=(Note("declared here", other),))
    assert text(found) == (
        "gatewright.yaml:3:32: error[unknown-reference]: no contract is named `ordes`\n"
        "   3 |   public: {expose: [{contract: ordes}]}\n"
        "     |                                ^^^^^\n"
        "  note: teams/a.yaml:10:13: declared here\n"
        "  10 | contracts: {orders: 1}\n"
        "     |             ^^^^^^\n"
        "  help: did you mean `orders`?\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize(
    ("errors", "warnings", "says"),
    [
        (0, 0, "no problems found"),
        (1, 0, "1 error"),
        (2, 1, "2 errors, 1 warning"),
        (0, 2, "2 warnings"),
    ],
)
def test_summary(errors: int, warnings: int, says: str) -> None:
    finding = Finding("unused", "nothing uses it", span(TEXT, "public"))
    every = [Diagnostic(Severity.ERROR, finding)] * errors + [Diagnostic(Severity.WARNING, finding)] * warnings
    assert text(*every).splitlines()[-1] == says


def shown(where: Span, *masked: Span) -> list[str]:
    return list(excerpt(where, masked)[1:])


def test_a_tab_is_four_columns() -> None:
    assert shown(span("a:\tb\tc", "b")) == ["a:    b    c", "      ^"]


def test_wide_and_combining_characters() -> None:
    assert shown(span("名前: e\u0301t: x", "x")) == ["名前: e\u0301t: x", "          ^"]
    assert shown(span("a: 名前", "名前")) == ["a: 名前", "   ^^^^"]


def test_a_span_over_lines_is_shown_by_its_first() -> None:
    assert shown(span("a: |\n  b\n", "|\n  b")) == ["a: |", "   ^"]


def test_an_empty_span_has_a_caret() -> None:
    source = Source("a.yaml", "a: 1\n")
    assert shown(source.span(4, 4)) == ["a: 1", "    ^"]
    assert shown(source.span(5, 5)) == ["", "^"]


def test_windows_line_ends_are_not_shown() -> None:
    assert shown(span("a: 1\r\nb: 2\r\n", "1")) == ["a: 1", "   ^"]


def test_control_characters_are_named() -> None:
    assert shown(span("a: \x1b[31m\u202ex y", "x")) == ["a: <U+001B>[31m<U+202E>x y", " " * 23 + "^"]
    assert visible("a\x00\ud800") == "a<U+0000><U+D800>"
    hostile = error(span("a\x07.yaml: 1", "1", "a\x1b.yaml"), "found `\x1b]0;x\x07`", help="\x9b2J")
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in text(hostile))


def test_a_long_line_is_cut_around_the_span() -> None:
    line = "x" * 300 + "HERE" + "y" * 300
    cut, carets = shown(span(line, "HERE"))
    assert cut.startswith("…x")
    assert cut.endswith("y…")
    assert len(cut) <= WIDTH + 2
    assert cut.index("HERE") == carets.index("^")
    assert carets.strip() == "^^^^"


def test_a_long_span_is_cut_at_its_end() -> None:
    cut, carets = shown(span("a: " + "x" * 500, "x" * 500))
    assert cut.startswith(("…", "a: x"))
    assert len(cut) <= WIDTH + 2
    assert carets.count("^") > WIDTH // 2


def test_a_secret_is_masked_wherever_its_line_is_shown() -> None:
    source = "key: hunter2\n"
    secret = Diagnostic(Severity.ERROR, Finding("plaintext-secret", "a literal secret", span(source, "hunter2")))
    same = Diagnostic(
        Severity.ERROR,
        Finding(
            "schema", "wrong", Span(secret.finding.where.source, 0, 3), notes=(Note("here", secret.finding.where),)
        ),
    )
    said = text(same, secret)
    assert "hunter2" not in said
    assert said.count("key: *******") == 3


def test_a_secret_over_lines_is_masked_in_each() -> None:
    body = "key: |\n  BEGIN\n  SECRET\nnext: 1\n"
    where = span(body, "BEGIN\n  SECRET")
    line = Span(where.source, body.index("SECRET"), body.index("SECRET") + 6)
    assert shown(line, where) == ["********", "  ^^^^^^"]


def test_a_file_without_text_has_no_excerpt() -> None:
    assert text(error(Source("gatewright.yaml", "").span(0, 0), "is not UTF-8 text")) == (
        "gatewright.yaml:1:1: error[unknown-reference]: is not UTF-8 text\n\n1 error\n"
    )


def test_colour_only_where_asked() -> None:
    found = error(span(TEXT, "ordes"), help="did you mean `orders`?")
    coloured = text_report.render([found], color=True)
    assert "\x1b[31m" in coloured
    assert "\x1b" not in text(found)
    for code in ("31", "33", "34", "1", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == text(found)


LINES = st.text(st.characters(codec="utf-8"), max_size=300).map(lambda t: t.replace("\n", " "))


@given(LINES, st.data())
def test_an_excerpt_shows_the_span_above_its_carets(line: str, data: st.DataObject) -> None:
    source = Source("a.yaml", f"first\n{line}\nlast\n")
    first = len("first\n")
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    number, said, carets = excerpt(source.span(first + start, first + end))
    assert number == 2
    assert carets.strip(" ") == "^" * len(carets.strip(" "))
    assert "^" in carets
    assert "\n" not in said
    longest = 12  # `<U+10FFFF>` and a cut on each side
    assert columns(said) <= WIDTH + longest
    assert columns(carets) <= WIDTH + longest


JSON_SHAPE = {
    "type": "object",
    "required": ["diagnostics", "summary"],
    "additionalProperties": False,
    "properties": {
        "summary": {
            "type": "object",
            "required": ["errors", "warnings"],
            "additionalProperties": False,
            "properties": {"errors": {"type": "integer"}, "warnings": {"type": "integer"}},
        },
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    *("rule", "severity", "message", "file", "line", "column", "end_line", "end_column", "help"),
                    "related",
                ],
                "additionalProperties": False,
                "properties": {
                    "rule": {"type": "string"},
                    "severity": {"enum": ["error", "warning"]},
                    "message": {"type": "string"},
                    "file": {"type": "string"},
                    "line": {"type": "integer", "minimum": 1},
                    "column": {"type": "integer", "minimum": 1},
                    "end_line": {"type": "integer", "minimum": 1},
                    "end_column": {"type": "integer", "minimum": 1},
                    "help": {"type": ["string", "null"]},
                    "related": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["file", "line", "column", "message"],
                            "additionalProperties": False,
                            "properties": {
                                "file": {"type": "string"},
                                "line": {"type": "integer"},
                                "column": {"type": "integer"},
                                "message": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_json_has_the_agreed_shape() -> None:
    where = span("名: |\n  ordes\nb: 1\n", "|\n  ordes")
    found = error(where, "half \ud800", notes=(Note("here", where),))
    warning = Diagnostic(Severity.WARNING, Finding("unused", "nothing uses it", where, "remove it"))
    said = json_report.render([warning, found])
    assert said.isascii()
    assert said.endswith("}\n")
    data = json.loads(said)
    jsonschema.validate(data, JSON_SHAPE)
    assert data["summary"] == {"errors": 1, "warnings": 1}
    assert [d["severity"] for d in data["diagnostics"]] == ["warning", "error"]
    assert data["diagnostics"][1] == {
        "rule": "unknown-reference",
        "severity": "error",
        "message": "half \ud800",
        "file": "gatewright.yaml",
        "line": 1,
        "column": 4,
        "end_line": 2,
        "end_column": 8,
        "help": None,
        "related": [{"file": "gatewright.yaml", "line": 1, "column": 4, "message": "here"}],
    }


def test_json_of_nothing() -> None:
    assert json.loads(json_report.render([])) == {"diagnostics": [], "summary": {"errors": 0, "warnings": 0}}
