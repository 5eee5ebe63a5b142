"""Where things stand: a text file of the project, and a stretch of it.

Offsets are code points from the start of the text; a :class:`Span` turns them into lines and columns
only when somebody asks, so that every value can know its place at the price of two integers.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, count
from operator import add
from pathlib import Path

from compiler.records import frozen

MAX_FILE_BYTES = 64 * 1024 * 1024
"""A project file larger than this is refused: reading must stay bounded on hostile input."""


@dataclass(frozen=True, eq=False)
class Source:
    """One file as it was read: ``name`` is relative to the project with ``/``; ``text`` has no byte order mark."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first character of each line; only LF ends a line, as in editors and YAML 1.2."""
        lengths = map(len, self.text.split("\n"))
        starts = [0, *map(add, accumulate(lengths), count(1))]
        starts.pop()  # behind the last line nothing begins
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its end."""
        start = self.line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def span(self, start: int, end: int) -> Span:
        """The stretch from ``start`` to ``end``, exclusive."""
        return Span(self, start, end)

    def whole_line(self, number: int) -> Span:
        """The printed part of a line (from 1)."""
        text = self.line(number)
        start = self.line_starts[number - 1] + len(text) - len(text.lstrip())
        return Span(self, start, max(start, self.line_starts[number - 1] + len(text.rstrip())))


@frozen
class Span:
    """A stretch of a source; ``end`` is exclusive."""

    source: Source
    start: int
    end: int

    @property
    def file(self) -> str:
        return self.source.name

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        return self.source.position(self.end)[1]

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"

    def __hash__(self) -> int:
        return hash((id(self.source), self.start, self.end))


def decode_text(data: bytes) -> str | None:
    """The text of a file's bytes, without a byte order mark; ``None`` where they are not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def inside(root: Path, path: Path) -> bool:
    """Whether ``path`` is in ``root`` once every symlink is resolved. ``root`` must be resolved already."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):  # a loop of symlinks leads nowhere
        return False
    return resolved == root or root in resolved.parents


def relative_name(root: Path, path: Path) -> str:
    """The name under which diagnostics show ``path``: relative to the project, with ``/``."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
