"""A service that is asked by gRPC: an Envoy takes the questions and hands the bare messages to a function of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from compiler.local.ports import free_port
from compiler.plan import Cluster, Endpoint
from tests.dataplane.collector import chunks, fields, front
from tests.plans import SPAN

Answer = Callable[[str, bytes], bytes]
"""Gets the method's path and the message, and gives the answer's message."""


def asked(folder: Path, answer: Answer) -> Iterator[Cluster]:
    """The cluster of such a service, which runs until the iterator goes on."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            made = answer(self.path, b"".join(chunks(self.rfile)))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(made)))
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = free_port()
    running = front(folder, port, server.server_address[1])
    yield Cluster("asked", (Endpoint("127.0.0.1", port, None),), 1000, SPAN, protocol="http2")
    running.stop()
    server.shutdown()
    server.server_close()


def message(*parts: tuple[int, bytes | int]) -> bytes:
    """A protobuf message of numbered fields, all shorter than 128 bytes (https://protobuf.dev/programming-guides/encoding/)."""
    made = b""
    for number, value in parts:
        made += bytes([number << 3, value]) if isinstance(value, int) else bytes([number << 3 | 2, len(value)]) + value
    return made


def descriptors(question: bytes) -> list[dict[str, str]]:
    """What a rate limit service is asked about (envoy.service.ratelimit.v3.RateLimitRequest)."""
    found = []
    for descriptor in fields(question)[2]:
        entries = [fields(entry) for entry in fields(descriptor)[1]]
        found.append({entry[1][0].decode(): entry[2][0].decode() for entry in entries})
    return found
