"""Changes as workflow commands of GitHub Actions: breaking ones as errors, risky ones as warnings, others notices."""

from __future__ import annotations

from compiler.compat.changes import Comparison
from compiler.report.changes.rows import rows
from compiler.report.github import data, property_text

_COMMANDS = {"breaking": "error", "risky": "warning", "safe": "notice"}


def render(comparison: Comparison) -> str:
    """A line for each change, at its place in the newer document."""
    lines = []
    for change, where, message in rows(comparison):
        said = {"file": where.file, "line": str(where.line), "title": change.rule}
        text = ",".join(f"{name}={property_text(value)}" for name, value in said.items())
        lines.append(f"::{_COMMANDS[change.level]} {text}::{data(message)}\n")
    return "".join(lines)
