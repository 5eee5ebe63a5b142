"""Scalars by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema); numbers within bounds."""

from __future__ import annotations

import math
import re

_CORE = re.compile(
    r"""(?P<null>~|null|Null|NULL|)\Z
      | (?P<bool>true|True|TRUE|false|False|FALSE)\Z
      | (?P<int>[-+]?[0-9]+)\Z
      | (?P<octal>0o[0-7]+)\Z
      | (?P<hex>0x[0-9a-fA-F]+)\Z
      | (?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z
      | (?P<inf>[-+]?\.(?:inf|Inf|INF))\Z
      | (?P<nan>\.(?:nan|NaN|NAN))\Z""",
    re.VERBOSE,
)
MAYBE_NOT_TEXT = frozenset("~nNtTfF+-.0123456789")
MAX_DIGITS = 400
"""A whole number with more digits than this is refused, as turning it into a number takes quadratic time."""


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by YAML 1.2's core schema. Raises ValueError for a number beyond all use."""
    if text and text[0] not in MAYBE_NOT_TEXT:
        return text
    match = _CORE.match(text)
    if match is None:
        return text
    kind = match.lastgroup
    if kind == "null":
        return None
    if kind == "bool":
        return text[0] in "tT"
    if kind in ("int", "octal", "hex"):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
        return int(text, 10 if kind == "int" else 0)
    if kind == "inf":
        return -math.inf if text[0] == "-" else math.inf
    return math.nan if kind == "nan" else fraction(text)


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
