"""A difference as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from compiler.compat.changes import LEVELS
from compiler.diff.changes import Change, Difference


def render(difference: Difference) -> str:
    """One JSON object with ``changes`` and ``summary``, and ``artifacts`` if asked for; ASCII, one final newline."""
    data: dict[str, Any] = {
        "changes": [_change(change) for change in difference.changes],
        "summary": {
            **{level: difference.count(level) for level in LEVELS},
            "weakened": sum(change.weakened for change in difference.changes),
        },
    }
    if difference.artifacts is not None:
        data["artifacts"] = difference.artifacts
    return json.dumps(data, indent=2) + "\n"


def _change(change: Change) -> dict[str, Any]:
    where = change.where
    return {
        "level": change.level,
        "rule": change.rule,
        "deployable": change.deployable,
        "operation": change.operation,
        "operations": list(change.operations),
        "message": change.message,
        "clients": list(change.clients),
        "weakened": change.weakened,
        "owner": change.owner,
        "where": {"file": where.file, "line": where.line, "column": where.column} if where is not None else None,
    }
