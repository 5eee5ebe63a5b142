"""Ports of this machine: free ones, and whether one is taken."""

from __future__ import annotations

import errno
import socket


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nothing listens on at this moment."""
    with _socket(address) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


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
            return "is not an address of this machine"
        return f"cannot be listened on: {error.strerror}"
    return None


def _socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
