"""What clients send and get, before and after: the contracts behind the operations that they call."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.compat.calls import Paired, compare_calls
from compiler.compat.contracts import Options
from compiler.contracts.openapi import Api
from compiler.diff.calls import Call
from compiler.diff.entries import Found
from compiler.diff.gathering import Gathered
from compiler.diff.judging import Verdict
from compiler.diff.revisions import Revision


def compare(gathered: Gathered, old: Revision, new: Revision, both: Iterable[tuple[Call, Call]]) -> None:
    """Note what changed in the contracts of operations that are there in both revisions.

    Each pair of documents is looked at once; documents of one text are not.
    """
    groups: dict[tuple[int, int], tuple[Api, Api, str, list[Paired]]] = {}
    same: dict[tuple[int, int], bool] = {}
    for before, after in both:
        was, now = before.action, after.action
        here = old.workspace.apis[was.contract, was.version]
        there = new.workspace.apis[now.contract, now.version]
        key = (id(here), id(there))
        if key not in same:
            same[key] = _same_text(here, there)
        if same[key] and was.operation == now.operation:
            continue
        one, other = here.find(was.operation), there.find(now.operation)
        assert one is not None
        assert other is not None
        groups.setdefault(key, (here, there, now.contract, []))[3].append((after.name, one, other))
    options = Options(new.project.settings.enum_values_added_to_responses)
    for here, there, contract, paired in groups.values():
        declared = new.project.contracts.get(contract)
        for change in compare_calls(here, there, paired, options).changes:
            node = change.revision or change.base
            where = node.span(key=True) if node is not None else None
            found = Found(change.rule, Verdict(change.level), change.message)
            gathered.add(found, where, change.operations, owner=declared.owner if declared is not None else None)


def _same_text(old: Api, new: Api) -> bool:
    """Whether two documents, with all the files that they refer to, have the same text."""
    if old is new:
        return True
    texts = [
        {document.source.name: document.source.text for document in (api.document, *api.scope.opened.values())}
        for api in (old, new)
    ]
    return texts[0] == texts[1] and old.root.path == new.root.path and old.root.value == new.root.value
