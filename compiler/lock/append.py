"""Is a lock an earlier one with something added? What was published on one side must be published on the other."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.lock import LOCK_FILE, Lock, LockedVersion
from compiler.source import Source, Span

_HELP = "take the line back from git; what was published stays in the lock for good"


def append_only(old: Lock, new: Lock) -> list[Finding]:
    """Every promise of ``old`` that ``new`` does not keep: versions that are gone, mean something else, or end earlier.

    Findings stand in the new lock. Steps and digests of files promise nothing, so they may differ.
    """
    return [finding for key in sorted(old.versions) for finding in _kept(old.versions[key], new)]


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
