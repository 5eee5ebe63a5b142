"""A load generator that costs little itself: connections that each have a batch of requests under way (pipelining)."""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass, field

_OK = b"HTTP/1.1 200"
_BATCH = 32


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    left: int = 0
    tail: bytes = b""
    """The end of what came last: a status line may come in two pieces."""


@dataclass(slots=True)
class Load:
    """Requests to one port of loopback, all alike."""

    port: int
    request: bytes
    connections: int = 16
    _open: list[_Connection] = field(default_factory=list)

    def rate(self, seconds: float) -> float:
        """Answers with status 200 a second. Raises RuntimeError where another one comes, or none."""
        batch = self.request * _BATCH
        answered = 0
        with selectors.DefaultSelector() as selector:
            for _ in range(self.connections):
                made = _Connection(socket.create_connection(("127.0.0.1", self.port), timeout=5))
                made.socket.sendall(batch)
                made.left = _BATCH
                selector.register(made.socket, selectors.EVENT_READ, made)
                self._open.append(made)
            began = time.perf_counter()
            while (took := time.perf_counter() - began) < seconds:
                for key, _ in selector.select(timeout=1):
                    made = key.data
                    got = made.socket.recv(1 << 18)
                    if not got:
                        raise RuntimeError("the gateway closed a connection")
                    text = made.tail + got
                    now = text.count(_OK)
                    if text.count(b"HTTP/1.1 ") != now and b"HTTP/1.1 " in text.replace(_OK, b""):
                        raise RuntimeError(f"not every answer is a 200: {text[:200]!r}")
                    answered += now
                    made.left -= now
                    made.tail = b"" if text.endswith(_OK) else text[-(len(_OK) - 1) :]
                    if made.left <= 0:
                        made.socket.sendall(batch)
                        made.left += _BATCH
            for made in self._open:
                made.socket.close()
            self._open.clear()
        if not answered:
            raise RuntimeError("nothing was answered")
        return answered / took


def request(target: str, headers: dict[str, str] | None = None) -> bytes:
    """A GET as bytes."""
    lines = [f"GET {target} HTTP/1.1", "host: bench", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
