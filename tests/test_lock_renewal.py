"""Whatever is done to a project: its lock only grows, and locking twice is locking once."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.contracts.versions import allowed
from compiler.lock.append import append_only
from compiler.lock.text import read_lock, render
from compiler.pipeline import renew_lock, validate
from compiler.source import Source
from tests.projects import locked
from tests.test_contracts_meaning import shuffled

DAY = date(2026, 6, 1)
Documents = Mapping[str, tuple[str, ...]]
"""Of a contract, by version: the operations of its document."""


def write(folder: Path, contracts: Mapping[str, Documents], turn: random.Random, *, words: bool = False) -> None:
    """A project with these contracts; ``turn`` decides in which order everything stands, and in which file."""
    project: dict[str, Any] = {"gatewright": 1, "include": ["*.part.yaml"], "contracts": {}}
    for name, documents in contracts.items():
        part: dict[str, Any] = {"contracts": {name: {"versions": {}}}}
        for version, operations in documents.items():
            paths: dict[str, Any] = {}
            for operation in operations:
                answer = {"description": "Words." if words else "", "headers": {"x-a": {"schema": {"type": "string"}}}}
                paths[f"/{operation}"] = {"get": {"operationId": operation, "responses": {"200": answer}}}
            document = {"openapi": "3.1.0", "info": {"title": name, "version": version}, "paths": paths}
            path = folder / f"{name}-{version}.json"
            path.write_text(json.dumps(shuffled(document, turn), indent=turn.choice([None, 1])))
            part["contracts"][name]["versions"][version] = {"openapi": path.name}
        if turn.random() < 0.5:
            project["contracts"] |= part["contracts"]
        else:
            (folder / f"{name}.part.yaml").write_text(json.dumps(shuffled(part, turn)))
    if not list(folder.glob("*.part.yaml")):
        del project["include"]
    (folder / "gatewright.yaml").write_text(json.dumps(shuffled(project, turn)))


def text_of(contracts: Mapping[str, Documents], seed: int, lock: str | None = None, *, words: bool = False) -> str:
    """The text of the lock of a project in a new folder, from nothing or from another lock."""
    with TemporaryDirectory() as folder:
        write(Path(folder), contracts, random.Random(seed), words=words)
        if lock is not None:
            (Path(folder) / "gatewright.lock").write_text(lock)
        return locked(Path(folder), DAY)


OPERATIONS = ("a", "b", "c", "d", "e", "f")
NUMBERS = ("0.1.0", "0.1.1", "0.2.0", "1.0.0", "1.0.1", "1.1.0", "1.2.0", "2.0.0", "2.1.0", "3.0.0")


@st.composite
def histories(draw: st.DrawFn) -> Documents:
    """Versions whose documents have as many operations as their numbers allow."""
    documents: dict[str, tuple[str, ...]] = {}
    before = None
    size = draw(st.integers(1, 3))
    for number in sorted(draw(st.sets(st.sampled_from(NUMBERS), min_size=1, max_size=5))):
        if before is not None and allowed(before, number) == "major":
            size = draw(st.integers(1, 6))
        elif before is not None and allowed(before, number) == "minor":
            size = draw(st.integers(size, 6))
        documents[number] = OPERATIONS[:size]
        before = number
    return documents


projects = st.dictionaries(st.sampled_from(["customers", "orders"]), histories(), min_size=1)


@settings(deadline=None, max_examples=40)
@given(projects, st.integers(0, 9), st.integers(0, 9))
def test_order_files_and_words_make_no_difference(contracts: Mapping[str, Documents], one: int, two: int) -> None:
    first = text_of(contracts, one)
    assert text_of(contracts, one, first) == first
    other = text_of(contracts, two, words=True)

    def promises(text: str) -> Any:
        made, _ = read_lock(Source("gatewright.lock", text))
        assert made is not None
        return {key: (v.digest, v.deprecated, v.sunset, v.after, v.bump) for key, v in made.versions.items()}

    assert promises(other) == promises(first)
    assert list(promises(other)) == list(promises(first))


@settings(deadline=None, max_examples=40)
@given(projects, st.data())
def test_a_lock_only_grows(contracts: Mapping[str, Documents], data: st.DataObject) -> None:
    text: str | None = None
    left = {(name, number) for name, documents in contracts.items() for number in documents}
    known: dict[str, dict[str, tuple[str, ...]]] = {}
    with TemporaryDirectory() as made:
        folder = Path(made)
        while left:
            name, number = data.draw(st.sampled_from(sorted(left)))
            left.discard((name, number))
            known.setdefault(name, {})[number] = contracts[name][number]
            for part in folder.glob("*.part.yaml"):
                part.unlink()
            write(folder, known, random.Random(len(left)), words=data.draw(st.booleans()))
            outcome, renewal = renew_lock(folder, DAY)
            if renewal is None:  # with the ones between them left out, two versions may be too far from one another
                assert {d.finding.rule for d in outcome.diagnostics} <= {"bump-too-small", "unused"}
                return
            before, text = text, render(renewal.lock)
            old, _ = read_lock(Source("gatewright.lock", before or "gatewright-lock 1\n"))
            new, _ = read_lock(Source("gatewright.lock", text))
            assert old is not None
            assert new is not None
            assert append_only(old, new) == []
            assert new.versions.keys() - old.versions.keys() == {(name, number)}
            (folder / "gatewright.lock").write_text(text)
            assert locked(folder, DAY) == text
            rules = {d.finding.rule for d in validate(folder, DAY, locked=True).diagnostics}
            assert rules <= {"unused"}
