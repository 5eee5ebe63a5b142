"""Values that are fine by themselves but not beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.contracts.versions import satisfies
from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Gateway
from compiler.workspace import Workspace

# RFC 9110 section 7.6.1 and what Envoy itself answers for
_NOT_YOURS = frozenset(
    "host connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length"
    " x-request-id x-forwarded-for x-forwarded-proto".split()
)


def check(workspace: Workspace) -> Iterator[Finding]:
    """schema: settings that contradict each other; version-unsatisfied for a default that is not exposed."""
    project = workspace.project
    for name, gateway in [*project.gateways.items(), *project.edges.items()]:
        yield from _versioning(gateway)
        yield from _ports(gateway)
        yield from _defaults(workspace, name, gateway)
    for policy in project.policies.values():
        for changes in (policy.headers.request, policy.headers.response) if policy.headers else ():
            for key in [*(changes.set if changes else ())]:
                if key in _NOT_YOURS or key.startswith("x-envoy-"):
                    assert changes is not None
                    yield Finding("schema", f"the header `{key}` is not a policy's to set", changes.where.key("set", key), "remove it")
            for index, key in enumerate(changes.remove if changes else ()):
                if key in _NOT_YOURS:
                    assert changes is not None
                    yield Finding("schema", f"the header `{key}` is not a policy's to remove", changes.where["remove", index], "remove it")
    for service in project.services.values():
        if service.weight is not None and service.implements is None:
            yield Finding("schema", "`weight` goes with `implements`", service.where.key("weight"), "remove it")


def _versioning(gateway: Gateway) -> Iterator[Finding]:
    versioning = gateway.versioning
    if versioning is None:
        return
    named = versioning.in_ in ("header", "query")
    if named and versioning.name is None:
        yield Finding(
            "schema", f"versioning in the {versioning.in_} needs its `name`", versioning.where["in"], "add `name: x-api-version`"
        )
    if not named and versioning.name is not None:
        yield Finding("schema", f"`name` has no meaning with `in: {versioning.in_}`", versioning.where.key("name"), "remove it")
    if named and versioning.name in _NOT_YOURS | {"accept", "authorization", "content-type", "cookie"}:
        yield Finding(
            "schema", f"`{versioning.name}` has a meaning of its own", versioning.where["name"], "choose another, such as `x-api-version`"
        )


def _ports(gateway: Gateway) -> Iterator[Finding]:
    taken = {gateway.listen.port: gateway.listen.where["port"]}
    metrics = gateway.observability.metrics if gateway.observability else None
    for other in (gateway.admin, metrics):
        if other is not None and other.port in taken:
            yield Finding(
                "schema",
                f"the port {other.port} is taken",
                other.where["port"],
                "choose another",
                (Note("by this", taken[other.port]),),
            )
        elif other is not None:
            taken[other.port] = other.where["port"]


def _defaults(workspace: Workspace, name: str, gateway: Gateway) -> Iterator[Finding]:
    stated: dict[str, Note] = {}
    for expose in gateway.expose:
        if expose.contract is None or expose.default is None:
            continue
        where = expose.where["default"]
        if expose.contract in stated:
            yield Finding(
                "schema", f"`{expose.contract}` has a default already", where, "keep one of the two", (stated[expose.contract],)
            )
        stated[expose.contract] = Note("the other one", where)
        if expose.default in ("none", "latest", "oldest"):
            continue
        exposed = [e for e in workspace.exposures if (e.gateway, e.contract) == (name, expose.contract)]
        labels = {e.label for e in exposed if satisfies(e.version, expose.default)}
        if len(labels) != 1 and exposed:
            found = f"{len(labels)} of the exposed majors match" if labels else "no exposed version matches"
            yield Finding(
                "version-unsatisfied",
                f"{found} the default `{expose.default}`",
                where,
                f"exposed are {', '.join(sorted({f'`{e.version}`' for e in exposed}))}; a default means one of them",
            )
