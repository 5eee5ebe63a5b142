"""Policies that Envoy's own filters carry out, on a running Envoy: body limits, compression, addresses, mirrors."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from compiler.plan import Addresses, Deployable, Mirror, Policies
from compiler.tables import by_path
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.plans import deployable, forward, served

KIB = 1 << 10


def made(upstream: Upstream, usual: Policies, **own: Policies) -> Deployable:
    """A gateway with policies, and an operation of its own for each of some others."""
    rules = by_path(
        [
            *(served(f"/{name}", m, action=forward(policies=p)) for name, p in own.items() for m in ("GET", "POST")),
            *(served("/usual", m, action=forward(policies=usual)) for m in ("GET", "POST")),
        ]
    )
    return deployable(rules=rules, clusters=(upstream.cluster(),), policies=usual)


def chunked(gateway: Gateway, path: str, size: int) -> int:
    """The status for a body without a length, sent in chunks of 1 KiB."""
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    chunks = b"".join(b"400\r\n" + b"x" * KIB + b"\r\n" for _ in range(size // KIB))
    return int(gateway.raw(head + chunks + b"0\r\n\r\n").split(b" ")[1])


class TestBodyLimit:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        upstream.behaviour["/usual"] = upstream.behaviour["/small"] = upstream.behaviour["/large"] = _length
        return serve(
            made(
                upstream,
                Policies(body_limit=64 * KIB),
                small=Policies(body_limit=4 * KIB),
                large=Policies(body_limit=256 * KIB),
            )
        )

    @pytest.mark.parametrize(("path", "limit"), [("/usual", 64 * KIB), ("/small", 4 * KIB), ("/large", 256 * KIB)])
    def test_up_to_the_limit_and_no_further(self, gateway: Gateway, path: str, limit: int) -> None:
        assert gateway.call("POST", path, body="x" * limit).body == str(limit).encode()
        refused = gateway.call("POST", path, body="x" * (limit + 1))
        assert refused.status == 413
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json["status"] == 413

    def test_a_length_that_is_too_large_reaches_no_service(self, gateway: Gateway, upstream: Upstream) -> None:
        assert gateway.call("POST", "/small", body="x" * (4 * KIB + 1)).status == 413
        assert upstream.seen == []

    @pytest.mark.parametrize(("path", "limit"), [("/small", 4 * KIB), ("/usual", 64 * KIB)])
    def test_without_a_length_it_is_counted(self, gateway: Gateway, path: str, limit: int) -> None:
        assert chunked(gateway, path, limit) == 200
        assert chunked(gateway, path, limit + KIB) == 413

    def test_what_no_operation_answers_has_the_gateways_limit(self, gateway: Gateway) -> None:
        for path, status in (("/small", 405), ("/none", 404)):
            assert gateway.call("PUT", path, body="x" * 60 * KIB).status == status
            assert gateway.call("PUT", path, body="x" * 65 * KIB).status == 413


def _length(request: BaseHTTPRequestHandler) -> None:
    """Answer with the number of bytes that came."""
    length = int(request.headers.get("content-length") or 0)
    if "chunked" in request.headers.get("transfer-encoding", ""):
        while size := int(request.rfile.readline(), 16):
            length += len(request.rfile.read(size))
            request.rfile.readline()
        request.rfile.readline()
    text = str(length).encode()
    request.send_response(200)
    request.send_header("content-length", str(len(text)))
    request.end_headers()
    request.wfile.write(text)


class TestCompression:
    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        both = Policies(compression=("brotli", "gzip"))
        return serve(made(upstream, Policies(compression=("gzip",)), both=both, none=Policies()))

    def encoding(self, gateway: Gateway, path: str, accepted: str, padding: int = 4000) -> str | None:
        answer = gateway.call("POST", path, {"accept-encoding": accepted}, "x" * padding)
        assert answer.status == 200
        encoding: str | None = answer.headers["content-encoding"]
        body = gzip.decompress(answer.body) if encoding == "gzip" else answer.body
        if encoding in (None, "gzip"):
            assert json.loads(body)["body"] == "x" * padding
        if encoding is not None:
            assert "accept-encoding" in (answer.headers["vary"] or "").lower()
            assert len(answer.body) < padding
        return encoding

    @pytest.mark.parametrize(
        ("path", "accepted", "encoding"),
        [
            ("/usual", "gzip", "gzip"),
            ("/usual", "gzip, br", "gzip"),
            ("/usual", "br", None),
            ("/usual", "identity", None),
            ("/usual", "gzip;q=0", None),
            ("/both", "br", "br"),
            ("/both", "gzip", "gzip"),
            ("/both", "gzip, deflate, br, zstd", "br"),
            ("/both", "gzip;q=1, br;q=0.5", "gzip"),
            ("/both", "", None),
            ("/none", "gzip, br", None),
        ],
    )
    def test_what_the_client_takes_and_the_policy_has(
        self, gateway: Gateway, path: str, accepted: str, encoding: str | None
    ) -> None:
        assert self.encoding(gateway, path, accepted) == encoding

    def test_small_answers_are_left_alone(self, gateway: Gateway) -> None:
        assert self.encoding(gateway, "/usual", "gzip", padding=10) is None

    def answered(self, gateway: Gateway, upstream: Upstream, method: str = "GET", **headers: str) -> Reply:
        """What becomes of a long answer with some headers, asked for with gzip."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            for name, value in {"content-type": "application/json", "content-length": "4000", **headers}.items():
                request.send_header(name, value)
            request.end_headers()
            if request.command != "HEAD":
                request.wfile.write(b"x" * 4000)

        upstream.behaviour["/usual"] = answer
        return gateway.call(method, "/usual", {"accept-encoding": "gzip"})

    def test_what_is_better_left_alone(self, gateway: Gateway, upstream: Upstream) -> None:
        assert self.answered(gateway, upstream).headers["content-encoding"] == "gzip"
        for headers in ({"cache-control": "no-transform"}, {"content-type": "image/png"}, {"content-encoding": "x"}):
            assert self.answered(gateway, upstream, **headers).headers["content-encoding"] != "gzip", headers
        assert self.answered(gateway, upstream, "HEAD").headers["content-encoding"] is None

    def test_a_changed_answer_has_no_strong_tag(self, gateway: Gateway, upstream: Upstream) -> None:
        weak = self.answered(gateway, upstream, etag='W/"1"')
        assert (weak.headers["content-encoding"], weak.headers["etag"]) == ("gzip", 'W/"1"')
        strong = self.answered(gateway, upstream, etag='"1"')
        assert strong.headers["content-encoding"] == "gzip"
        assert strong.headers["etag"] in (None, 'W/"1"')

    def test_what_is_compressed_already_stays_so(self, gateway: Gateway, upstream: Upstream) -> None:
        packed = gzip.compress(b"x" * 40_000) + b"\0" * 2000

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            for name, value in (("content-type", "application/json"), ("content-encoding", "gzip")):
                request.send_header(name, value)
            request.send_header("content-length", str(len(packed)))
            request.end_headers()
            request.wfile.write(packed)

        upstream.behaviour["/usual"] = answer
        assert gateway.call("GET", "/usual", {"accept-encoding": "gzip"}).body == packed


class TestAddresses:
    def statuses(self, gateway: Gateway, *forwarded: str) -> list[int]:
        return [gateway.call("GET", "/usual", {"x-forwarded-for": address}).status for address in forwarded]

    def behind(self, made: Deployable, trusted_hops: int) -> Deployable:
        return replace(made, listener=replace(made.listener, trusted_hops=trusted_hops))

    def test_the_peers_address_counts(self, serve: Serve, upstream: Upstream) -> None:
        refusing = serve(made(upstream, Policies(addresses=Addresses(deny=("127.0.0.0/8",)))))
        answer = refusing.call("GET", "/usual", {"x-forwarded-for": "10.0.0.1"})
        assert (answer.status, answer.json["title"]) == (403, "Forbidden")
        assert refusing.call("GET", "/nothing").status == 403, "what no operation answers is closed, too"
        assert upstream.seen == []
        allowed = Policies(addresses=Addresses(allow=("10.0.0.0/8",)))
        assert serve(replace(made(upstream, allowed), name="other")).call("GET", "/usual").status == 403
        loopback = Policies(addresses=Addresses(allow=("127.0.0.1/32",)))
        assert serve(replace(made(upstream, loopback), name="third")).call("GET", "/usual").status == 200

    def test_behind_proxies_the_trusted_entry_counts(self, serve: Serve, upstream: Upstream) -> None:
        rules = Addresses(allow=("10.0.0.0/8", "2001:db8::/32"), deny=("10.9.0.0/16",))
        gateway = serve(self.behind(made(upstream, Policies(addresses=rules)), 1))
        assert self.statuses(gateway, "10.1.1.1", "2001:db8::7", "192.0.2.1", "10.9.1.1") == [200, 200, 403, 403]
        assert self.statuses(gateway, "192.0.2.1, 10.1.1.1") == [200], "the last entry is the proxy's"
        assert self.statuses(gateway, "10.1.1.1, 192.0.2.1") == [403], "a client's own entry is not"
        assert self.statuses(gateway, "10.1.1.1, nonsense", "") == [403, 403]
        assert self.statuses(gateway, "::ffff:10.1.1.1", "::ffff:10.9.1.1") == [200, 403], "IPv4 in other words"
        assert gateway.call("GET", "/usual").status == 403, "without an entry the peer is the client"

    def test_the_proxy_protocols_address_counts(self, serve: Serve, upstream: Upstream) -> None:
        rules = made(upstream, Policies(addresses=Addresses(allow=("10.0.0.0/8",))))
        gateway = serve(replace(rules, listener=replace(rules.listener, proxy_protocol=True)))
        for source, status in (("10.1.1.1", b"200"), ("192.0.2.1", b"403")):
            line = f"PROXY TCP4 {source} 10.0.0.9 5555 80\r\n".encode()
            asked = b"GET /usual HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: 10.1.1.1\r\n\r\n"
            assert gateway.raw(line + asked).startswith(b"HTTP/1.1 " + status)

    def test_an_operation_may_differ(self, serve: Serve, upstream: Upstream) -> None:
        closed = Policies(addresses=Addresses(allow=("10.0.0.0/8",)))
        gateway = serve(made(upstream, closed, opened=Policies()))
        assert gateway.call("GET", "/usual").status == 403
        assert gateway.call("GET", "/opened").status == 200
        other = serve(replace(made(upstream, Policies(), closed=closed), name="other"))
        assert other.call("GET", "/usual").status == 200
        assert other.call("GET", "/closed").status == 403

    def test_an_ipv4_client_of_an_ipv6_listener_is_known(self, serve: Serve, upstream: Upstream) -> None:
        """A listener on ``::`` sees IPv4 clients, too; they must not get around a list of IPv4 networks."""
        refusing = made(upstream, Policies(addresses=Addresses(deny=("127.0.0.0/8",))))
        gateway = serve(replace(refusing, listener=replace(refusing.listener, address="::")))
        assert gateway.call("GET", "/usual").status == 403


class TestMirror:
    def test_copies_go_to_the_other_service(self, serve: Serve, upstream: Upstream) -> None:
        gateway = serve(self.mirrored(upstream, 1_000_000))
        answer = gateway.call("POST", "/v1/orders/7?x=1", {"host": "api.test"}, body="order")
        assert answer.json["body"] == "order"
        assert gateway.eventually(lambda: len(upstream.seen) == 2)
        assert upstream.seen == ["POST /base/orders/7?x=1"] * 2
        assert gateway.eventually(lambda: gateway.running.stat("cluster.shadow.upstream_rq_200") == 1)

    def test_a_share(self, serve: Serve, upstream: Upstream) -> None:
        gateway = serve(self.mirrored(upstream, 250_000))
        for _ in range(80):
            gateway.call("POST", "/v1/orders/7")
        copies = gateway.running.stat("cluster.shadow.upstream_rq_total")
        assert 1 <= copies <= 60

    def test_a_dead_one_harms_nobody(self, serve: Serve, upstream: Upstream) -> None:
        plan = self.mirrored(upstream, 1_000_000)
        echo, shadow = plan.clusters
        dead = replace(shadow, endpoints=(replace(shadow.endpoints[0], port=1),))
        gateway = serve(replace(plan, clusters=(echo, dead)))
        assert {gateway.call("POST", "/v1/orders/7").status for _ in range(5)} == {200}

    def mirrored(self, upstream: Upstream, per_million: int) -> Deployable:
        action = forward(strip="/v1", prepend="/base", mirror=Mirror("shadow", per_million))
        rules = by_path([served("/orders/{id}", "POST", under="/v1", action=action)])
        return deployable(rules=rules, clusters=(upstream.cluster(), upstream.cluster("shadow")))
