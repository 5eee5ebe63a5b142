"""Changes as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""

from __future__ import annotations

import json
from hashlib import sha256

from compiler.compat.catalog import KINDS
from compiler.compat.changes import Comparison
from compiler.report.changes.rows import rows
from compiler.report.sarif import location

_LEVELS = {"breaking": "error", "risky": "warning", "safe": "note"}


def render(comparison: Comparison, version: str) -> str:
    """One run with its rules and results; ``version`` is the compiler's."""
    used = sorted({change.rule for change in comparison.changes})
    index = {rule: at for at, rule in enumerate(used)}
    results = [
        {
            "ruleId": change.rule,
            "ruleIndex": index[change.rule],
            "level": _LEVELS[change.level],
            "message": {"text": message},
            "locations": [location(where, "")],
            "partialFingerprints": {"gatewright/v1": _fingerprint(change.rule, change.direction, change.message)},
        }
        for change, where, message in rows(comparison)
    ]
    rules = [
        {
            "id": rule,
            "shortDescription": {"text": KINDS[rule].says},
            "defaultConfiguration": {"level": _LEVELS[KINDS[rule].level]},
        }
        for rule in used
    ]
    driver = {"name": "gatewright", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _fingerprint(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]
