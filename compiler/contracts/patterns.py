"""Texts that match a regular expression, made without search: one reading of the pattern, a few attempts.

Reads the part of ECMAScript's syntax that contracts use: literals, classes, groups, alternatives, repetition, anchors.
Look-around, back-references and Unicode properties are not read, and patterns with them give no text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from compiler.records import frozen

_SHORT, _MEDIUM, _LONG = 20, 64, 4096
_PREFERRED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. /:@+,;=!#$%&'()*<>?[\\]^`{|}~\""
_DIGITS = frozenset("0123456789")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPACE = frozenset(" \t\n\r\f\v")
_ALL = frozenset(map(chr, range(32, 127)))
_MAX_DEPTH = 30
_MAX_PATTERN = 2000


@frozen
class Chars:
    """One of these characters."""

    choice: str


@frozen
class Repeat:
    """The part, so many times; no ``most`` means no bound."""

    part: Part
    least: int
    most: int | None


@frozen
class Sequence:
    """One part after the other."""

    parts: tuple[Part, ...]


@frozen
class Either:
    """One of several."""

    branches: tuple[Part, ...]


Part = Chars | Repeat | Sequence | Either


class _UnreadError(Exception):
    """The pattern uses what is not read here."""


def candidates(pattern: str, turn: int = 0) -> Iterator[str]:
    """Texts that should match a pattern, shorter ones first; ``turn`` asks for others. None where it cannot be read."""
    tree = _read(pattern)
    if tree is None:
        return
    made: set[str] = set()
    branches = tree.branches if isinstance(tree, Either) else (tree,)
    for extra in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55):
        for branch in branches[:4]:
            text = _make(branch, extra, turn, _LONG)
            if text not in made:
                made.add(text)
                yield text


@cache
def longest_safe(pattern: str) -> int:
    """The longest text that a backtracking matcher may be given with this pattern."""
    tree = _read(pattern)
    if tree is None:
        return _SHORT
    unbounded, nested = _danger(tree)
    return _SHORT if nested else _MEDIUM if unbounded > 1 else _LONG


def _danger(part: Part) -> tuple[int, bool]:
    """How many repetitions can vary in length, and whether choices stand inside one."""
    if isinstance(part, Chars):
        return 0, False
    if isinstance(part, Repeat):
        inner, nested = _danger(part.part)
        if part.most == part.least:
            return inner, nested
        return inner + 1, nested or ((part.most is None or part.most > 8) and (inner > 0 or _has_choice(part.part)))
    found = [_danger(one) for one in (part.parts if isinstance(part, Sequence) else part.branches)]
    return sum(count for count, _ in found), any(nested for _, nested in found)


def _has_choice(part: Part) -> bool:
    if isinstance(part, Either):
        return True
    if isinstance(part, Sequence):
        return any(_has_choice(one) for one in part.parts)
    return isinstance(part, Repeat) and _has_choice(part.part)


def _make(part: Part, extra: int, turn: int, room: int) -> str:
    """A text for a part: each repetition runs ``extra`` times more than it must, within ``room`` characters."""
    if isinstance(part, Chars):
        return part.choice[turn % len(part.choice)]
    if isinstance(part, Either):
        return _make(part.branches[turn % len(part.branches)], extra, turn, room)
    made = ""
    if isinstance(part, Repeat):
        times = part.least + extra if part.most is None else min(part.least + extra, part.most)
        for _ in range(min(times, room)):
            piece = _make(part.part, extra, turn, room - len(made))
            made += piece
            if len(made) >= room or not piece:
                break
        return made
    for one in part.parts:
        made += _make(one, extra, turn, room - len(made))
        if len(made) >= room:
            break
    return made


@cache
def _read(pattern: str) -> Part | None:
    if len(pattern) > _MAX_PATTERN:
        return None
    try:
        part, at = _either(pattern, 0, 0)
    except (_UnreadError, IndexError, ValueError):
        return None
    return part if at == len(pattern) else None


def _either(pattern: str, at: int, depth: int) -> tuple[Part, int]:
    if depth > _MAX_DEPTH:
        raise _UnreadError
    branches: list[Part] = []
    parts: list[Part] = []
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            branches.append(Sequence(tuple(parts)))
            parts = []
            at += 1
            continue
        if pattern[at] in "^$":  # the text is made to match from its start to its end
            at += 1
            continue
        part, at = _atom(pattern, at, depth)
        part, at = _repeated(pattern, at, part)
        parts.append(part)
    branches.append(Sequence(tuple(parts)))
    return (branches[0] if len(branches) == 1 else Either(tuple(branches))), at


def _atom(pattern: str, at: int, depth: int) -> tuple[Part, int]:
    sign = pattern[at]
    if sign == "(":
        start = at + 1
        if pattern.startswith("?:", start):
            start += 2
        elif pattern.startswith("?<", start) and pattern[start + 2] not in "=!":
            start = pattern.index(">", start) + 1
        elif pattern.startswith("?", start):
            raise _UnreadError
        inner, end = _either(pattern, start, depth + 1)
        if pattern[end] != ")":
            raise _UnreadError
        return inner, end + 1
    if sign == "[":
        return _class(pattern, at + 1)
    if sign == ".":
        return _chars(_ALL), at + 1
    if sign == "\\":
        chosen, end = _escape(pattern, at + 1)
        return _chars(chosen), end
    if sign in "*+?{":
        raise _UnreadError
    return Chars(sign), at + 1


def _repeated(pattern: str, at: int, part: Part) -> tuple[Part, int]:
    sign = pattern[at : at + 1]
    if sign in ("*", "+", "?") and sign:
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        at += 1
    elif sign == "{":
        end = pattern.index("}", at)
        low, comma, high = pattern[at + 1 : end].partition(",")
        least = int(low)
        most = (int(high) if high else None) if comma else least
        at = end + 1
    else:
        return part, at
    if pattern[at : at + 1] == "?":  # lazy: the same texts
        at += 1
    elif pattern[at : at + 1] in ("+", "*", "{"):
        raise _UnreadError
    return Repeat(part, least, most), at


def _class(pattern: str, at: int) -> tuple[Part, int]:
    negated = pattern[at] == "^"
    at += negated
    chosen: set[str] = set()
    first = at
    while pattern[at] != "]" or at == first:
        if pattern[at] == "[" and pattern[at + 1] in ":=.":
            raise _UnreadError
        low, at = _member(pattern, at)
        if pattern[at] == "-" and pattern[at + 1] != "]" and len(low) == 1:
            high, at = _member(pattern, at + 1)
            if len(high) != 1:
                raise _UnreadError
            start, end = ord(next(iter(low))), ord(next(iter(high)))
            chosen.update(map(chr, range(start, min(end, start + 256) + 1)))
        else:
            chosen |= low
    return _chars(_ALL - chosen if negated else frozenset(chosen)), at + 1


def _member(pattern: str, at: int) -> tuple[frozenset[str], int]:
    if pattern[at] == "\\":
        return _escape(pattern, at + 1)
    return frozenset(pattern[at]), at + 1


def _escape(pattern: str, at: int) -> tuple[frozenset[str], int]:
    sign = pattern[at]
    classes = {
        "d": _DIGITS,
        "D": _ALL - _DIGITS,
        "w": _WORD,
        "W": _ALL - _WORD,
        "s": _SPACE,
        "S": _ALL - _SPACE - {" "},
    }
    if sign in classes:
        return classes[sign], at + 1
    controls = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
    if sign in controls:
        return frozenset(controls[sign]), at + 1
    if sign in "xu":
        size = 2 if sign == "x" else 4
        return frozenset(chr(int(pattern[at + 1 : at + 1 + size], 16))), at + 1 + size
    if sign.isalnum():
        raise _UnreadError
    return frozenset(sign), at + 1


def _chars(chosen: frozenset[str]) -> Chars:
    if not chosen:
        raise _UnreadError
    known = [c for c in _PREFERRED if c in chosen]
    return Chars("".join(known + sorted(chosen.difference(known))))
