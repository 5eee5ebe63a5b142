"""Diagnostics as JSON, for programs: what ``--format json`` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from compiler.diagnostics import Diagnostic, Severity


def render(diagnostics: Sequence[Diagnostic]) -> str:
    """One JSON object with ``diagnostics`` in the given order and their ``summary``; plain ASCII, one final newline."""
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    report = {
        "diagnostics": [_diagnostic(d) for d in diagnostics],
        "summary": {"errors": errors, "warnings": len(diagnostics) - errors},
    }
    return json.dumps(report, indent=2) + "\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    finding = diagnostic.finding
    where = finding.where
    return {
        "rule": finding.rule,
        "severity": diagnostic.severity.value,
        "message": finding.message,
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
        "help": finding.help,
        "related": [
            {"file": n.where.file, "line": n.where.line, "column": n.where.column, "message": n.message}
            for n in finding.notes
        ],
    }
