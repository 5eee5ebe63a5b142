"""Ports of this machine: free ones, and whether one is taken."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
_WILDCARDS = {"0.0.0.0": LOOPBACK, "::": "::1"}


def free_port(address: str = LOOPBACK) -> int:
    """A port that nothing listens on at this moment."""
    return free_ports(1, address)[0]


def free_ports(number: int, address: str = LOOPBACK) -> list[int]:
    """Different ports that nothing listens on at this moment."""
    with ExitStack() as held:
        probes = [held.enter_context(_socket(address)) for _ in range(number)]
        for probe in probes:
            probe.bind((address, 0))
        return [probe.getsockname()[1] for probe in probes]


def why_not(address: str, port: int) -> str | None:
    """Why one cannot listen on a port, in words; None where one can.

    The probe does not share the port (SO_REUSEPORT) as Envoy's workers do: two Envoys would share it in silence.
    """
    try:
        with _socket(address) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return "is in use by another process"
        if error.errno == errno.EACCES:
            return "is only for root"
        if error.errno == errno.EADDRNOTAVAIL:
            return "is not on this machine: it has no such address"
        return f"cannot be listened on: {error.strerror}"
    return None


def collide(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two (address, port) cannot both be listened on; a wildcard takes every address of its family."""
    if one[1] != other[1]:
        return False
    return one[0] == other[0] or (
        (one[0] in _WILDCARDS or other[0] in _WILDCARDS) and (":" in one[0]) == (":" in other[0])
    )


def reached_at(address: str) -> str:
    """The address at which this machine reaches what listens on ``address``: a wildcard's own loopback."""
    return _WILDCARDS.get(address, address)


def bracketed(address: str) -> str:
    """An address as it stands in a URL or before a port."""
    return f"[{address}]" if ":" in address else address


def _socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
