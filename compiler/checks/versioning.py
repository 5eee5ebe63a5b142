"""`versioning` of a gateway: the header that bears the version has a name, and one that is free for it."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.headers import RESERVED
from compiler.diagnostics import Finding
from compiler.model.gateways import Versioning
from compiler.workspace import Workspace

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
    """Names that are missing, that nothing needs, or that are taken."""
    for _, gateway in workspace.project.deployables:
        if gateway.versioning is not None:
            yield from _name(gateway.versioning)


def _name(versioning: Versioning) -> Iterator[Finding]:
    where, name = versioning.where, versioning.name
    if versioning.in_ in _NAMED and name is None:
        kind = "header" if versioning.in_ == "header" else "query parameter"
        yield Finding(
            "schema",
            f"the {kind} that bears the version has no name",
            where["in"],
            "add `name:`, such as `x-api-version`",
        )
    elif versioning.in_ not in _NAMED and name is not None:
        yield Finding(
            "schema",
            f"with `in: {versioning.in_}` no header or parameter bears the version",
            where.key("name"),
            "remove `name`, or write `in: header`",
        )
    elif versioning.in_ == "header" and name in _TAKEN:
        yield Finding(
            "schema",
            f"the header `{name}` has a meaning of its own",
            where["name"],
            "take a name of your own, such as `x-api-version`",
        )
