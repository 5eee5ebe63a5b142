"""One gateway or edge in two revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from compiler.diff import aggregates, contracts, places, services
from compiler.diff.calls import Call, Key, Offer, offered
from compiler.diff.changes import Change
from compiler.diff.coded import OF_VERSION
from compiler.diff.entries import Found, Kind, Steps, by_entry, walked
from compiler.diff.gathering import Gathered
from compiler.diff.judging import BREAKING, RISKY, SAFE
from compiler.diff.revisions import Revision
from compiler.diff.table import TABLE
from compiler.diff.table_clients import CLIENTS
from compiler.diff.table_shapes import without_idle
from compiler.model.edges import Edge
from compiler.model.gateways import Gateway
from compiler.plan import Deployable, Forward, Rule, VersionKey
from compiler.records import frozen
from compiler.source import Span

KINDS = (
    Kind("versioning-changed", "Where clients say which version they want."),
    Kind("operation-removed", "Clients call an operation that is gone."),
    Kind("operation-added", "There is a new operation."),
    Kind("version-removed", "A major version of a contract is no longer served."),
    Kind("version-added", "A major version of a contract is served that was not."),
    Kind("version-changed", "Another version of a contract answers, within its major."),
    Kind("contract-renamed", "A contract bears another name."),
    Kind("exposure-moved", "What clients write before an operation's own path has changed."),
    Kind("default-version-changed", "What a request without a version gets."),
    Kind("service-path-changed", "What a service receives as the path."),
)


@frozen
class Side:
    """A deployable in one revision."""

    revision: Revision
    deployable: Deployable
    offer: Offer
    exposing: Mapping[Span, places.Exposing]

    @property
    def gateway(self) -> Gateway:
        return self.revision.gateway(self.deployable.name)

    def place(self, call: Call | None, at: Steps) -> Span:
        """The line that says a setting of an operation, or of the deployable as a whole."""
        by = self.exposing.get(call.rule.where) if call is not None else None
        if at[:1] == ("expose",) and by is not None:
            return places.of_expose(by.expose, at[1:])
        return places.of_policy(self.revision.project, self.gateway, by, at)

    def owner(self, contract: str) -> str | None:
        """Who answers for a contract, if the project says so."""
        declared = self.revision.project.contracts.get(contract)
        return declared.owner if declared is not None else None


def side(revision: Revision, deployable: Deployable) -> Side:
    """A deployable of a revision, with what clients can call there."""
    exposing = places.exposing(revision.workspace, deployable.name)
    return Side(revision, deployable, offered(deployable), exposing)


def named(deployable: Deployable) -> str:
    """``gateway/public``."""
    return f"{deployable.kind}/{deployable.name}"


def changed(old: Side, new: Side) -> list[Change]:
    """All changes of a deployable."""
    gathered = Gathered(named(new.deployable))
    pairs = services.renamed(old.deployable, new.deployable)
    if pairs:
        made = services.with_names(old.deployable, pairs)
        for name, found in services.told(old.deployable, new.deployable, pairs):
            gathered.add(found, places.of_service(new.revision.project, name, ()))
        old = replace(old, deployable=made, offer=offered(made))
    _whole(gathered, old, new)
    _services(gathered, old, new)
    _defaults(gathered, old, new)
    both = list(_paired(gathered, old, new))
    _operations(gathered, old, new, both)
    contracts.compare(gathered, old, new, both)
    aggregates.compare(gathered, old.deployable, new.deployable, both, new.revision.project)
    return gathered.changes(call.name for call in new.offer.calls.values())


def _whole(gathered: Gathered, old: Side, new: Side) -> None:
    """The deployable's own settings, and what its policies come to for requests that no operation answers."""
    here, there = _with_plain_hosts(old.deployable), _with_plain_hosts(new.deployable)
    for found in walked(TABLE, here, there):
        gathered.add(found, new.gateway.where.key(*found.at))
    for found in (
        *walked(TABLE, here.policies, there.policies),
        *by_entry(TABLE, TABLE[Rule]["cors"], here.cors, there.cors),
    ):
        gathered.add(found, new.place(None, found.at))
    if isinstance(old.gateway, Edge) and isinstance(new.gateway, Edge):
        for found in walked(CLIENTS, old.gateway.client, new.gateway.client):
            gathered.add(found, new.gateway.where.key("client", *found.at))
    key, was = there.version_key, here.version_key
    if (key.source, key.name) != (was.source, was.name):
        message = f"clients say the version in {_version_place(was)} -> {_version_place(key)}"
        gathered.add(Found("versioning-changed", BREAKING, message), new.gateway.where.key("versioning"))


def _with_plain_hosts(deployable: Deployable) -> Deployable:
    """Without the names that bear a version, where versions stand in the host: versions are compared as such."""
    return replace(deployable, hosts=deployable.version_key.hosts or deployable.hosts)


def _version_place(key: VersionKey) -> str:
    words = {"path": "the path", "media_type": "the media type", "host": "the host"}
    return words.get(key.source) or f"the {key.source} {key.name}"


def _services(gathered: Gathered, old: Side, new: Side) -> None:
    """The services of both revisions; what they do is compared with the operations."""
    before = {cluster.name: cluster for cluster in old.deployable.clusters}
    for cluster in new.deployable.clusters:
        if cluster.name in before:
            for found in walked(TABLE, before[cluster.name], cluster):
                said = replace(found, message=f"service `{cluster.name}`: {found.message}")
                gathered.add(said, places.of_service(new.revision.project, cluster.name, found.at))


def _defaults(gathered: Gathered, old: Side, new: Side) -> None:
    before, after = old.offer.defaults, new.offer.defaults
    for contract in sorted(before.keys() | after.keys()):
        was, now = before.get(contract), after.get(contract)
        if was == now:
            continue
        shown = [f"version {label}" if label is not None else "none" for label in (was, now)]
        message = f"requests for `{contract}` without a version get {shown[0]} -> {shown[1]}"
        expose = next((e for e in new.gateway.expose if e.contract == contract and e.default is not None), None)
        where = expose.where.key("default") if expose is not None else new.gateway.where.key("versioning", "default")
        verdict = SAFE if was is None else BREAKING
        gathered.add(Found("default-version-changed", verdict, message), where)


# Operations.


def _paired(gathered: Gathered, old: Side, new: Side) -> Iterator[tuple[Call, Call]]:
    """Calls that are there in both revisions; what came and what is gone is said."""
    before, after = old.offer.calls, new.offer.calls
    yield from ((before[key], after[key]) for key in before if key in after)
    gone = {key: call for key, call in before.items() if key not in after}
    came = {key: call for key, call in after.items() if key not in before}
    if gone and came:
        elsewhere = {call.own: call for call in came.values()}
        for key, call in list(gone.items()):
            moved = elsewhere.pop(call.own, None)
            if moved is None:
                continue
            del gone[key], came[moved.key]
            message = f"`{call.action.contract}` {call.label} is at {moved.at}, and was at {call.at}"
            gathered.add(Found("exposure-moved", BREAKING, message), _exposing(new, moved), [moved.name])
            yield call, moved
    gone = {key: call for key, call in gone.items() if key not in new.offer.also}
    _gone(gathered, old, new, gone)
    _came(gathered, old, new, came)


def _exposing(side: Side, call: Call) -> Span:
    by = side.exposing.get(call.rule.where)
    return by.expose.where.key("at") if by is not None else call.rule.where


def _majors(calls: Iterable[Call]) -> set[tuple[str, str]]:
    return {(call.action.contract, call.label) for call in calls}


def _gone(gathered: Gathered, old: Side, new: Side, gone: Mapping[Key, Call]) -> None:
    left = _majors(new.offer.calls.values())
    for call in gone.values():
        contract, label = call.action.contract, call.label
        owner = old.owner(contract)
        if (contract, label) not in left:
            found = Found("version-removed", BREAKING, f"version {label} of `{contract}` is no longer served")
            where = new.gateway.where.key("expose")
        else:
            found = Found("operation-removed", BREAKING, f"clients that call `{call.name}` no longer find it")
            where = _where_it_was(new, call)
        gathered.add(found, where, [call.name], owner=owner, was=call.rule.where)


def _where_it_was(new: Side, call: Call) -> Span:
    """Where an operation of a version that is still served should stand: in the document, or among what is exposed."""
    for exposure in new.revision.workspace.exposures:
        same = (exposure.gateway, exposure.contract, exposure.label)
        if same == (new.deployable.name, call.action.contract, call.label) and exposure.api is not None:
            if not any((o.method, o.path.shape) == (call.key[0], call.own_path) for o in exposure.api.operations):
                return exposure.api.root["paths"].span(key=True)
            return exposure.expose.where.key("operations")
    return new.gateway.where.key("expose")


def _came(gathered: Gathered, old: Side, new: Side, came: Mapping[Key, Call]) -> None:
    left = _majors(old.offer.calls.values())
    for call in came.values():
        contract, label = call.action.contract, call.label
        where = call.rule.where
        if (contract, label) not in left:
            found = Found("version-added", SAFE, f"version {label} of `{contract}` is served")
        else:
            found = Found("operation-added", SAFE, f"clients may call `{call.name}`")
            api = new.revision.workspace.apis.get((contract, call.action.version))
            operation = api.find(call.action.operation) if api is not None else None
            by = new.exposing.get(where)
            if api is not None and operation is not None and (by is None or by.expose.operations is None):
                where = api.where(operation)
        gathered.add(found, where, [call.name], owner=new.owner(contract))


def _operations(gathered: Gathered, old: Side, new: Side, both: Iterable[tuple[Call, Call]]) -> None:
    """What is done for each operation."""
    seen: dict[tuple[Span, Steps], Span] = {}
    for before, after in both:
        was, now = before.action, after.action
        if was == now and before.rule.cors == after.rule.cors:
            continue
        for found in _one(before, after):
            if found.at[-1:] == OF_VERSION:
                declared = places.of_version(new.revision.project, now.contract, now.version)
                place = declared or after.rule.where
            elif found.at[:1] == ("services",):
                place = places.of_service(new.revision.project, found.at[1], found.at[2:]) or after.rule.where
            else:
                key = (after.rule.where, found.at)
                place = seen.get(key) or new.place(after, found.at)
                seen[key] = place
            of_version = f"`{now.contract}` {now.version}: " if found.at[-1:] == OF_VERSION else ""
            gathered.add(replace(found, message=of_version + found.message), place, [after.name])
        for found, where in _version(new, before, after):
            gathered.add(found, where, [after.name], owner=new.owner(now.contract))


def _one(before: Call, after: Call) -> Iterator[Found]:
    was, now = without_idle(before.action), without_idle(after.action)
    yield from walked(TABLE, before.rule, after.rule)
    if isinstance(was, Forward) and isinstance(now, Forward):
        yield from walked(TABLE, was, now)
        yield from _at_the_service(before, after, was, now)
    elif type(was) is type(now):
        yield from walked(TABLE, was, now)
    else:
        yield from aggregates.answered_otherwise(was, now)


def _at_the_service(before: Call, after: Call, was: Forward, now: Forward) -> Iterator[Found]:
    """What the services receive as the path."""
    here, there = _prefixes(was), _prefixes(now)
    for name in sorted(here.keys() & there.keys()):
        if here[name] + before.own_path != there[name] + after.own_path:
            same = before.own_path == after.own_path
            shown = [
                prefix or "/" if same else prefix + call.own_path
                for prefix, call in ((here[name], before), (there[name], after))
            ]
            message = f"service `{name}` is asked {'below ' if same else ''}{shown[0]} -> {shown[1]}"
            yield Found("service-path-changed", RISKY, message, ("services", name, "base_path"))


def _prefixes(forward: Forward) -> dict[str, str]:
    """What stands before the contract's own paths at each service."""
    return {t.cluster: forward.prepend if t.prepend is None else t.prepend for t in forward.targets}


def _version(new: Side, before: Call, after: Call) -> Iterator[tuple[Found, Span | None]]:
    was, now = before.action, after.action
    where = places.of_version(new.revision.project, now.contract, now.version)
    if was.contract != now.contract:
        in_media_type = new.deployable.version_key.source == "media_type"  # which bears the contract's name
        verdict = BREAKING if in_media_type else SAFE
        yield Found("contract-renamed", verdict, f"contract `{was.contract}` is named `{now.contract}` now"), where
    if was.version != now.version:
        yield Found("version-changed", SAFE, f"`{now.contract}`: {was.version} -> {now.version}"), where
