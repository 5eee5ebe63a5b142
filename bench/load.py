"""A load generator that costs little itself: connections that each have a batch of requests under way (pipelining)."""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

_OK = b"HTTP/1.1 200"
_ANY = b"HTTP/1.1 "
_BATCH = 32


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
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


def request(target: str, headers: dict[str, str] | None = None) -> bytes:
    """A GET as bytes."""
    lines = [f"GET {target} HTTP/1.1", "host: bench", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
