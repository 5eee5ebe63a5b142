"""Websockets and server-sent events on a running Envoy: where `streaming` is said, and where it is not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from compiler.plan import Cluster, Endpoint, Policies
from compiler.routing import Request, answer
from compiler.tables import by_path
from compiler.trace.arrival import refused_routed
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.dataplane.test_auth_live import bearer, jwt
from tests.plans import SPAN, deployable, forward, served

_UPGRADE = "connection: upgrade\r\nupgrade: {}\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n"


@dataclass
class Events:
    """A service that takes websockets, and otherwise says an event whenever it is asked to."""

    port: int
    seen: list[str] = field(default_factory=list)
    go_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        asked = connection.recv(65536).decode("latin-1")
        self.seen.append(asked.partition(" HTTP")[0])
        if "upgrade: websocket" in asked.lower():
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            while data := connection.recv(65536):
                connection.sendall(data)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        while self.go_on.acquire():
            connection.sendall(b"9\r\ndata: hi\n\r\n")


@pytest.fixture
def events() -> Iterator[Events]:
    listening = socket.create_server(("127.0.0.1", 0))
    made = Events(listening.getsockname()[1])
    threading.Thread(target=made.serve, args=(listening,), daemon=True).start()
    yield made
    listening.close()


@pytest.fixture
def gateway(serve: Serve, events: Events) -> Gateway:
    """`/events` streams, `/private` streams for those with a token, `/orders` does not; all may take 300 ms."""
    rules = by_path(
        [
            served("/events", action=forward(streaming=True, timeout=300)),
            served("/private", action=forward(streaming=True, timeout=300, policies=jwt())),
            served("/orders", action=forward(timeout=300)),
        ]
    )
    cluster = Cluster("echo", (Endpoint("127.0.0.1", events.port, None),), 1000, SPAN)
    return serve(deployable(rules=rules, clusters=(cluster,), policies=Policies(body_limit=1024)))


def asking(gateway: Gateway, path: str, upgrade: str = "", **headers: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    lines += _UPGRADE.format(upgrade) if upgrade else ""
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n".encode())
    return connection


def status(connection: socket.socket) -> int:
    with connection:
        return int(connection.recv(65536).split(b" ")[1])


def test_a_websocket_says_as_much_as_it_likes(gateway: Gateway) -> None:
    with asking(gateway, "/events", "websocket") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 101 ")
        for size in (1, 100, 5000):
            connection.sendall(b"x" * size)
            received = 0
            while received < size:
                received += len(connection.recv(65536))


def test_events_come_one_by_one_and_go_on(gateway: Gateway, events: Events) -> None:
    with asking(gateway, "/events") as connection:
        assert b"text/event-stream" in connection.recv(65536)
        for _ in range(4):
            threading.Event().wait(0.15)  # twice the route's timeout, had it one
            events.go_on.release()
            assert b"data: hi" in connection.recv(65536)


def test_elsewhere_the_timeout_ends_an_answer(gateway: Gateway) -> None:
    with asking(gateway, "/orders") as connection:
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert b"data:" not in received


@pytest.mark.parametrize(
    ("path", "upgrade"),
    [
        ("/orders", "websocket"),
        ("/orders", "WebSocket"),
        ("/events", "other"),
        ("/events", "websocket, other"),
        ("/events", "h2"),
        ("/private", "other"),
    ],
)
def test_other_upgrades_are_refused(gateway: Gateway, events: Events, path: str, upgrade: str) -> None:
    connection = asking(gateway, path, upgrade, **bearer())
    assert status(connection) == 403
    assert events.seen == []


@pytest.mark.parametrize("upgrade", ["", "websocket", "WEBSOCKET"])
def test_who_calls_is_asked_first(gateway: Gateway, events: Events, upgrade: str) -> None:
    assert status(asking(gateway, "/private", upgrade)) == 401
    assert events.seen == []
    assert status(asking(gateway, "/private", upgrade, **bearer())) in (101, 200)


@pytest.mark.parametrize("path", ["/events", "/orders", "/none"])
@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "other", "websocket, other"])
def test_trace_says_the_same(gateway: Gateway, path: str, upgrade: str) -> None:
    request = Request("GET", "a", path, {"connection": "upgrade", "upgrade": upgrade})
    rule = answer(gateway.deployable, request)
    refused = refused_routed(gateway.deployable, request, rule)
    found = status(asking(gateway, path, upgrade))
    assert found == (refused.status if refused is not None else 404 if rule is None else 101)


def test_a_dead_service_gets_a_problem(serve: Serve, upstream: Upstream) -> None:
    gone = replace(upstream.cluster(), endpoints=(Endpoint("127.0.0.1", 1, None),))
    rules = by_path([served("/events", action=forward(streaming=True))])
    gateway = serve(deployable(rules=rules, clusters=(gone,)))
    reply = gateway.call("GET", "/events")
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
