"""unknown-reference: every name that something is referred to by must be borne by something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from compiler.diagnostics import Finding, did_you_mean, one_of
from compiler.model.edges import EdgeExpose
from compiler.model.gateways import Gateway
from compiler.model.kinds import Where
from compiler.model.policies import Policy
from compiler.model.project import Project
from compiler.model.services import Service
from compiler.source import Span
from compiler.workspace import Workspace, entries


def check(workspace: Workspace) -> Iterator[Finding]:
    """Names of contracts, versions, aggregators, policies and services that nothing bears."""
    yield from names(workspace.project)


def names(project: Project) -> Iterator[Finding]:
    """The same of a project by itself, of which parts may be left out."""
    for _, gateway in project.deployables:
        yield from _gateway(project, gateway)
    for service in project.services.values():
        yield from _service(project, service)
    for policy in project.policies.values():
        yield from _policy(project, policy)
    for aggregator in project.aggregators.values():
        implements = aggregator.implements
        yield from _version(project, implements.contract, implements.version, aggregator.where["implements"])
        for step in aggregator.steps.values():
            yield from _known("contract", step.call.contract, project.contracts, step.where["call"])


def named_services(policy: Policy) -> Iterator[tuple[str, Span]]:
    """The services that a policy names, and where."""
    if policy.mirror is not None:
        yield policy.mirror.service, policy.mirror.where["service"]
    if policy.rate_limit is not None and policy.rate_limit.distributed is not None:
        yield policy.rate_limit.distributed.service, policy.rate_limit.distributed.where["service"]
    if policy.auth is not None and not isinstance(policy.auth, str):
        if policy.auth.external is not None:
            yield policy.auth.external.service, policy.auth.external.where["service"]
        if policy.auth.jwt is not None and policy.auth.jwt.jwks is not None:
            yield policy.auth.jwt.jwks.service, policy.auth.jwt.jwks.where["service"]


def policy_lists(gateway: Gateway) -> Iterator[tuple[Sequence[str], Where]]:
    """Every list of policies of a gateway or an edge, with the places of the object that holds it."""
    yield gateway.policies, gateway.where
    for expose in gateway.expose:
        yield expose.policies, expose.where
        for _, settings, _ in entries(expose):
            if settings is not None:
                yield settings.policies, settings.where


def _gateway(project: Project, gateway: Gateway) -> Iterator[Finding]:
    for policies, where in policy_lists(gateway):
        for index, name in enumerate(policies):
            yield from _known("policy", name, project.policies, where["policies", index])
    for expose in gateway.expose:
        if expose.contract is not None:
            yield from _known("contract", expose.contract, project.contracts, expose.where["contract"])
        if expose.aggregator is not None:
            yield from _known("aggregator", expose.aggregator, project.aggregators, expose.where["aggregator"])
        if isinstance(expose, EdgeExpose) and expose.publish is not None:
            published = expose.publish
            yield from _version(project, published.contract, published.version, expose.where["publish"])


def _service(project: Project, service: Service) -> Iterator[Finding]:
    implements = service.implements
    if implements is None:
        return
    yield from _version(project, implements.contract, implements.version, service.where["implements"])
    if service.share_with is not None and implements.contract in project.contracts:
        yield from _version(project, implements.contract, service.share_with, service.where["share_with"])


def _policy(project: Project, policy: Policy) -> Iterator[Finding]:
    for name, where in named_services(policy):
        yield from _known("service", name, project.services, where)


def _version(project: Project, contract: str, version: str, where: Span) -> Iterator[Finding]:
    yield from _known("contract", contract, project.contracts, where)
    if contract in project.contracts and version not in project.contracts[contract].versions:
        declared = ", ".join(f"`{v}`" for v in project.contracts[contract].versions)
        yield Finding(
            "unknown-reference",
            f"`{contract}` has no version `{version}`",
            where,
            f"it has {declared}; declare the other one under `contracts: {contract}: versions:`",
        )


def _known(kind: str, name: str, known: Mapping[str, object], where: Span) -> Iterator[Finding]:
    if name not in known:
        yield Finding("unknown-reference", f"no {kind} is named `{name}`", where, _hint(name, known))


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return did_you_mean(name, names) or (f"write {one_of(names)}, or declare it" if names else "none is declared")
