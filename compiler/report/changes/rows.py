"""What formats of one place an entry show: a change, its place, and all that is to be said in one text."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.compat.changes import Change, Comparison
from compiler.report.changes.text import operations, witness
from compiler.source import Span


def rows(comparison: Comparison) -> Iterator[tuple[Change, Span, str]]:
    """Each change with its place in the newer document, or in the older one where it has none there."""
    for change in comparison.changes:
        node = change.revision or change.base
        if node is not None:
            reach = f" ({operations(change)})" if change.operations else ""
            shows = witness(change)
            yield change, node.span(key=True), change.message + reach + (f"; shown by {shows}" if shows else "")
