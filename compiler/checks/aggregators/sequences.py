"""needless-sequence and needless-aggregation: what costs clients time, or a gateway work, for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.compositions.calls import called
from compiler.compositions.flow import circle
from compiler.compositions.texts import reads_of, waits_of
from compiler.diagnostics import Finding
from compiler.model.aggregators import Aggregator, Step
from compiler.workspace import Workspace

_READING = ("GET", "HEAD", "OPTIONS")


def check(workspace: Workspace) -> Iterator[Finding]:
    """Steps that wait for others whose data they do not use, and aggregators of one step."""
    for aggregator in workspace.project.aggregators.values():
        yield from _alone(aggregator)
        if circle(waits_of(aggregator)) is not None:
            continue  # which of them waits needlessly cannot be said
        for step in aggregator.steps.values():
            yield from _sequence(workspace, aggregator, step)


def _alone(aggregator: Aggregator) -> Iterator[Finding]:
    (name, step), *others = aggregator.steps.items()
    if not others and step.for_each is None:
        yield Finding(
            "needless-aggregation",
            f"`{name}` is the only step, so there is nothing to compose",
            aggregator.where.span,
            "expose the contract that it calls",
        )


def _sequence(workspace: Workspace, aggregator: Aggregator, step: Step) -> Iterator[Finding]:
    """What changes something may have its reasons to wait, so only steps that read are judged."""
    used = reads_of(step)
    for index, name in enumerate(step.after):
        other = aggregator.steps.get(name)
        if other is None or name in used or not (_reading(workspace, step) and _reading(workspace, other)):
            continue
        yield Finding(
            "needless-sequence",
            f"this step waits for `{name}` and uses none of its data",
            step.where["after", index],
            "remove it from `after`, and the two run in parallel",
        )


def _reading(workspace: Workspace, step: Step) -> bool:
    call, _ = called(workspace, step)
    return call is not None and call.operation.method in _READING
