"""Pairs of things to compare, each compared once, and what was found at each.

Pairs are the nodes of a graph: an operation leads to its bodies, a body to its schema, a schema to those of its
properties. The operations that a change reaches are those from which its pair can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Any, Literal

from compiler.compat.catalog import LEVEL_OF
from compiler.compat.changes import ABSENT, Change, Direction, Level
from compiler.compat.sameness import Sameness
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.contracts.versions import Bump
from compiler.records import frozen, mutable

Flow = Literal["request", "response"]
"""Which way data goes: to the API's provider, or from it."""


@frozen
class Found:
    """A change before it is known whom it reaches."""

    level: Level
    rule: str
    direction: Direction
    base: Node | None
    revision: Node | None
    message: str
    witness: Any
    bump: Bump


@mutable(eq=False)
class Pair:
    """Two things that are compared: what was found, what lies below, and who reaches it, a bit an operation."""

    found: list[Found] = field(default_factory=list)
    below: list[Pair] = field(default_factory=list)
    reached: int = 0

    def add(
        self,
        rule: str,
        direction: Direction,
        base: Node | None,
        revision: Node | None,
        message: str,
        *,
        level: Level | None = None,
        witness: Any = ABSENT,
    ) -> None:
        """Note a change; its level is the rule's own unless another one is given."""
        level = level or LEVEL_OF[rule]
        bump: Bump = "major" if level == "breaking" else "minor"
        self.found.append(Found(level, rule, direction, base, revision, message, witness, bump))


@mutable
class Comparing:
    """One comparison: both documents, what is known to be the same in them, and the pairs that were met."""

    base: Api
    revision: Api
    enum_values_added: Level
    same: Sameness
    pairs: dict[tuple[Any, ...], Pair] = field(default_factory=dict)
    waiting: list[tuple[Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    """Values that were made here: pairs go by identities, which must not be given out again."""

    def pair(self, key: tuple[Any, ...], compare: Callable[..., None], *arguments: Any) -> Pair:
        """The pair of a key, which is going to be compared if it was not met before."""
        known = self.pairs.get(key)
        if known is None:
            known = self.pairs[key] = Pair()
            self.kept.append(arguments)
            self.waiting.append((compare, (self, known, *arguments)))
        return known

    def finish(self) -> None:
        """Compare all that waits, and what that brings up."""
        while self.waiting:
            compare, arguments = self.waiting.pop()
            compare(*arguments)


def reached(roots: Iterable[Pair]) -> None:
    """Hand on to each pair who reaches it."""
    waiting = list(roots)
    while waiting:
        pair = waiting.pop()
        for inner in pair.below:
            if inner.reached | pair.reached != inner.reached:
                inner.reached |= pair.reached
                waiting.append(inner)


def changes(pairs: Iterable[Pair], names: list[str]) -> Iterator[Change]:
    """What was found, one entry for one change; ``names`` are the operations by their bits."""
    merged: dict[tuple[Any, ...], tuple[Found, int]] = {}
    for pair in pairs:
        for found in pair.found:
            places = tuple(node and node.identity for node in (found.base, found.revision))
            key = (found.rule, found.level, found.direction, places, found.message)
            merged[key] = (found, merged.get(key, (found, 0))[1] | pair.reached)
    operations: dict[int, tuple[str, ...]] = {}
    for found, mask in merged.values():
        if mask not in operations:
            operations[mask] = tuple(sorted({names[bit] for bit in _bits(mask)}))
        yield Change(
            found.level,
            found.rule,
            found.direction,
            operations[mask],
            found.base,
            found.revision,
            found.message,
            found.witness,
            found.bump,
        )


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
