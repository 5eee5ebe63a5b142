"""The checks: one file each, a function from workspace to findings. ``CHECKS`` is all there are, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compiler.checks import (
    coherence,
    lifetimes,
    listeners,
    references,
    routes,
    secrets,
    timeouts,
    unbuilt,
    unused,
    weights,
)
from compiler.diagnostics import Finding
from compiler.workspace import Workspace

Check = Callable[[Workspace], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    references.check,
    unbuilt.check,
    coherence.check,
    lifetimes.check,
    routes.check,
    timeouts.check,
    weights.check,
    listeners.check,
    secrets.check,
    unused.check,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The proof that a project has no error left: only ``compiler.pipeline`` makes one, of what all checks have passed."""

    workspace: Workspace


def run(workspace: Workspace) -> list[Finding]:
    """What every check finds."""
    return [finding for check in CHECKS for finding in check(workspace)]
