"""What a gateway does with a request before it looks for a route: it refuses what is odd, and normalizes the path.

docs/security.md has the list; the tests hold it to the real Envoy.
"""

from __future__ import annotations

import re

from compiler.paths import ESCAPED_SLASH
from compiler.plan import Deployable, Forward, Rule
from compiler.records import frozen
from compiler.routing import Request
from compiler.trace.asked import Asked

METHODS = frozenset(
    (
        *("ACL", "BIND", "CHECKOUT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "MERGE", "MKACTIVITY"),
        *("MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE"),
        *("PUT", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK", "UNLOCK"),
        "UNSUBSCRIBE",
    )
)
"""What a gateway knows by name; every other method is refused."""
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TO_ESCAPE = re.compile(r'["<>^`{|}]')


@frozen
class Refused:
    """The gateway answers with ``status`` before it looks for a route."""

    status: int
    why: str


@frozen
class Arrived:
    """The request as it is routed, and what was done to it."""

    request: Request
    notes: tuple[str, ...]


def arrive(deployable: Deployable, asked: Asked) -> Arrived | Refused:
    """What a deployable makes of a request. Without a host, one of the deployable's own is taken."""
    refused = _refused(asked)
    if refused is not None:
        return refused
    path = normalized(asked.path)
    notes = [] if path == asked.path else [f"the path `{asked.path}` is read as `{path}`"]
    host = asked.host or deployable.hosts[0].replace("*", "any")
    return Arrived(Request(asked.method, host, path, asked.headers, asked.query), tuple(notes))


def _refused(asked: Asked) -> Refused | None:
    if asked.method not in METHODS:
        hint = " (methods are written in capitals)" if asked.method.upper() in METHODS else ""
        return Refused(400, f"the method {asked.method} is refused{hint}")
    odd = sorted(name for name in asked.headers if "_" in name)
    if odd:
        return Refused(400, f"the header {odd[0]} has an underscore, which some services take for a dash")
    if any(re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value) for value in asked.headers.values()):
        return Refused(400, "a header has a control character")
    if re.search(r"[^!-.0-~]", asked.host or ""):
        return Refused(400, f"`{asked.host}` is no host")
    escaped = ESCAPED_SLASH.search(asked.path)
    if escaped is not None:
        return Refused(400, f"the path has an escaped slash, `{escaped[0]}`, which can be read in two ways")
    if "%00" in asked.path:
        return Refused(400, "the path has `%00`")
    return None


def refused_routed(deployable: Deployable, request: Request, rule: Rule | None) -> Refused | None:
    """What is refused only once a route is looked for, whatever that route's own answer."""
    several = "," in request.host and any(host.startswith("*") for host in deployable.hosts)
    upgrade = request.headers.get("upgrade", "")
    connection = [token.strip().lower() for token in request.headers.get("connection", "").split(",")]
    if upgrade and "upgrade" in connection and upgrade.lower() != "h2c" and (rule is not None or several):
        if not several and upgrade.lower() == "websocket" and _streams(rule):
            return None
        return Refused(403, f"an upgrade to {upgrade} is refused")
    return Refused(400, f"`{request.host}` is more than one host") if several else None


def _streams(rule: Rule | None) -> bool:
    return rule is not None and isinstance(rule.action, Forward) and rule.action.streaming


def normalized(path: str) -> str:
    """A path as it is routed: RFC 3986 section 6.2.2 (escapes of plain characters, dot segments), slashes merged."""
    decoded = _ESCAPED.sub(lambda m: plain if (plain := chr(int(m[1], 16))) in _UNRESERVED else m[0], path)
    escaped = _TO_ESCAPE.sub(lambda m: f"%{ord(m[0]):02X}", decoded.replace("\\", "/"))
    kept: list[str] = []
    pieces = escaped[1:].split("/")
    for at, piece in enumerate(pieces):
        if piece == ".." and kept:
            kept.pop()
        if piece not in (".", ".."):
            kept.append(piece)
        elif at == len(pieces) - 1:
            kept.append("")
    return re.sub("/+", "/", "/" + "/".join(kept))
