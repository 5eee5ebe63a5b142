"""Attempts to get around `auth`, lists of addresses and rate limits: whatever is tried, the service hears of nothing.

Each attempt is what is sent, byte by byte. An attempt has failed where the service saw no request that it could take
for one of the protected paths, reading as generously as services do: without regard to case, with escapes undone
twice, with backslashes as slashes, with what stands behind a semicolon cut off, and with dot segments and empty ones
taken out.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

import pytest

from compiler.plan import Addresses, Deployable, Policies
from compiler.plan_policies import Auth, External, RateLimit
from compiler.tables import by_path
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.dataplane.test_auth_live import bearer, jwt
from tests.plans import deployable, forward, served

PROTECTED = ("/admin", "/files/secret", "/office", "/few", "/asked")
HOUR = 3_600_000


def made(upstream: Upstream) -> Deployable:
    """Paths that want a token, an office's address, or come too late, among templates that are open to everybody."""
    office = Policies(addresses=Addresses(allow=("10.0.0.0/8",)))
    few = Policies(rate_limit=RateLimit("few", 1, HOUR, "client_ip", 100))
    tenants = Policies(rate_limit=RateLimit("tenants", 1, HOUR, "header:x-tenant", 3))
    asked = Policies(auth=Auth("asked", External("gone", "http", 500, "http://gone")))
    table = [
        *(
            served(path, m, action=forward(policies=jwt()))
            for path in PROTECTED[:2]
            for m in ("GET", "POST", "OPTIONS")
        ),
        *(served("/office", m, action=forward(policies=office)) for m in ("GET", "POST")),
        *(served("/few", m, action=forward(policies=few)) for m in ("GET", "POST")),
        served("/tenants", action=forward(policies=tenants)),
        served("/asked", action=forward(policies=asked)),
        served("/events", action=forward(streaming=True)),
        served("/files/{name}"),
        served("/files/{folder}/{name}"),
        served("/open"),
        served("/open", "POST"),
        served("/"),
    ]
    gone = replace(upstream.cluster("gone"), endpoints=(replace(upstream.cluster().endpoints[0], port=1),))
    return deployable(rules=by_path(table), clusters=(upstream.cluster(), gone), hosts=("api.test",))


@pytest.fixture(scope="module")
def service() -> Iterator[Upstream]:
    from tests.dataplane.conftest import upstream

    yield from upstream.__wrapped__()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def gateway(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    from tests.dataplane.conftest import serve

    starting = serve.__wrapped__(tmp_path_factory.mktemp("bypass"))  # type: ignore[attr-defined]
    begin: Serve = next(starting)
    running = begin(made(service))
    assert running.call("GET", "/few", {"host": "api.test"}).status == 200, "the only one"
    for tenant in "abc":
        assert running.call("GET", "/tenants", {"host": "api.test", "x-tenant": tenant}).status == 200
    yield running
    next(starting, None)


def get(target: str, *headers: str, method: str = "GET", version: str = "1.1", host: str = "api.test") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", *([f"host: {host}"] if host else []), *headers, "connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def body(target: str, data: str, *headers: str) -> bytes:
    return get(target, *headers, method="POST") + data.encode("latin-1")


GOOD, OTHER = bearer()["authorization"], "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."
INNER = "GET /admin HTTP/1.1\r\nhost: api.test\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
# HEADERS of stream 1 (RFC 9113 section 6.2, RFC 7541 appendix C): GET http /admin, host api.test, a consumer of its own
_FIELDS = b"\x82\x86\x44\x06/admin\x41\x08api.test\x40\x15x-gatewright-consumer\x04root"
H2 = PREFACE + len(_FIELDS).to_bytes(3) + b"\1\5\0\0\0\1" + _FIELDS
_UNDER = b"\x82\x86\x44\x06/admin\x41\x08api.test\x40\x08x_secret\x01a"
H2_UNDERSCORE = PREFACE + len(_UNDER).to_bytes(3) + b"\1\5\0\0\0\1" + _UNDER
_TWO_PATHS = b"\x82\x86\x44\x05/open\x44\x06/admin\x41\x08api.test"
H2_TWO_PATHS = PREFACE + len(_TWO_PATHS).to_bytes(3) + b"\1\5\0\0\0\1" + _TWO_PATHS

ATTEMPTS = {
    # the path
    "no token": get("/admin"),
    "two slashes": get("//admin"),
    "three slashes": get("///admin"),
    "slash at the end": get("/admin/"),
    "dot": get("/./admin"),
    "dot at the end": get("/admin/."),
    "dots": get("/open/../admin"),
    "dots from a template": get("/files/a/../../admin"),
    "escaped dots": get("/open/%2e%2e/admin"),
    "half escaped dots": get("/open/.%2E/admin"),
    "dots beyond the root": get("/../../admin"),
    "escaped slash": get("/open%2f..%2fadmin"),
    "escaped slash in capitals": get("/files/..%2F..%2Fadmin"),
    "escaped slash before": get("/%2fadmin"),
    "backslash": get("/files\\..\\admin"),
    "escaped backslash": get("/files/..%5cadmin"),
    "dots with a parameter": get("/files/..;/admin"),
    "dots with a long parameter": get("/files/..;a=b/admin"),
    "dot with a parameter": get("/files/.;/secret"),
    "escaped dots with a parameter": get("/files/%2e%2e;/admin"),
    "parameter at the end": get("/admin;x=1"),
    "parameter before": get("/;x=1/admin"),
    "parameter on a neighbour": get("/files/secret;x=1"),
    "empty parameter on a neighbour": get("/files/secret;"),
    "escaped letter": get("/%61dmin"),
    "escaped letters": get("/%61%64%6d%69%6e"),
    "escaped twice": get("/%2561dmin"),
    "escaped letter of a neighbour": get("/files/%73ecret"),
    "zero byte": get("/admin%00"),
    "zero byte before": get("/files/secret%00.txt"),
    "capitals": get("/ADMIN"),
    "question mark": get("/admin?"),
    "query": get("/admin?/open"),
    "question mark at once": get("/?/../admin"),
    "fragment": get("/open#/../admin"),
    "fragment behind": get("/admin#"),
    "suffix": get("/admin.json"),
    "tab": get("/admin\t"),
    "space": get("/admin "),
    "overlong dots": get("/files/%c0%ae%c0%ae/admin"),
    "overlong slash": get("/open%c0%afadmin"),
    "star": get("*"),
    "without a slash": get("admin"),
    # the request line and the host
    "absolute": get("http://api.test/admin"),
    "absolute of another host": get("http://api.test/admin", host="other.test"),
    "absolute with a user": get("http://me@api.test/admin"),
    "absolute with dots": get("http://api.test/open/../admin"),
    "other host": get("/admin", host="other.test"),
    "host with a port": get("/admin", host="api.test:80"),
    "host with a dot": get("/admin", host="api.test."),
    "two hosts": get("/admin", "host: other.test"),
    "no host": get("/admin", host=""),
    "HTTP/1.0": get("/admin", version="1.0"),
    "HTTP/0.9": b"GET /admin\r\n\r\n",
    "HTTP/1.2": get("/admin", version="1.2"),
    # the method
    "HEAD": get("/admin", method="HEAD"),
    "OPTIONS": get("/admin", method="OPTIONS"),
    "preflight": get("/admin", "origin: https://a", "access-control-request-method: GET", method="OPTIONS"),
    "TRACE": get("/admin", method="TRACE"),
    "CONNECT": get("api.test:80", method="CONNECT"),
    "unknown method": get("/admin", method="FOO"),
    "small letters": get("/admin", method="get"),
    "override": get("/admin", "x-http-method-override: GET", method="POST"),
    "other override": get("/admin", "x-method-override: GET", "x-http-method: GET", method="DELETE"),
    # headers that steer
    "original path": get("/admin", "x-envoy-original-path: /open"),
    "original url": get("/admin", "x-original-url: /open", "x-rewrite-url: /open"),
    "internal": get("/admin", "x-envoy-internal: true"),
    "own consumer": get("/admin", "x-gatewright-consumer: root"),
    "own consumer in capitals": get("/admin", "X-GATEWRIGHT-CONSUMER: root"),
    "consumer with underscores": get("/admin", "x_gatewright_consumer: root"),
    "authorization with an underscore": get("/admin", f"proxy_authorization: {GOOD}"),
    "token elsewhere": get("/admin", f"proxy-authorization: {GOOD}"),
    "token in the query": get("/admin?access_token=" + GOOD.removeprefix("Bearer ")),
    "token in a cookie": get("/admin", "cookie: access_token=" + GOOD.removeprefix("Bearer ")),
    "token without a signature": get("/admin", f"authorization: {OTHER}"),
    "two tokens": get("/admin", f"authorization: {GOOD}", f"authorization: {OTHER}"),
    "two tokens, turned": get("/admin", f"authorization: {OTHER}", f"authorization: {GOOD}"),
    "two tokens in one": get("/admin", f"authorization: {GOOD}, {OTHER}"),
    "folded token": get("/admin", f"authorization: {OTHER}", f" {GOOD}"),
    "space before the colon": get("/admin", f"authorization : {GOOD}"),
    "dropped on the way": get("/admin", "connection: authorization, x-gatewright-consumer"),
    "forwarded certificate": get("/admin", "x-forwarded-client-cert: By=a;URI=spiffe://shop/root"),
    "upgrade": get("/admin", "upgrade: websocket", "connection: upgrade"),
    "upgrade to h2c": get("/admin", "upgrade: h2c", "connection: upgrade, http2-settings", "http2-settings: AAMAAABk"),
    "upgrade of a stream to h2c": get("/events", "upgrade: h2c", "connection: upgrade") + INNER.encode(),
    "prior knowledge": H2,
    "prior knowledge, underscore": H2_UNDERSCORE,
    "prior knowledge, two paths": H2_TWO_PATHS,
    # smuggled behind another one
    "length and chunks": body("/open", "0\r\n\r\n" + INNER, "content-length: 4", "transfer-encoding: chunked"),
    "two lengths": body("/open", INNER, "content-length: 0", f"content-length: {len(INNER)}"),
    "lengths in one": body("/open", INNER, "content-length: 0, 5"),
    "length with a sign": body("/open", INNER, "content-length: +0"),
    "negative length": body("/open", INNER, "content-length: -1"),
    "length of spaces": body("/open", INNER, "content-length: 0 0"),
    "chunked twice": body("/open", "0\r\n\r\n" + INNER, "transfer-encoding: chunked", "transfer-encoding: chunked"),
    "chunked and identity": body("/open", "0\r\n\r\n" + INNER, "transfer-encoding: chunked, identity"),
    "chunked with a tab": body("/open", "0\r\n\r\n" + INNER, "transfer-encoding:\tchunked", "content-length: 5"),
    "chunked misspelt": body("/open", "0\r\n\r\n" + INNER, "transfer-encoding: xchunked", "content-length: 5"),
    "chunked behind a space": body("/open", "0\r\n\r\n" + INNER, "transfer-encoding : chunked", "content-length: 5"),
    "odd chunk": body("/open", "0x0\r\n\r\n" + INNER, "transfer-encoding: chunked"),
    "chunk with a sign": body("/open", "-1\r\n\r\n" + INNER, "transfer-encoding: chunked"),
    "chunk without an end": body("/open", "1\r\nZ" + INNER, "transfer-encoding: chunked"),
    "bare line feeds": b"GET /admin HTTP/1.1\nhost: api.test\n\n",
    "line feed in a header": get("/open", "x-a: b\nauthorization: c") + INNER.encode(),
    "carriage return in a header": get("/open", "x-a: b\rx-gatewright-consumer: root\rx-b: c") + INNER.encode(),
    "a body of GET": get("/open", f"content-length: {len(INNER)}") + INNER.encode(),
    "pipelined": b"GET /open HTTP/1.1\r\nhost: api.test\r\n\r\n" + get("/admin"),
    # addresses
    "forwarded for": get("/office", "x-forwarded-for: 10.0.0.1"),
    "forwarded for, twice": get("/office", "x-forwarded-for: 10.0.0.1", "x-forwarded-for: 10.0.0.2"),
    "forwarded": get("/office", "forwarded: for=10.0.0.1"),
    "real ip": get("/office", "x-real-ip: 10.0.0.1", "true-client-ip: 10.0.0.1", "cf-connecting-ip: 10.0.0.1"),
    "external address": get("/office", "x-envoy-external-address: 10.0.0.1"),
    "proxy protocol": b"PROXY TCP4 10.0.0.1 127.0.0.1 1 2\r\n" + get("/office"),
    "office by dots": get("/open/../office", "x-forwarded-for: 10.0.0.1"),
    # rate limits
    "once more": get("/few"),
    "as somebody else": get("/few", "x-forwarded-for: 192.0.2.77"),
    "with another query": get("/few?x=2"),
    "by dots": get("/open/../few"),
    "by two slashes": get("//few"),
    "as HEAD": get("/few", method="HEAD"),
    "as POST": get("/few", method="POST"),
    "with another token": get("/few", f"authorization: {GOOD}"),
    "as one that was let through": get("/few", "x-envoy-ratelimited: false", "x-ratelimit-remaining: 9"),
    "a new tenant": get("/tenants", "x-tenant: d"),
    "no tenant": get("/tenants"),
    "two tenants": get("/tenants", "x-tenant: e", "x-tenant: f"),
    # an authorizer that is not there
    "nobody to ask": get("/asked"),
    "nobody to ask, retried": get("/asked", "x-envoy-retry-on: 5xx", "x-envoy-max-retries: 3"),
}


def generously(path: str) -> str:
    """The path that the most generous of services could take a request for."""
    text = unquote(unquote(path.partition("?")[0])).replace("\\", "/").lower()
    kept: list[str] = []
    for piece in (
        segment.partition(";")[0].rstrip(" .\t\0") or segment.partition(";")[0] for segment in text.split("/")
    ):
        if piece == "..":
            kept[-1:] = []
        elif piece not in ("", "."):
            kept.append(piece)
    return "/" + "/".join(kept)


def reached(service: Upstream) -> list[str]:
    """Protected paths that the service was asked for."""
    paths = [line.partition(" ")[2] for line in service.seen]
    return [path for path in paths if generously(path) in (*PROTECTED, "/tenants")]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_way_around(gateway: Gateway, service: Upstream, attempt: str) -> None:
    service.seen.clear()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=2) as connection:
        connection.sendall(ATTEMPTS[attempt])
        received = b""
        try:
            while b"\r\n\r\n" not in received and (chunk := connection.recv(65536)):
                received += chunk
                if ATTEMPTS[attempt].startswith(b"PRI"):
                    break
        except (TimeoutError, ConnectionResetError):
            pass
    # a request of our own comes behind it, so that what was smuggled would have arrived
    assert gateway.call("GET", "/open", {"host": "api.test"}).status == 200
    assert reached(service) == []
    assert service.seen[-1:] == ["GET /open"]


def test_the_right_ways_lead_there(gateway: Gateway, service: Upstream) -> None:
    service.seen.clear()
    sent = bearer() | {"host": "api.test"}
    for path in ("/admin", "/open/../admin", "//admin", "/%61dmin", "/files/secret"):
        assert gateway.call("GET", path, sent).status == 200
    assert reached(service) == ["/admin"] * 4 + ["/files/secret"]


def test_enough_is_tried() -> None:
    assert len(ATTEMPTS) >= 100
    assert len(set(ATTEMPTS.values())) == len(ATTEMPTS)
