"""A project with its contracts loaded and its exposures resolved: what the checks look at and the plan is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date

from compiler.contracts.openapi import Api, Operation
from compiler.contracts.versions import Resolution, label, resolve
from compiler.diagnostics import Finding, Note, did_you_mean, one_of
from compiler.files import Library
from compiler.lock import Lock
from compiler.lock.history import History, Key, take
from compiler.model.contracts import ContractVersion
from compiler.model.edges import EdgeExpose
from compiler.model.gateways import Expose, OperationSettings
from compiler.model.project import Project
from compiler.records import frozen
from compiler.serving import canaries, reachable
from compiler.serving import served as services_by_version
from compiler.source import Span


@frozen
class ExposedOperation:
    """One operation of an exposed version; ``settings`` where the exposure says something special about it."""

    operation: Operation
    settings: OperationSettings | None
    where: Span
    """The place in the project that exposes it: its own line under `operations`, or the exposure."""


@frozen
class Exposure:
    """One version that one entry of ``expose`` comes to."""

    gateway: str
    expose: Expose
    index: int
    """The entry's position in ``expose``."""
    contract: str
    label: str
    version: str
    declared: ContractVersion
    api: Api | None
    """None where the document is broken, which has findings of its own."""
    operations: tuple[ExposedOperation, ...]
    services: tuple[str, ...]
    whole: bool
    """Whether the entry's range comes to all that it asks for; where it does not, a finding says so."""
    aggregator: str | None = None
    """The aggregator that answers, where no service does."""


@frozen
class Workspace:
    """A project, indexed. ``apis`` has every version that something implements and whose document could be read."""

    project: Project
    library: Library
    as_of: date
    history: History
    apis: Mapping[tuple[str, str], Api]
    served: Mapping[tuple[str, str], tuple[str, ...]]
    """Services by the contract and version that they serve, sorted."""
    exposures: tuple[Exposure, ...]


def build(
    project: Project, library: Library, as_of: date, lock: Lock, judged: Set[str] | None = None
) -> tuple[Workspace, list[Finding]]:
    """The workspace, and what is wrong with documents, ranges and operations. Unknown names are left to the checks.

    With ``judged``, only the versions of these contracts are compared with one another and with the lock.
    """
    served = services_by_version(project)
    history, findings = take(project, library, lock, {*served, *_named(project)}, judged)
    apis = history.apis
    exposures = tuple(_exposures(project, apis, served, findings))
    return Workspace(project, library, as_of, history, apis, served, exposures), findings


def _named(project: Project) -> Iterator[Key]:
    """The versions that services implement, that aggregators answer for, and that edges publish."""
    for service in project.services.values():
        if service.implements is not None:
            yield service.implements.contract, service.implements.version
    for aggregator in project.aggregators.values():
        yield aggregator.implements.contract, aggregator.implements.version
    for edge in project.edges.values():
        for expose in edge.expose:
            if isinstance(expose, EdgeExpose) and expose.publish is not None:
                yield expose.publish.contract, expose.publish.version


def _exposures(
    project: Project,
    apis: Mapping[tuple[str, str], Api],
    served: Mapping[tuple[str, str], tuple[str, ...]],
    findings: list[Finding],
) -> Iterator[Exposure]:
    deployables = dict(project.deployables)
    held = canaries(project)
    for name in sorted(deployables):
        for index, expose in enumerate(deployables[name].expose):
            if expose.aggregator is not None:
                yield from _aggregate(project, apis, name, index, expose)
            if expose.contract is None or expose.contract not in project.contracts:
                continue
            contract = project.contracts[expose.contract]
            implemented = {version for (owner, version) in served if owner == expose.contract}
            reached = reachable(expose.contract, expose.versions, implemented, held)
            resolution = resolve(expose.versions, contract.versions, reached)
            findings += _resolution_findings(expose, contract.versions, resolution)
            chosen = {version: apis.get((expose.contract, version)) for _, version in resolution.chosen}
            whole = not resolution.unmatched and not resolution.unserved
            if whole:
                findings += _unknown_operations(expose, chosen)
            for major, version in resolution.chosen:
                api = chosen[version]
                yield Exposure(
                    gateway=name,
                    expose=expose,
                    index=index,
                    contract=expose.contract,
                    label=major,
                    version=version,
                    declared=contract.versions[version],
                    api=api,
                    operations=tuple(_operations(expose, api)) if api is not None else (),
                    services=served[expose.contract, version],
                    whole=whole,
                )


def _aggregate(
    project: Project, apis: Mapping[tuple[str, str], Api], gateway: str, index: int, expose: Expose
) -> Iterator[Exposure]:
    """An exposed aggregator: the one operation that it implements. What it does not come to, the checks say."""
    aggregator = project.aggregators.get(expose.aggregator or "")
    if aggregator is None:
        return
    implements = aggregator.implements
    contract = project.contracts.get(implements.contract)
    api = apis.get((implements.contract, implements.version))
    operation = api.find(implements.operation or "") if api is not None else None
    if contract is None or operation is None:
        return
    yield Exposure(
        gateway=gateway,
        expose=expose,
        index=index,
        contract=implements.contract,
        label=label(implements.version),
        version=implements.version,
        declared=contract.versions[implements.version],
        api=api,
        operations=(ExposedOperation(operation, None, expose.where["aggregator"]),),
        services=(),
        whole=True,
        aggregator=expose.aggregator,
    )


def _resolution_findings(
    expose: Expose, declared: Mapping[str, ContractVersion], resolution: Resolution
) -> Iterator[Finding]:
    where = expose.where["versions"] if expose.versions is not None else expose.where["contract"]
    for branch in resolution.unmatched:
        yield Finding(
            "version-unsatisfied",
            f"no version of `{expose.contract}` matches `{branch}`",
            where,
            f"declared are {', '.join(f'`{v}`' for v in declared)}",
        )
    for version in resolution.unserved:
        yield Finding(
            "version-not-served",
            f"no service implements `{expose.contract}@{version}`",
            where,
            f"add a service with `implements: {expose.contract}@{version}`, or narrow the range",
            (Note("declared here", declared[version].where.span),),
        )
    if not resolution.chosen and not resolution.unmatched and not resolution.unserved:
        yield Finding(
            "version-unsatisfied",
            f"`{expose.contract}` has pre-releases only, and no range names one",
            where,
            "name the pre-release in `versions`",
        )


def entries(expose: Expose) -> Iterator[tuple[str, OperationSettings | None, Span]]:
    """What ``operations`` lists: the text that names the operation, its settings, its place."""
    for index, entry in enumerate(expose.operations or ()):
        if isinstance(entry, str):
            yield entry, None, expose.where["operations", index]
        else:
            for text, settings in entry.items():
                yield text, settings, expose.where.key("operations", index, text)


def _unknown_operations(expose: Expose, chosen: Mapping[str, Api | None]) -> Iterator[Finding]:
    """An operation must be in at least one of the exposed versions; what a version lacks is not exposed in it."""
    apis = [api for api in chosen.values() if api is not None]
    if not apis or len(apis) < len(chosen):
        return
    for text, _, where in entries(expose):
        if not any(api.find(text) for api in apis):
            names = sorted({name for api in apis for name in api.names()})
            versions = ", ".join(f"`{v}`" for v in chosen)
            yield Finding(
                "unknown-operation",
                f"`{expose.contract}` has no operation `{text}` (looked in {versions})",
                where,
                did_you_mean(text, names) or f"it has {one_of(names)}",
            )


def takers(
    workspace: Workspace, contract: str, version: str, services: Sequence[str]
) -> Callable[[Operation], tuple[str, ...]]:
    """Which services of a version take an operation: those of a newer version only what that version has, too."""
    has: dict[str, frozenset[tuple[str, str]]] = {}
    for name in services:
        implements = workspace.project.services[name].implements
        if implements is not None and implements.version != version:
            api = workspace.apis.get((contract, implements.version))
            if api is not None:
                has[name] = frozenset((o.method, o.path.shape) for o in api.operations)

    def taking(operation: Operation) -> tuple[str, ...]:
        asked = (operation.method, operation.path.shape)
        return tuple(name for name in services if name not in has or asked in has[name])

    return taking


def _operations(expose: Expose, api: Api) -> Iterator[ExposedOperation]:
    if expose.operations is None:
        where = expose.where["contract"]
        for operation in api.operations:
            yield ExposedOperation(operation, None, where)
        return
    for text, settings, where in entries(expose):
        found = api.find(text)
        if found is not None:
            yield ExposedOperation(found, settings, where)
