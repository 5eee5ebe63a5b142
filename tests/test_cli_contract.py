"""``gatewright contract diff``: formats, exit codes, and documents that cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler.cli import gatewright

BASE = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    get:
      responses:
        "200":
          description: Fine.
          content: {application/json: {schema: {enum: [new, paid]}}}
    delete: {responses: {"204": {description: Gone.}}}
"""
RISKY = BASE.replace("[new, paid]", "[new, paid, on_hold]")
BREAKING = RISKY.replace('    delete: {responses: {"204": {description: Gone.}}}\n', "")


def diff(folder: Path, base: str, revision: str, *options: str) -> tuple[int, str, str]:
    """The exit code, and what was printed."""
    for name, text in (("base.yaml", base), ("revision.yaml", revision)):
        (folder / name).write_text(text, encoding="utf-8")
    arguments = ["contract", "diff", str(folder / "base.yaml"), str(folder / "revision.yaml"), *options]
    result = CliRunner().invoke(gatewright, arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("revision", "fail_on", "code"),
    [
        (BASE, "any", 0),
        (RISKY, "breaking", 0),
        (RISKY, "risky", 1),
        (BREAKING, "breaking", 1),
        (BREAKING, "never", 0),
        (BASE.replace("Fine.", "Good."), "any", 1),
    ],
)
def test_the_exit_code_goes_by_the_level(tmp_path: Path, revision: str, fail_on: str, code: int) -> None:
    for form in ("text", "json", "markdown", "github", "sarif"):
        assert diff(tmp_path, BASE, revision, "--fail-on", fail_on, "--format", form)[0] == code


def test_text_says_what_where_and_whom(tmp_path: Path) -> None:
    assert diff(tmp_path, BASE, BREAKING)[1] == (
        "1 breaking, 1 risky: needs a major version\n"
        "\n"
        "breaking\n"
        "  operation-removed\n"
        "    clients that call `DELETE /orders` no longer find it\n"
        "      base.yaml:10:5 -> revision.yaml:3:1\n"
        "\n"
        "risky\n"
        "  response-enum-value-added\n"
        "    clients that read the body may now get `on_hold`\n"
        "      base.yaml:9:49 -> revision.yaml:9:49\n"
        "      GET /orders\n"
        '      shown by "on_hold"\n'
    )


def test_json_has_pointers(tmp_path: Path) -> None:
    report = json.loads(diff(tmp_path, BASE, RISKY, "--format", "json")[1])
    pointer = "/paths/~1orders/get/responses/200/content/application~1json/schema/enum"
    assert report == {
        "bump": "minor",
        "changes": [
            {
                "level": "risky",
                "rule": "response-enum-value-added",
                "direction": "response",
                "operations": ["GET /orders"],
                "base_pointer": pointer,
                "revision_pointer": pointer,
                "message": "clients that read the body may now get `on_hold`",
                "witness": "on_hold",
            }
        ],
    }


def test_a_broken_document_is_not_compared(tmp_path: Path) -> None:
    code, out, err = diff(tmp_path, BASE, BASE.replace("responses:", "answers:"))
    assert (code, out) == (2, "")
    assert "revision.yaml:6:7: error[openapi-invalid]" in err


def test_a_document_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    result = CliRunner().invoke(
        gatewright, ["contract", "diff", str(tmp_path / "base.yaml"), str(tmp_path / "no.yaml")]
    )
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
