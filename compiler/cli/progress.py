"""A bar on a terminal while something takes its time; nothing elsewhere, and nothing while it is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from threading import Event

_WIDTH, _BLOCK = 24, 6
_FRAME = 0.1
"""Columns of the bar and of the block that moves in it; seconds between two pictures."""


@contextmanager
def shown(what: str, patience: float = 2.0) -> Iterator[None]:
    """Show on stderr that ``what`` is under way, once it has taken ``patience`` seconds, and take it away again."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from threading import Event, Thread

    done = Event()
    drawing = Thread(target=_draw, args=(what, sys.stderr, done, patience), daemon=True)
    drawing.start()
    try:
        yield
    finally:
        done.set()
        drawing.join()


def _draw(what: str, stream: TextIO, done: Event, patience: float) -> None:
    if done.wait(patience):
        return
    turn = 0
    while True:
        stream.write(f"\r{picture(what, turn, patience + turn * _FRAME)}\x1b[K")
        stream.flush()
        if done.wait(_FRAME):
            break
        turn += 1
    stream.write("\r\x1b[K")
    stream.flush()


def picture(what: str, turn: int, seconds: float) -> str:
    """The bar at a turn: a block that goes to and fro, as nobody knows how much is left."""
    way = _WIDTH - _BLOCK
    at = way - abs(turn % (2 * way) - way)
    return f"{what} [{' ' * at}{'=' * _BLOCK}{' ' * (way - at)}] {seconds:.0f} s"
