"""A line of a source as a terminal can show it, with carets below a span."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.source import Span

WIDTH = 100
"""The most columns of a source line that are shown; a longer one is cut around the span."""
_TAB = 4
_CUT = "…"


def visible(text: str) -> str:
    """Text without characters that a terminal acts upon: each is shown by its name, such as ``<U+001B>``."""
    return "".join(shown(c) for c in text)


def shown(character: str) -> str:
    """One character as it is shown; a tab is its width in spaces."""
    if character == "\t":
        return " " * _TAB
    if character.isprintable():
        return character
    from unicodedata import category  # large, and rarely needed

    return f"<U+{ord(character):04X}>" if category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character


def columns(text: str) -> int:
    """How many columns of a terminal a shown text takes (Unicode Standard Annex 11: wide and fullwidth take two)."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in ("W", "F") else 1 for c in text)


def excerpt(span: Span, masked: Sequence[Span] = (), width: int = WIDTH) -> tuple[int, str, str]:
    """The number of a span's first line, that line in about ``width`` columns, and the line of carets below it.

    What ``masked`` spans cover is shown as asterisks.
    """
    source = span.source
    number, column = source.position(span.start)
    line = source.line(number)
    first = source.line_start(number)
    start = min(column - 1, len(line))
    end = max(start, min(span.end - first, len(line)))
    cells = ["*" if _covered(first + at, span, masked) else shown(c) for at, c in enumerate(line)]
    low, high = _window(cells, start, end, width)
    head = "".join(cells[low:start])
    body = "".join(cells[start : min(end, high)])
    tail = "".join(cells[min(end, high) : high])
    before, after = (_CUT if low else ""), (_CUT if high < len(cells) else "")
    carets = " " * columns(before + head) + "^" * max(1, columns(body))
    return number, f"{before}{head}{body}{tail}{after}".rstrip(), carets


def _covered(offset: int, span: Span, masked: Sequence[Span]) -> bool:
    return any(m.source is span.source and m.start <= offset < m.end for m in masked)


def _window(cells: Sequence[str], start: int, end: int, width: int) -> tuple[int, int]:
    """The part of a line to show: all of it, or about ``width`` columns with the start of the span in them."""
    if sum(map(columns, cells)) <= width:
        return 0, len(cells)
    room = width - columns("".join(cells[start:end]))
    low, used = start, 0
    while low > 0 and used + columns(cells[low - 1]) <= max(room // 2, width // 5):
        low -= 1
        used += columns(cells[low])
    high = low
    used = 0
    while high < len(cells) and used + columns(cells[high]) <= width:
        used += columns(cells[high])
        high += 1
    return low, max(high, min(start + 1, len(cells)))
