"""`versioning` of a gateway: what bears the version has a name where it needs one, and one that is free for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compiler.checks.headers import RESERVED
from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Gateway, Versioning
from compiler.workspace import Exposure, Workspace

# Fields that say something else already: to the HTTP machinery (RFC 9110), to caches, to browsers, to proxies.
_TAKEN = RESERVED | {
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "origin",
    "proxy-authorization",
    "range",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
}
_NAMED = ("header", "query")


def check(workspace: Workspace) -> Iterator[Finding]:
    """Names that are missing, that nothing needs, or that are taken, and hosts that cannot bear a version."""
    for name, gateway in workspace.project.deployables:
        if gateway.versioning is not None:
            yield from _name(gateway.versioning)
            yield from _hosts(gateway)
            yield from _own_parameters(gateway.versioning, [e for e in workspace.exposures if e.gateway == name])


def _name(versioning: Versioning) -> Iterator[Finding]:
    where, name = versioning.where, versioning.name
    if versioning.in_ in _NAMED and name is None:
        kind, such = ("header", "x-api-version") if versioning.in_ == "header" else ("query parameter", "api-version")
        yield Finding("schema", f"the {kind} that bears the version has no name", where["in"], f"add `name: {such}`")
    elif versioning.in_ not in _NAMED and name is not None:
        yield Finding(
            "schema",
            f"with `in: {versioning.in_}` no header or parameter bears the version",
            where.key("name"),
            "remove `name`, or write `in: header`",
        )
    elif versioning.in_ == "header" and name is not None and name.lower() in _TAKEN:
        yield Finding(
            "schema",
            f"the header `{name}` has a meaning of its own",
            where["name"],
            "take a name of your own, such as `x-api-version`",
        )
    elif versioning.in_ == "header" and name is not None and "_" in name:
        yield Finding(
            "schema",
            f"a request with the header `{name}` is refused, as others read its underscore as a dash",
            where["name"],
            f"write `{name.replace('_', '-')}`",
        )


def _hosts(gateway: Gateway) -> Iterator[Finding]:
    """`v2.` can stand only before a whole name."""
    versioning = gateway.versioning
    if versioning is None or versioning.in_ != "host":
        return
    wildcards = [index for index, host in enumerate(gateway.hosts) if host.startswith("*")]
    for index in wildcards:
        given = "hosts" in gateway.where
        yield Finding(
            "schema",
            f"with `in: host` a version stands before a host's name, and `{gateway.hosts[index]}` is none",
            gateway.where["hosts", index] if given else versioning.where["in"],
            "name the hosts, such as `hosts: [api.shop.example]`, which are then reached as `v2.api.shop.example`",
        )


def _own_parameters(versioning: Versioning, exposures: Iterable[Exposure]) -> Iterator[Finding]:
    """What bears the version is taken off the request, so no operation can have it as a parameter of its own.

    An optional header of that name is most likely the service's own way of saying the same.
    """
    if versioning.in_ not in _NAMED or versioning.name is None:
        return
    for exposure in exposures:
        for exposed in exposure.operations if exposure.api is not None else ():
            for parameter in exposure.api.parameters(exposed.operation) if exposure.api is not None else ():
                if _is(versioning, parameter.value):
                    yield Finding(
                        "schema",
                        f"`{exposed.operation.key}` of `{exposure.contract}@{exposure.version}` has a parameter "
                        f"`{parameter.value['name']}` of its own, which its service would never get",
                        versioning.where["name"],
                        "take another name for the version",
                        (Note("the parameter", parameter.span()),),
                    )
                    return  # one is enough to choose another name


def _is(versioning: Versioning, parameter: Mapping[str, Any]) -> bool:
    if versioning.name is None or parameter["in"] != versioning.in_:
        return False
    if versioning.in_ == "query":
        return bool(parameter["name"] == versioning.name)
    return bool(parameter["name"].lower() == versioning.name.lower() and parameter.get("required"))
