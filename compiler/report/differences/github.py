"""A difference as workflow commands of GitHub Actions: breaking changes as errors, risky ones as warnings."""

from __future__ import annotations

from compiler.diff.changes import Difference
from compiler.report.differences.words import place, whole
from compiler.report.github import data, property_text

_COMMANDS = {"breaking": "error", "risky": "warning", "safe": "notice"}


def render(difference: Difference, prefix: str = "") -> str:
    """A line for each change, at the line that causes it; ``prefix`` stands before every file name."""
    lines = []
    for change in difference.changes:
        where = place(change)
        said = {"title": change.rule}
        if where is not None:
            said = {"file": prefix + where.file, "line": str(where.line), "endLine": str(where.end_line), **said}
        text = ",".join(f"{name}={property_text(value)}" for name, value in said.items())
        lines.append(f"::{_COMMANDS[change.level]} {text}::{data(whole(change))}\n")
    return "".join(lines)
