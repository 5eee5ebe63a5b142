"""The part of the plan that policies come to. It stands alone, as checks ask for it before there is a plan."""

from __future__ import annotations

from typing import Literal

from compiler.records import frozen

Compression = Literal["brotli", "gzip"]


@frozen
class HeaderChanges:
    """Headers to remove, then to set (an existing value is replaced), by lower-case name, sorted."""

    set: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@frozen
class Addresses:
    """Whose requests are let in, by the client's address: those in ``allow`` (None for all) and not in ``deny``.

    Both are networks such as ``10.0.0.0/8``, sorted.
    """

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()


@frozen
class Secret:
    """A reference to a secret on the gateway's host: an absolute file or the name of an environment variable."""

    kind: Literal["file", "env"]
    value: str


@frozen
class RemoteKeys:
    """Where a key set is fetched: a URL, and the cluster that has it."""

    cluster: str
    url: str


@frozen
class Jwt:
    """Bearer tokens (RFC 7519). ``keys`` are a key set as JSON (RFC 7517), or where one is; ``clock_skew`` in seconds.

    A token bears this issuer, one of the audiences, and all of the scopes, which are sorted.
    """

    issuer: str
    audiences: tuple[str, ...]
    keys: str | RemoteKeys
    scopes: tuple[str, ...]
    clock_skew: int


@frozen
class Basic:
    """User names and passwords (RFC 7617); ``users`` are lines as in ``name:{SHA}digest``."""

    users: Secret


@frozen
class Mtls:
    """Client certificates of an authority whose alternative names hold one of ``subjects``, in which ``*`` is any text.

    All subjects are of one ``kind``.
    """

    authority: Secret
    kind: Literal["URI", "DNS", "EMAIL"]
    subjects: tuple[str, ...]


@frozen
class External:
    """A service that decides for each request, within ``timeout`` milliseconds.

    The path of ``url`` is put before the request's own.
    """

    cluster: str
    protocol: Literal["grpc", "http"]
    timeout: int
    url: str


@frozen
class ApiKey:
    """Random keys in a header (its name in lower case) or in the query.

    ``digests`` are consumers and the SHA-256 digests of their keys, hexadecimal, sorted. ``variable`` is the one of
    Envoy's environment that holds them instead.
    """

    place: Literal["header", "query"]
    name: str
    digests: tuple[tuple[str, str], ...]
    variable: str | None = None


@frozen
class Auth:
    """Who may call; ``policy`` says so, and names what is made of it."""

    policy: str
    way: Jwt | Basic | Mtls | External | ApiKey


COUNTED_WITHIN = 100
"""Milliseconds that a service may take which counts requests for all gateways; then they go on uncounted."""


@frozen
class RateLimit:
    """``requests`` in each ``per`` milliseconds, for all together or for each value of ``by``.

    Wherever the policy applies in a deployable, its requests are counted together. ``overall`` bounds all values of
    ``by`` together. With ``cluster``, a service counts for all gateways.
    """

    policy: str
    requests: int
    per: int
    by: str
    """``client_ip``, ``consumer``, ``global``, or ``header:`` and a name in lower case."""
    overall: int
    cluster: str | None = None


@frozen
class Policies:
    """What is done to a request before a service gets it, and to the answer; ``body_limit`` in bytes."""

    body_limit: int = 1 << 20
    compression: tuple[Compression, ...] = ()
    """Encodings that answers may get, sorted; the client's preference decides."""
    addresses: Addresses = Addresses()
    auth: Auth | None = None
    """None where everybody may call."""
    rate_limit: RateLimit | None = None
