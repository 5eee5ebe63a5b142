"""What the lock promised before and does not promise any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from compiler.diff.changes import Change
from compiler.diff.deployables import named
from compiler.diff.entries import Kind
from compiler.diff.revisions import Revision
from compiler.lock import LOCK_FILE
from compiler.lock.append import append_only
from compiler.source import Source, Span

KINDS = (Kind("lock-not-append-only", "The lock lacks, or changes, what it promised before."),)


def compare(old: Revision, new: Revision, as_of: date) -> list[Change]:
    """A change for each promise that is broken; one for a lock that is not there any more.

    One pull request could change a contract and its lock together: nothing but the old lock knows what was published.
    What an edge promised holds until its day is over, as seen from ``as_of``.
    """
    lock = old.lock
    if new.lock.source is None:
        if not lock.versions and not lock.edges:
            return []
        clients = {one for contract, _ in lock.versions for one in _clients(old, new, contract)}
        message = f"{LOCK_FILE} is gone, and with it what was published"
        where = Source(LOCK_FILE, "").span(0, 0)
        return [_change(message, sorted(clients), where, lock.source.span(0, 0) if lock.source else None)]
    parts = [
        (replace(lock, versions={key: locked}, edges={}), _clients(old, new, key[0]), locked.where)
        for key, locked in sorted(lock.versions.items())
    ]
    parts += [
        (replace(lock, versions={}, edges={name: edge}), [f"edge/{name}"], edge.where)
        for name, edge in sorted(lock.edges.items())
    ]
    return [
        _change(finding.message, clients, finding.where, was)
        for part, clients, was in parts
        for finding in append_only(part, new.lock, as_of)
    ]


def _change(message: str, clients: list[str], where: Span, was: Span | None) -> Change:
    return Change(
        level="breaking",
        rule="lock-not-append-only",
        deployable=None,
        message=message,
        clients=tuple(clients),
        where=where,
        was=was,
    )


def _clients(old: Revision, new: Revision, contract: str) -> list[str]:
    """Whom a contract reaches, in either revision."""
    deployables = (*old.deployables.values(), *new.deployables.values())
    return sorted({named(one) for one in deployables if any(e.contract == contract for e in one.exposed)})
