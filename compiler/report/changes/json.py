"""Changes as JSON, for programs."""

from __future__ import annotations

import json

from compiler.compat.changes import ABSENT, Comparison


def render(comparison: Comparison) -> str:
    """One JSON object with ``bump`` and ``changes``; plain ASCII, one final newline.

    A change has a ``witness`` only where there is one, since null is a witness like others.
    """
    changes = [
        {
            "level": change.level,
            "rule": change.rule,
            "direction": change.direction,
            "operations": list(change.operations),
            "base_pointer": change.base_pointer,
            "revision_pointer": change.revision_pointer,
            "message": change.message,
            **({} if change.witness is ABSENT else {"witness": change.witness}),
        }
        for change in comparison.changes
    ]
    return json.dumps({"bump": comparison.bump, "changes": changes}, indent=2) + "\n"
