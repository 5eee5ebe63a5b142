"""What the lock records of a version beside its digest: its meaning, compressed, to be compared with later."""

from __future__ import annotations

import base64
import binascii
import bz2

from compiler.contracts.meaning import digest_of, reload
from compiler.contracts.openapi import Api
from compiler.lock import LOCK_FILE, LockedVersion
from compiler.source import Source

_LARGEST = 256 * 1024 * 1024
"""A meaning is unpacked up to this many bytes."""


def pack(text: str) -> str:
    """A meaning's text as it stands in the lock. bzip2 gives the same bytes whatever library does it."""
    return base64.b64encode(bz2.compress(text.encode("ascii"), 9)).decode("ascii")


def unpack(locked: LockedVersion) -> str | None:
    """The meaning's text of a locked version; None where it is damaged."""
    machine = bz2.BZ2Decompressor()
    try:
        data = machine.decompress(base64.b64decode(locked.packed, validate=True), _LARGEST)
        text = data.decode("ascii")
    except (ValueError, OSError, EOFError, binascii.Error):
        return None
    return text if machine.eof and digest_of(text) == locked.digest else None


def published(locked: LockedVersion) -> Api | None:
    """The document of a locked version as it was published, placed at its line; None where it is damaged."""
    text = unpack(locked)
    where = locked.where or Source(LOCK_FILE, "").span(0, 0)
    return None if text is None else reload(text, where, f"{locked.contract}@{locked.number}")
