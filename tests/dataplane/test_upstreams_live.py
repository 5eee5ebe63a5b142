"""Services behind a running Envoy: TLS, HTTP/2, health, breakers, balancing."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from compiler.plan import (
    Answer,
    CircuitBreaker,
    ClientTls,
    Cluster,
    Endpoint,
    HashOn,
    HealthCheck,
    OutlierDetection,
    Secret,
)
from compiler.tables import by_path
from compiler.throwaway import pair
from tests.dataplane.conftest import Serve, Upstream
from tests.plans import SPAN, deployable, forward, served

Start = Callable[..., int]


@pytest.fixture
def service() -> Iterator[Start]:
    """Starts an upstream that answers every GET by a function of the request; gives its port."""
    servers: list[ThreadingHTTPServer] = []

    def begin(
        answer: Callable[[BaseHTTPRequestHandler], tuple[int, str]], context: ssl.SSLContext | None = None
    ) -> int:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, text = answer(self)
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        port: int = server.server_address[1]
        return port

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def cluster(*ports: int, **fields: Any) -> Cluster:
    return Cluster("echo", tuple(Endpoint("127.0.0.1", p, None) for p in ports), 1000, SPAN, **fields)


def files(folder: Path, name: str) -> ClientTls:
    """A throwaway pair for a name in files, as what a gateway trusts and shows."""
    made = pair((name,))
    for use in ("authority", "certificate", "key"):
        (folder / f"{use}.pem").write_bytes(getattr(made, use))
    secrets = {use: Secret("file", str(folder / f"{use}.pem")) for use in ("authority", "certificate", "key")}
    return ClientTls(name, secrets["authority"], secrets["certificate"], secrets["key"], SPAN)


def test_tls_is_verified_by_authority_and_name(serve: Serve, service: Start, tmp_path: Path) -> None:
    tls = replace(files(tmp_path, "orders.internal"), certificate=None, key=None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    names: list[str | None] = []
    context.sni_callback = lambda socket, name, context: names.append(name)
    port = service(lambda request: (200, "secret"), context)
    (tmp_path / "other.pem").write_bytes((Path(ssl.get_default_verify_paths().cafile or "")).read_bytes())
    for wanted, status in (
        (tls, 200),
        (replace(tls, server_name="customers.internal"), 503),
        (replace(tls, authority=Secret("file", str(tmp_path / "other.pem"))), 503),
        (replace(tls, authority=None), 200),
    ):
        gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(cluster(port, tls=wanted),)))
        assert gateway.call("GET", "/orders").status == status, wanted
    assert names[0] == "orders.internal"


def test_a_client_certificate_is_shown(serve: Serve, service: Start, tmp_path: Path) -> None:
    tls = files(tmp_path, "orders.internal")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    context.load_verify_locations(tmp_path / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    port = service(lambda request: (200, str(request.connection.getpeercert())), context)
    shown = serve(deployable(rules=by_path([served("/orders")]), clusters=(cluster(port, tls=tls),)))
    assert b"orders.internal" in shown.call("GET", "/orders").body
    hidden = replace(tls, certificate=None, key=None)
    other = serve(deployable(name="other", rules=by_path([served("/orders")]), clusters=(cluster(port, tls=hidden),)))
    assert other.call("GET", "/orders").status == 503


def test_http2(serve: Serve) -> None:
    behind = serve(deployable(name="behind", rules=by_path([served("/orders", action=Answer(200, (), "two"))])))
    made = cluster(behind.port, protocol="http2")
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(made,)))
    assert gateway.call("GET", "/orders").body == b"two"
    assert gateway.running.stat("cluster.echo.upstream_cx_http2_total") == 1


def test_an_unhealthy_endpoint_is_left_out(serve: Serve, service: Start) -> None:
    good = service(lambda request: (200, "good"))
    bad = service(lambda request: (500, "bad") if request.path == "/healthz" else (200, "bad"))
    check = HealthCheck("/healthz", 100, 1000, 1, 1)
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(cluster(good, bad, health_check=check),)))
    assert gateway.eventually(lambda: gateway.running.stat("cluster.echo.membership_healthy") == 1)
    assert {gateway.call("GET", "/orders").body for _ in range(20)} == {b"good"}


def test_an_endpoint_that_fails_is_ejected(serve: Serve, service: Start) -> None:
    good = service(lambda request: (200, "good"))
    bad = service(lambda request: (500, "bad"))
    detection = OutlierDetection(consecutive_5xx=2, ejection_time=30_000)
    made = cluster(good, bad, outlier_detection=detection, balancing="round_robin")
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(made,)))
    for _ in range(20):
        gateway.call("GET", "/orders")
    assert gateway.running.stat("cluster.echo.outlier_detection.ejections_active") == 1
    assert {gateway.call("GET", "/orders").body for _ in range(10)} == {b"good"}


def test_a_circuit_breaker_fails_at_once(serve: Serve, service: Start) -> None:
    hold = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        hold.wait(5)
        return 200, "slow"

    breaker = CircuitBreaker(max_connections=1, max_pending=1, max_requests=1, max_retries=0)
    gateway = serve(
        deployable(rules=by_path([served("/orders")]), clusters=(cluster(service(slow), circuit_breaker=breaker),))
    )
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(gateway.call("GET", "/orders").status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert gateway.eventually(lambda: len(statuses) >= 5)
    assert set(statuses) == {503}
    hold.set()
    for thread in threads:
        thread.join()
    assert 200 in statuses


@pytest.mark.parametrize("hash_on", [HashOn("x-customer-id"), HashOn(None)], ids=["header", "client address"])
def test_ring_hash_keeps_to_an_endpoint(serve: Serve, service: Start, hash_on: HashOn) -> None:
    ports = [service(lambda request, name=name: (200, name)) for name in "abcd"]
    action = forward(hash_on=(hash_on,))
    made = cluster(*ports, balancing="ring_hash")
    gateway = serve(deployable(rules=by_path([served("/orders", action=action)]), clusters=(made,)))
    same = {gateway.call("GET", "/orders", {"x-customer-id": "c-1"}).body for _ in range(10)}
    assert len(same) == 1
    if hash_on.header:
        spread = {gateway.call("GET", "/orders", {"x-customer-id": f"c-{n}"}).body for n in range(40)}
        assert len(spread) > 1


@pytest.mark.parametrize("balancing", ["round_robin", "random", "least_request"])
def test_requests_are_spread(serve: Serve, service: Start, balancing: Any, upstream: Upstream) -> None:
    ports = [service(lambda request, name=name: (200, name)) for name in "ab"]
    made = cluster(*ports, balancing=balancing)
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(made,)))
    assert {gateway.call("GET", "/orders").body for _ in range(40)} == {b"a", b"b"}
