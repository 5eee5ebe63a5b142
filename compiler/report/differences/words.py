"""What several formats say of a change in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.compat.changes import LEVELS
from compiler.diff.changes import Change, Difference
from compiler.source import Span

MOST_OPERATIONS = 3
WEAKENED = "weakens protection"


def summary(difference: Difference) -> str:
    """``2 breaking, 1 risky (1 weakens protection), 3 safe``; ``no changes``."""
    weakened = sum(change.weakened for change in difference.changes)
    said = ", ".join(f"{count} {level}" for level in LEVELS if (count := difference.count(level)))
    if weakened:
        said += f" ({weakened} {WEAKENED if weakened == 1 else 'weaken protection'})"
    return said or "no changes"


def reach(changes: Sequence[Change]) -> str:
    """The clients that something reaches beyond what is safe, by name; nothing where it reaches none."""
    return ", ".join(sorted({client for change in changes if change.level != "safe" for client in change.clients}))


def operations(change: Change, most: int = MOST_OPERATIONS) -> str:
    """The operations that a change is about, folded; nothing where the message names it, or where it is of all."""
    if change.everywhere:
        return "all operations"
    if not change.operations or (len(change.operations) == 1 and f"`{change.operations[0]}`" in change.message):
        return ""
    rest = len(change.operations) - most
    shown = ", ".join(change.operations[:most])
    return f"{shown} and {rest} more" if rest > 0 else shown


def whole(change: Change) -> str:
    """All that is to be said of a change in one text, for formats that show it at its place alone."""
    parts = [change.message, operations(change), WEAKENED if change.weakened else ""]
    parts.append(f"reaches {', '.join(change.clients)}" if change.clients else "")
    return "; ".join(filter(None, parts))


def group(change: Change) -> str:
    """The deployable, or the project where it is about no one of them."""
    return change.deployable or "project"


def place(change: Change) -> Span | None:
    """The line that causes it; in the old revision where the new one has none."""
    return change.where or change.was
