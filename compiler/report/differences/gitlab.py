"""A difference as a Code Quality report of GitLab.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json

from compiler.diff.changes import Difference
from compiler.report.differences.fingerprints import fingerprints
from compiler.report.differences.words import place, whole

_SEVERITIES = {"breaking": "critical", "risky": "minor", "safe": "info"}


def render(difference: Difference, prefix: str = "") -> str:
    """A JSON list; ``prefix`` stands before every file name (with its slash, if it has one)."""
    report = []
    for change, fingerprint in zip(difference.changes, fingerprints(difference.changes), strict=True):
        where = place(change)
        lines = {"begin": where.line, "end": where.end_line} if where is not None else {"begin": 1, "end": 1}
        report.append(
            {
                "description": whole(change),
                "check_name": change.rule,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[change.level],
                "location": {"path": prefix + (where.file if where is not None else ""), "lines": lines},
            }
        )
    return json.dumps(report, indent=2) + "\n"
