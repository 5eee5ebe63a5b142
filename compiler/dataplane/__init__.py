"""The payload module, which looks into JSON bodies inside Envoy. It is built from the sources that lie here."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).parent / "payload.wasm"


class ModuleMissing(Exception):
    """The payload module was not built; the text says so, and how it is."""


def module() -> bytes:
    """The module's bytes. Raises ModuleMissing."""
    try:
        return FILE.read_bytes()
    except OSError:
        how = "`python -m compiler.dataplane` builds it, and so does an installation with pip"
        raise ModuleMissing(f"{FILE.name} is not there, without which no gateway can look into bodies: {how}") from None
