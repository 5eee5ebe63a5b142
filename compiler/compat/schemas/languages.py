"""Regular expressions as automata, as far as contracts use them: is there a text that some match and others do not?

Reads ECMAScript's syntax without look-around, back-references, word boundaries and Unicode properties. Characters are
ranges of code points. Work is bounded by the number of states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal

from compiler.records import mutable

_LAST = 0x10FFFF
_MOST_STATES = 3_000
_MOST_STEPS = 4_000
_LONGEST = 500

Ranges = tuple[tuple[int, int], ...]
_ALL: Ranges = ((0, _LAST),)
_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F)),
    *((0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
Edge = Ranges | Literal["start", "end", ""]
_REPEATED: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class _UnreadError(Exception):
    """The pattern uses what is not read here, or is too large."""


@mutable
class Language:
    """A nondeterministic automaton that looks for its pattern anywhere in a text, from state 0 to ``final``."""

    edges: list[list[tuple[Edge, int]]] = field(default_factory=lambda: [[]])
    final: int = 0

    def add(self) -> int:
        """A new state."""
        if len(self.edges) >= _MOST_STATES:
            raise _UnreadError
        self.edges.append([])
        return len(self.edges) - 1

    def closed(self, states: Iterable[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        """What is reached without reading a character."""
        found = set(states)
        waiting = list(found)
        while waiting:
            for edge, target in self.edges[waiting.pop()]:
                free = edge == "" or (edge == "start" and at_start) or (edge == "end" and at_end)
                if free and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def after(self, states: Iterable[int], code: int) -> frozenset[int]:
        """The states behind a character."""
        reached = {
            target
            for state in states
            for edge, target in self.edges[state]
            if isinstance(edge, tuple) and any(low <= code <= high for low, high in edge)
        }
        return self.closed(reached, at_start=False, at_end=False)

    def bounds(self) -> set[int]:
        """The code points at which some range begins or has just ended."""
        found: set[int] = set()
        for edges in self.edges:
            for edge, _ in edges:
                if isinstance(edge, tuple):
                    for low, high in edge:
                        found |= {low, high + 1}
        return found


@lru_cache(512)
def language(pattern: str) -> Language | None:
    """The automaton of a pattern; None where it cannot be read."""
    if len(pattern) > _LONGEST:
        return None
    made = Language()
    made.edges[0].append((_ALL, 0))  # the pattern may begin anywhere
    try:
        reader = _Reader(pattern, made)
        end = reader.either(made_from(made, 0), 0)
        if reader.at != len(pattern):
            return None
    except (_UnreadError, IndexError, ValueError):
        return None
    made.edges[end].append((_ALL, end))  # and end anywhere
    made.final = end
    return made


def made_from(made: Language, state: int) -> int:
    """A new state that is reached from another one for free."""
    new = made.add()
    made.edges[state].append(("", new))
    return new


def empty_between(wanted: Sequence[Language], unwanted: Sequence[Language], low: int, high: int | None) -> bool | str:
    """True where surely no text of such a length is in all wanted languages and in no other; else one, or False.

    A text is given only if it was found within bounds; False means that it could not be decided.
    """
    every = [*wanted, *unwanted]
    codes = _representatives(every)
    start = tuple(one.closed({0}, at_start=True, at_end=False) for one in every)
    limit = low if high is None else high
    if limit > 400:
        return False
    first = (start, 0)
    waiting = deque([first])
    before: dict[_At, tuple[_At, int]] = {}
    seen = {first}
    steps = 0
    while waiting:
        states, length = waiting.popleft()
        if length >= low and _accepted(every, states, len(wanted), is_empty=(states, length) == first):
            return _text(before, (states, length))
        if high is not None and length >= high:
            continue
        for code in codes:
            steps += 1
            if steps > _MOST_STEPS:
                return False
            after = tuple(one.after(inside, code) for one, inside in zip(every, states, strict=True))
            if any(not inside for inside in after[: len(wanted)]):
                continue
            following = (after, min(length + 1, limit if high is not None else low))
            if following not in seen:
                seen.add(following)
                before[following] = ((states, length), code)
                waiting.append(following)
    return True


_At = tuple[tuple[frozenset[int], ...], int]
"""Where every automaton is, and how many characters were read."""


def _accepted(every: Sequence[Language], states: Sequence[frozenset[int]], wanted: int, *, is_empty: bool) -> bool:
    for number, (one, inside) in enumerate(zip(every, states, strict=True)):
        found = one.final in one.closed(inside, at_start=is_empty, at_end=True)
        if found != (number < wanted):
            return False
    return True


def _text(before: Mapping[_At, tuple[_At, int]], at: _At) -> str:
    letters: list[str] = []
    while at in before:
        at, code = before[at]
        letters.append(chr(code))
    return "".join(reversed(letters))


def _representatives(languages: Sequence[Language]) -> list[int]:
    """One character of each kind that the languages tell apart; letters first, and no half of a pair."""
    starts = sorted({0, *(bound for one in languages for bound in one.bounds() if bound <= _LAST)})
    found = []
    for at, low in enumerate(starts):
        high = (starts[at + 1] if at + 1 < len(starts) else _LAST + 1) - 1
        better = [code for code in (97, 98, 48, 65, 32, 45) if low <= code <= high]
        code = better[0] if better else low
        if 0xD800 <= code <= 0xDFFF:
            if high <= 0xDFFF:
                continue
            code = 0xE000
        found.append(code)
    return sorted(found, key=lambda code: (not 32 < code < 127, code))


class _Reader:
    """Reads a pattern from left to right, adding states to a language."""

    def __init__(self, pattern: str, made: Language) -> None:
        self.pattern, self.made, self.at = pattern, made, 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def either(self, start: int, depth: int) -> int:
        """Alternatives from a state on; gives the state behind them."""
        if depth > 30:
            raise _UnreadError
        end = self.made.add()
        while True:
            state = made_from(self.made, start)
            while self.peek() not in ("", "|", ")"):
                state = self.repeated(state, depth)
            self.made.edges[state].append(("", end))
            if self.peek() != "|":
                return end
            self.at += 1

    def repeated(self, start: int, depth: int) -> int:
        """An atom with what repeats it."""
        begin = self.at
        inner = made_from(self.made, start)
        end = self.atom(inner, depth)
        least, most = self.bounds()
        if (least, most) == (1, 1):
            return end
        if most == 0:
            return start
        if (most is not None and most > 200) or least > 200:
            raise _UnreadError
        stop = self.at
        state = start
        for _ in range(least):
            state = self._again(begin, state, depth)
        if most is None:
            loop = made_from(self.made, state)
            back = self._again(begin, loop, depth)
            self.made.edges[back].append(("", loop))
            state = made_from(self.made, loop)
        else:
            done = self.made.add()
            for _ in range(most - least):
                self.made.edges[state].append(("", done))
                state = self._again(begin, state, depth)
            self.made.edges[state].append(("", done))
            state = done
        self.at = stop
        return state

    def _again(self, begin: int, start: int, depth: int) -> int:
        self.at = begin
        return self.atom(made_from(self.made, start), depth)

    def bounds(self) -> tuple[int, int | None]:
        sign = self.peek()
        found: tuple[int, int | None] = (1, 1)
        if sign in ("*", "+", "?") and sign:
            found = _REPEATED[sign]
            self.at += 1
        elif sign == "{":
            end = self.pattern.index("}", self.at)
            low, comma, high = self.pattern[self.at + 1 : end].partition(",")
            found = (int(low), (int(high) if high else None) if comma else int(low))
            self.at = end + 1
        else:
            return found
        if self.peek() == "?":
            self.at += 1
        elif self.peek() in ("*", "+", "{") and self.peek():
            raise _UnreadError
        return found

    def atom(self, start: int, depth: int) -> int:
        sign = self.peek()
        self.at += 1
        if sign in "^$":
            end = self.made.add()
            self.made.edges[start].append(("start" if sign == "^" else "end", end))
            return end
        if sign == "(":
            if self.peek() == "?":
                if self.pattern.startswith("?:", self.at):
                    self.at += 2
                elif self.pattern.startswith("?<", self.at) and self.pattern[self.at + 2] not in "=!":
                    self.at = self.pattern.index(">", self.at) + 1
                else:
                    raise _UnreadError
            end = self.either(start, depth + 1)
            if self.peek() != ")":
                raise _UnreadError
            self.at += 1
            return end
        if sign in "*+?{})":
            raise _UnreadError
        end = self.made.add()
        self.made.edges[start].append((self.characters(sign), end))
        return end

    def characters(self, sign: str) -> Ranges:
        if sign == ".":
            return _without(_LINE_ENDS)
        if sign == "[":
            return self.listed()
        if sign == "\\":
            return self.escaped()
        return ((ord(sign), ord(sign)),)

    def listed(self) -> Ranges:
        negated = self.peek() == "^"
        self.at += negated
        found: list[tuple[int, int]] = []
        while self.peek() != "]":
            low = self.member()
            if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise _UnreadError
                if low[0][0] > high[0][0]:
                    raise _UnreadError
                found.append((low[0][0], high[0][0]))
            else:
                found += low
        self.at += 1
        if not found:
            raise _UnreadError
        return _without(tuple(found)) if negated else tuple(found)

    def member(self) -> Ranges:
        sign = self.pattern[self.at]
        self.at += 1
        if sign == "[" and self.peek() in (":", "=", "."):
            raise _UnreadError
        return self.escaped() if sign == "\\" else ((ord(sign), ord(sign)),)

    def escaped(self) -> Ranges:
        sign = self.pattern[self.at]
        self.at += 1
        classes = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
        if sign in classes:
            return classes[sign]
        if sign.lower() in classes:
            return _without(classes[sign.lower()])
        controls = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
        if sign in controls:
            return ((controls[sign], controls[sign]),)
        if sign in "xu":
            size = 2 if sign == "x" else 4
            code = int(self.pattern[self.at : self.at + size], 16)
            if len(self.pattern) < self.at + size or 0xD800 <= code <= 0xDFFF:
                raise _UnreadError
            self.at += size
            return ((code, code),)
        if sign.isalnum():
            raise _UnreadError
        return ((ord(sign), ord(sign)),)


def _without(ranges: Ranges) -> Ranges:
    found: list[tuple[int, int]] = []
    at = 0
    for low, high in sorted(ranges):
        if low > at:
            found.append((at, low - 1))
        at = max(at, high + 1)
    if at <= _LAST:
        found.append((at, _LAST))
    return tuple(found)
