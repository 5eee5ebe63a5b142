"""Envoy's edge best practices, shown on a running Envoy; docs/security.md names each test."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.backends.envoy import render
from compiler.backends.envoy.bootstrap import HEAP_BYTES
from compiler.local.envoy import find_envoy, start
from compiler.local.ports import free_port, why_not
from compiler.plan import Listener, Secret, ServerTls
from compiler.tables import by_path
from compiler.throwaway import pair
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.plans import SPAN, deployable, served


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    table = by_path([served("/orders/{id}"), served("/orders/{id}", "POST"), served("/admin")])
    return serve(deployable(rules=table, clusters=(upstream.cluster(),)))


def dumped(gateway: Gateway) -> list[dict[str, Any]]:
    configs: list[dict[str, Any]] = json.loads(gateway.running.get("/config_dump"))["configs"]
    return configs


def http_manager(gateway: Gateway) -> dict[str, Any]:
    listeners = next(c for c in dumped(gateway) if c["@type"].endswith("ListenersConfigDump"))
    state = listeners["dynamic_listeners"][0]["active_state"]["listener"]
    manager: dict[str, Any] = state["filter_chains"][0]["filters"][0]["typed_config"]
    return {**manager, "listener": state}


def test_admin_is_on_loopback_or_absent(tmp_path: Path) -> None:
    for port in (None, 9901):
        data = yaml.safe_load(render(deployable(admin_port=port), "xds", "/etc/envoy")["envoy.yaml"])
        address = data.get("admin", {}).get("address", {}).get("socket_address", {}).get("address")
        assert address == (None if port is None else "127.0.0.1")
    binary = find_envoy()
    assert binary is not None
    made = deployable(admin_port=0, listener=replace(deployable().listener, port=free_port()))
    (tmp_path / "envoy.yaml").write_bytes(render(made, "static", "/etc/envoy")["envoy.yaml"])
    running = start(binary, "public", tmp_path / "envoy.yaml", tmp_path)
    try:
        assert running.admin.startswith("127.0.0.1:")
    finally:
        running.stop()


def test_overload_manager_and_connection_limits(gateway: Gateway) -> None:
    bootstrap = next(c for c in dumped(gateway) if c["@type"].endswith("BootstrapConfigDump"))["bootstrap"]
    monitors = {m["name"]: m["typed_config"] for m in bootstrap["overload_manager"]["resource_monitors"]}
    assert monitors["envoy.resource_monitors.fixed_heap"]["max_heap_size_bytes"] == str(HEAP_BYTES)
    limit = monitors["envoy.resource_monitors.global_downstream_max_connections"]
    assert limit["max_active_downstream_connections"] == "50000"
    actions = {a["name"]: a["triggers"][0]["threshold"]["value"] for a in bootstrap["overload_manager"]["actions"]}
    assert actions == {
        "envoy.overload_actions.shrink_heap": 0.95,
        "envoy.overload_actions.stop_accepting_requests": 0.98,
    }
    runtime = json.loads(gateway.running.get("/runtime"))["entries"]
    assert runtime["envoy.resource_limits.listener.public.connection_limit"]["final_value"] == "40000"


def test_buffers_are_small(gateway: Gateway) -> None:
    assert http_manager(gateway)["listener"]["per_connection_buffer_limit_bytes"] == 32768
    clusters = next(c for c in dumped(gateway) if c["@type"].endswith("ClustersConfigDump"))
    assert clusters["dynamic_active_clusters"][0]["cluster"]["per_connection_buffer_limit_bytes"] == 32768


def test_timeouts_are_set(gateway: Gateway) -> None:
    manager = http_manager(gateway)
    assert manager["common_http_protocol_options"]["idle_timeout"] == "3600s"
    assert manager["stream_idle_timeout"] == "300s"
    assert manager["request_timeout"] == "300s"
    assert manager["request_headers_timeout"] == "10s"


def test_slow_headers_are_cut_off(gateway: Gateway) -> None:
    received = gateway.raw(b"GET /orders/1 HTTP/1.1\r\nhost: a\r\nx-slow:", seconds=14)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in received


def test_http2_windows_and_streams_are_bounded(gateway: Gateway) -> None:
    options = http_manager(gateway)["http2_protocol_options"]
    assert options["max_concurrent_streams"] == 100
    assert options["initial_stream_window_size"] == 65536
    assert options["initial_connection_window_size"] == 1048576


def test_header_names_with_underscores_are_refused(gateway: Gateway, upstream: Upstream) -> None:
    assert gateway.call("GET", "/orders/1", {"x_user": "root"}).status == 400
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("target", "reaches"),
    [
        ("/orders/../admin", "/admin"),
        ("/orders/%2e%2e/admin", "/admin"),
        ("/orders/./1", "/orders/1"),
        ("//orders///1", "/orders/1"),
        ("/orders/%31", "/orders/1"),
    ],
)
def test_paths_are_normalized_before_they_are_matched(gateway: Gateway, target: str, reaches: str) -> None:
    assert gateway.call("GET", target).json["path"] == reaches


@pytest.mark.parametrize("target", ["/orders/1%2f..%2fadmin", "/orders%2F1", "/orders/1%5cadmin"])
def test_escaped_slashes_are_refused(gateway: Gateway, upstream: Upstream, target: str) -> None:
    reply = gateway.call("GET", target)
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert upstream.seen == []


def test_envoy_headers_of_clients_reach_nobody(gateway: Gateway) -> None:
    reply = gateway.call(
        "GET",
        "/orders/1",
        {
            "x-envoy-upstream-rq-timeout-ms": "1",
            "x-envoy-original-path": "/admin",
            "x-envoy-internal": "true",
            "x-envoy-external-address": "10.0.0.1",
            "x-envoy-anything": "1",
            "x-forwarded-for": "10.0.0.1",
        },
    )
    assert reply.status == 200
    assert [name for name in reply.json["headers"] if name.lower().startswith("x-envoy-")] == []


def test_envoy_headers_of_services_reach_no_client(gateway: Gateway) -> None:
    reply = gateway.call("GET", "/orders/1")
    assert [name for name in reply.headers if name.lower().startswith("x-envoy-")] == []


def test_server_header_is_not_told(gateway: Gateway) -> None:
    assert gateway.call("GET", "/orders/1").headers["server"] is None
    assert gateway.call("GET", "/none").headers["server"] is None


def test_request_ids_of_clients_are_replaced(gateway: Gateway) -> None:
    reply = gateway.call("GET", "/orders/1", {"x-request-id": "mine"})
    asked = {name.lower(): value for name, value in reply.json["headers"].items()}
    assert asked["x-request-id"] != "mine"
    assert len(asked["x-request-id"]) == 36


def test_client_address_is_not_believed_without_trusted_hops(serve: Serve, upstream: Upstream) -> None:
    table = by_path([served("/orders")])
    direct = serve(deployable(rules=table, clusters=(upstream.cluster(),)))
    asked = direct.call("GET", "/orders", {"x-forwarded-for": "203.0.113.9"}).json["headers"]
    forwarded = {name.lower(): value for name, value in asked.items()}["x-forwarded-for"]
    assert forwarded.rpartition(",")[2] != "203.0.113.9"  # Envoy has put the peer's address behind what the client said
    manager = http_manager(direct)
    assert manager["use_remote_address"] is True
    assert manager.get("xff_num_trusted_hops", 0) == 0
    behind = serve(
        deployable(
            name="behind",
            rules=table,
            clusters=(upstream.cluster(),),
            listener=replace(direct.deployable.listener, trusted_hops=2),
        )
    )
    assert http_manager(behind)["xff_num_trusted_hops"] == 2


def test_proxy_protocol_is_required_where_it_is_set(serve: Serve, upstream: Upstream) -> None:
    listen = replace(deployable().listener, proxy_protocol=True)
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),), listener=listen))
    request = b"GET /orders HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    assert gateway.raw(request) == b""
    answer = gateway.raw(b"PROXY TCP4 203.0.113.9 127.0.0.1 1000 2000\r\n" + request)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"203.0.113.9" in answer


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_12_is_the_least(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    made = pair(("localhost",))
    for name, data in (("tls.crt", made.certificate), ("tls.key", made.key), ("ca.pem", made.authority)):
        (tmp_path / name).write_bytes(data)
    tls = ServerTls(Secret("file", str(tmp_path / "tls.crt")), Secret("file", str(tmp_path / "tls.key")), SPAN)
    listen = Listener("127.0.0.1", 0, tls, 0, False, SPAN)
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),), listener=listen))

    def handshake(most: ssl.TLSVersion) -> tuple[str | None, str | None]:
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        trust.minimum_version = ssl.TLSVersion.TLSv1
        trust.maximum_version = most
        trust.set_ciphers("ALL:@SECLEVEL=0")
        trust.set_alpn_protocols(["h2", "http/1.1"])
        with (
            socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            return secure.version(), secure.selected_alpn_protocol()

    assert handshake(ssl.TLSVersion.TLSv1_3) == ("TLSv1.3", "h2")
    assert handshake(ssl.TLSVersion.TLSv1_2) == ("TLSv1.2", "h2")
    with pytest.raises(ssl.SSLError):
        handshake(ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /orders/1 HTTP/1.0\r\nhost: a\r\n\r\n",
        b"GET /orders/1 HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"POST /orders/1 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /orders/1 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd",
        b"GET /orders/1 HTTP/1.1\r\n\r\n",
    ],
    ids=["http 1.0", "two hosts", "length and chunks", "two lengths", "no host"],
)
def test_ambiguous_requests_are_refused(gateway: Gateway, upstream: Upstream, request_bytes: bytes) -> None:
    status = gateway.raw(request_bytes, seconds=2).split(b" ", 2)[1:2]
    assert status in ([b"400"], [b"426"], [])
    assert upstream.seen == []


def test_too_large_headers_are_refused(gateway: Gateway) -> None:
    assert gateway.call("GET", "/orders/1", {"x-big": "a" * 70_000}).status == 431
    assert gateway.call("GET", "/orders/1", {f"x-{n}": "a" for n in range(150)}).status == 431


def test_absolute_form_goes_by_its_own_host_and_path(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),), hosts=("api.test",)))
    for target, host, status in (
        ("http://api.test/orders", "other.test", 200),
        ("http://other.test/orders", "api.test", 404),
        ("http://api.test/none", "api.test", 404),
    ):
        received = gateway.raw(f"GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        assert received.startswith(f"HTTP/1.1 {status} ".encode()), target


def test_failures_tell_nothing_of_the_inside(gateway: Gateway, upstream: Upstream) -> None:
    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)

    upstream.behaviour["/orders/1"] = hang_up
    reply = gateway.call("GET", "/orders/1")
    assert reply.status == 503
    assert reply.json == {"type": "about:blank", "title": "Service Unavailable", "status": 503}


def test_nothing_else_listens(gateway: Gateway) -> None:
    for name in ("lds", "cds"):
        assert gateway.running.stat(f"listener_manager.{name}.update_rejected") == 0
    assert why_not("127.0.0.1", gateway.port) == "is in use by another process"
    assert why_not("127.0.0.1", free_port()) is None
