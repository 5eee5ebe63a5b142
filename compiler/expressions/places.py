"""Where the characters of a YAML scalar's value stand in the file, whatever way the scalar is written.

YAML folds lines, doubles quotes and escapes characters; none of this moves a character that is not white space past
another. So the value is laid along the text as it is written, and what YAML made of white space is passed over.
"""

from __future__ import annotations

import re

from compiler.source import Span

_SPACE = frozenset(" \t\r\n\x85\u2028\u2029")
_PROPERTIES = re.compile(r"(?:[&!][^\s]*[ \t\r\n]+)*")
_HEADER = re.compile(r"[|>][^\n]*(?:\n|\Z)")
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODES = {"x": 2, "u": 4, "U": 8}


def stretch(where: Span, value: str, start: int, end: int) -> Span:
    """The place of a stretch of a scalar's value; the whole scalar where it cannot be told, as behind an alias.

    ``where`` is the scalar as it stands in its file. The end is exclusive, and the place is never empty.
    """
    offsets = _offsets(where.source.text[where.start : where.end], value)
    if offsets is None or not 0 <= start <= end <= len(value):
        return where
    first = where.start + offsets[start]
    last = where.start + offsets[end - 1] + 1 if end > start else first + 1
    return Span(where.source, min(first, where.end), min(max(last, first + 1), max(where.end, first)))


def _offsets(raw: str, value: str) -> list[int] | None:
    """For each character of the value its offset in the text, and one for the end; None where they do not match."""
    match = _PROPERTIES.match(raw)
    at = match.end() if match else 0
    style = raw[at : at + 1]
    if style in ("|", ">") and (header := _HEADER.match(raw, at)):
        at = header.end()
    elif style in ("'", '"'):
        at += 1
    found: list[int] = []
    for character in value:
        placed = _next(raw, at, character, style)
        if placed is None:
            return None
        here, at = placed
        found.append(here)
    found.append(at)
    return found


def _next(raw: str, at: int, wanted: str, style: str) -> tuple[int, int] | None:
    """Where a character of the value stands from ``at`` on, and where it ends."""
    while at < len(raw):
        sign = raw[at]
        if style == '"' and sign == "\\":
            if raw[at + 1 : at + 2] in ("\n", "\r"):  # an escaped end of a line is nothing
                at += 2
                while raw[at : at + 1] in (" ", "\t", "\n"):
                    at += 1
                continue
            meant, length = _escape(raw, at)
            if meant == wanted:
                return at, at + length
            if meant in _SPACE:
                at += length
                continue
            return (at, at) if wanted in _SPACE else None
        if sign in _SPACE:
            if wanted in _SPACE:
                return at, at + 1
            at += 1
            continue
        if wanted in _SPACE:
            return at, at
        if sign != wanted:
            return None
        return at, at + (2 if style == "'" and sign == "'" else 1)
    return (at, at) if wanted in _SPACE else None


def _escape(raw: str, at: int) -> tuple[str, int]:
    """What an escape stands for, and how long it is."""
    letter = raw[at + 1 : at + 2]
    if letter in _CODES:
        digits = raw[at + 2 : at + 2 + _CODES[letter]]
        if re.fullmatch(r"[0-9a-fA-F]+", digits) and int(digits, 16) < 0x110000:
            return chr(int(digits, 16)), 2 + len(digits)
        return "", 2
    return _NAMED.get(letter, ""), 2
