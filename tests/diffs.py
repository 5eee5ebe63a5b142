"""Pairs of projects for tests of the diff: a base that both sides change, and what is said of the two."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from compiler.diff.changes import Change
from compiler.diff.projects import compare
from compiler.diff.revisions import read
from compiler.files import Library
from compiler.yaml_text import dump

DAY = date(2026, 6, 1)
CASES = Path(__file__).parent / "cases" / "diff"


def laid(under: Any, over: Any) -> Any:
    """``over`` laid over ``under``: mappings by key, all else whole; null takes out."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return copy.deepcopy(over)
    made = {key: laid(value, over[key]) if key in over else copy.deepcopy(value) for key, value in under.items()}
    made |= {
        key: laid({}, value) if isinstance(value, dict) else value for key, value in over.items() if key not in made
    }
    return {key: value for key, value in made.items() if over.get(key, ...) is not None}


def base() -> dict[str, Any]:
    """The project and the files that cases change."""
    return _read("base")


def rich() -> dict[str, Any]:
    """A project that uses every part of the language."""
    return laid(base(), _read("rich"))  # type: ignore[no-any-return]


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def write(folder: Path, side: dict[str, Any]) -> Path:
    """A project in a folder: ``project`` as its root file, and ``files`` by name, mappings as YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {"gatewright.yaml": side["project"], **side["files"]}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else dump(data), encoding="utf-8")
    return folder


def changes(old: Path, new: Path) -> tuple[Change, ...]:
    """What is said of two folders, both of which must be sound enough to be compared."""
    here = Library(old.resolve())
    before, findings = read(here)
    assert before is not None, [finding.message for finding in findings]
    after, findings = read(Library(new.resolve(), earlier=here))
    assert after is not None, [finding.message for finding in findings]
    assert not findings, [finding.message for finding in findings]
    return compare(before, after, DAY)


def told(change: Change) -> str:
    """A change as cases expect it: ``risky! timeout-changed gateway/public: GET /v2/orders -> other clients``."""
    text = f"{change.level}{'!' if change.weakened else ''} {change.rule} {change.deployable or 'project'}"
    if change.everywhere:
        text += ": all"
    elif change.operations:
        text += f": {', '.join(change.operations)}"
    if change.clients not in ((), (change.deployable,)):
        text += f" -> {', '.join(change.clients)}"
    return text
