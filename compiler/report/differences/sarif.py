"""A difference as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""

from __future__ import annotations

import json

from compiler.diff.catalog import SAYS
from compiler.diff.changes import Difference
from compiler.report.differences.fingerprints import fingerprints
from compiler.report.differences.words import place, whole
from compiler.report.sarif import location

_LEVELS = {"breaking": "error", "risky": "warning", "safe": "note"}


def render(difference: Difference, version: str, prefix: str = "") -> str:
    """One run with its rules and results. ``version`` is the compiler's; ``prefix`` stands before every file name."""
    used = sorted({change.rule for change in difference.changes})
    index = {rule: at for at, rule in enumerate(used)}
    results = []
    for change, fingerprint in zip(difference.changes, fingerprints(difference.changes), strict=True):
        where = place(change)
        results.append(
            {
                "ruleId": change.rule,
                "ruleIndex": index[change.rule],
                "level": _LEVELS[change.level],
                "message": {"text": whole(change)},
                "locations": [location(where, prefix)] if where is not None else [],
                "partialFingerprints": {"gatewright/v1": fingerprint},
            }
        )
    rules = [{"id": rule, "shortDescription": {"text": SAYS[rule]}} for rule in used]
    driver = {"name": "gatewright", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"
