"""What an edge promised is kept: the project's edges beside what the lock says of them.

Rules: edge-removed-early, support-shortened, and lock-outdated for what is new. Until the end of the locked
`supported_until` a client finds all that its edge once served; after that day the edge may go, or change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from compiler.contracts.versions import precedence
from compiler.diagnostics import Finding, Note
from compiler.lock import LOCK_FILE, LockedEdge, Promise
from compiler.lock.edges import by_key, is_kept, renewed_edge
from compiler.model.edges import Edge
from compiler.promises import is_whole, promised
from compiler.workspace import Workspace

_ADD = f"run `gatewright lock` and commit {LOCK_FILE}"
_LISTED = 3
"""So many operations are named in a message; the notes have all of them."""
_MOST_NOTES = 100


def check(workspace: Workspace) -> Iterator[Finding]:
    """Edges that do not keep what they promised, and promises that the lock does not know."""
    lock = workspace.history.lock
    if lock.source is None:
        return  # nothing is published yet
    project = workspace.project
    now = promised(workspace) if project.edges else {}
    for name, locked in sorted(lock.edges.items()):
        if name not in project.edges:
            yield from _removed(workspace, locked)
    for name, edge in project.edges.items():
        before = lock.edges.get(name)
        if before is None:
            message = f"the edge `{name}` is not in {LOCK_FILE}, so nothing keeps what it promises to its client"
            yield Finding("lock-outdated", message, edge.where.span, f"{_ADD} when the client may rely on it")
        else:
            yield from _kept(workspace, edge, before, now[name])


def _removed(workspace: Workspace, locked: LockedEdge) -> Iterator[Finding]:
    assert locked.where is not None
    if locked.removed:
        return
    if locked.supported_until < workspace.as_of:
        message = f"the edge `{locked.name}` is gone from the project, which {LOCK_FILE} does not say yet"
        yield Finding("lock-outdated", message, locked.where, _ADD)
        return
    yield Finding(
        "edge-removed-early",
        f"the edge `{locked.name}` is gone, and `{locked.client}` was promised it until {locked.supported_until}",
        locked.where,
        "declare it again, and remove it after that day",
    )


def _kept(workspace: Workspace, edge: Edge, locked: LockedEdge, now: LockedEdge) -> Iterator[Finding]:
    over = locked.supported_until < workspace.as_of
    yield from _until(edge, locked, now)
    broken = [] if over else list(_broken(workspace, edge, locked, now))
    yield from broken
    news = [] if broken or not is_whole(workspace, now.name) else list(_news(locked, now, workspace.as_of))
    if news:
        more = f" and {len(news) - 1} more" if len(news) > 1 else ""
        message = f"{LOCK_FILE} does not know what `{now.name}` promises now: {news[0]}{more}"
        yield Finding("lock-outdated", message, edge.where.span, _ADD, _noted(locked))


def _until(edge: Edge, locked: LockedEdge, now: LockedEdge) -> Iterator[Finding]:
    where = edge.client.where["supported_until"]
    if now.supported_until < locked.supported_until:
        yield Finding(
            "support-shortened",
            f"`{now.client}` is supported until {now.supported_until}, and was promised {locked.supported_until}",
            where,
            "a promised day moves only to a later one",
            _noted(locked),
        )
    elif now.supported_until > locked.supported_until:
        message = f"`supported_until` of `{now.name}` is {now.supported_until}, and in {LOCK_FILE} "
        help = f"{_ADD}: from then on the day only moves to a later one"
        yield Finding("lock-outdated", message + f"{locked.supported_until}", where, help, _noted(locked))


def _broken(workspace: Workspace, edge: Edge, locked: LockedEdge, now: LockedEdge) -> Iterator[Finding]:
    """What the client of a locked edge does not find any more."""
    name, until = now.name, locked.supported_until
    if locked.client != now.client:
        yield Finding(
            "edge-removed-early",
            f"the edge `{name}` is for `{now.client}` now, and `{locked.client}` was promised it until {until}",
            edge.client.where["name"],
            "give the other client an edge of its own",
            _noted(locked),
        )
    if locked.versioning != now.versioning:
        yield Finding(
            "edge-removed-early",
            f"`{locked.client}` names the version in the {_where(locked)} until {until}, and `{name}` reads it from "
            f"the {_where(now)}",
            edge.versioning.where.span if edge.versioning is not None else edge.where.span,
            "take the change back, or give clients that can follow it an edge of their own",
            _noted(locked),
        )
    elif is_whole(workspace, name):
        yield from _operations(edge, locked, now)
        yield from _answers(workspace, edge, locked, now)


def _operations(edge: Edge, locked: LockedEdge, now: LockedEdge) -> Iterator[Finding]:
    served = by_key(now)
    gone = [promise for promise in locked.promises if not is_kept(promise, served)]
    if not gone:
        return
    named = ", ".join(_lost(promise, served) for promise in gone[:_LISTED])
    more = f" and {len(gone) - _LISTED} more" if len(gone) > _LISTED else ""
    notes = tuple(Note(_lost(p, served), p.where) for p in gone[:_MOST_NOTES] if p.where is not None)
    yield Finding(
        "edge-removed-early",
        f"`{now.name}` lacks what `{locked.client}` was promised until {locked.supported_until}: {named}{more}",
        edge.where.key("expose"),
        f"expose it again in `{now.name}`, and remove it after that day",
        notes,
    )


def _answers(workspace: Workspace, edge: Edge, locked: LockedEdge, now: LockedEdge) -> Iterator[Finding]:
    """Changes of bodies that leave out what was promised, or do not take it any more."""
    served = by_key(now)
    for before in locked.promises:
        there = served.get(before.key)
        if there is None or (before.shape, before.publish) == (there.shape, there.publish):
            continue
        from compiler.checks.bodies.promised import why_broken  # takes time to load

        why = why_broken(workspace, now.name, before, there)
        if why is not None:
            yield Finding(
                "edge-removed-early",
                f"`{before.method} {before.path}` {why[0]} than `{locked.client}` was promised until "
                f"{locked.supported_until}: {why[1]}",
                there.where or edge.where.span,
                "take the change back, or give the client that can follow it an edge of its own",
                (Note("promised here", before.where),) if before.where is not None else (),
            )


def _lost(promise: Promise, served: Mapping[tuple[str, str, str, str], Promise]) -> str:
    there = served.get(promise.key)
    what = f"`{promise.method} {promise.path}` of `{promise.contract}@{promise.number}`"
    if there is None:
        return what
    if precedence(there.number) < precedence(promise.number):
        return f"{what}, which is {there.number} now"
    return f"{what} for requests that name no version"


def _news(locked: LockedEdge, now: LockedEdge, as_of: date) -> Iterator[str]:
    """What the lock does not know, in words."""
    after = renewed_edge(locked, now, as_of)
    if locked.removed:
        yield "it is there again"
    elif (after.client, after.versioning) != (locked.client, locked.versioning):
        yield "it is promised anew"
    known = by_key(locked)
    for promise in after.promises:
        before = known.get(promise.key)
        if before != promise:
            default = " for requests that name no version" if before is not None and not before.default else ""
            yield f"`{promise.method} {promise.path}` of `{promise.contract}@{promise.number}`" + (
                default if promise.default else ""
            )
    if len(after.promises) < len(locked.promises):
        yield "operations are gone, now that the promised day is over"


def _where(edge: LockedEdge) -> str:
    source, _, name = edge.versioning.partition(":")
    return f"{source.replace('_', ' ')} `{name}`" if name else source.replace("_", " ")


def _noted(locked: LockedEdge) -> tuple[Note, ...]:
    return (Note("promised here", locked.where),) if locked.where is not None else ()
