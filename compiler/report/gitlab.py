"""Diagnostics as a Code Quality report of GitLab.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from compiler.diagnostics import Diagnostic, Severity
from compiler.report.fingerprints import fingerprints


def render(diagnostics: Sequence[Diagnostic], prefix: str = "") -> str:
    """A JSON list; ``prefix`` stands before every file name (with its slash, if it has one)."""
    report = [
        {
            "description": d.finding.message + (f" ({d.finding.help})" if d.finding.help else ""),
            "check_name": d.finding.rule,
            "fingerprint": fingerprint,
            "severity": "critical" if d.severity is Severity.ERROR else "minor",
            "location": {
                "path": prefix + d.finding.where.file,
                "lines": {"begin": d.finding.where.line, "end": d.finding.where.end_line},
            },
        }
        for d, fingerprint in zip(diagnostics, fingerprints(diagnostics), strict=True)
    ]
    return json.dumps(report, indent=2) + "\n"
