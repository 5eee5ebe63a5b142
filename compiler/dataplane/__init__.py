"""The payload module, which composes aggregates inside Envoy. It is built, and not part of the sources."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent / "payload.wasm"


class ModuleMissing(Exception):
    """The payload module was not built; the text says so."""


def module() -> bytes:
    """The module's bytes. Raises ModuleMissing."""
    try:
        return FILE.read_bytes()
    except OSError:
        raise ModuleMissing(f"{FILE.name} is not there: this installation cannot compose aggregates") from None
