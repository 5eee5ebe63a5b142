"""Plans made by hand, for tests of what comes behind the compiler's checks."""

from __future__ import annotations

from typing import Any

from compiler.plan import Deployable, Listener, VersionKey
from compiler.source import Source

SPAN = Source("gatewright.yaml", "").span(0, 0)


def deployable(**fields: Any) -> Deployable:
    """A gateway named ``public`` on a loopback port, with whatever a test states beside that."""
    given: dict[str, Any] = {
        "kind": "gateway",
        "name": "public",
        "hosts": ("*",),
        "listener": Listener("127.0.0.1", 8080, None, 0, False, SPAN),
        "admin_port": None,
        "version_key": VersionKey("path", None),
        "rules": (),
        "clusters": (),
        "exposed": (),
        "api": {"openapi": "3.1.0", "info": {"title": "public", "version": "1"}, "paths": {}},
        "where": SPAN,
    }
    return Deployable(**{**given, **fields})
