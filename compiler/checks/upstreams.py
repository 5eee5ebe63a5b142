"""How services are reached: TLS that verifies what it trusts, hashing that has something to hash."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.services import Service, UpstreamTls
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """tls-unverified, and schema where settings of a service lack each other or contradict each other."""
    for service in workspace.project.services.values():
        if service.tls is not None:
            yield from _tls(service.tls)
        yield from _hashing(service)


def _tls(tls: UpstreamTls) -> Iterator[Finding]:
    if tls.insecure_skip_verify:
        yield Finding(
            "tls-unverified",
            "nobody verifies whom the gateway talks to",
            tls.where.key("insecure_skip_verify"),
            "name the `ca` that the service's certificate comes from, and its `server_name`",
        )
        if tls.ca is not None:
            yield Finding(
                "schema",
                "`ca` and `insecure_skip_verify` exclude each other",
                tls.where.key("ca"),
                "keep one of the two",
                (Note("the other one", tls.where.key("insecure_skip_verify")),),
            )
    else:
        for key, meaning in (("ca", "whom to trust"), ("server_name", "which name the certificate must bear")):
            if getattr(tls, key) is None:
                yield Finding(
                    "schema",
                    f"`tls` does not say {meaning}: `{key}` is missing",
                    tls.where.span,
                    f"add `{key}:`" + (", an absolute path or `system`" if key == "ca" else ""),
                )
    for key, partner in (("certificate", "key"), ("key", "certificate")):
        if getattr(tls, key) is not None and getattr(tls, partner) is None:
            yield Finding("schema", f"`{key}` goes with `{partner}`", tls.where.key(key), f"add `{partner}:`")


def _hashing(service: Service) -> Iterator[Finding]:
    hashed = service.load_balancing == "ring_hash"
    if hashed and service.hash_on is None:
        yield Finding(
            "schema",
            "`ring_hash` has nothing to hash",
            service.where["load_balancing"],
            "add `hash_on: {header: <name>}` or `hash_on: {client_ip: true}`",
        )
    if service.hash_on is not None and not hashed:
        yield Finding(
            "schema",
            f"`hash_on` has no meaning with `{service.load_balancing}`",
            service.where.key("hash_on"),
            "add `load_balancing: ring_hash`, or remove it",
        )
    if service.hash_on is not None and (service.hash_on.header is None) != service.hash_on.client_ip:
        yield Finding(
            "schema",
            "expected one of `header` and `client_ip: true`",
            service.where.key("hash_on"),
            "keep exactly one",
        )
