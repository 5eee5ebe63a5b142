"""What of a project is read and compared, and what its lock answers for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.contracts.meaning import meaning
from compiler.files import Library
from compiler.lock import Lock
from compiler.lock.history import History, Key, take
from compiler.lock.record import pack
from compiler.lock.text import open_lock, render
from compiler.pipeline import read_project
from tests.projects import locked

DAY = date(2026, 6, 1)
HEAD = "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths:\n"
NUMBERS = ("1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1")


def document(count: int) -> str:
    return HEAD + "".join(f"  /{at}: {{get: {{responses: {{'200': {{description: a}}}}}}}}\n" for at in range(count))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with three releases of one contract, each with more operations than the one before."""
    declared = [f"      {number}: {{openapi: orders-{number}.yaml}}" for number in reversed(NUMBERS)]
    (tmp_path / "gatewright.yaml").write_text(
        "\n".join(["gatewright: 1", "contracts:", "  orders:", "    versions:", *declared]) + "\n"
    )
    for count, number in enumerate(NUMBERS, start=1):
        (tmp_path / f"orders-{number}.yaml").write_text(document(count))
    return tmp_path


def taken(folder: Path, *needed: str, contracts: set[str] | None = None) -> tuple[History, list[str]]:
    library = Library(folder)
    project, findings = read_project(library)
    assert project is not None, findings
    lock, findings = open_lock(library)
    assert lock is not None, findings
    keys: set[Key] = {("orders", number) for number in needed}
    history, findings = take(project, library, lock, keys, contracts)
    return history, [finding.rule for finding in findings]


def write_lock(folder: Path) -> str:
    text = locked(folder, DAY)
    (folder / "gatewright.lock").write_text(text)
    return text


def steps(history: History) -> list[tuple[str, str, str | None, bool]]:
    return [(s.before.number, s.after.number, s.needed, s.comparison is not None) for s in history.steps]


def test_without_a_lock_all_is_read_and_compared(folder: Path) -> None:
    history, findings = taken(folder)
    assert findings == []
    assert [number for _, number in history.editions] == list(NUMBERS)
    assert history.apis.keys() == history.editions.keys()
    assert steps(history) == [("1.0.0", "1.1.0", "minor", True), ("1.1.0", "1.2.0", "minor", True)]
    assert history.lock == Lock()


def test_what_is_as_it_was_when_it_was_locked_is_not_read(folder: Path) -> None:
    write_lock(folder)
    history, _ = taken(folder, "1.2.0")
    assert set(history.apis) == {("orders", "1.2.0"), ("orders", "2.0.0-rc.1")}
    assert steps(history) == [("1.0.0", "1.1.0", "minor", False), ("1.1.0", "1.2.0", "minor", False)]


def test_a_new_version_is_compared_with_its_neighbours(folder: Path) -> None:
    write_lock(folder)
    project = folder / "gatewright.yaml"
    project.write_text(project.read_text() + "      1.0.5: {openapi: orders-1.0.0.yaml}\n")
    history, _ = taken(folder)
    assert steps(history) == [
        ("1.0.0", "1.0.5", "none", False),  # one document cannot differ from itself
        ("1.0.5", "1.1.0", "minor", True),
        ("1.1.0", "1.2.0", "minor", False),
    ]
    assert history.editions["orders", "1.2.0"].api is None


def test_a_changed_document_is_read_and_compared_with_what_was_published(folder: Path) -> None:
    write_lock(folder)
    (folder / "orders-1.1.0.yaml").write_text(document(2).replace("description: a", "description: b"))
    history, _ = taken(folder)
    assert history.editions["orders", "1.1.0"].api is not None
    assert history.editions["orders", "1.1.0"].difference is None
    (folder / "orders-1.1.0.yaml").write_text(document(1))
    history, _ = taken(folder)
    difference = history.editions["orders", "1.1.0"].difference
    assert difference is not None
    assert difference.bump == "major"
    assert steps(history)[0] == ("1.0.0", "1.1.0", "minor", False), "neighbours are judged by what was published"
    history, _ = taken(folder, contracts=set())
    assert history.editions["orders", "1.1.0"].difference is None
    assert history.steps == ()


def test_other_files_of_a_document_count(folder: Path) -> None:
    (folder / "parts").mkdir()
    part = folder / "parts" / "answer, one.yaml"
    part.write_text("{description: a}\n")
    text = HEAD + "  /0: {get: {responses: {'200': {$ref: 'parts/answer,%20one.yaml'}}}}\n"
    (folder / "orders-1.0.0.yaml").write_text(text)
    assert " files=parts/answer%2C%20one.yaml " in write_lock(folder)
    history, _ = taken(folder)
    assert history.editions["orders", "1.0.0"].api is None
    part.write_text("{description: b}\n")
    history, _ = taken(folder)
    assert history.editions["orders", "1.0.0"].api is not None
    assert history.editions["orders", "1.0.0"].difference is None
    part.write_text("{description: b, content: {text/plain: {schema: {type: string}}}}\n")
    history, _ = taken(folder)
    assert history.editions["orders", "1.0.0"].difference is not None
    part.unlink()
    _, findings = taken(folder)
    assert findings == ["file-not-found"]


def test_a_record_that_does_not_fit_its_digest_is_a_finding(folder: Path) -> None:
    text = write_lock(folder)
    library = Library(folder)
    lock, _ = open_lock(library)
    assert lock is not None
    key = ("orders", "1.0.0")
    other = Lock({**lock.versions, key: replace(lock.versions[key], packed=pack("{}"))}, {}, lock.source)
    (folder / "gatewright.lock").write_text(render(other))
    assert taken(folder)[1] == [], "nobody needs it"
    (folder / "orders-1.0.0.yaml").write_text(document(2))
    assert taken(folder)[1] == ["lock-invalid"]
    assert text != render(other)


def test_a_part_of_a_file_is_always_looked_at(tmp_path: Path) -> None:
    inline = document(1).replace("\n", "\n          ")
    (tmp_path / "gatewright.yaml").write_text(
        f"gatewright: 1\ncontracts:\n  orders:\n    versions:\n      1.0.0:\n        openapi:\n          {inline}\n"
    )
    assert " text=" not in write_lock(tmp_path)
    history, _ = taken(tmp_path)
    edition = history.editions["orders", "1.0.0"]
    assert edition.api is not None
    assert edition.locked is not None
    assert edition.locked.digest == meaning(edition.api).digest
    assert not pipeline.validate(tmp_path, DAY, locked=True).errors
