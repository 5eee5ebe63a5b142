"""The registry of rules, and that each page's examples break and keep their rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from compiler.lock import LOCK_FILE
from compiler.pipeline import Outcome, validate
from compiler.rules import RULES
from compiler.rules.page import DOCS, FOLDER, Page, page, parse, reference
from tests.projects import locked

NO_EXAMPLE = frozenset({"envoy-rejected"})
"""What no project can break; test_backend_envoy.py triggers it from a plan."""
NOT_ALLOWED = {"suppression-invalid": {"tls-missing"}}
"""What an example finds beside its own rule, because its comment does not allow it."""
WITH_EXAMPLE = sorted(RULES.keys() - NO_EXAMPLE)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def outcome(folder: Path, read: Page, files: Mapping[str, str]) -> Outcome:
    day = read.as_of or date(2026, 1, 1)
    project = folder / "project"
    if read.published:
        write(folder / "published", read.published)
        write(project, {LOCK_FILE: locked(folder / "published", day)})
    write(project, files)
    return validate(project, day, every_environment=True)


def found(judged: Outcome) -> set[str]:
    return {diagnostic.finding.rule for diagnostic in judged.diagnostics}


def test_each_rule_has_a_page_and_each_page_a_rule() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(RULES)


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_the_wrong_example_breaks_its_rule_and_no_other(name: str, tmp_path: Path) -> None:
    read = page(name)
    assert found(outcome(tmp_path, read, read.wrong)) == {name} | NOT_ALLOWED.get(name, set())


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_nothing_is_wrong_with_the_right_example(name: str, tmp_path: Path) -> None:
    read = page(name)
    assert found(outcome(tmp_path, read, read.right)) == set()


@pytest.mark.parametrize("name", sorted(NO_EXAMPLE))
def test_a_page_without_an_example_says_so(name: str) -> None:
    read = page(name)
    assert not read.wrong
    assert not read.right
    assert "there is no example" in read.text


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_page_starts_with_why_and_fits_a_terminal(name: str) -> None:
    text = page(name).text
    assert len(text.split("\n\n")[0]) > 100
    assert max(len(line) for line in text.splitlines()) <= 130


def test_the_reference_is_up_to_date() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference(), "run: python -m compiler.rules.page"


def test_parsing_a_page_with_several_files() -> None:
    read = parse(
        "Why.\n\nAs of: 2027-04-01\n\n## Wrong\n\n```yaml\na: 1\n```\n\n```yaml b/c.yaml\nb: 2\n```\n\n"
        "## Right\n\n```yaml\na: 2\n```\n\n## Both\n\n```yaml d.yaml\nd: 1\n```\n"
    )
    assert read.wrong == {"gatewright.yaml": "a: 1\n", "b/c.yaml": "b: 2\n", "d.yaml": "d: 1\n"}
    assert read.right == {"gatewright.yaml": "a: 2\n", "d.yaml": "d: 1\n"}
    assert read.as_of == date(2027, 4, 1)
