"""Plain data to YAML text: always the same bytes, read alike by YAML 1.1 (Envoy, PyYAML) and 1.2.

Block style but for a ``Line``, keys in the order that they have. A text is quoted unless every reader takes it for one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from json.encoder import JSONEncoder, encode_basestring
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/](?:[A-Za-z0-9_./@+-]*[A-Za-z0-9_/])?")
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_LONGEST_KEY = 1000
"""Readers give up on `key:` after 1,024 characters (YAML 1.2, section 7.4.2); `? key` has no bound."""
_SHALLOW = 24
_NOT_PRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class Line(str):
    """A value that is printed on one line: its JSON, which is YAML, too."""

    __slots__ = ()


_ENCODE = JSONEncoder(ensure_ascii=False).encode


def line(data: Any) -> Line:
    """Plain data to stand on one line, whatever is printed around it. Made once, it may stand in many places.

    Its numbers are whole: how JSON writes others, YAML 1.1 may read as a text.
    """
    return Line(_printable(_ENCODE(data)))


def as_json(data: Any) -> str:
    """Plain data as JSON, in which a ``Line`` is what it was made of."""
    if isinstance(data, Line):
        return data
    if isinstance(data, dict):
        return "{" + ",".join(f"{_ENCODE(key)}:{as_json(value)}" for key, value in data.items()) + "}"
    if isinstance(data, (list, tuple)):
        return "[" + ",".join(as_json(item) for item in data) + "]"
    return _ENCODE(data)


def dump(data: Any) -> str:
    """A mapping or list as a YAML document that ends with a newline; see ``encoded``."""
    return encoded(data).decode()


def encoded(data: Any) -> bytes:
    """A mapping or list as a YAML document in UTF-8 that ends with a newline.

    Values are dict, list, tuple, str, int, float, bool and None; keys are str. Raises TypeError for anything else.
    """
    out = _Out()
    if isinstance(data, dict) and data:
        _mapping(data, "", "", out)
    elif isinstance(data, (list, tuple)) and data:
        _list(data, "", out)
    else:
        out.append(_scalar(data) + "\n")
    return out.finish()


class _Out(list[str]):
    """Pieces of text, which become bytes now and then: kept to the end they would take several times the memory."""

    __slots__ = ("done",)
    _MANY = 8192

    def __init__(self) -> None:
        super().__init__()
        self.done = BytesIO()

    def flush_many(self) -> None:
        if len(self) > self._MANY:
            self.done.write("".join(self).encode())
            self.clear()

    def finish(self) -> bytes:
        self.done.write("".join(self).encode())
        return self.done.getvalue()


def _mapping(data: dict[str, Any], first: str, indent: str, out: list[str]) -> None:
    """Write the entries of a mapping; ``first`` stands before the first one, where a dash may be."""
    for key, value in data.items():
        name = _text(key)
        if len(name) > _LONGEST_KEY:
            name = f"? {name}\n{indent}"
        kind = type(value)
        if kind is str:
            out.append(f"{first}{name}: {_text(value)}\n")
        elif kind is Line:
            out.append(f"{first}{name}: {value}\n")
        elif value and (kind is dict or isinstance(value, dict)):
            out.append(f"{first}{name}:\n")
            below = indent + "  "
            _mapping(value, below, below, out)
        elif value and isinstance(value, (list, tuple)):
            out.append(f"{first}{name}:\n")
            _list(value, indent, out)
        else:
            out.append(f"{first}{name}: {_scalar(value)}\n")
        first = indent
    if len(indent) <= _SHALLOW and type(out) is _Out:
        out.flush_many()


def _list(data: list[Any] | tuple[Any, ...], indent: str, out: list[str]) -> None:
    """Write items with their dashes at the indent of what holds them."""
    for item in data:
        if item and isinstance(item, dict):
            _mapping(item, indent + "- ", indent + "  ", out)
        elif item and isinstance(item, (list, tuple)):
            out.append(f"{indent}-\n")
            _list(item, indent + "  ", out)
        else:
            out.append(f"{indent}- {_scalar(item)}\n")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if isinstance(value, Line) else _text(value)
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
    return _printable(encode_basestring(value))


def quoted(text: str) -> str:
    """A text in quotes, as it stands in a ``Line``."""
    return _printable(encode_basestring(text))


def _printable(text: str) -> str:
    """JSON text without characters that a YAML reader may refuse or take for the end of a line."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _NOT_PRINTED.sub(lambda m: f"\\u{ord(m.group()):04x}", text) if _NOT_PRINTED.search(text) else text
