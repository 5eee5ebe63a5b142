"""What requests are held against, in the neutral plan: parameters, bodies, and the schemas of both as plain tables.

Schemas refer to each other and to patterns by number, so that recursion costs nothing and each stands there once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from compiler.composed import Kind
from compiler.records import frozen

Style = Literal["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "json"]
"""How a value is written as a parameter (OpenAPI 3.1, section 4.8.12.3); ``json`` where it has a ``content``."""


@frozen
class Reading:
    """As which JSON types a parameter's text may be read: itself, its elements, its fields; None where it has none."""

    scalar: tuple[Kind, ...] | None
    elements: tuple[Kind, ...] | None
    fields: tuple[tuple[str, tuple[Kind, ...]], ...] | None


@frozen
class ParameterCheck:
    """A parameter. Headers' names are in lower case."""

    place: Literal["path", "query", "header", "cookie"]
    name: str
    required: bool
    may_be_empty: bool
    style: Style
    explode: bool
    reading: Reading
    schema: int | None


@frozen
class BodyCheck:
    """A body: the media types that the contract declares, each with the schema of its JSON where it is JSON."""

    required: bool
    media: tuple[tuple[str, int | None], ...]


@frozen
class RequestCheck:
    """What the requests of one operation are held against."""

    parameters: tuple[ParameterCheck, ...]
    body: BodyCheck | None


@frozen
class Automaton:
    """A deterministic automaton over code points, which begins in state 0 and reads a text to its end.

    ``starts`` are the code points at which a class of characters begins, each with its number in ``classes``;
    ``steps`` gives the next state by state and class, -1 where the text is lost.
    """

    starts: tuple[int, ...]
    classes: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    good: frozenset[int]


@frozen
class RequestTables:
    """The schemas and patterns of all checks of a deployable. docs/payload-plan.md says what a schema may hold."""

    schemas: tuple[Mapping[str, Any], ...] = ()
    patterns: tuple[Automaton, ...] = ()


NOTHING_ASKED = RequestTables()
"""Where no request is held against anything."""
