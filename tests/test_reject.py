"""Projects with mistakes: each is found on its line, nothing else is, and the whole report is as it was.

A case is a file (a project of that one file) or a folder; what a folder has in ``published`` is a project that is
locked first. ``# error: <rule>`` or ``# warning: <rule>`` stands on the line of each finding, or anywhere
``# error in gatewright.lock:3: <rule>``; ``# as of: <date>`` says on which day the project is judged, if not on the
first of 2026, and ``# environment: <name>`` in which environment, if not in none.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from compiler.lock import LOCK_FILE
from compiler.pipeline import Outcome, validate
from compiler.report import text
from tests.projects import locked

CASES = Path(__file__).parent / "cases" / "reject"
_EXPECTED = re.compile(r"# (error|warning): ([a-z-]+)")
_ENVIRONMENT = re.compile(r"^# environment: (\S+)$", re.MULTILINE)
_IN_THE_LOCK = re.compile(r"# (error|warning) in gatewright\.lock:(\d+): ([a-z-]+)")
_AS_OF = re.compile(r"^# as of: (\d{4}-\d{2}-\d{2})$", re.MULTILINE)

Place = tuple[str, int, str, str]


def cases() -> list[Path]:
    """Every case of every stage, by path."""
    return sorted(path for path in CASES.glob("*/*") if path.is_dir() or path.suffix == ".yaml")


def project(case: Path, folder: Path) -> Path:
    """A copy of a case as a project in a folder of its own."""
    if case.is_dir():
        shutil.copytree(case, folder / "project")
        before = folder / "project" / "published"
        if before.is_dir():
            shutil.move(before, folder / "published")
            lock = locked(folder / "published", day(folder / "published"))
            (folder / "project" / LOCK_FILE).write_text(lock, encoding="utf-8")
    else:
        (folder / "project").mkdir()
        shutil.copy(case, folder / "project" / "gatewright.yaml")
    return folder / "project"


def day(root: Path) -> date:
    as_of = _AS_OF.search((root / "gatewright.yaml").read_text(encoding="utf-8"))
    return date.fromisoformat(as_of.group(1)) if as_of else date(2026, 1, 1)


def judged(root: Path) -> Outcome:
    environment = _ENVIRONMENT.search((root / "gatewright.yaml").read_text(encoding="utf-8"))
    return validate(root, day(root), environment=environment.group(1) if environment else None, every_environment=True)


def expected(root: Path) -> Counter[Place]:
    there = (root / "gatewright.yaml").read_text(encoding="utf-8")
    in_the_lock = Counter((LOCK_FILE, int(line), kind, rule) for kind, line, rule in _IN_THE_LOCK.findall(there))
    return in_the_lock + Counter(
        (file.relative_to(root).as_posix(), number, kind, rule)
        for file in (*root.rglob("*.yaml"), *root.glob(LOCK_FILE))
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1)
        for kind, rule in _EXPECTED.findall(line)
    )


def found(outcome: Outcome) -> Counter[Place]:
    return Counter(
        (d.finding.where.file, d.finding.where.line, d.severity.value, d.finding.rule) for d in outcome.diagnostics
    )


def named(case: Path) -> str:
    return case.relative_to(CASES).with_suffix("").as_posix()


@pytest.mark.parametrize("case", cases(), ids=named)
def test_case(case: Path, tmp_path: Path, update: bool) -> None:
    root = project(case, tmp_path)
    outcome = judged(root)
    report = text.render(outcome.diagnostics, color=False)
    assert found(outcome) == expected(root), report
    golden = case.with_suffix(".txt")
    if update:
        golden.write_text(report, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == report


def test_a_case_has_a_mistake(tmp_path: Path) -> None:
    for index, case in enumerate(cases()):
        folder = tmp_path / str(index)
        folder.mkdir()
        assert expected(project(case, folder)), f"{named(case)} expects nothing"


def test_no_report_without_its_case(update: bool) -> None:
    orphans = sorted(set(CASES.glob("*/*.txt")) - {case.with_suffix(".txt") for case in cases()})
    if update:
        for orphan in orphans:
            orphan.unlink()
    else:
        assert not orphans, "run: pytest --update tests/test_reject.py"


def test_there_are_many_distinct_mistakes() -> None:
    assert len(cases()) >= 45
