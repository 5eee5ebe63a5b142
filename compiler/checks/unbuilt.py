"""Parts of the language that this version reads and checks, but does not build. Refused, never ignored.

The tables are all there is to change when a part gets built.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.model.gateways import Expose
from compiler.model.kinds import Where
from compiler.source import Span
from compiler.workspace import Workspace

_POLICY = {
    "rate_limit": "rate limits",
    "cors": "cross-origin rules",
    "body_limit": "body limits",
    "compression": "compression",
    "allow_ips": "address rules",
    "deny_ips": "address rules",
    "mirror": "mirroring",
}
_SERVICE = {
    "tls": "TLS towards services",
    "share_with": "canaries between versions",
    "health_check": "health checks",
    "outlier_detection": "outlier detection",
    "circuit_breaker": "circuit breakers of your own",
    "hash_on": "hashing",
}


def check(workspace: Workspace) -> Iterator[Finding]:
    """not-built-yet, at the key that asks for it."""
    project = workspace.project
    for section in ("aggregators", "edges"):
        for item in getattr(project, section).values():
            yield _finding(section, item.where.span)
    for policy in project.policies.values():
        for key, what in _POLICY.items():
            if getattr(policy, key) is not None:
                yield _finding(what, policy.where.key(key))
        if policy.auth is not None and policy.auth != "none":
            yield _finding("authentication", policy.where.key("auth"))
    for service in project.services.values():
        for key, what in _SERVICE.items():
            if getattr(service, key) is not None:
                yield _finding(what, service.where.key(key))
        if service.protocol != "http1":
            yield _finding("HTTP/2 towards services", service.where["protocol"])
        if service.load_balancing != "least_request":
            yield _finding(f"load balancing by `{service.load_balancing}`", service.where["load_balancing"])
    for gateway in project.gateways.values():
        if gateway.observability is not None:
            yield _finding("observability", gateway.where.key("observability"))
        if gateway.versioning is not None and gateway.versioning.in_ not in ("path", "header"):
            yield _finding(f"versioning in `{gateway.versioning.in_}`", gateway.versioning.where["in"])
        for expose in gateway.expose:
            yield from _expose(expose, expose.where)


def _expose(expose: Expose, where: Where) -> Iterator[Finding]:
    if expose.streaming:
        yield _finding("streaming", where.key("streaming"))
    if expose.validate != "none":
        yield _finding("request validation", where.key("validate"))
    if expose.decorate is not None:
        yield _finding("changes to bodies", where.key("decorate"))


def _finding(what: str, where: Span) -> Finding:
    verb = "are" if what.endswith("s") and not what.endswith("ness") else "is"
    return Finding("not-built-yet", f"{what} {verb} not built yet", where, "this version of gatewright cannot do that; remove it until one can")
