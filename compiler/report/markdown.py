"""Diagnostics as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from compiler.diagnostics import Diagnostic
from compiler.report.text import summary

_MOST = 60_000
"""Characters; GitHub refuses comments of more than 65,536."""


def render(diagnostics: Sequence[Diagnostic]) -> str:
    """The counts, and a table with a row for each diagnostic; what does not fit is counted."""
    head = f"**gatewright**: {summary(diagnostics)}\n"
    if not diagnostics:
        return head
    lines = [head, "| | rule | where | what |", "|---|---|---|---|"]
    length = sum(map(len, lines))
    for index, diagnostic in enumerate(diagnostics):
        row = _row(diagnostic)
        if length + len(row) > _MOST:
            lines.append(f"\nand {len(diagnostics) - index} more")
            break
        lines.append(row)
        length += len(row) + 1
    return "\n".join(lines) + "\n"


def _row(diagnostic: Diagnostic) -> str:
    finding = diagnostic.finding
    said = _cell(finding.message) + (f"<br>{_cell(finding.help)}" if finding.help else "")
    return f"| {diagnostic.severity.value} | {finding.rule} | {_cell(str(finding.where))} | {said} |"


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup but for code."""
    flat = re.sub(r"\s+", " ", text).replace("|", "\\|")
    return flat.replace("&", "&amp;").replace("<", "&lt;")
