"""How one side reads a schema, and what the engine answers."""

from __future__ import annotations

from typing import Any, Literal

from compiler.contracts.fits import Judge, said
from compiler.contracts.refs import Node, Scope
from compiler.diagnostics import Finding
from compiler.records import frozen

Dialect = Literal["3.0", "3.1"]
Direction = Literal["request", "response"]
Key = tuple[int, tuple[str | int, ...], bool, bool]


@frozen(eq=False)
class View:
    """A schema as one side reads it.

    In ``direction``, properties that do not travel (``readOnly`` in requests, ``writeOnly`` in responses) do not count.
    A ``sender`` is held to its own document: what it does not declare it does not send, unless ``additionalProperties``
    or ``patternProperties`` is written out. ``dialect`` decides how bounds, ``nullable`` and the neighbours of ``$ref``
    are read; draft 4 reads as 3.0.
    """

    node: Node
    scope: Scope
    dialect: Dialect
    direction: Direction | None = None
    sender: bool = False

    def at(self, *steps: str | int) -> View:
        """The same side's view of a schema below this one."""
        node = self.node
        for step in steps:
            node = node[step]
        return View(node, self.scope, self.dialect, self.direction, self.sender)

    def target(self) -> View | None:
        """What a ``$ref`` leads to; None where it leads nowhere."""
        led = self.scope.target(self.node)
        return None if isinstance(led, Finding) else View(led, self.scope, self.dialect, self.direction, self.sender)

    @property
    def key(self) -> Key:
        """The same for every route to the same schema, as this side reads it."""
        return (id(self.node.document), self.node.path, self.sender, self.direction == "request")

    def accepts(self, value: Any) -> bool | None:
        """Whether a value satisfies the schema; None where that takes too long to say. Formats are annotations."""
        judge = Judge(self.scope, self.dialect, self.direction, steps=5_000)
        found = judge.fits(self.node, value)
        return found if judge.steps >= 0 else None

    def stays(self, schema: View) -> bool:
        """Whether a property of that schema does not travel in this direction."""
        flag = "readOnly" if self.direction == "request" else "writeOnly"
        return self.direction is not None and said(self.scope, schema.node, flag)


@frozen
class Contained:
    """Every document of the one is one of the other."""


@frozen
class NotContained:
    """``witness`` is a document that the inner schema accepts and the outer one refuses."""

    witness: Any


@frozen
class Unknown:
    """It could not be decided, or not in bounded work; ``reason`` says why, as the end of a sentence."""

    reason: str


Verdict = Contained | NotContained | Unknown
