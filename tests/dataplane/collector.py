"""An OpenTelemetry collector for tests: an Envoy takes OTLP over gRPC and hands the messages to a server of ours.

Messages: https://github.com/open-telemetry/opentelemetry-proto, read here as far as the tests look.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from compiler.backends.envoy.types import HTTP_MANAGER, ROUTER, Data, socket
from compiler.local.envoy import Running, find_envoy, start
from compiler.local.ports import free_port
from compiler.yaml_text import dump

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_BRIDGE = "type.googleapis.com/envoy.extensions.filters.http.grpc_http1_reverse_bridge.v3.FilterConfig"


@dataclass(frozen=True)
class Span:
    """What a gateway says of a request; ``parent`` is the caller's span."""

    service: str
    name: str
    trace: str
    parent: str
    attributes: dict[str, str]


@dataclass
class Collector:
    """``spans`` has what came in so far, ``paths`` the gRPC methods that were called."""

    port: int
    spans: list[Span] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    raw: bytes = b""


def collect(folder: Path) -> Iterator[Collector]:
    """A collector that runs until the iterator goes on."""
    made = Collector(free_port())

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = b"".join(chunks(self.rfile))
            made.paths.add(self.path)
            made.raw += body
            made.spans += _spans(body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    running = front(folder, made.port, server.server_address[1])
    yield made
    running.stop()
    server.shutdown()
    server.server_close()


def front(folder: Path, port: int, behind: int) -> Running:
    """An Envoy that takes gRPC and passes on the bare messages over HTTP/1.1."""
    folder.mkdir()
    target = {"endpoint": {"address": socket("127.0.0.1", behind)}}
    routes = {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "receiver"}}]}
    bridge = {"@type": _BRIDGE, "content_type": "application/x-protobuf", "withhold_grpc_frames": True}
    manager: Data = {
        "@type": HTTP_MANAGER,
        "stat_prefix": "collector",
        "codec_type": "HTTP2",
        "route_config": {"name": "collector", "virtual_hosts": [routes]},
        "http_filters": [
            {"name": "envoy.filters.http.grpc_http1_reverse_bridge", "typed_config": bridge},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}},
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    assignment = {"cluster_name": "receiver", "endpoints": [{"lb_endpoints": [target]}]}
    bootstrap = {
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {
            "listeners": [
                {"name": "collector", "address": socket("127.0.0.1", port), "filter_chains": [{"filters": filters}]}
            ],
            "clusters": [{"name": "receiver", "type": "STATIC", "load_assignment": assignment}],
        },
    }
    (folder / "envoy.yaml").write_text(dump(bootstrap))
    binary = find_envoy()
    assert binary is not None
    return start(binary, "collector", folder / "envoy.yaml", folder)


def chunks(stream: Any) -> Iterator[bytes]:
    """The chunks of a body (RFC 9112 section 7.1)."""
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def _spans(message: bytes) -> Iterator[Span]:
    for resource_spans in fields(message)[1]:
        parts = fields(resource_spans)
        resource = dict(_attribute(a) for r in parts[1] for a in fields(r)[1])
        for scope_spans in parts[2]:
            for span in fields(scope_spans)[2]:
                of = fields(span)
                yield Span(
                    service=resource["service.name"],
                    name=of[5][0].decode(),
                    trace=of[1][0].hex(),
                    parent=of[4][0].hex() if 4 in of else "",
                    attributes=dict(_attribute(a) for a in of.get(9, ())),
                )


def _attribute(message: bytes) -> tuple[str, str]:
    of = fields(message)
    return of[1][0].decode(), b"".join(fields(of[2][0]).get(1, ())).decode()


def fields(message: bytes) -> dict[int, list[bytes]]:
    """The fields of a protobuf message that have a length, by number (https://protobuf.dev/programming-guides/encoding/)."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 2:
            size, at = _varint(message, at)
            found.setdefault(key >> 3, []).append(message[at : at + size])
            at += size
        elif kind == 0:
            _, at = _varint(message, at)
        else:
            at += {1: 8, 5: 4}[kind]
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
