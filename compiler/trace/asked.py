"""The request that a person asks about: a method, a URL or a path, and headers as curl takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from compiler.records import frozen

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_USUAL = {"http": 80, "https": 443}


class CannotAsk(ValueError):
    """What was written is no request; the text says why."""


@frozen
class Asked:
    """``path`` and ``query`` are as written, but that text beyond ASCII is percent-encoded, as every client does it.

    ``host`` may have a port; it is None where nothing names a host. ``port`` is the one that a client connects to, or
    None. Header names are in lower case; what is said twice is joined with commas.
    """

    method: str
    scheme: str | None
    host: str | None
    port: int | None
    path: str
    query: str
    headers: Mapping[str, str]


def asked(method: str, url: str, headers: Iterable[str] = ()) -> Asked:
    """The request for a URL such as ``https://api.test/v2/orders``, or a path. Raises CannotAsk."""
    if _METHOD.fullmatch(method) is None:
        raise CannotAsk(f"`{method}` is not a method such as GET")
    if re.search(r"[\x00-\x20\x7f]", url):
        raise CannotAsk("a URL has no spaces; write %20")
    said = _headers(headers)
    host, port, scheme = None, None, None
    if not url.startswith("/"):
        scheme, host, port, url = _address(url)
    target, _, _ = url.partition("#")  # which no client sends
    path, _, query = target.partition("?")
    host = said.pop("host", host)
    return Asked(method, scheme, host, port, _ascii(path or "/"), _ascii(query), said)


def _address(url: str) -> tuple[str, str, int, str]:
    """Scheme, host with its port, port to connect to, and what stands behind them."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CannotAsk(f"`{url}` is not a URL: {error}") from None
    if parts.scheme not in _USUAL or not parts.hostname:
        raise CannotAsk(f"`{url}` is neither a URL such as https://api.example/orders nor a path such as /orders")
    if "@" in parts.netloc:
        raise CannotAsk("a URL has no user here; send it in a header: -H 'authorization: ...'")
    _, _, behind = url.partition("//")
    return parts.scheme, parts.netloc, port or _USUAL[parts.scheme], behind[len(parts.netloc) :]


def _headers(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for text in lines:
        match = _HEADER.fullmatch(text)
        if match is None:
            raise CannotAsk(f"`{text}` is not a header; write it as 'name: value'")
        found.setdefault(match[1].lower(), []).append(match[2])
    if len(found.get("host", ())) > 1:
        raise CannotAsk("a request has one host")
    return {name: ",".join(values) for name, values in found.items()}


def _ascii(text: str) -> str:
    return quote(text, safe="".join(map(chr, range(0x21, 0x7F))))
