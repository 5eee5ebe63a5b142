"""The part of the plan that changes of JSON bodies come to. All is resolved and judged; sizes are bytes."""

from __future__ import annotations

from typing import Literal

from compiler.composed import Composed, Parameter
from compiler.records import frozen


@frozen
class FieldChange:
    """What becomes of a field: it is left out, or bears ``name`` (its own or another), changed within by ``tree``."""

    own: str
    name: str | None
    """None where it is left out."""
    tree: Tree | None


@frozen
class Tree:
    """What becomes of an object, and of each object of a list; any other value stays.

    Fields that are not named stay, or with ``only`` are left out. ``put`` are put in behind them; those whose value is
    absent are not. No two fields of the result bear one name.
    """

    only: bool
    fields: tuple[FieldChange, ...]
    """By their own names, sorted."""
    put: tuple[tuple[str, Composed], ...]
    """By name, sorted."""


@frozen
class Shape:
    """What becomes of the bodies of a route: of its answers, and of its requests."""

    tree: Tree | None
    """The changes of a good answer; None where it stays as it is."""
    errors: Literal["replace", "pass"]
    """Whether the bodies of other answers are replaced by problems with the status alone."""
    max_body: int
    """The largest body that is changed."""
    max_response: int | None
    """The largest body that is sent."""
    parameters: tuple[Parameter, ...] = ()
    """What the client sends, where what is put in depends on it."""
    request: Tree | None = None
    """The changes of a request's JSON body, by the client's names; None where it stays as it is."""

    @property
    def changes(self) -> bool:
        """Whether it changes a body, rather than only bound it."""
        return self.tree is not None or self.request is not None
