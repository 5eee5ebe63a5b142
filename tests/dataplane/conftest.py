"""A running Envoy made from a plan, and an upstream that says what it was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from compiler.artifacts import write
from compiler.backends.envoy import render
from compiler.local.envoy import Running, find_envoy, start
from compiler.local.ports import free_ports
from compiler.plan import Cluster, Deployable, Endpoint
from tests.plans import SPAN


@dataclass(frozen=True)
class Reply:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Upstream:
    """Answers with the request as JSON; ``behaviour`` may do something else for a path."""

    port: int
    behaviour: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def cluster(self, name: str = "echo") -> Cluster:
        return Cluster(name, (Endpoint("127.0.0.1", self.port, None),), 1000, SPAN)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    made = Upstream(0)

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            made.seen.append(f"{self.command} {self.path}")
            length = int(self.headers.get("content-length") or 0)
            self.body = self.rfile.read(length)  # for a behaviour, which cannot read it again
            sent = self.body.decode()
            special = made.behaviour.get(self.path)
            if special is not None:
                special(self)
                return
            body = json.dumps(
                {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": sent}
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.send_header("server", "echo/1.0")
            self.send_header("x-envoy-upstream-canary", "true")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Gateway:
    """A running Envoy. ``call`` sends one request on a connection of its own."""

    running: Running
    deployable: Deployable
    folder: Path

    @property
    def port(self) -> int:
        return self.deployable.listener.port

    def call(self, method: str, target: str, headers: dict[str, str] | None = None, body: str | None = None) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.putrequest(method, target, skip_host="host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body.encode())))
            connection.endheaders(body.encode() if body is not None else None)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes, seconds: float = 5.0) -> bytes:
        """What comes back for raw bytes until the connection ends or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return received

    def rewrite(self, deployable: Deployable) -> None:
        """Write another plan into the folder that Envoy follows."""
        placed = replace(
            deployable,
            listener=self.deployable.listener,
            admin_port=self.deployable.admin_port,
            metrics_port=self.deployable.metrics_port,
        )
        name = deployable.name
        write({f"{name}/{n}": d for n, d in render(placed, "xds", str(self.folder / name)).items()}, self.folder)

    def eventually(self, holds: Callable[[], bool], seconds: float = 5.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.05)
        return holds()


Serve = Callable[[Deployable], Gateway]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts the xds layout of a deployable, as a host would, on a free port."""
    binary = find_envoy()
    assert binary is not None
    started: list[Running] = []

    def begin(deployable: Deployable) -> Gateway:
        port, metrics, admin = free_ports(3)
        measured = deployable.metrics_port is not None
        placed = replace(
            deployable,
            listener=replace(deployable.listener, port=port),
            admin_port=admin if measured else 0,
            metrics_port=metrics if measured else None,
        )
        folder = tmp_path / placed.name
        write({f"{placed.name}/{n}": d for n, d in render(placed, "xds", str(folder)).items()}, tmp_path)
        running = start(binary, placed.name, folder / "envoy.yaml", folder)
        if "Address already in use" in running.last_words():  # a client's connection was given the port meanwhile
            running.stop()
            return begin(deployable)
        started.append(running)
        for name in ("listener_manager.lds", "cluster_manager.cds", f"http.{placed.name}.rds.{placed.name}"):
            assert running.stat(f"{name}.update_rejected") == 0, running.last_words()
        return Gateway(running, placed, tmp_path)

    yield begin
    for running in started:
        running.stop()
