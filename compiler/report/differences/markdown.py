"""A difference as Markdown, for a comment on a pull request: what breaks is open, the rest is folded.

It begins with a comment that is not shown, by which a job finds its earlier comment again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from compiler.diff.changes import Change, Difference
from compiler.report.differences.words import WEAKENED, group, operations, place, reach, summary

MARK = "<!-- gatewright diff -->"
MOST = 60_000
"""Bytes; GitHub refuses comments of more than 65,536 characters."""
_END = "\n</details>\n"
_MOST_IN_A_CELL = 600


def render(difference: Difference) -> str:
    """The counts, and a table for each level, most important first; what does not fit is counted."""
    reaches = reach(difference.changes)
    text = f"{MARK}\n**gatewright diff**: {summary(difference)}" + (f"; reaches {_cell(reaches)}" if reaches else "")
    made, left = [text + "\n"], len(difference.changes)
    room = MOST - len(made[0].encode()) - 200
    for level, same in groupby(difference.changes, key=lambda change: change.level):
        changes = list(same)
        lines = [_head(level, len(changes))]
        for row, _ in zip(map(_row, changes), changes, strict=True):
            if sum(len(line.encode()) for line in lines) + len(row.encode()) + len(_END) > room:
                break
            lines.append(row)
            left -= 1
        if len(lines) == 1:
            break
        made.append("".join(lines) + _END)
        room -= len(made[-1].encode())
        if len(lines) <= len(changes):
            break
    if left:
        made.append(f"\nand {left} more, which `gatewright diff --format json` lists\n")
    elif difference.artifacts:
        made += _artifacts(difference, room)
    return "".join(made)


def _head(level: str, count: int) -> str:
    opened = " open" if level == "breaking" else ""
    title = f"<b>{count} {level}</b>"
    return f"\n<details{opened}><summary>{title}</summary>\n\n| | what | operations | where |\n|---|---|---|---|\n"


def _row(change: Change) -> str:
    where = place(change)
    said = [_cell(change.message)]
    said += [f"**{WEAKENED}**"] if change.weakened else []
    said += [f"reaches {_cell(', '.join(change.clients))}"] if change.clients not in ((), (change.deployable,)) else []
    said += [f"owned by {_cell(change.owner)}"] if change.owner is not None else []
    cells = (group(change), "<br>".join(said) + f" ({change.rule})", _cell(operations(change)), _cell(str(where or "")))
    return f"| {' | '.join(cells)} |\n"


def _artifacts(difference: Difference, room: int) -> Iterator[str]:
    """What changes in the files that are built, as far as there is room."""
    head = "\n<details><summary>built files</summary>\n\n```\n"
    lines: list[str] = []
    for name, resources in sorted((difference.artifacts or {}).items()):
        for resource, changes in resources.items():
            lines += [f"{name}: {resource}", *(f"  {change}" for change in changes)]
    shown: list[str] = []
    room -= len(head) + 100
    for line in lines:
        flat = re.sub(r"\s+", " ", line[:_MOST_IN_A_CELL]).replace("```", "'''").rstrip()
        flat = "  " + flat.lstrip() if line.startswith(" ") else flat
        room -= len(flat.encode()) + 1
        if room < 0:
            shown.append(f"and {len(lines) - len(shown)} more")
            break
        shown.append(flat)
    if shown:
        yield head + "\n".join(shown) + "\n```\n" + _END


def _cell(text: str) -> str:
    """Text that stays in its cell, is no markup but for code, and calls nobody by name."""
    flat = re.sub(r"\s+", " ", text)
    flat = flat if len(flat) <= _MOST_IN_A_CELL else flat[: _MOST_IN_A_CELL - 1] + "…"
    flat = flat.replace("|", "\\|")
    parts = flat.split("`")
    if len(parts) % 2 == 0:  # a lone mark would make code of all that follows
        parts = ["'".join(parts)]
    parts[::2] = [_plain(part) for part in parts[::2]]
    return "`".join(parts)


def _plain(text: str) -> str:
    escaped = re.sub(r"([*_\[\]~])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
    return escaped.replace("@", "&#64;")
