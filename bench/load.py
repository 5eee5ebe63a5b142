"""A load generator that costs little itself: connections that each have a batch of requests under way (pipelining)."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack

from compiler.records import frozen, mutable

_OK = b"HTTP/1.1 200"
_ANY = b"HTTP/1.1 "
_BATCH = 32
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@frozen
class Load:
    """Requests to one port of loopback, all alike."""

    port: int
    request: bytes
    connections: int = 16

    def rate(self, seconds: float) -> float:
        """Answers with status 200 a second. Raises RuntimeError where another one comes, or none."""
        batch = self.request * _BATCH
        answered = 0
        with ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            for _ in range(self.connections):
                made = _Connection(stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=5)))
                made.socket.sendall(batch)
                selector.register(made.socket, selectors.EVENT_READ, made)
            began = time.perf_counter()
            while (took := time.perf_counter() - began) < seconds:
                for key, _ in selector.select(timeout=1):
                    now = key.data.answered()
                    answered += now
                    key.data.left -= now
                    if key.data.left <= 0:
                        key.data.socket.sendall(batch)
                        key.data.left += _BATCH
        if not answered:
            raise RuntimeError("nothing was answered")
        return answered / took

    def answers(self, requests: int) -> dict[int, int]:
        """How many answers each status has, of so many requests. Raises RuntimeError where one has none."""
        found: dict[int, int] = {}
        with ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            left = requests
            for _ in range(self.connections):
                made = _Connection(
                    stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=5)), 0
                )
                selector.register(made.socket, selectors.EVENT_READ, made)
                left -= made.send(self.request, left)
            pending = requests
            while pending:
                ready = selector.select(timeout=10)
                if not ready:
                    raise RuntimeError(f"{pending} requests were not answered")
                for key, _ in ready:
                    for status in key.data.statuses():
                        found[status] = found.get(status, 0) + 1
                        pending -= 1
                        key.data.left -= 1
                    if key.data.left == 0 and left:
                        left -= key.data.send(self.request, left)
        return found


@mutable
class _Connection:
    socket: socket.socket
    left: int = _BATCH
    tail: bytes = b""
    """The end of what came last: a status line may come in two pieces."""

    def answered(self) -> int:
        """How many answers of 200 have come since it was asked last."""
        got = self.socket.recv(1 << 18)
        if not got:
            raise RuntimeError("the gateway closed a connection")
        text = self.tail + got
        good = text.count(_OK)
        if text.count(_ANY, 0, len(text) - len(_OK) + len(_ANY)) != good:  # what is cut short is left for the next time
            raise RuntimeError(f"not every answer is a 200: {text[:200]!r}")
        self.tail = text[max(len(text) - len(_OK) + 1, text.rfind(_OK) + len(_OK) if good else 0) :]
        return good

    def send(self, request: bytes, most: int) -> int:
        """Send a batch of requests, or as many as there still are."""
        self.left = min(_BATCH, most)
        self.socket.sendall(request * self.left)
        return self.left

    def statuses(self) -> list[int]:
        """The statuses of the answers that have come since it was asked last."""
        got = self.socket.recv(1 << 18)
        if not got:
            raise RuntimeError("the gateway closed a connection")
        text = self.tail + got
        found = [m.start() for m in re.finditer(_ANY, text) if m.end() + 3 <= len(text)]
        self.tail = text[max(len(text) - len(_OK) + 1, found[-1] + len(_OK) if found else 0) :]
        return [int(text[at + len(_ANY) : at + len(_ANY) + 3]) for at in found]


def times(load: Load, connections: int, seconds: float) -> list[float]:
    """Milliseconds of each request, where each connection has one under way."""
    took: list[float] = []
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        began: dict[int, float] = {}
        heads: dict[int, bytes] = {}
        left: dict[int, int] = {}
        for _ in range(connections):
            made = stack.enter_context(socket.create_connection(("127.0.0.1", load.port), timeout=5))
            selector.register(made, selectors.EVENT_READ, made)
            began[made.fileno()] = time.perf_counter()
            made.sendall(load.request)
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            for key, _ in selector.select(timeout=1):
                got = key.data.recv(1 << 18)
                if not got:
                    raise RuntimeError("the gateway closed a connection")
                if key.fd in left:
                    left[key.fd] -= len(got)
                else:
                    heads[key.fd] = heads.get(key.fd, b"") + got
                    head, ended, rest = heads[key.fd].partition(b"\r\n\r\n")
                    if not ended:
                        continue
                    del heads[key.fd]
                    length = _LENGTH.search(head)
                    if not head.startswith(_OK) or length is None:
                        raise RuntimeError(f"not a 200 with a length: {head!r}")
                    left[key.fd] = int(length[1]) - len(rest)
                if left[key.fd] <= 0:
                    del left[key.fd]
                    now = time.perf_counter()
                    took.append((now - began[key.fd]) * 1000)
                    began[key.fd] = now
                    key.data.sendall(load.request)
    if not took:
        raise RuntimeError("nothing was answered")
    return took


def percentile(values: Sequence[float], part: float) -> float:
    """The value that so large a part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def request(target: str, headers: dict[str, str] | None = None) -> bytes:
    """A GET as bytes."""
    lines = [f"GET {target} HTTP/1.1", "host: bench", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
