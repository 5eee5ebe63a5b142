"""What crosses a network should be encrypted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """tls-missing: plaintext on an address that is not loopback."""
    project = workspace.project
    for gateway in [*project.gateways.values(), *project.edges.values()]:
        listen = gateway.listen
        if listen.tls is None and not ipaddress.ip_address(listen.address).is_loopback:
            yield Finding(
                "tls-missing",
                f"clients reach {listen.address}:{listen.port} without TLS",
                gateway.where.key("listen"),
                "add `tls: {certificate: {file: ...}, key: {file: ...}}`, or listen on 127.0.0.1 behind something that has it",
            )
