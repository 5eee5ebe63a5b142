"""A difference as text, for people: a line for each change, by deployable, and the counts.

::

    gateway/public
      breaking  clients that call `DELETE /v2/orders/{id}` no longer find it [operation-removed] gatewright.yaml:31:7
      risky     TLS towards the service: is gone, which weakens protection [service-tls-changed] teams/orders.yaml:9:3

    1 breaking, 1 risky (1 weakens protection); reaches gateway/public
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from compiler.compat.changes import LEVELS
from compiler.diff.changes import Change, Difference
from compiler.report.differences.words import WEAKENED, group, operations, place, reach, summary
from compiler.report.excerpt import visible

_TINT = {"breaking": "\x1b[1;31m", "risky": "\x1b[1;33m", "safe": "\x1b[1;32m"}
_WIDE = max(map(len, LEVELS))


def render(difference: Difference, *, color: bool = False) -> str:
    """All changes, what changes in built files if that was asked for, and the counts; one final newline."""
    lines: list[str] = []
    first = {group(change): at for at, change in reversed(list(enumerate(difference.changes)))}
    ordered = sorted(enumerate(difference.changes), key=lambda item: (first[group(item[1])], item[0]))
    for name, changes in groupby((change for _, change in ordered), key=group):
        lines += [name, *(_line(change, color) for change in changes), ""]
    for name, inner in sorted((difference.artifacts or {}).items()):
        lines += [f"files of {name}", *_artifacts(inner), ""]
    reaches = reach(difference.changes)
    lines.append(summary(difference) + (f"; reaches {reaches}" if reaches else ""))
    return "\n".join(lines) + "\n"


def _line(change: Change, color: bool) -> str:
    level = f"{change.level:<{_WIDE}}"
    said = [change.message + (f", which {WEAKENED}" if change.weakened else ""), operations(change)]
    if change.clients not in ((), (change.deployable,)):
        said.append(f"reaches {', '.join(change.clients)}")
    if change.owner is not None:
        said.append(f"owned by {change.owner}")
    where = place(change)
    tinted = f"{_TINT[change.level]}{level}\x1b[0m" if color else level
    text = f"{'; '.join(filter(None, said))} [{change.rule}]" + (f" {where}" if where is not None else "")
    return f"  {tinted}  {visible(text)}"


def _artifacts(files: Mapping[str, Any]) -> Iterator[str]:
    for resource, changes in files.items():
        yield f"  {visible(resource)}"
        yield from (f"    {visible(str(change))}" for change in changes)
