"""Plain data to YAML text: always the same bytes, read alike by YAML 1.1 (Envoy, PyYAML) and 1.2.

Block style, keys in the order that they have. A text is quoted unless every reader takes it for a text.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/](?:[A-Za-z0-9_./@+-]*[A-Za-z0-9_/])?")
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_LONGEST_KEY = 1000
"""Readers give up on `key:` after 1,024 characters (YAML 1.2, section 7.4.2); `? key` has no bound."""
_NOT_PRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def dump(data: Any, comment: str = "") -> str:
    """A mapping or list as a YAML document that ends with a newline; ``comment`` lines go on top.

    Values are dict, list, tuple, str, int, float, bool and None; keys are str. Raises TypeError for anything else.
    """
    out = [f"# {line}\n" for line in comment.splitlines()]
    if isinstance(data, dict) and data:
        _mapping(data, 0, out)
    elif isinstance(data, (list, tuple)) and data:
        _list(data, 0, out)
    else:
        out.append(_scalar(data) + "\n")
    return "".join(out)


def _mapping(data: dict[str, Any], depth: int, out: list[str]) -> None:
    """Write the entries of a mapping; the first line's indent is there already where it follows a dash."""
    indent = "  " * depth
    for key, value in data.items():
        out.append(indent)
        _entry(key, value, depth, out)


def _entry(key: str, value: Any, depth: int, out: list[str]) -> None:
    name = _text(key)
    if len(name) > _LONGEST_KEY:
        name = f"? {name}\n{'  ' * depth}"
    if isinstance(value, dict) and value:
        out.append(f"{name}:\n")
        _mapping(value, depth + 1, out)
    elif isinstance(value, (list, tuple)) and value:
        out.append(f"{name}:\n")
        _list(value, depth, out)
    else:
        out.append(f"{name}: {_scalar(value)}\n")


def _list(data: list[Any] | tuple[Any, ...], depth: int, out: list[str]) -> None:
    """Write items with their dashes at the indent of what holds them."""
    indent = "  " * depth
    for item in data:
        if isinstance(item, dict) and item:
            first = True
            for key, value in item.items():
                out.append(f"{indent}- " if first else f"{indent}  ")
                _entry(key, value, depth + 1, out)
                first = False
        elif isinstance(item, (list, tuple)) and item:
            out.append(f"{indent}-\n")
            _list(item, depth + 1, out)
        else:
            out.append(f"{indent}- {_scalar(item)}\n")


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


@lru_cache(8192)
def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _NOT_PRINTED.sub(lambda m: f"\\u{ord(m.group()):04x}", quoted) if _NOT_PRINTED.search(quoted) else quoted
