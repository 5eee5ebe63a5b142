"""Aggregators of two revisions: which steps there are, what each does, and what is made of their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from compiler.composed import Aggregate, StepCall
from compiler.diff.calls import Call
from compiler.diff.entries import Found, Kind, Steps, bare, rewritten, walked
from compiler.diff.gathering import Gathered
from compiler.diff.judging import RISKY, SAFE
from compiler.diff.places import of_service
from compiler.diff.table import TABLE
from compiler.diff.table_aggregates import FALLBACK, STEPS
from compiler.expressions.syntax import Name
from compiler.model.project import Project
from compiler.plan import Compose, Deployable, Forward

KINDS = (
    *STEPS,
    Kind("aggregator-renamed", "An aggregator bears another name."),
    Kind("aggregator-changed", "Another aggregator answers, or one answers where a service did."),
)


def answered_otherwise(was: Forward | Compose, now: Forward | Compose) -> Iterator[Found]:
    """Where a service answered and an aggregator does now, or the other way round."""
    sides = [
        f"aggregator `{one.aggregate}`"
        if isinstance(one, Compose)
        else f"service {', '.join(sorted(f'`{target.cluster}`' for target in one.targets))}"
        for one in (was, now)
    ]
    yield Found("aggregator-changed", RISKY, f"answered by {sides[0]} -> {sides[1]}")


def compare(
    gathered: Gathered, old: Deployable, new: Deployable, both: Iterable[tuple[Call, Call]], project: Project
) -> None:
    """Note what changed in the aggregators that answer operations of both revisions."""
    before = {aggregate.name: aggregate for aggregate in old.aggregates}
    after = {aggregate.name: aggregate for aggregate in new.aggregates}
    composed: dict[tuple[str, str], list[str]] = {}
    for was, now in both:
        if isinstance(was.action, Compose) and isinstance(now.action, Compose):
            composed.setdefault((was.action.aggregate, now.action.aggregate), []).append(now.name)
    for (one, other), names in sorted(composed.items()):
        declared = project.aggregators[other]
        if one != other:
            gathered.add(_named(one, other, before, after), declared.where.span, names)
        for found in differences(before[one], after[other]):
            said = replace(found, message=f"aggregator `{other}`: {found.message}")
            elsewhere = found.at[:1] == ("services",)
            where = of_service(project, found.at[1], found.at[2:]) if elsewhere else declared.where.key(*found.at)
            gathered.add(said, where, names)


def _named(one: str, other: str, before: Mapping[str, Aggregate], after: Mapping[str, Aggregate]) -> Found:
    if other not in before and one not in after:
        return Found("aggregator-renamed", SAFE, f"aggregator `{one}` is named `{other}` now")
    return Found("aggregator-changed", RISKY, f"answered by aggregator `{one}` -> `{other}`")


def differences(old: Aggregate, new: Aggregate) -> Iterator[Found]:
    """All changes of an aggregate, with their places in the aggregator."""
    here, there = {s.name: s for s in old.steps}, {s.name: s for s in new.steps}
    names = _renamed(here, there)
    if names:
        old = _with_names(old, names)
        here = {step.name: step for step in old.steps}
        for before, after in sorted(names.items()):
            message = f"step `{before}` is named `{after}` now"
            yield Found("step-renamed", RISKY, message, ("steps", after))
    yield from walked(TABLE, old, new)
    for name in sorted(here.keys() | there.keys()):
        if name not in there:
            yield Found("step-removed", RISKY, f"step `{name}` is gone", ("steps",))
        elif name not in here:
            step = there[name]
            says = " is new, and the whole fails with it" if not step.optional else " is new"
            yield Found("step-added", SAFE if step.optional else RISKY, f"step `{name}`{says}", ("steps", name))
        else:
            for found in walked(TABLE, here[name], there[name]):
                if found.at == FALLBACK and here[name].optional != there[name].optional:
                    continue  # there is one only with the other
                at: Steps = found.at if found.at[:1] == ("services",) else ("steps", name, *found.at)
                yield replace(found, message=f"step `{name}`: {found.message}", at=at)


def _renamed(here: Mapping[str, StepCall], there: Mapping[str, StepCall]) -> dict[str, str]:
    """Steps that are the same but for their name."""
    gone, came = sorted(here.keys() - there.keys()), sorted(there.keys() - here.keys())
    if not gone or not came:
        return {}
    names: dict[str, str] = {}
    for before in gone:
        form = bare(replace(here[before], name="", after=()))
        for after in came:
            if after not in names.values() and bare(replace(there[after], name="", after=())) == form:
                names[before] = after
                break
    return names


def _with_names(aggregate: Aggregate, names: Mapping[str, str]) -> Aggregate:
    """An aggregate whose steps bear other names, in expressions too."""

    def named(one: Any) -> Any:
        if isinstance(one, StepCall):
            after = tuple(names.get(name, name) for name in one.after)
            return replace(one, name=names.get(one.name, one.name), after=after)
        return replace(one, name=names.get(one.name, one.name)) if isinstance(one, Name) else one

    made: Aggregate = rewritten(aggregate, named)
    return made
