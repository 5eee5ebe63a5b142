"""The words of an expression, up to the brace that closes it."""

from __future__ import annotations

import re
from typing import Literal

from compiler.expressions.syntax import Problem
from compiler.records import frozen

Kind = Literal["name", "number", "text", "sign", "end"]
MAX_TOKENS = 300
"""Words of one expression."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|&&|\|\||[<>!?:.,()\[\]+}-])
      | (?P<quote>["'])""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[^\\\"'\r\n]+")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?"}
_HEX = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})")
_HINTS = {
    "=": "write `==` to compare",
    "&": "write `&&`",
    "|": "write `||`",
    "*": "there is no arithmetic; let the service compute it",
    "/": "there is no arithmetic; let the service compute it",
    "%": "there is no arithmetic; let the service compute it",
    "{": "there are no maps in expressions; write the object as YAML, with an expression for each value",
    "$": "names stand without `$` inside of `${...}`",
}


@frozen
class Token:
    """A word; ``text`` is what it says, so without quotes and escapes."""

    kind: Kind
    text: str
    start: int
    end: int


class Refused(Exception):
    """Reading cannot go on; carries the problem that says why."""

    def __init__(self, message: str, help: str | None, start: int, end: int) -> None:
        super().__init__(message)
        self.problem = Problem(message, help, start, end)


def tokens(text: str, at: int) -> list[Token]:
    """The words from ``at``, which is behind ``${``, up to the closing brace, which is the last one, of kind ``end``.

    Raises Refused.
    """
    opened = at
    found: list[Token] = []
    while True:
        if at >= len(text):
            raise Refused(
                "`${` is not closed", "end it with `}`; a `${` that is meant as text is `$${`", opened - 2, at
            )
        match = _TOKEN.match(text, at)
        if match is None:
            sign = text[at]
            raise Refused(f"`{sign}` does not belong into an expression", _HINTS.get(sign), at, at + 1)
        kind = match.lastgroup
        if kind == "quote":
            token = _text(text, at)
        elif kind == "space":
            at = match.end()
            continue
        elif match.group() == "}":
            found.append(Token("end", "}", at, at + 1))
            return found
        else:
            token = Token(kind, match.group(), at, match.end())  # type: ignore[arg-type]
        if len(found) >= MAX_TOKENS:
            raise Refused(f"an expression of more than {MAX_TOKENS} words", "let the service do more", opened - 2, at)
        found.append(token)
        at = token.end


def _text(text: str, start: int) -> Token:
    quote = text[start]
    parts: list[str] = []
    at = start + 1
    while at < len(text):
        sign = text[at]
        if sign == quote:
            return Token("text", "".join(parts), start, at + 1)
        if sign == "\\":
            after = text[at + 1 : at + 2]
            code = _HEX.match(text, at + 1)
            if after in _ESCAPES and after:
                parts.append(_ESCAPES[after])
                at += 2
            elif code is not None and _is_character(number := int(code.group()[1:], 16)):
                parts.append(chr(number))
                at = code.end()
            else:
                raise Refused(f"`\\{after}` is no escape", "write `\\\\` for a backslash", at, at + 2)
        elif sign in "\r\n":
            break
        elif sign in "\"'":
            parts.append(sign)
            at += 1
        else:
            plain = _PLAIN.match(text, at)
            assert plain is not None
            parts.append(plain.group())
            at = plain.end()
    raise Refused("a text is not closed", f"end it with `{quote}`", start, at)


def _is_character(number: int) -> bool:
    return number < 0xD800 or 0xDFFF < number < 0x110000
