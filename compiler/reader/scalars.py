"""Scalars by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema); numbers within bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_WORDS: Mapping[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{f"{sign}.{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"
)
MAYBE_NOT_TEXT = frozenset("~nNtTfF+-.0123456789")
MAX_DIGITS = 400
"""A whole number with more digits than this is refused, as turning it into a number takes quadratic time."""


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by YAML 1.2's core schema. Raises ValueError for a number beyond all use."""
    if text and text[0] not in MAYBE_NOT_TEXT:
        return text
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.match(text)
    if match is None:
        return text
    if match["int"] is None:
        return fraction(text)
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
    return int(text, 0 if text[:2] in ("0o", "0x") else 10)


def fraction(text: str) -> float:
    """A number with a point or an exponent. Raises ValueError for one that no float can hold."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"`{text[:40]}` is too large a number")
    return number


def whole(text: str) -> int:
    """A whole number. Raises ValueError for one with too many digits."""
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
    return int(text)
