"""tls-missing, and sockets and hosts that get into each other's way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Gateway
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with the `listen`, `admin` and `hosts` of gateways and edges."""
    for _, gateway in workspace.project.deployables:
        yield from _tls(gateway)
        yield from _ports(gateway)
        yield from _hosts(gateway)


def _tls(gateway: Gateway) -> Iterator[Finding]:
    listen = gateway.listen
    if listen.tls is None and not ipaddress.ip_address(listen.address).is_loopback:
        yield Finding(
            "tls-missing",
            f"{listen.address} can be reached from elsewhere, and this listener speaks plaintext",
            listen.where["address"],
            "add `tls:`, or listen on 127.0.0.1; where a proxy in front ends TLS, allow this with that reason",
        )


def _ports(gateway: Gateway) -> Iterator[Finding]:
    """Ports that one gateway uses twice. Two gateways may share one, as they need not run on one machine."""
    metrics = gateway.observability.metrics if gateway.observability else None
    uses = [("listen", "clients connect here", gateway.listen.port, gateway.listen.where["port"])]
    if gateway.admin is not None:
        uses.append(("admin", "the administration interface", gateway.admin.port, gateway.admin.where["port"]))
    if metrics is not None:
        uses.append(("metrics", "the metrics", metrics.port, metrics.where["port"]))
    for index, (_, what, port, where) in enumerate(uses):
        for key, other, its_port, its_place in uses[:index]:
            if port == its_port:
                yield Finding(
                    "schema",
                    f"the port {port} is taken by `{key}`",
                    where,
                    f"give {what} another port",
                    (Note(other, its_place),),
                )
                break


def _hosts(gateway: Gateway) -> Iterator[Finding]:
    for index, host in enumerate(gateway.hosts):
        if host in gateway.hosts[:index]:
            yield Finding(
                "schema",
                f"the host `{host}` stands twice",
                gateway.where["hosts", index],
                "hosts are compared without regard to case; remove one of the two",
                (Note("the first one", gateway.where["hosts", gateway.hosts.index(host)]),),
            )
