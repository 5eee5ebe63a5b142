"""An aggregator as one would write it in Python: asyncio, kept connections, three requests beside each other.

``python -m bench.asyncio_aggregator PORT SERVICE_PORT`` answers a path with what the service says to it thrice.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Service:
    """The service, over connections that are used again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[Connection] = []

    async def get(self, path: str) -> Any:
        """The JSON that it answers."""
        connection = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = connection
        writer.write(f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        self.idle.append(connection)
        return json.loads(body)


async def main(port: int, service_port: int) -> None:
    """Serve until the end."""
    service = Service(service_port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                a, b, c = await asyncio.gather(*(service.get(path) for _ in range(3)))
                body = json.dumps({"a": a, "b": b, "c": c}).encode()
                length = f"content-length: {len(body)}\r\n\r\n".encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + length + body)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
