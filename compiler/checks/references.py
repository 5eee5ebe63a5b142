"""Every name that a project mentions must be borne by something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import Finding, Note, did_you_mean, one_of
from compiler.model.edges import EdgeExpose
from compiler.model.gateways import Gateway
from compiler.model.policies import Policy
from compiler.source import Span
from compiler.workspace import Workspace, entries


def check(workspace: Workspace) -> Iterator[Finding]:
    """unknown-reference, and duplicate-name where a gateway and an edge share a name."""
    project = workspace.project
    for name in sorted(project.edges.keys() & project.gateways.keys()):
        yield Finding(
            "duplicate-name",
            f"`{name}` is a gateway and an edge",
            project.edges[name].where.span,
            "gateways and edges share one name space; rename one of the two",
            (Note("the gateway", project.gateways[name].where.span),),
        )
    for name, service in sorted(project.services.items()):
        if service.implements is not None:
            contract, version = service.implements.contract, service.implements.version
            yield from _version(workspace, contract, version, service.where["implements"])
    for gateway in [*project.gateways.values(), *project.edges.values()]:
        yield from _gateway(workspace, gateway)
    for policy in project.policies.values():
        yield from _policy(workspace, policy)
    for aggregator in project.aggregators.values():
        made = aggregator.implements
        yield from _version(workspace, made.contract, made.version, aggregator.where["implements"])
        for step in aggregator.steps.values():
            yield from _name("contract", step.call.contract, project.contracts, step.where["call"])


def _gateway(workspace: Workspace, gateway: Gateway) -> Iterator[Finding]:
    project = workspace.project
    for index, name in enumerate(gateway.policies):
        yield from _name("policy", name, project.policies, gateway.where["policies", index])
    for expose in gateway.expose:
        if expose.contract is not None:
            yield from _name("contract", expose.contract, project.contracts, expose.where["contract"])
        if expose.aggregator is not None:
            yield from _name("aggregator", expose.aggregator, project.aggregators, expose.where["aggregator"])
        for index, name in enumerate(expose.policies):
            yield from _name("policy", name, project.policies, expose.where["policies", index])
        for _, settings, _ in entries(expose):
            for index, name in enumerate(settings.policies if settings else ()):
                assert settings is not None
                yield from _name("policy", name, project.policies, settings.where["policies", index])
        if isinstance(expose, EdgeExpose) and expose.publish is not None:
            yield from _version(workspace, expose.publish.contract, expose.publish.version, expose.where["publish"])


def _policy(workspace: Workspace, policy: Policy) -> Iterator[Finding]:
    services = workspace.project.services
    if policy.mirror is not None:
        yield from _name("service", policy.mirror.service, services, policy.mirror.where["service"])
    if policy.rate_limit is not None and policy.rate_limit.distributed is not None:
        limiter = policy.rate_limit.distributed
        yield from _name("service", limiter.service, services, limiter.where["service"])
    if policy.auth is not None and policy.auth != "none":
        if policy.auth.external is not None:
            yield from _name("service", policy.auth.external.service, services, policy.auth.external.where["service"])
        if policy.auth.jwt is not None and policy.auth.jwt.jwks is not None:
            keys = policy.auth.jwt.jwks
            yield from _name("service", keys.service, services, keys.where["service"])


def _name(kind: str, name: str, known: Iterable[str], where: Span) -> Iterator[Finding]:
    names = list(known)
    if name not in names:
        hint = did_you_mean(name, names) or (f"declared: {one_of(names)}" if names else None)
        yield Finding("unknown-reference", f"no {kind} is named `{name}`", where, hint)


def _version(workspace: Workspace, contract: str, version: str, where: Span) -> Iterator[Finding]:
    contracts = workspace.project.contracts
    if contract not in contracts:
        yield from _name("contract", contract, contracts, where)
    elif version not in contracts[contract].versions:
        versions = list(contracts[contract].versions)
        yield Finding(
            "unknown-reference",
            f"`{contract}` has no version `{version}`",
            where,
            did_you_mean(version, versions) or f"it has {one_of(versions)}",
        )
