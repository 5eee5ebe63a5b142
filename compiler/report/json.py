"""Findings for programs: the format of ``--format json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from compiler.diagnostics import Diagnostic, Severity
from compiler.source import Span


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """One object with ``diagnostics`` and ``summary``; lines and columns from 1, ends exclusive."""
    shown = list(diagnostics)
    errors = sum(d.severity is Severity.ERROR for d in shown)
    data = {
        "diagnostics": [_entry(d) for d in shown],
        "summary": {"errors": errors, "warnings": len(shown) - errors},
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _entry(diagnostic: Diagnostic) -> dict[str, Any]:
    finding = diagnostic.finding
    return {
        "rule": finding.rule,
        "severity": diagnostic.severity.value,
        "message": finding.message,
        **_place(finding.where),
        "end_line": finding.where.end_line,
        "end_column": finding.where.end_column,
        "help": finding.help,
        "related": [{**_place(note.where), "message": note.message} for note in finding.notes],
    }


def _place(where: Span) -> dict[str, Any]:
    return {"file": where.file, "line": where.line, "column": where.column}
