"""Diagnostics as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from compiler.diagnostics import Diagnostic
from compiler.report.fingerprints import fingerprints
from compiler.rules import RULES
from compiler.source import Span


def render(diagnostics: Sequence[Diagnostic], version: str, prefix: str = "") -> str:
    """One run with its rules and results. ``version`` is the compiler's; ``prefix`` stands before every file name."""
    used = sorted({d.finding.rule for d in diagnostics})
    results = [
        {
            "ruleId": d.finding.rule,
            "ruleIndex": used.index(d.finding.rule),
            "level": d.severity.value,
            "message": {"text": d.finding.message + (f"\nhelp: {d.finding.help}" if d.finding.help else "")},
            "locations": [location(d.finding.where, prefix)],
            "relatedLocations": [
                {"id": index, "message": {"text": note.message}, **location(note.where, prefix)}
                for index, note in enumerate(d.finding.notes, 1)
            ],
            "partialFingerprints": {"gatewright/v1": fingerprint},
        }
        for d, fingerprint in zip(diagnostics, fingerprints(diagnostics), strict=True)
    ]
    driver = {"name": "gatewright", "version": version, "rules": [_rule(name) for name in used]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.says},
        "help": {"text": f"gatewright explain {name}"},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def location(where: Span, prefix: str) -> dict[str, Any]:
    """A place; ``prefix`` stands before the file's name."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(prefix + where.file)},
            "region": {
                "startLine": where.line,
                "startColumn": where.column,
                "endLine": where.end_line,
                "endColumn": where.end_column,
            },
        }
    }
