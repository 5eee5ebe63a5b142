"""Two revisions of a whole project: which gateways and edges there are, and what each pair of them differs in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from compiler.diff import published
from compiler.diff.changes import Change, in_order
from compiler.diff.deployables import Side, changed, named, side
from compiler.diff.entries import Kind
from compiler.diff.revisions import Revision

KINDS = (
    Kind("deployable-removed", "A gateway or an edge is gone."),
    Kind("deployable-added", "There is a new gateway or edge."),
    Kind("deployable-renamed", "A gateway or an edge bears another name."),
    Kind("not-compared", "Errors in the old revision leave a gateway or edge without a plan."),
)


def compare(old: Revision, new: Revision, as_of: date) -> tuple[Change, ...]:
    """All changes, in their order. Nothing of ``new`` may be broken. The day decides only which promises are over."""
    before = {name: side(old, one) for name, one in old.deployables.items()}
    after = {name: side(new, one) for name, one in new.deployables.items()}
    found: list[Change] = []
    for name in sorted(after.keys() & before.keys()):
        found += changed(before[name], after[name])
    gone = {name: one for name, one in before.items() if name not in after}
    came = {name: one for name, one in after.items() if name not in before and name not in old.broken}
    for name, other in sorted(_renamed(gone, came).items()):
        found += _with_another_name(gone.pop(name), came.pop(other))
    found += [_removed(one, new) for _, one in sorted(gone.items())]
    found += [_added(one) for _, one in sorted(came.items())]
    found += _unknown(old, new)
    found += published.compare(old, new, as_of)
    return in_order(found)


def _with_another_name(old: Side, new: Side) -> Iterator[Change]:
    was, now = named(old.deployable), named(new.deployable)
    yield Change(
        level="safe",
        rule="deployable-renamed",
        deployable=now,
        message=f"{was} is named {now} now",
        clients=(now,),
        where=new.gateway.where.span,
    )
    yield from changed(old, new)


def _renamed(gone: dict[str, Side], came: dict[str, Side]) -> dict[str, str]:
    """What is gone, with what takes its place: where clients connect and what they can call there is mostly the same.

    The listener alone says much; the more calls are the same, the better two fit.
    """
    fits = []
    for name, one in gone.items():
        for other, candidate in came.items():
            score = _alike(one, candidate)
            if score >= 1:
                fits.append((-score, name, other))
    pairs: dict[str, str] = {}
    for _, name, other in sorted(fits):
        if name not in pairs and other not in pairs.values():
            pairs[name] = other
    return pairs


def _alike(old: Side, new: Side) -> float:
    here, there = old.deployable, new.deployable
    sockets = [(one.listener.address, one.listener.port) for one in (here, there)]
    hosts = set(here.hosts) & set(there.hosts) - {"*"}
    calls, others = old.offer.calls.keys(), new.offer.calls.keys()
    shared = len(calls & others) / max(1, len(calls | others))
    return (sockets[0] == sockets[1]) * 0.6 + bool(hosts) * 0.6 + shared


def _removed(one: Side, new: Revision) -> Change:
    name = named(one.deployable)
    return Change(
        level="breaking",
        rule="deployable-removed",
        deployable=name,
        message=f"{name} is gone, with its {_counted(one)}",
        clients=(name,),
        where=new.project.where.span,
        was=one.gateway.where.span,
    )


def _added(one: Side) -> Change:
    name = named(one.deployable)
    return Change(
        level="safe",
        rule="deployable-added",
        deployable=name,
        message=f"{name} is new, with {_counted(one)}",
        clients=(name,),
        where=one.gateway.where.span,
    )


def _counted(one: Side) -> str:
    count = len(one.offer.calls)
    return f"{count} operation{'' if count == 1 else 's'}"


def _unknown(old: Revision, new: Revision) -> Iterator[Change]:
    kinds = dict.fromkeys(old.project.edges, "edge") | dict.fromkeys(old.project.gateways, "gateway")
    for name, finding in sorted(old.broken.items()):
        deployable = f"{kinds[name]}/{name}"
        there = new.deployables.get(name)
        yield Change(
            level="risky",
            rule="not-compared",
            deployable=deployable,
            message=f"the old revision has errors, so nobody can say what changes: {finding.message}",
            clients=(deployable,),
            where=there.where if there is not None else new.project.where.span,
            was=finding.where,
        )
