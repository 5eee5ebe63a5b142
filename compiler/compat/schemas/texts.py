"""Texts: lengths, patterns and formats that hold, and some that do not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from compiler.compat.schemas.keywords import Atom
from compiler.compat.schemas.languages import Language, empty_between, language
from compiler.contracts.fits import matches
from compiler.contracts.patterns import candidates

_LONG = 4096


def texts(holding: Sequence[Atom], failing: Sequence[Atom]) -> list[Any] | None:
    """Some texts for which keywords hold and others do not; None where there surely is none."""
    low, high = 0, None
    patterns: list[str] = []
    formats: list[str] = []
    for atom in holding:
        value = atom.value
        if atom.keyword == "minLength":
            low = max(low, int(value))
        elif atom.keyword == "maxLength":
            high = int(value) if high is None else min(high, int(value))
        elif atom.keyword == "pattern":
            patterns.append(value)
        elif atom.keyword == "format":
            formats.append(value)
    against: list[str] = []
    excluded: set[str] = set()
    for atom in failing:
        value = atom.value
        if atom.keyword == "minLength":
            high = int(value) - 1 if high is None else min(high, int(value) - 1)
        elif atom.keyword == "maxLength":
            low = max(low, int(value) + 1)
        elif atom.keyword == "pattern":
            against.append(value)
        elif atom.keyword == "format":
            if value in formats:
                return None
        else:
            listed = value if atom.keyword == "enum" else [value]
            excluded.update(one for one in listed if isinstance(one, str))
    if high is not None and low > high:
        return None
    if high == 0 and "" in excluded:
        return None
    if any(pattern in patterns for pattern in against):
        return None
    if patterns or against:
        wanted, unwanted = _read(patterns), _read(against)
        text = empty_between(wanted, unwanted, low, high)
        if text is True:
            return None
        if isinstance(text, str):
            return [text, *_made(patterns, low, high, excluded, against)]
    return _made(patterns, low, high, excluded, against)


def _read(patterns: Sequence[str]) -> list[Language]:
    """The automata of patterns. One that cannot be read is left out, which only makes more texts possible."""
    return [found for pattern in patterns if (found := language(pattern)) is not None]


def _made(patterns: Sequence[str], low: int, high: int | None, excluded: set[str], against: Sequence[str]) -> list[Any]:
    if low > _LONG:
        return []
    made: list[str] = []
    for pattern in patterns[:2]:
        made += [text for turn in range(3) for text in islice(candidates(pattern, turn), 4)]
    for size in dict.fromkeys((low, low + 1, *([] if high is None else [high]), 3)):
        made += [letter * min(size, _LONG) for letter in "a0 A"] if size <= _LONG else []
    fitting = [
        text
        for text in dict.fromkeys(made)
        if low <= len(text) <= (len(text) if high is None else high)
        and text not in excluded
        and all(matches(pattern, text) for pattern in patterns)
        and not any(matches(pattern, text) for pattern in against)
    ]
    return fitting[:4]
