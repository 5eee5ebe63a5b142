"""What clients send and get, before and after: the contracts behind the operations that they call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from compiler.compat.calls import Paired, compare_calls
from compiler.compat.contracts import Options
from compiler.contracts.openapi import Api, stands_alone
from compiler.diff.calls import Call
from compiler.diff.entries import Found, bare
from compiler.diff.gathering import Gathered
from compiler.diff.judging import Verdict
from compiler.diff.places import Exposing, of_expose, of_version
from compiler.plan import Forward
from compiler.records import mutable
from compiler.source import Span

if TYPE_CHECKING:
    from compiler.diff.deployables import Side


@mutable
class _Group:
    """The operations of a pair of documents."""

    old: Api
    new: Api
    contract: str
    where: Span | None
    """Where all changes stand, if the documents are made here; else each stands where it is written."""
    paired: list[Paired] = field(default_factory=list)


def compare(gathered: Gathered, old: Side, new: Side, both: Iterable[tuple[Call, Call]]) -> None:
    """Note what changed in the contracts of operations that are there in both revisions.

    Each pair of documents is looked at once; documents of one text are not. Where bodies are changed on their way, what
    comes of that is compared.
    """
    groups: dict[tuple[int, ...], _Group] = {}
    same: dict[tuple[int, int], bool] = {}
    made: dict[int, Api] = {}
    for before, after in both:
        was, now = before.action, after.action
        here = old.revision.workspace.apis[was.contract, was.version]
        there = new.revision.workspace.apis[now.contract, now.version]
        if (id(here), id(there)) not in same:
            same[id(here), id(there)] = _same_text(here, there)
        reshaped = [isinstance(one, Forward) and one.shape is not None and one.shape.changes for one in (was, now)]
        alike = not any(reshaped) or bare(was.shape) == bare(now.shape)  # type: ignore[union-attr]
        if same[id(here), id(there)] and was.operation == now.operation and alike:
            continue
        key: tuple[int, ...] = (id(here), id(there))
        where = None
        if any(reshaped):
            by = [side.exposing[call.rule.where] for side, call in ((old, before), (new, after))]
            key = (id(by[0].exposure), id(by[1].exposure))
            here, there = (_as_shaped(one, made) for one in by)
            declared = of_version(new.revision.project, now.contract, now.version)
            where = declared if alike else of_expose(by[1].expose, ("shape",))
        one, other = here.find(was.operation), there.find(now.operation)
        assert one is not None
        assert other is not None
        group = groups.setdefault(key, _Group(here, there, now.contract, where))
        group.paired.append((after.name, one, other))
    options = Options(new.revision.project.settings.enum_values_added_to_responses)
    for group in groups.values():
        _note(gathered, group, options, new.owner(group.contract))


def _note(gathered: Gathered, group: _Group, options: Options, owner: str | None) -> None:
    for change in compare_calls(group.old, group.new, group.paired, options).changes:
        node = change.revision or change.base
        where = group.where or (node.span(key=True) if node is not None else None)
        found = Found(change.rule, Verdict(change.level), change.message)
        gathered.add(found, where, change.operations, owner=owner)


def _as_shaped(by: Exposing, made: dict[int, Api]) -> Api:
    """An exposed version as its clients get it, by the contract's own paths."""
    from compiler.shaping.exposures import effective_alone, shape_of

    exposure = by.exposure
    if id(exposure) not in made:
        shaped = shape_of(exposure)
        made[id(exposure)] = effective_alone(exposure, shaped.reshape if shaped is not None else None)
    return made[id(exposure)]


def _same_text(old: Api, new: Api) -> bool:
    """Whether two documents by themselves have the same text; where they refer to other files, that is not known."""
    if old is new:
        return True
    return stands_alone(old) and stands_alone(new) and old.root.value == new.root.value
