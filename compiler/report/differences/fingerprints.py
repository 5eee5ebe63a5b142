"""What stays the same of a change while lines move, so that a CI server knows it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from compiler.diff.changes import Change


def fingerprints(changes: Sequence[Change]) -> list[str]:
    """A digest for each change, of what it says and whom it reaches; what is the same is told apart by order."""
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for change in changes:
        key = (change.level, change.rule, change.deployable or "", change.message, *change.operations)
        seen[key] += 1
        made.append(sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "replace")).hexdigest())
    return made
