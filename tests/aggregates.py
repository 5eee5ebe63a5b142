"""A project with an aggregator, for tests of the whole road."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from compiler import pipeline
from compiler.pipeline import Outcome

_PAGE = Path(__file__).parent.parent / "docs" / "aggregators.md"
_BLOCK = re.compile(r"^```yaml (?P<name>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """The example of docs/aggregators.md: file names to texts."""
    return {found["name"]: found["text"] for found in _BLOCK.finditer(_PAGE.read_text(encoding="utf-8"))}


def write_example(folder: Path, *changes: tuple[str, str]) -> Path:
    """The example in a folder, with texts of its root file replaced by others; each must be there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = files()
    for old, new in changes:
        assert old in written["gatewright.yaml"], old
        written["gatewright.yaml"] = written["gatewright.yaml"].replace(old, new)
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def judged(folder: Path, *changes: tuple[str, str]) -> Outcome:
    """What is said of the example with these changes."""
    return pipeline.validate(write_example(folder, *changes), date(2026, 12, 1))
