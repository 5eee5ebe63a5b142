"""bump-too-small and risky-change: the number of a version says how much changed since the version before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compiler.contracts.versions import BUMPS, following
from compiler.diagnostics import Finding, Note
from compiler.lock.history import History, Step
from compiler.source import Span
from compiler.workspace import Workspace

if TYPE_CHECKING:
    from compiler.compat.changes import Change

MOST_CHANGES = 100
"""So many changes are listed, each with its places; of more than that the number is said."""


def check(workspace: Workspace) -> Iterator[Finding]:
    """Steps between releases that are smaller than what changed, or that may break some clients."""
    for step in workspace.history.steps:
        if step.comparison is None:
            continue
        changes = step.comparison.changes
        forcing = [change for change in changes if BUMPS.index(change.bump) > BUMPS.index(step.allowed)]
        risky = [change for change in changes if change.level == "risky"]
        if forcing:
            yield _too_small(step, forcing)
        elif risky and step.allowed != "major":
            yield _risky(step, risky)


def settled(history: History) -> Iterator[tuple[str, Span]]:
    """What is not looked at again, and where: the steps that the lock knows. What allowed them stays in the project."""
    for step in history.steps:
        if step.after.locked is not None and step.comparison is None:
            yield "bump-too-small", step.after.where
            yield "risky-change", step.after.where


def _too_small(step: Step, changes: Sequence[Change]) -> Finding:
    before, after = step.before, step.after
    needed = max((change.bump for change in changes), key=BUMPS.index)
    number = following(before.number, needed)
    one = len(changes) == 1
    if needed == "major":
        what = "1 change breaks clients" if one else f"{len(changes)} changes break clients"
    else:
        what = "1 change can be seen by clients" if one else f"{len(changes)} changes can be seen by clients"
    newer = before if after.locked is not None and before.locked is None else after
    if newer is before:
        help = f"{after.number} is published: publish {before.number} with a number behind it, or without the changes"
    elif after.locked is not None:
        help = "both are published, each on a branch of its own: publish the later one anew, with a larger number"
    else:
        help = f"publish it as {number}, or take the changes back"
    return Finding(
        "bump-too-small",
        f"`{after.contract}` from {before.number} to {after.number}: {what}, which needs {number}",
        newer.where,
        help,
        notes(changes, before.number),
    )


def _risky(step: Step, changes: Sequence[Change]) -> Finding:
    before, after = step.before.number, step.after.number
    count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    return Finding(
        "risky-change",
        f"`{step.after.contract}` from {before} to {after}: {count} may break some clients",
        step.after.where,
        f"ask the clients, and allow it with the reason; or publish it as {following(before, 'major')}",
        notes(changes, before),
    )


def notes(changes: Sequence[Change], before: str | None = None) -> tuple[Note, ...]:
    """Each change at its place in the later document, and, with ``before``, where it is in that version."""
    made: list[Note] = []
    for change in changes[:MOST_CHANGES]:
        places = [node.span(key=True) for node in (change.revision, change.base) if node is not None]
        made += [Note(change.message, place) for place in places[:1]]
        made += [Note(f"in {before}", place) for place in places[1:] if before is not None]
    if len(changes) > MOST_CHANGES:
        text = f"and {len(changes) - MOST_CHANGES} more, which `gatewright contract diff` lists"
        made.append(Note(text, made[0].where))
    return tuple(made)
