"""Changes of a contract: what each says, and the order in which they are said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import Enum
from typing import Any, Final, Literal

from compiler.contracts.refs import Node, pointer_text
from compiler.contracts.versions import BUMPS, Bump
from compiler.records import frozen

Level = Literal["breaking", "risky", "safe"]
Direction = Literal["request", "response", "api"]

LEVELS: Final[tuple[Level, ...]] = ("breaking", "risky", "safe")
"""Worst first."""


class Absent(Enum):
    """A type of one value: there is no witness. JSON's null is a witness like others."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@frozen
class Change:
    """One change of one thing, with all operations that it reaches."""

    level: Level
    rule: str
    """A stable name in kebab case; :mod:`compiler.compat.catalog` has a sentence for each."""
    direction: Direction
    """Which way the data flows that it is about; ``api`` where it is about no data."""
    operations: tuple[str, ...]
    """``GET /orders/{id}``, sorted; empty where it concerns all of the API."""
    base: Node | None = field(repr=False)
    """The place in the older document, where there is one."""
    revision: Node | None = field(repr=False)
    message: str
    """One sentence, without its full stop."""
    witness: Any = ABSENT
    """A JSON value that is accepted on one side only; ABSENT where there is none to show."""
    bump: Bump = "minor"
    """The step that it needs from 1.0.0 on."""

    @property
    def base_pointer(self) -> str | None:
        """The JSON pointer of the place in the older document."""
        return None if self.base is None else pointer_text(self.base.path)

    @property
    def revision_pointer(self) -> str | None:
        """The JSON pointer of the place in the newer document."""
        return None if self.revision is None else pointer_text(self.revision.path)


@frozen
class Comparison:
    """What changed, breaking first, and the step that all of it needs from 1.0.0 on."""

    changes: tuple[Change, ...]
    bump: Bump


def below_one(bump: Bump) -> Bump:
    """The step that the same changes need below 1.0.0: one less, so that 0.4.0 may break what worked with 0.3.9."""
    return "none" if bump == "none" else BUMPS[max(1, BUMPS.index(bump) - 1)]


def compared(changes: Iterable[Change]) -> Comparison:
    """Changes in their order, and the largest step among them."""
    ordered = tuple(sorted(changes, key=order))
    return Comparison(ordered, max((change.bump for change in ordered), key=BUMPS.index, default="none"))


def order(change: Change) -> tuple[int, str, str, str, str, str, tuple[str, ...]]:
    """Breaking first; then by rule and by place."""
    return (
        LEVELS.index(change.level),
        change.rule,
        change.direction,
        change.revision_pointer or "",
        change.base_pointer or "",
        change.message,
        change.operations,
    )
