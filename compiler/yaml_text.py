"""Plain data to YAML text: always the same bytes, read alike by YAML 1.1 (Envoy, PyYAML) and 1.2.

Block style, keys in the order that they have. A text is quoted unless every reader takes it for a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/](?:[A-Za-z0-9_./@+-]*[A-Za-z0-9_/])?")
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_LONGEST_KEY = 1000
"""Readers give up on `key:` after 1,024 characters (YAML 1.2, section 7.4.2); `? key` has no bound."""
_NOT_PRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class Shared(dict[str, Any]):
    """A mapping that stands in many places: its text is made once for each indent. Not to be changed once dumped."""

    __slots__ = ("texts",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.texts: dict[str, str] = {}


def dump(data: Any, comment: str = "") -> str:
    """A mapping or list as a YAML document that ends with a newline; ``comment`` lines go on top.

    Values are dict, list, tuple, str, int, float, bool and None; keys are str. Raises TypeError for anything else.
    """
    out = [f"# {line}\n" for line in comment.splitlines()]
    if isinstance(data, dict) and data:
        _mapping(data, "", "", out)
    elif isinstance(data, (list, tuple)) and data:
        _list(data, "", out)
    else:
        out.append(_scalar(data) + "\n")
    return "".join(out)


def _mapping(data: dict[str, Any], first: str, indent: str, out: list[str]) -> None:
    """Write the entries of a mapping; ``first`` stands before the first one, where a dash may be."""
    for key, value in data.items():
        name = _text(key)
        if len(name) > _LONGEST_KEY:
            name = f"? {name}\n{indent}"
        kind = type(value)
        if kind is str:
            out.append(f"{first}{name}: {_text(value)}\n")
        elif value and kind is dict:
            out.append(f"{first}{name}:\n")
            below = indent + "  "
            _mapping(value, below, below, out)
        elif value and isinstance(value, dict):
            out.append(f"{first}{name}:\n")
            below = indent + "  "
            if isinstance(value, Shared):
                out.append(_shared(value, below, below))
            else:
                _mapping(value, below, below, out)
        elif value and isinstance(value, (list, tuple)):
            out.append(f"{first}{name}:\n")
            _list(value, indent, out)
        else:
            out.append(f"{first}{name}: {_scalar(value)}\n")
        first = indent


def _list(data: list[Any] | tuple[Any, ...], indent: str, out: list[str]) -> None:
    """Write items with their dashes at the indent of what holds them."""
    for item in data:
        if item and isinstance(item, dict):
            if type(item) is Shared:
                out.append(_shared(item, indent + "- ", indent + "  "))
            else:
                _mapping(item, indent + "- ", indent + "  ", out)
        elif item and isinstance(item, (list, tuple)):
            out.append(f"{indent}-\n")
            _list(item, indent + "  ", out)
        else:
            out.append(f"{indent}- {_scalar(item)}\n")


def _shared(data: Shared, first: str, indent: str) -> str:
    text = data.texts.get(first)
    if text is None:
        out: list[str] = []
        _mapping(data, first, indent, out)
        text = data.texts[first] = "".join(out)
    return text


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict) and not value:
        return "{}"
    if isinstance(value, (list, tuple)) and not value:
        return "[]"
    raise TypeError(f"{type(value).__name__} has no place in YAML text")


def _number(value: float) -> str:
    """A float that YAML 1.1 also takes for one: it wants a dot and a signed exponent."""
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


@lru_cache(32768)
def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    quoted = encode_basestring(value)
    return _NOT_PRINTED.sub(lambda m: f"\\u{ord(m.group()):04x}", quoted) if _NOT_PRINTED.search(quoted) else quoted
