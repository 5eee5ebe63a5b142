"""auth-missing and auth-mismatch, and what contradicts itself in an `auth`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from compiler.contracts.openapi import Api, Operation
from compiler.diagnostics import Finding, Note
from compiler.key_digests import read_digests
from compiler.key_sets import read_key_set
from compiler.model.gateways import Gateway
from compiler.model.policies import ApiKey, Auth, Mtls
from compiler.policies import Effective, effective, kind_of_name
from compiler.source import Span
from compiler.workspace import ExposedOperation, Exposure, Workspace

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")
_TAKEN = frozenset({"connection", "content-length", "host", "te", "transfer-encoding", "upgrade", "x-forwarded-for"})
"""Headers that say something to the gateway itself."""
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def check(workspace: Workspace) -> Iterator[Finding]:
    """What policies say of `auth`, and where they say nothing."""
    for policy in workspace.project.policies.values():
        if isinstance(policy.auth, Auth):
            yield from _policy(workspace, policy.auth)
    for name, gateway in workspace.project.deployables:
        exposures = [e for e in workspace.exposures if e.gateway == name and e.api is not None]
        yield from _certificates(workspace, gateway, exposures)
        yield from _open(workspace, gateway, exposures)


def _policy(workspace: Workspace, auth: Auth) -> Iterator[Finding]:
    if auth.jwt is not None:
        found = read_key_set(workspace.library, auth.jwt)
        if isinstance(found, Finding):
            yield found
    if auth.api_key is not None:
        yield from _key(workspace, auth.api_key)
    if auth.mtls is not None:
        yield from _subjects(auth.mtls)
    external = auth.external
    service = workspace.project.services.get(external.service) if external is not None else None
    if external is not None and service is not None and external.protocol == "grpc" and service.protocol != "http2":
        yield Finding(
            "schema",
            f"`{external.service}` is asked by gRPC, and speaks HTTP/1.1",
            external.where["service"],
            "give the service `protocol: http2`, or ask it with `protocol: http`",
            (Note("the service", service.where.span),),
        )


def _key(workspace: Workspace, key: ApiKey) -> Iterator[Finding]:
    found = read_digests(workspace.library, key.keys)
    if isinstance(found, list):
        yield from found
    if key.in_ == "header" and (_TOKEN.fullmatch(key.name) is None or key.name.lower() in _TAKEN):
        help = "take a name such as `x-api-key`"
        yield Finding("schema", f"`{key.name}` is no header that could bear a key", key.where["name"], help)
    if key.in_ == "query" and re.fullmatch(r"[A-Za-z0-9._~-]+", key.name) is None:
        help = "use letters, digits, and `.`, `_`, `~` and `-`"
        yield Finding("schema", f"`{key.name}` is no name of a query parameter", key.where["name"], help)


def _subjects(mtls: Mtls) -> Iterator[Finding]:
    """Names of one kind, so that one kind says who calls."""
    first = kind_of_name(mtls.subjects[0])
    for index, subject in enumerate(mtls.subjects):
        if kind_of_name(subject) != first:
            yield Finding(
                "schema",
                f"`{subject}` is a name of another kind than `{mtls.subjects[0]}`",
                mtls.where["subjects", index],
                "the name says to services who calls, so let all be URIs, or DNS names, or mailboxes",
            )


def _certificates(workspace: Workspace, gateway: Gateway, exposures: list[Exposure]) -> Iterator[Finding]:
    """`mtls` needs a listener with TLS, and all of one listener share one authority."""
    found: dict[str, Mtls] = {}
    for policies in _applying(workspace, gateway, exposures):
        auth, origin = policies.auth, policies.auth_origin
        if isinstance(auth, Auth) and auth.mtls is not None and origin is not None:
            found.setdefault(origin.policy, auth.mtls)
    for mtls in found.values():
        if gateway.listen.tls is None:
            yield Finding(
                "schema",
                "a listener without TLS sees no certificates of clients",
                gateway.listen.where.span,
                "add `tls:` to `listen`, or take another way of `auth`",
                (Note("they are asked for here", mtls.where.span),),
            )
            return
    authorities = sorted(found.items(), key=lambda named: named[1].where.span.start)
    for _, mtls in authorities[1:]:
        first = authorities[0][1]
        if mtls.ca != first.ca:
            yield Finding(
                "schema",
                f"one listener has one authority for clients, and there are `{first.ca}` and `{mtls.ca}`",
                mtls.where["ca"],
                "put both authorities into one file, or use two gateways",
                (Note("the other one", first.where["ca"]), Note("the listener", gateway.listen.where.span)),
            )


def _applying(workspace: Workspace, gateway: Gateway, exposures: list[Exposure]) -> Iterator[Effective]:
    yield effective(workspace.project, gateway)
    for exposure in exposures:
        for settings in dict.fromkeys(exposed.settings for exposed in exposure.operations):
            yield effective(workspace.project, gateway, exposure.expose, settings)


def _open(workspace: Workspace, gateway: Gateway, exposures: list[Exposure]) -> Iterator[Finding]:
    """Operations for which nobody is asked who calls; those of one place are told together."""
    missing: dict[Span, dict[str, None]] = {}
    mismatched: dict[Span, dict[str, None]] = {}
    for exposure in exposures:
        by_settings = {
            settings: effective(workspace.project, gateway, exposure.expose, settings)
            for settings in {exposed.settings for exposed in exposure.operations}
        }
        for exposed in exposure.operations:
            policies = by_settings[exposed.settings]
            if isinstance(policies.auth, Auth):
                continue
            if exposure.api is not None and _demanded(exposure.api, exposed.operation):
                mismatched.setdefault(exposed.where, {})[exposed.operation.key] = None
            if policies.auth is None and _for_everybody(gateway, policies) and _changes(exposed):
                missing.setdefault(exposed.where, {})[exposed.operation.key] = None
    for where, named in mismatched.items():
        yield Finding(
            "auth-mismatch",
            f"the contract requires security of {_listed(named)}, and here everybody may call",
            where,
            "give a policy that applies here an `auth`; what OpenAPI says under `security` protects nothing by itself",
        )
    for where, named in missing.items():
        yield Finding(
            "auth-missing",
            f"everybody can call {_listed(named)}, which {'changes' if len(named) == 1 else 'change'} something",
            where,
            "give a policy that applies here an `auth`, or say `auth: none` if that is meant",
        )


def _changes(exposed: ExposedOperation) -> bool:
    return exposed.operation.method in CHANGING


def _for_everybody(gateway: Gateway, policies: Effective) -> bool:
    """Whether strangers can come that far: neither the socket nor a list of addresses keeps them out."""
    allow = policies.filters.addresses.allow
    listed = allow is not None and all(ip_network(text).prefixlen > 0 for text in allow)
    return not listed and not ip_address(gateway.listen.address).is_loopback


def _demanded(api: Api, operation: Operation) -> bool:
    """Whether a document wants some security of every request; an empty requirement makes it optional."""
    wanted = operation.raw.get("security", api.root.value.get("security", ()))
    return bool(wanted) and all(isinstance(one, Mapping) and one for one in wanted)


def _listed(named: Mapping[str, None]) -> str:
    names = [f"`{name}`" for name in named]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
