"""What nothing uses is either forgotten or mistyped."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.model.policies import Policy
from compiler.workspace import Workspace, entries


def check(workspace: Workspace) -> Iterator[Finding]:
    """unused: contracts of which no version is used, services, policies and aggregators that nothing uses."""
    project = workspace.project
    exposers = [*project.gateways.values(), *project.edges.values()]
    exposed = {expose.contract for g in exposers for expose in g.expose}
    exposed |= {step.call.contract for a in project.aggregators.values() for step in a.steps.values()}
    exposed |= {a.implements.contract for a in project.aggregators.values()}
    for name, contract in project.contracts.items():
        if name not in exposed:
            yield Finding("unused", f"no version of the contract `{name}` is exposed", contract.where.span, "expose it, or remove it")
    named = {name for policy in project.policies.values() for name in _services_of(policy)}
    resolved = {service for exposure in workspace.exposures for service in exposure.services}
    if not project.aggregators:  # which versions steps resolve to is theirs to say
        for name, service in project.services.items():
            if name not in named | resolved and (service.implements is None or service.implements.contract in exposed):
                yield Finding("unused", f"nothing uses the service `{name}`", service.where.span, "expose what it implements, or remove it")
    applied = {name for g in exposers for name in g.policies}
    for gateway in exposers:
        for expose in gateway.expose:
            applied |= {*expose.policies, *(p for _, settings, _ in entries(expose) if settings for p in settings.policies)}
    for name, policy in project.policies.items():
        if name not in applied:
            yield Finding("unused", f"nothing applies the policy `{name}`", policy.where.span, "name it under `policies:`, or remove it")
    called = {expose.aggregator for g in exposers for expose in g.expose}
    for name, aggregator in project.aggregators.items():
        if name not in called:
            yield Finding("unused", f"nothing exposes the aggregator `{name}`", aggregator.where.span, "expose it, or remove it")


def _services_of(policy: Policy) -> Iterator[str]:
    if policy.mirror is not None:
        yield policy.mirror.service
    if policy.rate_limit is not None and policy.rate_limit.distributed is not None:
        yield policy.rate_limit.distributed.service
    if policy.auth is not None and policy.auth != "none":
        if policy.auth.external is not None:
            yield policy.auth.external.service
        if policy.auth.jwt is not None and policy.auth.jwt.jwks is not None:
            yield policy.auth.jwt.jwks.service
