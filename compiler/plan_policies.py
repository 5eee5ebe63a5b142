"""The part of the plan that policies come to. It stands alone, as checks ask for it before there is a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Compression = Literal["brotli", "gzip"]


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """Headers to remove, then to set (an existing value is replaced), by lower-case name, sorted."""

    set: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Whose requests are let in, by the client's address: those in ``allow`` (None for all) and not in ``deny``.

    Both are networks such as ``10.0.0.0/8``, sorted.
    """

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policies:
    """What is done to a request before a service gets it, and to the answer; ``body_limit`` in bytes."""

    body_limit: int = 1 << 20
    compression: tuple[Compression, ...] = ()
    """Encodings that answers may get, sorted; the client's preference decides."""
    addresses: Addresses = Addresses()
