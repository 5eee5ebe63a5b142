"""What was read: plain data whose every key and value knows where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Protocol

from compiler.diagnostics import Finding, Note
from compiler.records import frozen
from compiler.source import Source, Span

MAX_DEPTH = 200
"""Collections nested deeper than this are refused."""
Path = Sequence[str | int]


class Places(Protocol):
    """Finds places in a text that was read as plain data."""

    def find(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Offsets of the value at ``path`` (of its key, if ``key``); of the nearest value above where it is absent."""


class MapNode(dict[str, Any]):
    """A mapping that knows its places: ``marks[key]`` is (key start, key end, value start, value end) as offsets."""

    __slots__ = ("end", "marks", "source", "start")

    def __init__(self, source: Source, start: int) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.end = start
        self.marks: dict[str, tuple[int, int, int, int]] = {}

    def key_span(self, key: str) -> Span:
        mark = self.marks[key]
        return Span(self.source, mark[0], mark[1])

    def value_span(self, key: str) -> Span:
        mark = self.marks[key]
        return Span(self.source, mark[2], mark[3])

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)


class LaidNode(MapNode):
    """A mapping that was laid together from several others, often of different files: each key stays where it stands.

    The mapping's own place is that of ``over``.
    """

    __slots__ = ("origins",)

    def __init__(self, over: MapNode) -> None:
        super().__init__(over.source, over.start)
        self.end = over.end
        self.origins: dict[str, MapNode] = {}

    def put(self, key: str, value: Any, origin: MapNode) -> None:
        """Take a value for a key of ``origin``, whose place it keeps."""
        self[key] = value
        self.marks[key] = origin.marks[key]
        self.origins[key] = origin

    def key_span(self, key: str) -> Span:
        return self.origins[key].key_span(key)

    def value_span(self, key: str) -> Span:
        return self.origins[key].value_span(key)


class ListNode(list[Any]):
    """A sequence that knows its places: ``marks[i]`` is (start, end) as offsets."""

    __slots__ = ("end", "marks", "source", "start")

    def __init__(self, source: Source, start: int) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.end = start
        self.marks: list[tuple[int, int]] = []

    def value_span(self, index: int) -> Span:
        mark = self.marks[index]
        return Span(self.source, mark[0], mark[1])

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)


@frozen
class Document:
    """A file's content as plain data (dict, list, str, int, float, bool, None) with a place for every path into it."""

    source: Source
    root: Any
    top: Span = field(repr=False)
    places: Places | None = field(default=None, repr=False, compare=False)
    """Of plain data; nodes know their places themselves."""

    def span(self, path: Path, *, key: bool = False) -> Span:
        """The place of the value at ``path`` (of its key, if ``key``); of the nearest one above where it is absent."""
        if isinstance(self.root, (MapNode, ListNode)):
            return find_in_nodes(self.root, path, key=key)
        if self.places is not None:
            start, end = self.places.find(path, key=key)
            return Span(self.source, start, end)
        return self.top


def find_in_nodes(root: MapNode | ListNode, path: Path, *, key: bool = False) -> Span:
    """The place of ``path`` below a node; of the nearest value above it that exists where it is absent."""
    node: Any = root
    span = root.span
    for at, step in enumerate(path):
        last = at == len(path) - 1
        if isinstance(node, MapNode) and step in node.marks:
            span = node.key_span(str(step)) if key and last else node.value_span(str(step))
        elif isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.marks):
            span = node.value_span(step)
        else:
            break
        node = node[step]
    return span


def syntax_error(
    source: Source, at: int, message: str, help: str | None = None, notes: tuple[Note, ...] = ()
) -> Finding:
    """A finding of yaml-syntax at an offset."""
    at = min(at, len(source.text))
    while at > 0 and at == len(source.text) and source.text[at - 1] == "\n":
        at -= 1  # show the last line rather than the nothing after it
    end = at if source.text[at : at + 1] in ("", "\n") else at + 1
    return Finding(
        "yaml-syntax",
        message,
        Span(source, at, end),
        help or "check the quotes, brackets and indentation here and on the line before",
        notes,
    )
