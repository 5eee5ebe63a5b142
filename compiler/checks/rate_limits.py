"""What contradicts itself in a `rate_limit`."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.kinds import duration_text
from compiler.model.policies import Auth, RateLimit
from compiler.policies import effective
from compiler.workspace import ExposedOperation, Workspace

LEAST_PERIOD = 50
"""Milliseconds: what Envoy's buckets can do."""
UNITS = (1_000, 60_000, 3_600_000, 86_400_000)
"""Periods in milliseconds that Envoy's rate limit protocol can tell."""


def check(workspace: Workspace) -> Iterator[Finding]:
    """Numbers that contradict each other, services that cannot be asked, and consumers whom nobody knows."""
    for policy in workspace.project.policies.values():
        if policy.rate_limit is not None:
            yield from _numbers(policy.rate_limit)
            yield from _distributed(workspace, policy.rate_limit)
    yield from _consumers(workspace)


def _numbers(limit: RateLimit) -> Iterator[Finding]:
    if limit.per < LEAST_PERIOD:
        help = f"take {duration_text(LEAST_PERIOD)} or more, with as many more requests"
        yield Finding("schema", f"a period of {duration_text(limit.per)} is too short", limit.where["per"], help)
    if limit.overall is None:
        return
    if limit.by == "global" and limit.distributed is None:
        help = "remove `overall`"
        message = "`by: global` counts all requests together, so `requests` is the bound on all of them"
        yield Finding("schema", message, limit.where["overall"], help)
    elif limit.overall < limit.requests:
        yield Finding(
            "schema",
            f"all together may make {limit.overall} requests, and each one {limit.requests}",
            limit.where["overall"],
            "raise `overall`, or lower `requests`",
            (Note("what each one may do", limit.where["requests"]),),
        )


def _distributed(workspace: Workspace, limit: RateLimit) -> Iterator[Finding]:
    if limit.distributed is None:
        return
    if limit.per not in UNITS:
        message = f"a rate limit service counts by the second, minute, hour or day, not by {duration_text(limit.per)}"
        yield Finding("schema", message, limit.where["per"], "write `1s`, `1m`, `1h` or `1d`")
    name = limit.distributed.service
    service = workspace.project.services.get(name)
    if service is not None and service.protocol != "http2":
        yield Finding(
            "schema",
            f"`{name}` is asked by gRPC, and speaks HTTP/1.1",
            limit.distributed.where["service"],
            "give the service `protocol: http2`",
            (Note("the service", service.where.span),),
        )


def _consumers(workspace: Workspace) -> Iterator[Finding]:
    """`by: consumer` where nobody is asked who calls: all would count as one. One finding for each policy."""
    limits = [policy.rate_limit for policy in workspace.project.policies.values()]
    if not any(limit is not None and limit.by == "consumer" for limit in limits):
        return
    gateways = dict(workspace.project.deployables)
    found: dict[str, tuple[RateLimit, ExposedOperation]] = {}
    for exposure in workspace.exposures:
        first = {exposed.settings: exposed for exposed in reversed(exposure.operations)}
        for settings, exposed in first.items():
            policies = effective(workspace.project, gateways[exposure.gateway], exposure.expose, settings)
            limit, origin = policies.rate_limit, policies.rate_limit_origin
            unknown = limit is not None and limit.by == "consumer" and not isinstance(policies.auth, Auth)
            if limit is not None and origin is not None and unknown:
                found.setdefault(origin.policy, (limit, exposed))
    for limit, exposed in found.values():
        yield Finding(
            "schema",
            f"requests are counted by consumer, and `{exposed.operation.key}` does not ask who calls",
            limit.where["by"],
            "count by `client_ip`, or give a policy that applies there an `auth`",
            (Note("it is exposed here", exposed.where),),
        )
