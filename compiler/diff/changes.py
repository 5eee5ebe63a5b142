"""A change between two revisions, and the order in which changes are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from compiler.compat.changes import LEVELS, Level
from compiler.records import frozen
from compiler.source import Span


@frozen
class Change:
    """One change of one deployable, with all operations that it reaches."""

    level: Level
    rule: str
    """A stable name in kebab case; :mod:`compiler.diff.catalog` has a sentence for each."""
    deployable: str | None
    """``gateway/public`` or ``edge/mobile``; None for what concerns the project as a whole."""
    message: str
    """One sentence, without its full stop."""
    clients: tuple[str, ...]
    """Whom it reaches, sorted: deployables by the same names."""
    operations: tuple[str, ...] = ()
    """``GET /v2/orders/{id}``, as clients call them, sorted; empty where it is not about operations."""
    everywhere: bool = False
    """Whether these are all operations of the deployable."""
    weakened: bool = False
    """Whether something is protected less than before. Such a change is never safe."""
    owner: str | None = None
    """Who answers for the contract that changed, where the project says so."""
    where: Span | None = field(default=None, compare=False, repr=False)
    """The line of the new revision that causes it."""
    was: Span | None = field(default=None, compare=False, repr=False)
    """The place in the old revision, where the new one has none."""

    @property
    def operation(self) -> str | None:
        """The operation, where it is about one."""
        return self.operations[0] if len(self.operations) == 1 else None


@frozen
class Difference:
    """All changes, breaking first, and those of the rendered files by deployable, if they were asked for."""

    changes: tuple[Change, ...]
    artifacts: Mapping[str, Any] | None = None

    def count(self, level: Level) -> int:
        """How many changes are of a level."""
        return sum(change.level == level for change in self.changes)


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Breaking first; among those weakened protection first; then by deployable, rule, operations and message."""
    return tuple(sorted(changes, key=_order))


def _order(change: Change) -> tuple[object, ...]:
    place = str(change.where) if change.where is not None else ""
    return (
        LEVELS.index(change.level),
        not change.weakened,
        change.deployable or "",
        change.rule,
        change.operations,
        change.message,
        place,
    )
