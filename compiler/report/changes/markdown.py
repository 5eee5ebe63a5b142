"""Changes as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re

from compiler.compat.changes import Change, Comparison
from compiler.report.changes.text import operations, summary

_MOST = 60_000
"""Characters; GitHub refuses comments of more than 65,536."""


def render(comparison: Comparison) -> str:
    """The counts, and a table with a row for each change; what does not fit is counted."""
    lines = [f"**gatewright**: {summary(comparison)}\n"]
    if not comparison.changes:
        return lines[0]
    lines += ["| | what | where | rule |", "|---|---|---|---|"]
    length = sum(map(len, lines))
    for index, change in enumerate(comparison.changes):
        row = _row(change)
        if length + len(row) > _MOST:
            lines.append(f"\nand {len(comparison.changes) - index} more")
            break
        lines.append(row)
        length += len(row) + 1
    return "\n".join(lines) + "\n"


def _row(change: Change) -> str:
    return f"| {change.level} | {_cell(change.message)} | {_cell(operations(change))} | {change.rule} |"


def _cell(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).replace("|", "\\|")
    return flat.replace("&", "&amp;").replace("<", "&lt;")
