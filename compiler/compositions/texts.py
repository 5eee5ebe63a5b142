"""The texts of a step: read once, with the names that they use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.compositions import values
from compiler.compositions.values import Value, Written
from compiler.diagnostics import Finding
from compiler.model.aggregators import Aggregator, Step
from compiler.records import frozen


@frozen
class StepTexts:
    """`when`, `for_each`, the inputs by place and name, and the body, each as it is written."""

    when: Written | None
    each: Written | None
    inputs: tuple[tuple[str, str, Value], ...]
    body: Value | None

    @staticmethod
    def of(step: Step, out: list[Finding]) -> StepTexts:
        inputs = []
        body = None
        if step.with_ is not None:
            for place in ("path", "query", "headers"):
                given: Mapping[str, object] = getattr(step.with_, place)
                inputs += [
                    (place, name, values.read(value, step.with_.where[place, name], out))
                    for name, value in given.items()
                ]
            if "body" in step.with_.where:
                body = values.read(step.with_.body, step.with_.where["body"], out)
        when = values.scalar(step.when, step.where["when"], out) if step.when is not None else None
        each = values.scalar(step.for_each, step.where["for_each"], out) if step.for_each is not None else None
        return StepTexts(when, each, tuple(inputs), body)

    def all(self) -> list[Value]:
        found: list[Value] = [value for _, _, value in self.inputs]
        return found + [value for value in (self.when, self.each, self.body) if value is not None]


def waits(aggregator: Aggregator, name: str, read: StepTexts) -> frozenset[str]:
    used = {found.name for value in read.all() for found, _ in values.names(value)}
    return frozenset((used | set(aggregator.steps[name].after)) & aggregator.steps.keys())


def waits_of(aggregator: Aggregator) -> dict[str, frozenset[str]]:
    """For each step the steps that it waits for, by data flow or by `after`."""
    return {name: waits(aggregator, name, StepTexts.of(step, [])) for name, step in aggregator.steps.items()}


def reads_of(step: Step) -> frozenset[str]:
    """The names whose data a step uses."""
    return frozenset(name.name for value in StepTexts.of(step, []).all() for name, _ in values.names(value))


def combination(step: Step) -> Iterator[Finding]:
    """Settings that say nothing without another one are refused rather than ignored."""
    if step.for_each is None:
        for key in ("max", "on_excess", "concurrency"):
            if key in step.where:
                yield Finding("schema", f"`{key}` goes with `for_each`", step.where.key(key), "remove it")
    elif step.max is None:
        help = "add `max:`, the most elements for which it may call"
        yield Finding("schema", "`for_each` has no bound", step.where.key("for_each"), help)
