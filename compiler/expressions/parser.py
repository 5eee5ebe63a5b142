"""Texts with ``${...}`` in them, and the expressions inside, by recursive descent with CEL's precedences.

``?:`` binds loosest, then ``||``, ``&&``, comparisons and ``in``, ``+``, ``!``, and members. Comparisons do not chain.
"""

from __future__ import annotations

from compiler.diagnostics import did_you_mean
from compiler.expressions.lexer import Refused, Token, tokens
from compiler.expressions.syntax import (
    Binary,
    Conditional,
    Each,
    Expression,
    Has,
    Index,
    Literal,
    Member,
    Name,
    Not,
    Operator,
    Problem,
    Size,
    Template,
)
from compiler.records import mutable

MAX_NESTING = 40
"""Parentheses, operators and members inside of each other."""
MAX_LENGTH = 64 * 1024
"""Code points of a scalar with expressions."""
MAX_PARTS = 200
_MAX_INDEX = 2**31 - 1
_COMPARISONS: dict[str, Operator] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "in": "in"}
_WORDS = {"and": "&&", "or": "||", "not": "!", "None": "null", "True": "true", "False": "false"}
RESERVED = frozenset(("true", "false", "null", "in", "has", "size"))


def parse(text: str) -> Template | Problem:
    """What a scalar's value says. Text without ``${`` is a template of itself alone; ``$${`` stands for ``${``."""
    parts: list[str | Expression] = []
    literal: list[str] = []
    at = 0
    try:
        while (found := text.find("${", at)) >= 0:
            if len(text) > MAX_LENGTH:
                raise Refused(f"a text of more than {MAX_LENGTH:,} characters", "shorten it", 0, 1)
            if found > at and text[found - 1] == "$":
                literal.append(text[at : found - 1] + "${")
                at = found + 2
                continue
            literal.append(text[at:found])
            if "".join(literal):
                parts.append("".join(literal))
            literal = []
            if len(parts) >= MAX_PARTS:
                raise Refused(f"a text with more than {MAX_PARTS // 2} expressions", "shorten it", found, found + 2)
            words = tokens(text, found + 2)
            parts.append(_whole(_Reader(words, found)))
            at = words[-1].end
    except Refused as refused:
        return refused.problem
    literal.append(text[at:])
    if "".join(literal) or not parts:
        parts.append("".join(literal))
    return Template(tuple(parts))


@mutable
class _Reader:
    """The words that are left, from the first; ``opened`` is where ``${`` stands."""

    words: list[Token]
    opened: int
    at: int = 0
    depth: int = 0

    @property
    def next(self) -> Token:
        return self.words[self.at]

    def take(self) -> Token:
        word = self.words[self.at]
        self.at += 1
        return word

    def sign(self, *signs: str) -> Token | None:
        """The next word if it is one of these signs; None otherwise, and nothing is taken."""
        return self.take() if self.next.kind == "sign" and self.next.text in signs else None

    def expect(self, sign: str, what: str) -> Token:
        word = self.sign(sign)
        if word is None:
            raise self.unexpected(f"`{sign}` is missing {what}", f"write `{sign}` here")
        return word

    def unexpected(self, message: str, help: str | None) -> Refused:
        word = self.next
        return Refused(message, help, word.start, word.end)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.unexpected(f"nested deeper than {MAX_NESTING} levels", "let the service do more")


def _whole(reader: _Reader) -> Expression:
    if len(reader.words) == 1:
        raise Refused(
            "`${}` has no expression in it", "write one, such as `${request.path.id}`", reader.opened, reader.next.end
        )
    made = _conditional(reader)
    word = reader.next
    if word.kind != "end":
        meant = _WORDS.get(word.text)
        help = f"write `{meant}`" if meant else "an operator may be missing before it"
        if word.text == "-":
            help = "there is no arithmetic; let the service compute it"
        elif word.text in _COMPARISONS:
            help = "comparisons do not chain; join two of them with `&&`"
        raise reader.unexpected(f"`{word.text}` does not belong here", help)
    return made


def _conditional(reader: _Reader) -> Expression:
    reader.deeper()
    test = _either(reader)
    if reader.sign("?"):
        then = _either(reader)
        reader.expect(":", "between the two values of `?`")
        otherwise = _conditional(reader)
        test = Conditional(test, then, otherwise, test.start, otherwise.end)
    reader.depth -= 1
    return test


def _either(reader: _Reader) -> Expression:
    left = _both(reader)
    while reader.sign("||"):
        right = _both(reader)
        left = Binary("||", left, right, left.start, right.end)
    return left


def _both(reader: _Reader) -> Expression:
    left = _compared(reader)
    while reader.sign("&&"):
        right = _compared(reader)
        left = Binary("&&", left, right, left.start, right.end)
    return left


def _compared(reader: _Reader) -> Expression:
    left = _joined(reader)
    operator = _COMPARISONS.get(reader.next.text) if reader.next.kind in ("sign", "name") else None
    if operator is None:
        return left
    reader.take()
    right = _joined(reader)
    return Binary(operator, left, right, left.start, right.end)


def _joined(reader: _Reader) -> Expression:
    left = _negated(reader)
    while reader.sign("+"):
        right = _negated(reader)
        left = Binary("+", left, right, left.start, right.end)
    return left


def _negated(reader: _Reader) -> Expression:
    word = reader.sign("!")
    if word is None:
        return _reached(reader)
    reader.deeper()
    of = _negated(reader)
    reader.depth -= 1
    return Not(of, word.start, of.end)


def _reached(reader: _Reader) -> Expression:
    """A value, and the members that are read of it."""
    made = _value(reader)
    steps = 0
    while True:
        steps += 1
        if steps > MAX_NESTING:
            raise reader.unexpected(f"nested deeper than {MAX_NESTING} levels", "let the service do more")
        if reader.sign("."):
            name = reader.next
            if name.kind != "name":
                raise reader.unexpected("a name is missing behind the point", "write `.name`, or `['any name']`")
            reader.take()
            made = (
                _called(reader, made, name)
                if reader.next.text == "(" and reader.next.kind == "sign"
                else _member(made, name)
            )
        elif reader.sign("["):
            index = reader.next
            if index.kind == "text":
                reader.take()
                made = Member(made, index.text, index.start, made.start, reader.expect("]", "behind the name").end)
            elif index.kind == "number" and index.text.isdigit() and len(index.text) < 10:
                reader.take()
                made = Index(made, int(index.text), made.start, reader.expect("]", "behind the index").end)
            else:
                raise reader.unexpected(
                    "an index must be a whole number or a quoted name", "write `[0]` or `['any name']`"
                )
        else:
            return made


def _member(of: Expression, name: Token) -> Member:
    return Member(of, name.text, name.start, of.start, name.end)


def _called(reader: _Reader, of: Expression, name: Token) -> Each:
    """``.map(x, e)`` or ``.filter(x, e)``."""
    if name.text not in ("map", "filter"):
        hint = did_you_mean(name.text, ("map", "filter")) or "lists have `map` and `filter`"
        raise Refused(f"there is no function `.{name.text}()`", hint, name.start, name.end)
    reader.take()
    variable = reader.next
    if variable.kind != "name" or variable.text in RESERVED:
        raise reader.unexpected(f"`{name.text}` begins with a variable", f"write `.{name.text}(x, x.id)`")
    reader.take()
    reader.expect(",", "behind the variable")
    body = _conditional(reader)
    end = reader.expect(")", f"at the end of `{name.text}`").end
    return Each("map" if name.text == "map" else "filter", of, variable.text, body, of.start, end)


def _value(reader: _Reader) -> Expression:
    word = reader.next
    if word.kind == "text":
        reader.take()
        return Literal(word.text, word.text, word.start, word.end)
    if word.kind == "number":
        reader.take()
        return _number(word.text, word.start, word.end)
    if word.kind == "sign" and word.text == "-" and reader.words[reader.at + 1].kind == "number":
        reader.take()
        number = reader.take()
        return _number("-" + number.text, word.start, number.end)
    if word.kind == "name":
        return _named(reader)
    if reader.sign("("):
        inner = _conditional(reader)
        reader.expect(")", "at the end of the parenthesis")
        return inner
    if word.text == "[":
        raise reader.unexpected("there are no lists in expressions", "write the list as YAML, or compare with `||`")
    if word.text == "-":
        raise reader.unexpected("`-` stands before numbers only", "there is no arithmetic; let the service compute it")
    raise reader.unexpected("a value is missing here", "write a name such as `request.path.id`, or a literal")


def _named(reader: _Reader) -> Expression:
    word = reader.take()
    if word.text in ("true", "false", "null"):
        value = {"true": True, "false": False, "null": None}[word.text]
        return Literal(value, word.text, word.start, word.end)
    if word.text in _WORDS:
        raise Refused(f"`{word.text}` does not belong here", f"write `{_WORDS[word.text]}`", word.start, word.end)
    if not reader.sign("("):
        return Name(word.text, word.start, word.end)
    if word.text not in ("has", "size"):
        hint = did_you_mean(word.text, ("has", "size")) or "there are `has` and `size`"
        raise Refused(f"there is no function `{word.text}()`", hint, word.start, word.end)
    of = _conditional(reader)
    end = reader.expect(")", f"at the end of `{word.text}`").end
    if word.text == "size":
        return Size(of, word.start, end)
    if not isinstance(of, (Member, Index, Name)):
        raise Refused("`has` asks for a field", "write `has(customer.body.card)`", of.start, of.end)
    return Has(of, word.start, end)


def _number(text: str, start: int, end: int) -> Literal:
    whole = not any(sign in text for sign in ".eE")
    digits = text.removeprefix("-")
    if len(text) > 40:
        raise Refused("a number of more than 40 characters", "shorten it", start, end)
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        raise Refused(f"`{text}` begins with a zero", "write it without, or quote it as a text", start, end)
    value = int(text) if whole else float(text)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise Refused(f"`{text}` is too large a number", "shorten it", start, end)
    return Literal(value, text, start, end)
