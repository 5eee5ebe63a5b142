"""Headers that a policy cannot change, because they belong to the connection or to the routing of the request."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.model.policies import HeaderChanges
from compiler.workspace import Workspace

# RFC 9110 section 7.6.1 (connection-specific fields), section 8.6 (content-length), section 7.2 (host).
RESERVED = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to one connection or to routing; neither a policy nor a version key may be one of them."""
_WRITTEN = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-request-id"})


def check(workspace: Workspace) -> Iterator[Finding]:
    """Header changes of policies that no proxy can make."""
    for policy in workspace.project.policies.values():
        if policy.headers is not None:
            for changes in (policy.headers.request, policy.headers.response):
                if changes is not None:
                    yield from _changes(changes)


def _changes(changes: HeaderChanges) -> Iterator[Finding]:
    written = changes.where.written("set")
    places = [(name, changes.where.key("set", name)) for name in written]
    places += [(name, changes.where["remove", index]) for index, name in enumerate(changes.remove)]
    for name, where in places:
        if name.lower() in RESERVED | _WRITTEN:
            yield Finding(
                "schema",
                f"the gateway itself writes `{name}`, and no policy can change it",
                where,
                "remove it",
            )
        elif name.lower().startswith("x-envoy-") and name in written:
            yield Finding(
                "schema", f"`{name}` would steer Envoy past this project", where, "say it in a policy instead"
            )
