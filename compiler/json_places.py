"""Where things stand in JSON text that the json module has accepted already.

Asked only when a place is needed. Each object or list is looked through once, however often; what is not asked for is
skipped at the speed of the json module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'[ \t\n\r]*(?:("(?:[^"\\]|\\.)*+")|([{}\[\]:,])|([^ \t\n\r{}\[\]:,"]+))')
_SPACE = re.compile(r"[ \t\n\r]*")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")

_READ_OPEN = 2
"""Levels of objects whose places are kept when a text is read: in an OpenAPI document its sections and its paths."""

Places = dict[str | int, tuple[int, int, int]]
"""By key or index: where the key starts and ends (the value's start, twice, in a list), and where the value starts."""


@dataclass(frozen=True, eq=False)
class JsonPlaces:
    """The places of one text. A collection's place is its opening bracket."""

    text: str = field(repr=False)
    _known: dict[int, Places] = field(default_factory=dict, repr=False)
    """What was looked through, by the offset of its bracket."""
    _decoder: json.JSONDecoder = field(default_factory=json.JSONDecoder, repr=False)

    @classmethod
    def read(cls, text: str, decoder: json.JSONDecoder) -> tuple[Any, JsonPlaces]:
        """The value of the text, and its places, of which those near the top are known from the reading.

        Raises ValueError where the text is not JSON, as the decoder does.
        """
        known: dict[int, Places] = {}
        places = cls(text, known)
        value, end = places._opened(decoder, places._after_space(0), _READ_OPEN)
        if places._after_space(end) != len(text):
            raise ValueError("more than one value")
        return value, places

    def _opened(self, decoder: json.JSONDecoder, at: int, depth: int) -> tuple[Any, int]:
        """The value at an offset, and where it ends; the places in objects are kept as deep as ``depth``."""
        text = self.text
        if not depth or text[at : at + 1] != "{":
            return decoder.raw_decode(text, at)
        places = self._known[at] = {}
        made: dict[str, Any] = {}
        at = self._after_space(at + 1)
        if text[at : at + 1] == "}":
            return made, at + 1
        while True:
            if text[at : at + 1] != '"':
                raise ValueError("a key is a string")
            key, key_end = decoder.raw_decode(text, at)
            colon = self._after_space(key_end)
            if text[colon : colon + 1] != ":":
                raise ValueError("a value follows a key")
            start = self._after_space(colon + 1)
            made[key], end = self._opened(decoder, start, depth - 1)
            places[key] = (at, key_end, start)
            at = self._after_space(end) + 1
            if text[at - 1 : at] == "}":
                return made, at
            if text[at - 1 : at] != ",":
                raise ValueError("a comma goes between two entries")
            at = self._after_space(at)

    def find(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
        """Offsets of the value at ``path`` (of its key, if ``key``); of the nearest value above where it is absent."""
        at = self._after_space(0)
        found = self._value(at)
        for depth, step in enumerate(path):
            if self.text[at : at + 1] not in ("{", "["):
                break
            place = self._inside(at).get(step)
            if place is None:
                break
            key_start, key_end, at = place
            is_last_key = key and depth == len(path) - 1 and key_start != at
            found = (key_start, key_end) if is_last_key else self._value(at)
        return found

    def _inside(self, at: int) -> Places:
        """The places in the collection that opens at ``at``; of a key that stands twice the last one, as it counts."""
        if at in self._known:
            return self._known[at]
        places: Places = {}
        is_object = self.text[at] == "{"
        at, opened = self._after_space(at + 1), at
        while self.text[at] not in "}]":
            step: str | int = len(places)
            key_start = key_end = at
            if is_object:
                step, key_end = self._decoder.raw_decode(self.text, at)
                at = self._after_space(self._after_space(key_end) + 1)
            else:
                key_end = at
            places[step] = (key_start, key_end, at)
            at = self._after_space(self._decoder.raw_decode(self.text, at)[1])
            if self.text[at] == ",":
                at = self._after_space(at + 1)
        self._known[opened] = places
        return places

    def _value(self, at: int) -> tuple[int, int]:
        match = _TOKEN.match(self.text, at)
        return (at, match.end()) if match else (at, at)

    def _after_space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at


def duplicate_keys(text: str, name: str) -> list[tuple[int, int]]:
    """Places where an object's key ``name`` stands again in the same object."""
    places: list[tuple[int, int]] = []
    counts: list[int] = []
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        if match.group(2) in ("{", "["):
            counts.append(0)
        elif match.group(2) in ("}", "]"):
            counts.pop()
        elif match.group(1) and (after := _TOKEN.match(text, at)) is not None and after.group(2) == ":":
            counts[-1] += json.loads(match.group(1)) == name
            if counts[-1] > 1 and json.loads(match.group(1)) == name:
                places.append((match.start(1), match.end(1)))
    return places


def lone_surrogate(text: str) -> tuple[int, int] | None:
    """The place of the first string or key whose escapes are no Unicode text (RFC 8259 section 8.2)."""
    if _ESCAPED_SURROGATE.search(text) is None:
        return None
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        if match.group(1) and "\\u" in match.group(1):
            try:
                json.loads(match.group(1)).encode()
            except UnicodeEncodeError:
                return match.start(1), match.end(1)
    return None
