"""All checks on aggregators, which are loaded only for a project that has one."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with the aggregators of a project."""
    if not workspace.project.aggregators:
        return
    from compiler.checks.aggregators import deadlines, sequences, statuses, types

    for part in (types, deadlines, sequences, statuses):
        yield from part.check(workspace)
