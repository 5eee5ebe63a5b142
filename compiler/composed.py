"""Aggregates in the neutral plan: what is called with what, in which order, and the answer that is made of it.

All is resolved and judged: names are those of steps, of ``request``, of ``item`` and of variables; types were checked.
Durations are milliseconds, sizes bytes.
"""

from __future__ import annotations

from typing import Literal

from compiler.expressions.syntax import Expression
from compiler.paths import PathTemplate
from compiler.records import frozen
from compiler.source import Span


@frozen
class Constant:
    """A value that is always the same; ``json`` is its text, without white space."""

    json: str


@frozen
class Computed:
    """The value of an expression, with its type."""

    expression: Expression


@frozen
class Joined:
    """A text of texts and of expressions, whose values are written out."""

    parts: tuple[str | Expression, ...]


@frozen
class ObjectOf:
    """An object; a field whose value is absent is left out."""

    fields: tuple[tuple[str, Composed], ...]


@frozen
class ListOf:
    """A list."""

    items: tuple[Composed, ...]


Composed = Constant | Computed | Joined | ObjectOf | ListOf

Kind = Literal["object", "array", "string", "integer", "number", "boolean", "null"]


@frozen
class Relied:
    """A value in a step's answer that the composition reads: it must be of one of these JSON types.

    ``path`` leads there from the body; ``*`` stands for each element of a list. ``absent`` where it need not be there.
    """

    path: tuple[str | int, ...]
    kinds: tuple[Kind, ...]
    absent: bool


@frozen
class Parameter:
    """What a client sends, as ``request.<place>.<name>``."""

    place: Literal["path", "query", "headers"]
    name: str
    kinds: tuple[Kind, ...]
    required: bool


@frozen
class Balanced:
    """A cluster by name, its share of the calls, and what stands before the path there, where that is its own."""

    cluster: str
    weight: int
    prepend: str | None = None


@frozen
class StepCall:
    """One step. Its path is ``prepend`` and then ``path``, whose parameters ``path_inputs`` gives."""

    name: str
    contract: str
    version: str
    operation: str
    targets: tuple[Balanced, ...]
    method: str
    prepend: str
    path: PathTemplate
    path_inputs: tuple[tuple[str, Composed], ...]
    query: tuple[tuple[str, Composed], ...]
    """Parameters whose value is absent or null are left out."""
    headers: tuple[tuple[str, Composed], ...]
    body: Composed | None
    good: tuple[str, ...]
    """Statuses with which the step succeeds: ``200``, or ``2XX`` for all of them."""
    timeout: int
    """Of one try."""
    retries: int
    max_body: int
    after: tuple[str, ...]
    """Steps that must have ended before."""
    when: Expression | None
    for_each: Expression | None
    max: int
    """The most elements of ``for_each``."""
    cut: bool
    """Whether more elements are left out, rather than a failure."""
    concurrency: int
    optional: bool
    fallback: str
    """The JSON that stands for the body of a step that failed or was skipped."""
    relied: tuple[Relied, ...]


@frozen
class Aggregate:
    """An aggregator. ``steps`` stand behind those that they wait for."""

    name: str
    contract: str
    version: str
    operation: str
    deadline: int
    max_concurrent: int | None
    max_body: int
    forward: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    takes_body: bool
    body_required: bool
    steps: tuple[StepCall, ...]
    status: int
    headers: tuple[tuple[str, str], ...]
    body: Composed
    where: Span
