"""Where things stand: a text file of the project, and a stretch of it.

Offsets are code points from the start of the text; a :class:`Span` turns them into lines and columns
only when somebody asks, so that every value can know its place at the price of two integers.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from compiler.records import frozen

MAX_FILE_BYTES = 64 * 1024 * 1024
"""A project file larger than this is refused: reading must stay bounded on hostile input."""

_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Source:
    """One file as it was read: ``name`` is relative to the project with ``/``; ``text`` has no byte order mark."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _blocks(self) -> tuple[list[int], list[int]]:
        """Of each ``_BLOCK`` characters: how many lines end before them, and where the line that they begin in began.

        A list of all lines of a large document would take longer to make than most of what is asked of it.
        """
        ended, began = [0], [0]
        for start in range(0, len(self.text) - _BLOCK, _BLOCK):
            end = start + _BLOCK
            last = self.text.rfind("\n", start, end)
            ended.append(ended[-1] + self.text.count("\n", start, end))
            began.append(last + 1 if last >= 0 else began[-1])
        return ended, began

    @cached_property
    def lines(self) -> int:
        """How many lines there are; only LF ends a line, as in editors and YAML 1.2."""
        ended, _ = self._blocks
        return ended[-1] + self.text.count("\n", (len(ended) - 1) * _BLOCK) + 1

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        ended, began = self._blocks
        block = min(offset // _BLOCK, len(ended) - 1)
        last = self.text.rfind("\n", block * _BLOCK, offset)
        start = last + 1 if last >= 0 else began[block]
        return ended[block] + self.text.count("\n", block * _BLOCK, offset) + 1, offset - start + 1

    def line_start(self, number: int) -> int:
        """The offset of the first character of a line (from 1). Raises IndexError where there is no such line."""
        if not 0 < number <= self.lines:
            raise IndexError(f"line {number} of {self.lines}")
        ended, began = self._blocks
        block = bisect_left(ended, number - 1)
        if block < len(ended) and ended[block] == number - 1:
            return began[block]
        at = (block - 1) * _BLOCK
        for _ in range(number - 1 - ended[block - 1]):
            at = self.text.index("\n", at) + 1
        return at

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its end."""
        start = self.line_start(number)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def span(self, start: int, end: int) -> Span:
        """The stretch from ``start`` to ``end``, exclusive."""
        return Span(self, start, end)

    def whole_line(self, number: int) -> Span:
        """The printed part of a line (from 1)."""
        text = self.line(number)
        start, indent = self.line_start(number), len(text) - len(text.lstrip())
        return Span(self, start + indent, start + max(indent, len(text.rstrip())))


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
