"""Where things stand in JSON text that the json module has accepted already.

Asked only when a finding is about to be shown, so it may take its time; it is one pass over the text, without recursion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_TOKEN = re.compile(r'[ \t\n\r]*(?:("(?:[^"\\]|\\.)*")|([{}\[\]:,])|([^ \t\n\r{}\[\]:,"]+))')


def find_json(text: str, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """Offsets of the value at ``path`` (of its key, if ``key``); of the nearest value above where it is absent.

    A collection's place is its opening bracket.
    """
    at = 0
    found = _value_place(text, 0)
    for depth, step in enumerate(path):
        opened = _TOKEN.match(text, at)
        if opened is None or opened.group(2) not in ("{", "["):
            break
        inner = _child(text, opened.end(), step, is_object=opened.group(2) == "{")
        if inner is None:
            break
        key_place, at = inner
        found = key_place if key and key_place and depth == len(path) - 1 else _value_place(text, at)
    return found


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
            if json.loads(match.group(1)) == name:
                counts[-1] += 1
                if counts[-1] > 1:
                    places.append((match.start(1), match.end(1)))
    return places


def _value_place(text: str, at: int) -> tuple[int, int]:
    match = _TOKEN.match(text, at)
    if match is None:
        return len(text), len(text)
    group = match.lastindex or 0
    return match.start(group), match.end(group)


def _child(text: str, at: int, step: str | int, *, is_object: bool) -> tuple[tuple[int, int] | None, int] | None:
    """The key's place and where the value starts, for one step into the collection that was opened before ``at``."""
    index = 0
    key_place: tuple[int, int] | None = None
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.group(2) in ("}", "]"):
            return None
        if match.group(2) == ",":
            at = match.end()
            index += 1
            continue
        name: str | None = None
        if is_object:
            name = json.loads(match.group(1) or '""')
            key_place = (match.start(1), match.end(1))
            colon = _TOKEN.match(text, match.end())
            at = colon.end() if colon else match.end()
        if step == (name if is_object else index):
            return key_place, at
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    """The offset behind the value that starts at ``at``."""
    depth = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        if match.group(2) in ("{", "["):
            depth += 1
        elif match.group(2) in ("}", "]"):
            depth -= 1
        if depth == 0:
            break
    return at
