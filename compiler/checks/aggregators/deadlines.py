"""deadline-too-short: the worst case of an aggregate's steps fits into its deadline."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.compositions.flow import BACK_OFF, circle, critical_path, rounds, worst_case
from compiler.compositions.texts import waits_of
from compiler.diagnostics import Finding, Note
from compiler.model.aggregators import Step
from compiler.model.kinds import duration_text
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Aggregators whose longest chain of steps may take longer than the whole may."""
    for aggregator in workspace.project.aggregators.values():
        waits = waits_of(aggregator)
        if circle(waits) is not None or any(
            s.for_each is not None and s.max is None for s in aggregator.steps.values()
        ):
            continue
        worst, path = critical_path(aggregator.steps, waits)
        if worst <= aggregator.deadline:
            continue
        steps = [(name, aggregator.steps[name]) for name in path]
        chain = ", then ".join(f"`{name}` {duration_text(worst_case(step))}" for name, step in steps)
        total = f", together {duration_text(worst)}" if len(steps) > 1 else ""
        yield Finding(
            "deadline-too-short",
            f"at worst {chain}{total}; the deadline is {duration_text(aggregator.deadline)}",
            aggregator.where["deadline"],
            "raise the deadline, shorten timeouts, or retry less often",
            tuple(Note(_reckoning(step), step.where["timeout"]) for _, step in steps),
        )


def _reckoning(step: Step) -> str:
    retries = step.retry.attempts if step.retry is not None else 0
    words = duration_text(step.timeout)
    if retries:
        words = f"{retries + 1} tries of {words}, and {BACK_OFF}ms or more between them"
    return words if rounds(step) == 1 else f"{rounds(step)} rounds of {words}"
