"""The payload module as a part of a running Envoy: where it runs, what a fault of its own does, new plans, trailers."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from compiler import dataplane
from compiler.backends.envoy import payload
from compiler.dataplane import building
from tests.dataplane.by_hand import aggregate, gateway_of, says, step
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.dataplane.test_request_checks_live import ORDER, PATHS, built
from tests.plans import forward, served

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")
_TRAP = '    if (host.header(.request_headers, "x-trap") != null) @panic("asked for");\n'
_ENTRY = "fn onRequest(id: u32, whole: bool) error{OutOfMemory}!u32 {\n"


@pytest.fixture(scope="module")
def trapping(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The module with a fault in it: a request with the header `x-trap` traps it."""
    sources = tmp_path_factory.mktemp("sources")
    for path in building.SOURCES.glob("*.zig"):
        shutil.copy(path, sources)
    root = sources / "payload.zig"
    text = root.read_text(encoding="utf-8")
    assert _ENTRY in text
    root.write_text(text.replace(_ENTRY, _ENTRY + _TRAP), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "SOURCES", sources)
        return building.build().read_bytes()


def test_a_trap_takes_nobody_else_down(
    trapping: bytes, serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload, "module", lambda: trapping)
    upstream.behaviour["/part"] = says({"v": 1})
    go_on = threading.Event()

    def waits(request: BaseHTTPRequestHandler) -> None:
        go_on.wait(10)
        says({"plain": 1})(request)

    upstream.behaviour["/slow"] = waits
    whole = aggregate("whole", "${part.body}", step("part"))
    others = (served("/plain", action=forward()), served("/slow", action=forward(timeout=10_000)))
    gateway = serve(gateway_of(whole, clusters=(upstream.cluster(),), others=others))
    assert gateway.call("GET", "/whole").json == {"v": 1}
    replies: list[Reply] = []
    under_way = threading.Thread(target=lambda: replies.append(gateway.call("GET", "/slow")))
    under_way.start()
    assert gateway.eventually(lambda: "GET /slow" in upstream.seen)
    assert gateway.call("GET", "/whole", {"x-trap": "1"}).status >= 500
    assert gateway.call("GET", "/plain", {"x-trap": "1"}).status == 200
    assert gateway.eventually(lambda: gateway.call("GET", "/whole").status == 200, 15)
    for _ in range(5):
        gateway.call("GET", "/whole", {"x-trap": "1"})
        assert gateway.call("GET", "/plain").status == 200
    go_on.set()
    under_way.join()
    assert [reply.json for reply in replies] == [{"plain": 1}]


def test_a_new_plan_and_a_request_that_is_under_way(serve: Serve, upstream: Upstream) -> None:
    go_on = threading.Event()

    def waits(request: BaseHTTPRequestHandler) -> None:
        go_on.wait(10)
        says({"v": 1})(request)

    upstream.behaviour["/part"] = waits
    upstream.behaviour["/then"] = upstream.behaviour["/other"] = says({"v": 2})
    part = step("part", timeout=8000)
    then = step("then", after=("part",))
    before = gateway_of(aggregate("whole", "${then.body}", part, then, deadline=9000), clusters=(upstream.cluster(),))
    after = gateway_of(aggregate("whole", {"new": "${other.body.v}"}, step("other")), clusters=(upstream.cluster(),))
    gateway = serve(before)
    replies: list[Reply] = []
    under_way = threading.Thread(target=lambda: replies.append(gateway.call("GET", "/whole")))
    under_way.start()
    assert gateway.eventually(lambda: upstream.seen == ["GET /part"])
    gateway.rewrite(after)

    def is_new() -> bool:
        upstream.behaviour["/part"] = says({"v": 1})
        return gateway.call("GET", "/whole").body == b'{"new":2}'

    assert gateway.eventually(is_new, 10)
    assert gateway.running.stat("listener_manager.lds.update_rejected") == 0
    go_on.set()
    under_way.join()
    assert [(reply.status, reply.body) for reply in replies] == [(200, b'{"v": 2}')]


class TestTrailers:
    """A body in HTTP/2 that ends with trailers, which say only afterwards that it was whole."""

    def test_an_aggregate(self, serve: Serve, upstream: Upstream) -> None:
        part = step("part", method="POST", body={"name": "${request.body.name}"})
        made = aggregate("whole", "${part.body.body}", part, takes_body=True, body_required=True)
        gateway = serve(gateway_of(made, clusters=(upstream.cluster(),)))
        assert with_trailers(gateway, "/whole", b'{"name": "x"}') == rb'"{\"name\":\"x\"}"'
        assert json.loads(with_trailers(gateway, "/whole", b"{"))["status"] == 400

    def test_a_request_that_is_held_against_its_contract(
        self, serve: Serve, upstream: Upstream, tmp_path: Path
    ) -> None:
        gateway = serve(built(tmp_path / "project", {"/orders": PATHS["/orders"]}, {"Order": ORDER}, upstream))
        refused = json.loads(with_trailers(gateway, "/v1/orders", b'{"sku": "a-1", "quantity": 0}'))
        assert (refused["status"], upstream.seen) == (400, [])
        with_trailers(gateway, "/v1/orders", b'{"sku": "a-1", "quantity": 1}')
        assert upstream.seen == ["POST /orders"]


def with_trailers(gateway: Gateway, path: str, body: bytes) -> bytes:
    """The body of the answer to a POST of JSON with trailers."""
    head = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "a", "content-type": "application/json"}
    sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0) + _frame(1, 4, 1, _fields(head))
    sent += _frame(0, 0, 1, body) + _frame(1, 5, 1, _fields({"x-checksum": "1"}))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(sent)
        return b"".join(_data_of(connection))


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _fields(headers: dict[str, str]) -> bytes:
    """Fields as literals that are not remembered (RFC 7541, section 6.2.2)."""
    return b"".join(b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in headers.items())


def _data_of(connection: socket.socket) -> Iterator[bytes]:
    """What the frames of stream 1 carry until it ends."""
    with connection.makefile("rb") as stream:
        while len(head := stream.read(9)) == 9:
            size, kind, flags, number = int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:])
            found = stream.read(size)
            assert kind not in (3, 7), f"the stream was given up: {found!r}"
            if number != 1:
                continue
            if kind == 0:
                yield found
            if flags & 1:
                return
