"""What is published is kept: the project beside its lock.

Rules: published-version-changed, published-version-removed, published-date-moved, lock-outdated, and
deprecation-window-too-short for an end that is announced too late. A finding stands where it is to be mended: at the
version in the project, or at the lock's line where the project has nothing of it any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from compiler.checks.steps import notes
from compiler.contracts.versions import BUMPS, Bump, following, in_order, is_prerelease, label
from compiler.diagnostics import Finding, Note
from compiler.lock import LOCK_FILE, LockedVersion
from compiler.lock.history import Edition
from compiler.model.contracts import ContractVersion
from compiler.model.kinds import duration_text
from compiler.workspace import Workspace

_DAY = timedelta(days=1)
_ADD = f"run `gatewright lock` and commit {LOCK_FILE}"


def check(workspace: Workspace) -> Iterator[Finding]:
    """Published versions that are not what they were, and versions that the lock does not know."""
    if workspace.history.lock.source is None:
        return  # nothing is published yet
    by_contract: dict[str, list[Edition]] = {}
    for edition in workspace.history.editions.values():
        if edition.contract in workspace.history.judged and not is_prerelease(edition.number):
            by_contract.setdefault(edition.contract, []).append(edition)
    for editions in by_contract.values():
        for at, edition in enumerate(editions):
            if edition.locked is None:
                yield _new(edition)
            elif edition.declared is None:
                yield from _removed(workspace, edition, edition.locked, editions[at + 1 :])
            else:
                yield from _back(edition, edition.locked)
                yield from _changed(edition, edition.locked, editions)
                yield from _dates(workspace, edition.declared, edition.locked)


def published_here(locked: LockedVersion) -> tuple[Note, ...]:
    """The line of a version in the lock."""
    return (Note("published here", locked.where),) if locked.where is not None else ()


def _new(edition: Edition) -> Finding:
    return Finding(
        "lock-outdated",
        f"`{edition.contract}@{edition.number}` is not in {LOCK_FILE}, so nothing keeps it from changing",
        edition.where,
        f"{_ADD} when clients may rely on it",
    )


def _back(edition: Edition, locked: LockedVersion) -> Iterator[Finding]:
    if locked.removed:
        message = f"`{edition.contract}@{edition.number}` is in the project again, and removed in {LOCK_FILE}"
        yield Finding("lock-outdated", message, edition.where, _ADD, published_here(locked))


def _changed(edition: Edition, locked: LockedVersion, editions: Sequence[Edition]) -> Iterator[Finding]:
    if edition.difference is None:
        return
    changes = [change for change in edition.difference.changes if change.bump in ("major", "minor")]
    newest = in_order(e.number for e in editions if label(e.number) == label(edition.number))[-1]
    needed: Bump = max((change.bump for change in changes), key=BUMPS.index, default=edition.difference.bump)
    free = following(newest, needed)
    if any(label(e.number) == label(free) for e in editions if label(e.number) != label(edition.number)):
        free = following(in_order(e.number for e in editions)[-1], "major")  # the next major has long been published
    count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    yield Finding(
        "published-version-changed",
        f"`{edition.contract}@{edition.number}` is published, and its document says something else now: {count}",
        edition.where,
        f"restore the document, and publish the changed one as {free}",
        (*published_here(locked), *notes(changes)),
    )


def _removed(
    workspace: Workspace, edition: Edition, locked: LockedVersion, later: Sequence[Edition]
) -> Iterator[Finding]:
    name = f"`{edition.contract}@{edition.number}`"
    ended = locked.deprecated is not None and locked.sunset is not None and locked.sunset < workspace.as_of
    if locked.removed:
        return
    if ended or _superseded(edition, later):
        message = f"{name} is gone from the project, which {LOCK_FILE} does not say yet"
        yield Finding("lock-outdated", message, edition.where, _ADD)
        return
    if locked.deprecated is None:
        why = "it was never deprecated"
        dates = " with `deprecated` and `sunset`"
    elif locked.sunset is None:
        why = "no day was set for its end"
        dates = " with a `sunset`"
    else:
        why = f"clients were promised it until {locked.sunset}"
        dates = ""
    contract = workspace.project.contracts.get(edition.contract)
    place = edition.where if contract is None else contract.where.key("versions")
    yield Finding(
        "published-version-removed",
        f"{name} is published and gone from the project, and {why}",
        place,
        f"declare it again{dates}; remove it after that day, or once a later version of its major is in the lock",
        published_here(locked) if contract is not None else (),
    )


def _superseded(edition: Edition, later: Sequence[Edition]) -> bool:
    """Whether the project has a published version that clients of a removed one can use in its place."""
    for other in later:
        if label(other.number) != label(edition.number) or (other.locked and other.locked.bump == "major"):
            return False
        if other.locked is not None and other.declared is not None:
            return True
    return False


def _dates(workspace: Workspace, declared: ContractVersion, locked: LockedVersion) -> Iterator[Finding]:
    which: Literal["deprecated", "sunset"]
    for which in ("deprecated", "sunset"):
        before: date | None = getattr(locked, which)
        now: date | None = getattr(declared, which)
        if before == now:
            continue
        name = f"`{locked.contract}@{locked.number}`"
        if before is not None and now is not None and now < before:
            yield Finding(
                "published-date-moved",
                f"`{which}` of {name} is {now}, and clients were told {before}",
                declared.where[which],
                "a published date moves only to a later day",
                published_here(locked),
            )
            continue
        late = _late(workspace, declared, now, locked) if which == "sunset" and before is None and now else None
        yield late or Finding(
            "lock-outdated",
            f"`{which}` of {name} is {now or 'not set'}, and in {LOCK_FILE} {before or 'not set'}",
            declared.where[which],
            f"{_ADD}: from then on the day only moves to a later one" if now is not None else _ADD,
            published_here(locked),
        )


def _late(workspace: Workspace, declared: ContractVersion, sunset: date, locked: LockedVersion) -> Finding | None:
    """A published version gets an end: the time that clients have counts from the day on which they can learn of it."""
    window = timedelta(milliseconds=workspace.project.settings.deprecation_window)
    if declared.deprecated is None or declared.deprecated >= workspace.as_of or sunset - workspace.as_of >= window:
        return None  # the dates alone decide
    days = max((sunset - workspace.as_of) // _DAY, 0)
    return Finding(
        "deprecation-window-too-short",
        f"this end is not in {LOCK_FILE} yet: as of {workspace.as_of} clients have {days} days to move on, and "
        f"{duration_text(workspace.project.settings.deprecation_window)} are promised",
        declared.where["sunset"],
        f"move `sunset` to {workspace.as_of + window} or later, and run `gatewright lock`",
        published_here(locked),
    )
