"""Plans made by hand, for tests of what comes behind the compiler's checks."""

from __future__ import annotations

from typing import Any

from compiler.paths import PathTemplate
from compiler.plan import Deployable, Forward, HeaderChanges, Listener, Target, VersionKey
from compiler.source import Source
from compiler.tables import Served

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


def forward(**fields: Any) -> Forward:
    """Everything goes to the cluster ``echo``."""
    given: dict[str, Any] = {
        "targets": (Target("echo", 1),),
        "strip": "",
        "prepend": "",
        "timeout": 5000,
        "retry": None,
        "request_headers": HeaderChanges(),
        "response_headers": HeaderChanges(),
        "contract": "orders",
        "version": "1.0.0",
        "operation": "getOrder",
    }
    return Forward(**{**given, **fields})


def served(path: str, method: str = "GET", *, under: str = "", **fields: Any) -> Served:
    """An operation at a client path; ``under`` is the version's prefix, which is taken off again."""
    given: dict[str, Any] = {
        "name": f"{method} {under}{path}",
        "path": PathTemplate.parse(path).under(under),
        "method": method,
        "label": None,
        "default": False,
        "contract": "orders",
        "action": forward(strip=under),
        "where": SPAN,
    }
    return Served(**{**given, **fields})
