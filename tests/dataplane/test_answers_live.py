"""What a running Envoy answers by itself, and what it leaves alone, in the corners of HTTP."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from compiler.backends.envoy import render
from compiler.local.envoy import find_envoy, start
from compiler.local.ports import free_port
from compiler.plan import HeaderChanges, Target, VersionKey
from compiler.tables import by_path, by_version
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.plans import deployable, forward, served


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    table = by_path([served("/orders/{id}", under="/v2"), served("/orders", "POST", under="/v2")])
    return serve(deployable(rules=table, clusters=(upstream.cluster(),)))


@pytest.mark.parametrize(
    ("start_line", "status"),
    [
        ("OPTIONS * HTTP/1.1", 404),
        ("CONNECT api.test:443 HTTP/1.1", 404),
        ("TRACE /v2/orders/1 HTTP/1.1", 405),
        ("NONE /v2/orders/1 HTTP/1.1", 400),
        ("GET v2/orders/1 HTTP/1.1", 400),
        ("GET /v2/orders/1#part HTTP/1.1", 400),
        ("GET /v2/orders/1%00 HTTP/1.1", 400),
        ("GET /v2/orders/1 HTTP/1.0", 426),
    ],
)
def test_odd_requests_get_a_problem(gateway: Gateway, upstream: Upstream, start_line: str, status: int) -> None:
    received = gateway.raw(f"{start_line}\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\ncontent-type: application/problem+json\r\n" in received
    assert upstream.seen == []


def test_an_upgrade_gets_a_problem(gateway: Gateway, upstream: Upstream) -> None:
    reply = gateway.call("GET", "/v2/orders/1", {"connection": "upgrade", "upgrade": "websocket"})
    assert (reply.status, reply.json["status"]) == (403, 403)
    assert upstream.seen == []


def test_a_query_is_passed_on_as_it_is(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v2/orders/1?x=%2F..%2F//&y=/v2").json["path"] == "/orders/1?x=%2F..%2F//&y=/v2"


def test_a_rewritten_path_leaves_no_trace_of_envoy(gateway: Gateway) -> None:
    reply = gateway.call("GET", "/v2/orders/1")
    assert reply.json["path"] == "/orders/1"
    assert [name for name in reply.json["headers"] if name.lower().startswith("x-envoy-")] == []


def test_clients_do_not_say_how_they_are_connected(gateway: Gateway) -> None:
    asked = gateway.call("GET", "/v2/orders/1", {"x-forwarded-proto": "https"}).json["headers"]
    assert {name.lower(): value for name, value in asked.items()}["x-forwarded-proto"] == "http"


def test_bodies_larger_than_the_buffers_pass(gateway: Gateway) -> None:
    body = "x" * 1_000_000
    assert gateway.call("POST", "/v2/orders", {}, body).json["body"] == body


def test_a_long_path_is_matched(serve: Serve, upstream: Upstream) -> None:
    path = "/" + "/".join("long" * 25 for _ in range(12))
    parts = path.split("/")
    mixed = "/".join([*parts[:6], "{a}", *parts[6:], "{b}"])
    table = by_path([served(path), served(path + "/{id}"), served(mixed)])
    gateway = serve(deployable(rules=table, clusters=(upstream.cluster(),)))
    for target, status in (
        (path, 200),
        (path + "/1", 200),
        (mixed.format(a="1", b="2"), 200),
        (mixed.format(a="1", b="2/3"), 404),
    ):
        assert gateway.call("GET", target).status == status


def test_every_answer_of_header_versioning_varies(serve: Serve, upstream: Upstream) -> None:
    """A cache must not give version 1 to those who want 2, whatever policies and services say of ``Vary``."""

    def own(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-length", "0")
        request.send_header("vary", "origin")
        request.end_headers()

    upstream.behaviour["/own"] = own
    gone = replace(upstream.cluster("gone"), endpoints=(replace(upstream.cluster().endpoints[0], port=1),))
    operations = [
        served("/set", label="1", action=forward(response_headers=HeaderChanges((("vary", "accept"),), ()))),
        served("/removed", label="1", action=forward(response_headers=HeaderChanges((), ("vary",)))),
        served("/gone", label="1", action=forward(targets=(Target("gone", 1),))),
        served("/own", label="1"),
    ]
    gateway = serve(
        deployable(
            hosts=("api.test",),
            rules=by_version(operations, VersionKey("header", "x-api-version")),
            clusters=(upstream.cluster(), gone),
            version_key=VersionKey("header", "x-api-version"),
        )
    )
    for path, host, status, varies in (
        ("/set", "api.test", 200, "accept,x-api-version"),
        ("/removed", "api.test", 200, "x-api-version"),
        ("/gone", "api.test", 503, "x-api-version"),
        ("/own", "api.test", 200, "origin,x-api-version"),
        ("/none", "api.test", 404, "x-api-version"),
        ("/own", "other.test", 404, "x-api-version"),
    ):
        reply = gateway.call("GET", path, {"host": host, "x-api-version": "1"})
        assert (path, reply.status, reply.headers.get_all("vary")) == (path, status, [varies])


def test_a_long_timeout_outlasts_the_idle_one(tmp_path: Path, upstream: Upstream) -> None:
    """With an idle timeout of a second in the place of five minutes: only the route that may take longer does."""
    pause = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        pause.wait(2.5)
        request.send_response(200)
        request.send_header("content-length", "0")
        request.end_headers()

    upstream.behaviour.update({"/usual": slow, "/long": slow})
    table = by_path(
        [served("/usual", action=forward(timeout=15_000)), served("/long", action=forward(timeout=600_000))]
    )
    made = deployable(rules=table, clusters=(upstream.cluster(),), admin_port=0)
    made = replace(made, listener=replace(made.listener, port=free_port()))
    text = render(made, "static", "/etc/envoy")["envoy.yaml"].decode()
    assert text.count('stream_idle_timeout: "300s"') == 1
    (tmp_path / "envoy.yaml").write_text(text.replace('stream_idle_timeout: "300s"', 'stream_idle_timeout: "1s"'))
    binary = find_envoy()
    assert binary is not None
    running = start(binary, "public", tmp_path / "envoy.yaml", tmp_path)
    try:
        gateway = Gateway(running, made, tmp_path)
        assert gateway.call("GET", "/usual").status == 504
        assert gateway.call("GET", "/long").status == 200
    finally:
        pause.set()
        running.stop()
