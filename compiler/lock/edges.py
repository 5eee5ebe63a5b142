"""What is kept of an edge: the operations that it once served, until the day that was promised is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from compiler.contracts.versions import precedence
from compiler.lock import LockedEdge, Promise


def joined(one: Promise, other: Promise) -> Promise:
    """What two promises with one key come to together: the later version, which has all that the earlier one has; of
    equal versions the second.
    """
    later = one if precedence(one.number) > precedence(other.number) else other
    return replace(later, default=one.default or other.default)


def by_key(edge: LockedEdge) -> dict[tuple[str, str, str, str], Promise]:
    """The promises of an edge by what a client's request gets."""
    return {promise.key: promise for promise in edge.promises}


def is_kept(promise: Promise, served: Mapping[tuple[str, str, str, str], Promise]) -> bool:
    """Whether a promise is kept by what is served: the same operation, in that version or a later one of its major."""
    there = served.get(promise.key)
    if there is None or (promise.default and not there.default):
        return False
    return precedence(there.number) >= precedence(promise.number)


def renewed_edge(locked: LockedEdge | None, now: LockedEdge | None, as_of: date) -> LockedEdge:
    """What the lock is to say of an edge that it knows, or that the project has, or both.

    It adds. Only where the promised day is over, or the edge was gone, does the new promise take the place of the old.
    """
    if now is None:
        assert locked is not None
        return replace(locked, removed=True)
    if locked is None or locked.removed or locked.supported_until < as_of:
        return now
    until = max(locked.supported_until, now.supported_until)
    if (locked.client, locked.versioning) != (now.client, now.versioning):
        return replace(locked, supported_until=until)  # which a comment in the project allows
    kept = by_key(locked)
    for promise in now.promises:
        kept[promise.key] = joined(kept[promise.key], promise) if promise.key in kept else promise
    order = sorted(kept.values(), key=lambda p: (p.path, p.method, p.contract, p.number))
    return replace(locked, supported_until=until, promises=tuple(order))
