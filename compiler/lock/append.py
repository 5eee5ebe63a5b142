"""Is a lock an earlier one with something added? What was published on one side must be published on the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from compiler.diagnostics import Finding, Note
from compiler.lock import LOCK_FILE, Lock, LockedEdge, LockedVersion
from compiler.lock.edges import by_key, is_kept
from compiler.source import Source, Span

_HELP = "take the line back from git; what was published stays in the lock for good"


def append_only(old: Lock, new: Lock, as_of: date = date.min) -> list[Finding]:
    """Every promise of ``old`` that ``new`` does not keep: versions that are gone, mean something else, or end earlier,
    and edges that are gone, or serve less than they promised until a day that is not over ``as_of`` another.

    Findings stand in the new lock. Steps and digests of files promise nothing, so they may differ.
    """
    found = [finding for key in sorted(old.versions) for finding in _kept(old.versions[key], new)]
    return found + [finding for name in sorted(old.edges) for finding in _edge(old.edges[name], new, as_of)]


def _edge(before: LockedEdge, new: Lock, as_of: date) -> Iterator[Finding]:
    now = new.edges.get(before.name)
    notes = (Note("promised before", before.where),) if before.where is not None else ()
    if now is None:
        message = f"the edge `{before.name}` is gone from {LOCK_FILE}"
        yield Finding("edge-removed-early", message, _top(new), _HELP, notes)
        return
    where = now.where or _top(new)
    if now.supported_until < before.supported_until:
        message = f"`{before.client}` was promised {before.supported_until}, and {now.supported_until} now"
        yield Finding("support-shortened", message, where, _HELP, notes)
    if before.removed or before.supported_until < as_of:
        return
    served = by_key(now)
    changed = (before.client, before.versioning) != (now.client, now.versioning)
    lost = [f"`{p.method} {p.path}`" for p in before.promises if changed or not is_kept(p, served)]
    if changed or lost:
        what = f"does not promise {', '.join(lost)} to `{before.client}` any more" if lost else "has another client"
        yield Finding("edge-removed-early", f"the edge `{before.name}` {what}", where, _HELP, notes)


def _kept(before: LockedVersion, new: Lock) -> Iterator[Finding]:
    name = f"`{before.contract}@{before.number}`"
    now = new.versions.get((before.contract, before.number))
    notes = (Note("published before", before.where),) if before.where is not None else ()
    if now is None:
        yield Finding("published-version-removed", f"{name} is gone from {LOCK_FILE}", _top(new), _HELP, notes)
        return
    where = now.where or _top(new)
    if (now.form, now.digest) != (before.form, before.digest):
        message = f"{name} means something else than when it was published"
        yield Finding("published-version-changed", message, where, _HELP, notes)
    for which, day, was in (
        ("deprecated", now.deprecated, before.deprecated),
        ("sunset", now.sunset, before.sunset),
    ):
        if day is not None and was is not None and day < was:
            message = f"`{which}` of {name} was {was}, and is {day} now"
            yield Finding("published-date-moved", message, where, _HELP, notes)


def _top(lock: Lock) -> Span:
    source = lock.source or Source(LOCK_FILE, "")
    return source.whole_line(1)
