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
"""Headers that the gateway itself writes on each side; neither a policy nor a version key may be one of them."""


def check(workspace: Workspace) -> Iterator[Finding]:
    """Header changes of policies that no proxy can make."""
    for policy in workspace.project.policies.values():
        if policy.headers is not None:
            for changes in (policy.headers.request, policy.headers.response):
                if changes is not None:
                    yield from _changes(changes)


def _changes(changes: HeaderChanges) -> Iterator[Finding]:
    places = [(name, changes.where.key("set", name)) for name in changes.where.written("set")]
    places += [(name, changes.where["remove", index]) for index, name in enumerate(changes.remove)]
    for name, where in places:
        if name.lower() in RESERVED:
            yield Finding(
                "schema",
                f"`{name}` belongs to the connection, and no policy can change it",
                where,
                "remove it; the gateway writes it as each side needs it",
            )
