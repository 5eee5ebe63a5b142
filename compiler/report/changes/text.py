"""Changes as text, for people: breaking first, by rule; of safe ones a few of each kind.

::

    1 breaking, 1 safe: needs a major version

    breaking
      request-property-required-added
        clients must send `Order.note`, which is new
          old.yaml:20:7 -> new.yaml:21:7
          POST /orders
          shown by {}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from compiler.compat.changes import ABSENT, LEVELS, Change, Comparison
from compiler.report.excerpt import visible

MOST_SAFE = 5
"""So many safe changes of each rule are shown; of more than that the number is said."""
MOST_OPERATIONS = 3
_TINT = {"breaking": "\x1b[1;31m", "risky": "\x1b[1;33m", "safe": "\x1b[1;32m"}
_WITNESS = 100


def render(comparison: Comparison, *, color: bool = False) -> str:
    """The counts and the step that is needed, and below them the changes; one final newline."""
    lines = [summary(comparison)]
    for level, changes in groupby(comparison.changes, key=lambda change: change.level):
        lines += ["", f"{_TINT[level]}{level}\x1b[0m" if color else level]
        for rule, same in groupby(changes, key=lambda change: change.rule):
            lines += _rule(rule, list(same), MOST_SAFE if level == "safe" else None)
    return "\n".join(lines) + "\n"


def summary(comparison: Comparison) -> str:
    """``3 breaking, 1 safe: needs a major version``."""
    counts = {level: sum(change.level == level for change in comparison.changes) for level in LEVELS}
    said = ", ".join(f"{count} {level}" for level, count in counts.items() if count) or "no changes"
    needs = {"none": "", "patch": ": needs a patch version"}.get(
        comparison.bump, f": needs a {comparison.bump} version"
    )
    return said + needs


def operations(change: Change, most: int = MOST_OPERATIONS) -> str:
    """Whom it reaches, folded; nothing where that is all of the API."""
    rest = len(change.operations) - most
    shown = ", ".join(change.operations[:most])
    return f"{shown} and {rest} more" if rest > 0 else shown


def places(change: Change) -> str:
    """Where it is on both sides: ``old.yaml:20:7 -> new.yaml:21:7``."""
    found = [str(node.span(key=True)) for node in (change.base, change.revision) if node is not None]
    return " -> ".join(found)


def witness(change: Change) -> str | None:
    """The value that shows it, as JSON, cut where it is long."""
    if change.witness is ABSENT:
        return None
    text = json.dumps(change.witness, ensure_ascii=False)
    return text if len(text) <= _WITNESS else text[: _WITNESS - 1] + "…"


def _rule(rule: str, changes: Sequence[Change], most: int | None) -> Iterator[str]:
    yield f"  {rule}" + (f" ({len(changes)})" if len(changes) > 1 else "")
    for change in changes[:most]:
        yield f"    {visible(change.message)}"
        yield f"      {visible(places(change))}"
        if change.operations and change.direction != "api":
            yield f"      {visible(operations(change))}"
        shows = witness(change)
        if shows is not None:
            yield f"      shown by {visible(shows)}"
    if most is not None and len(changes) > most:
        yield f"    and {len(changes) - most} more, which --format json lists"
