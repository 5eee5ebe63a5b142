"""What ``gatewright lock`` writes: the lock together with what is new in a project without errors.

It adds. A version that is there keeps its meaning and its place; its dates follow the project, which may only move them
later; and one that the project has no more stays as removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from compiler.contracts.meaning import meaning
from compiler.contracts.versions import is_prerelease
from compiler.lock import Lock, LockedEdge, LockedVersion, mark
from compiler.lock.edges import renewed_edge
from compiler.lock.history import Edition, History, Key
from compiler.lock.record import pack
from compiler.records import frozen


@frozen
class Renewal:
    """A lock, and what is different in it: the keys of versions that were added, that are gone, whose dates moved.

    ``edges`` are the names of edges of which it says something else than before.
    """

    lock: Lock
    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    moved: tuple[Key, ...]
    edges: tuple[str, ...] = ()


def renewed(history: History, edges: Mapping[str, LockedEdge], as_of: date) -> Renewal:
    """The lock for a project whose edges promise ``edges``. Every document that the lock does not know must be sound.

    The day decides only whether what an edge once promised is over.
    """
    old = history.lock.versions
    promised = {
        name: renewed_edge(history.lock.edges.get(name), edges.get(name), as_of)
        for name in sorted({*history.lock.edges, *edges})
    }
    new: dict[Key, LockedVersion] = {}
    for key, edition in history.editions.items():
        if not is_prerelease(edition.number):
            new[key] = _entry(edition)
    for step in history.steps:
        before, after = new[step.before.key], new[step.after.key]
        if step.needed is not None:
            new[step.after.key] = replace(after, after=mark(before), bump=step.needed)
    both = [key for key in new if key in old]
    return Renewal(
        Lock(new, promised, history.lock.source),
        added=tuple(key for key in new if key not in old),
        removed=tuple(key for key in both if new[key].removed and not old[key].removed),
        moved=tuple(
            key for key in both if (new[key].deprecated, new[key].sunset) != (old[key].deprecated, old[key].sunset)
        ),
        edges=tuple(name for name in promised if promised[name] != history.lock.edges.get(name)),
    )


def _entry(edition: Edition) -> LockedVersion:
    declared, locked = edition.declared, edition.locked
    if declared is None:
        assert locked is not None
        return replace(locked, removed=True)
    if locked is not None:
        known = edition if edition.api is not None and edition.difference is None else locked
        return replace(
            locked,
            deprecated=declared.deprecated,
            sunset=declared.sunset,
            removed=False,
            text=known.text,
            files=known.files,
        )
    assert edition.api is not None
    made = meaning(edition.api)
    return LockedVersion(
        contract=edition.contract,
        number=edition.number,
        form=made.form,
        digest=made.digest,
        packed=pack(made.text),
        deprecated=declared.deprecated,
        sunset=declared.sunset,
        text=edition.text,
        files=edition.files,
    )
