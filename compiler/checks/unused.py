"""unused: a contract, service, policy or aggregator that is declared and that nothing comes to."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.references import named_services, policy_lists
from compiler.diagnostics import Finding
from compiler.model.edges import EdgeExpose
from compiler.model.gateways import Gateway
from compiler.model.project import Project
from compiler.serving import shared
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Contracts, services, policies and aggregators that nothing uses.

    Where a reference leads nowhere, it may have been meant for what looks unused, so that kind is not judged: a
    misspelled name is one mistake, not two.
    """
    project = workspace.project
    deployables = [gateway for _, gateway in project.deployables]
    yield from _policies(project, deployables)
    yield from _aggregators(project, deployables)
    contracts = _used_contracts(project, deployables)
    if contracts <= project.contracts.keys():
        for name, contract in project.contracts.items():
            if name not in contracts:
                yield Finding(
                    "unused",
                    f"nothing uses the contract `{name}`",
                    contract.where.span,
                    "expose it in a gateway, or remove it",
                )
        yield from _services(workspace, contracts)


def _policies(project: Project, deployables: list[Gateway]) -> Iterator[Finding]:
    named = {name for gateway in deployables for policies, _ in policy_lists(gateway) for name in policies}
    if not named <= project.policies.keys():
        return
    for name, policy in project.policies.items():
        if name not in named:
            yield Finding(
                "unused",
                f"nothing uses the policy `{name}`",
                policy.where.span,
                "name it in a `policies:` list, or remove it",
            )


def _aggregators(project: Project, deployables: list[Gateway]) -> Iterator[Finding]:
    exposed = {e.aggregator for gateway in deployables for e in gateway.expose if e.aggregator is not None}
    if not exposed <= project.aggregators.keys():
        return
    for name, aggregator in project.aggregators.items():
        if name not in exposed:
            yield Finding(
                "unused",
                f"nothing uses the aggregator `{name}`",
                aggregator.where.span,
                "expose it in a gateway or an edge, or remove it",
            )


def _used_contracts(project: Project, deployables: list[Gateway]) -> set[str]:
    used = {expose.contract for gateway in deployables for expose in gateway.expose if expose.contract is not None}
    for gateway in deployables:
        for expose in gateway.expose:
            if isinstance(expose, EdgeExpose) and expose.publish is not None:
                used.add(expose.publish.contract)
    for aggregator in project.aggregators.values():
        used.add(aggregator.implements.contract)
        used.update(step.call.contract for step in aggregator.steps.values())
    return used


def _services(workspace: Workspace, contracts: set[str]) -> Iterator[Finding]:
    project = workspace.project
    for_policies = {name for policy in project.policies.values() for name, _ in named_services(policy)}
    if not for_policies <= project.services.keys():
        return
    serving = {name for exposure in workspace.exposures for name in exposure.services} | for_policies
    called, unresolved = _called(workspace)
    serving |= called
    in_vain = _exposed_in_vain(workspace)
    partners = {shared(service) for service in project.services.values()}
    for name, service in project.services.items():
        implements = service.implements
        if name in serving:
            continue
        if implements is None:
            yield Finding(
                "unused",
                f"nothing uses the service `{name}`",
                service.where.span,
                "say what it implements, name it in a policy, or remove it",
            )
        elif (
            implements.contract in contracts - in_vain - unresolved
            and implements.version in project.contracts[implements.contract].versions
            and service.share_with is None
            and (implements.contract, implements.version) not in partners
        ):
            yield Finding(
                "unused",
                f"nothing uses the service `{name}`: no range comes to `{implements.contract}@{implements.version}`",
                service.where.span,
                "a range comes to the highest implemented version of each major; widen one, or remove the service",
            )


def _called(workspace: Workspace) -> tuple[set[str], set[str]]:
    """The services that aggregators call, and the contracts of which a step calls nothing that there is."""
    steps = [step for a in workspace.project.aggregators.values() for step in a.steps.values()]
    if not steps:
        return set(), set()
    from compiler.compositions.calls import called

    calls = [(step.call.contract, called(workspace, step)[0]) for step in steps]
    services = {name for _, call in calls if call is not None for name in call.services}
    return services, {contract for contract, call in calls if call is None}


def _exposed_in_vain(workspace: Workspace) -> set[str]:
    """Contracts of which an entry of ``expose`` comes to no version, which has a finding of its own."""
    resolved = {(exposure.gateway, exposure.index) for exposure in workspace.exposures}
    return {
        expose.contract
        for name, gateway in workspace.project.deployables
        for index, expose in enumerate(gateway.expose)
        if expose.contract is not None and (name, index) not in resolved
    }
