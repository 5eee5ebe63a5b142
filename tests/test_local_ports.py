"""Ports of this machine."""

from __future__ import annotations

import socket

import pytest

from compiler.local.ports import bracketed, collide, free_ports, reached_at, why_not
from compiler.plan import is_address


def test_a_port_that_shares_is_still_in_use() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert why_not("127.0.0.1", port) == "is in use by another process"
        assert why_not("0.0.0.0", port) == "is in use by another process"
    assert why_not("127.0.0.1", port) is None
    assert why_not("203.0.113.7", 8080) == "is not on this machine: it has no such address"


def test_free_ports_differ_and_are_free() -> None:
    found = free_ports(20)
    assert len(set(found)) == 20
    assert [why_not("127.0.0.1", port) for port in found] == [None] * 20
    assert free_ports(0) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 80), True),
        (("127.0.0.1", 80), ("127.0.0.1", 81), False),
        (("127.0.0.1", 80), ("127.0.0.2", 80), False),
        (("0.0.0.0", 80), ("127.0.0.2", 80), True),
        (("::", 80), ("::1", 80), True),
        (("0.0.0.0", 80), ("::1", 80), False),
    ],
)
def test_wildcards_collide_with_their_family(one: tuple[str, int], other: tuple[str, int], expected: bool) -> None:
    assert collide(one, other) is expected
    assert collide(other, one) is expected


def test_addresses() -> None:
    assert [reached_at(a) for a in ("0.0.0.0", "::", "10.0.0.1")] == ["127.0.0.1", "::1", "10.0.0.1"]
    assert [bracketed(a) for a in ("127.0.0.1", "::1", "a.test")] == ["127.0.0.1", "[::1]", "a.test"]
    assert [is_address(a) for a in ("127.0.0.1", "::1", "localhost", "")] == [True, True, False, False]
