"""One pass over an OpenAPI document: what was found wrong so far, and which objects still wait to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol

from compiler.contracts.refs import MAX_CHAIN, Absent, LeadsNowhere, Node, Scope
from compiler.diagnostics import Finding, Note
from compiler.records import frozen, mutable

MAX_FINDINGS = 50
"""Of one document at most so many defects are shown; the rest is counted."""
MAX_DEPTH = 150
"""A document nested deeper than this is refused, so that all later walks over it may recurse."""

_MOST_NOTES = 3

Run = Callable[["Walk", Node], None]
Shape = Mapping[str, Any] | bool
"""A JSON Schema (2020-12); its references lead to the definitions of :mod:`compiler.contracts.sound`."""


class Check(Protocol):
    """What a value must be. Called, it notes what is wrong.

    Where ``shape`` holds, the call surely finds nothing wrong but what takes more than one place into view; ``False``
    where no schema can say so.
    """

    @property
    def shape(self) -> Shape: ...

    def __call__(self, walk: Walk, node: Node, /) -> None: ...


@frozen
class Plain:
    """A check that is a function."""

    run: Run
    shape: Shape

    def __call__(self, walk: Walk, node: Node, /) -> None:
        self.run(walk, node)


def shaped(shape: Shape) -> Callable[[Run], Plain]:
    """Makes a check of a function."""
    return lambda run: Plain(run, shape)


@mutable
class Walk:
    """One pass. ``visited`` holds the referenced objects that were looked at, so that each is looked at once."""

    scope: Scope
    dialect: str = "3.1"
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Defects beyond MAX_FINDINGS."""
    visited: set[tuple[str, str, tuple[str | int, ...]]] = field(default_factory=set)
    waiting: list[tuple[Run, Node]] = field(default_factory=list)
    meant: set[Absent] = field(default_factory=set)
    """What misspelt keys were meant to be, where they stand: references that miss just that need not be told."""
    nowhere: dict[Absent, list[Finding]] = field(default_factory=dict)
    """References that lead to nothing, by what is not there."""

    def wrong(
        self,
        node: Node,
        message: str,
        help: str | None = None,
        *,
        key: bool = False,
        other: tuple[str, Node] | None = None,
    ) -> None:
        """Note a defect at a node, or at its key; ``other`` is a second place with what to say of it."""
        if len(self.findings) < MAX_FINDINGS:
            notes = (Note(other[0], other[1].span(key=True)),) if other else ()
            self.found(Finding("openapi-invalid", message, node.span(key=key), help, notes))
        else:
            self.more += 1

    def found(self, finding: Finding) -> None:
        """Note a finding that somebody else made; what was noted already, on another way to it, is not said again."""
        if isinstance(finding, LeadsNowhere):
            alike = self.nowhere.setdefault(finding.absent, [])
            if finding not in alike[:MAX_FINDINGS]:
                alike.append(finding)
        elif len(self.findings) >= MAX_FINDINGS:
            self.more += 1
        elif finding not in self.findings:
            self.findings.append(finding)

    def mapping(self, node: Node, what: str) -> bool:
        """Whether the node is a mapping at a bearable depth; notes a defect where it is none."""
        if isinstance(node.value, dict):
            if len(node.path) > MAX_DEPTH:
                self.wrong(node, f"nested deeper than {MAX_DEPTH} levels", "name the inner parts under `components`")
                return False
            return True
        self.wrong(node, f"{what} must be a mapping", key=True)
        return False

    def listed(self, node: Node, what: str) -> bool:
        """Whether the node is a list; notes a defect where it is none."""
        if isinstance(node.value, list):
            return True
        self.wrong(node, f"{what} must be a list", key=True)
        return False

    def first_visit(self, kind: str, node: Node) -> bool:
        """Whether a referenced object is seen for the first time as this kind of thing."""
        visit = (kind, *node.identity)
        if visit in self.visited:
            return False
        self.visited.add(visit)
        return True

    def follow(self, node: Node) -> Node | None:
        """The object behind a chain of references; None, with a defect noted, where it leads nowhere or in a circle."""
        start = node
        for _ in range(MAX_CHAIN):
            if not isinstance(node.value, dict) or "$ref" not in node.value:
                return node
            if not isinstance(node.value["$ref"], str):
                self.wrong(node["$ref"], "`$ref` must be a text")
                return None
            target = self.scope.target(node)
            if isinstance(target, Finding):
                self.found(target)
                return None
            node = target
        self.wrong(start["$ref"], "this reference leads back to itself", "point it at what is meant")
        return None

    def referable(self, node: Node, kind: str, check: Run) -> Node | None:
        """Check an object, or what a reference in its place leads to (once); gives it, or None where it is broken."""
        target = self.follow(node)
        if target is None:
            return None
        if target is node:
            check(self, node)
        elif self.first_visit(kind, target):
            self.waiting.append((check, target))
        return target

    def finish(self) -> None:
        """Look at all that waits, and at what that brings up."""
        while self.waiting:
            check, node = self.waiting.pop()
            check(self, node)
        for absent, alike in self.nowhere.items():
            if absent not in self.meant:
                self.found(_folded(sorted(alike, key=lambda f: (f.where.source.name, f.where.start))))


def _folded(alike: list[Finding]) -> Finding:
    """One finding for references that miss the same: at the first, with notes for some of the others."""
    first, *others = alike
    shown, more = others[:_MOST_NOTES], len(others) - _MOST_NOTES
    says = ["refers to it too"] * len(shown)
    if more > 0:
        says[-1] += f", and so do {more} more" if more > 1 else ", and so does one more"
    notes = (Note(said, other.where) for said, other in zip(says, shown, strict=True))
    return Finding(first.rule, first.message, first.where, first.help, tuple(notes))
