"""What an expression is once it is read. Offsets are code points of the scalar's value; ends are exclusive.

The language is a subset of CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md) without arithmetic,
macros but `has`, `map` and `filter`, and functions but `size`.
"""

from __future__ import annotations

from typing import Literal as OneOf

from compiler.records import frozen


@frozen
class Literal:
    """A text, a number, ``true``, ``false`` or ``null``. A number keeps the digits that were written."""

    value: str | int | float | bool | None
    text: str
    """For a number, as it is written; for a text, the text."""
    start: int
    end: int


@frozen
class Name:
    """A root: ``request``, ``item``, a step, or the variable of a ``map`` or ``filter``."""

    name: str
    start: int
    end: int


@frozen
class Member:
    """``of.name``, or ``of['name']``; ``at`` is where the name begins."""

    of: Expression
    name: str
    at: int
    start: int
    end: int


@frozen
class Index:
    """``of[2]``: an element of a list."""

    of: Expression
    index: int
    start: int
    end: int


@frozen
class Has:
    """Whether what is read is there and not null, and all that it is read through."""

    of: Member | Index | Name
    start: int
    end: int


@frozen
class Size:
    """How many code points a text has, or elements a list."""

    of: Expression
    start: int
    end: int


@frozen
class Not:
    """``!of``."""

    of: Expression
    start: int
    end: int


Operator = OneOf["==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "+"]


@frozen
class Binary:
    """Two values and what stands between them."""

    operator: Operator
    left: Expression
    right: Expression
    start: int
    end: int


@frozen
class Conditional:
    """``test ? then : otherwise``."""

    test: Expression
    then: Expression
    otherwise: Expression
    start: int
    end: int


@frozen
class Each:
    """``of.map(variable, body)`` or ``of.filter(variable, body)``."""

    kind: OneOf["map", "filter"]
    of: Expression
    variable: str
    body: Expression
    start: int
    end: int


Expression = Literal | Name | Member | Index | Has | Size | Not | Binary | Conditional | Each


@frozen
class Template:
    """A scalar with expressions in it: texts and expressions in their order, neither two texts in a row nor empty ones.

    One that is a single expression keeps the value's type; any other is a text.
    """

    parts: tuple[str | Expression, ...]

    @property
    def single(self) -> Expression | None:
        """The expression that the whole scalar is, if it is one."""
        return self.parts[0] if len(self.parts) == 1 and not isinstance(self.parts[0], str) else None


@frozen
class Problem:
    """What is wrong with an expression, and where in the scalar's value."""

    message: str
    help: str | None
    start: int
    end: int
    rule: str = "schema"
