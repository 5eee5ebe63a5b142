"""Is every document that one schema accepts accepted by another?

``contained`` answers *contained*, *not contained* with a document that shows it, or *unknown*; never a wrong
*contained*. It looks at what schemas mean: how they are written plays no part.
"""

from __future__ import annotations

from typing import Any

from compiler.compat.schemas.engine import Search, SpentError
from compiler.compat.schemas.views import Contained, Dialect, Direction, NotContained, Unknown, Verdict, View

__all__ = ["Contained", "Dialect", "Direction", "NotContained", "Unknown", "Verdict", "View", "contained"]

BUDGET = 6_000
"""Branches that one question may open: some tens of milliseconds."""


def contained(inner: View, outer: View, *, budget: int = BUDGET) -> Verdict:
    """Whether every document that ``inner`` accepts is accepted by ``outer``, in bounded work.

    A witness was judged: ``inner`` accepts it and ``outer`` refuses it, formats aside, as those are annotations.
    """
    search = Search(budget)
    try:
        found = search.some([inner], [outer])
    except (SpentError, RecursionError):
        return Unknown("the schemas are too involved")
    if found is None:
        return Contained()
    for value in found:
        if is_witness(inner, outer, value):
            return NotContained(value)
    return Unknown("no document could be found that tells them apart, nor a reason why there is none")


def is_witness(inner: View, outer: View, value: Any) -> bool:
    """Whether the one schema surely accepts a document and the other surely refuses it."""
    return inner.accepts(value) is True and outer.accepts(value) is False
