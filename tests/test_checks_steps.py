"""How the changes of a step are listed."""

from __future__ import annotations

from dataclasses import replace

from compiler.checks.steps import MOST_CHANGES, notes
from compiler.compat.contracts import Options, compare
from tests.contracts import api, minimal

ANSWER = {"responses": {"200": {"description": "fine"}}}


def test_a_change_is_shown_on_both_sides() -> None:
    before = api(minimal({"/a": {"get": ANSWER}, "/b": {"get": ANSWER}}))
    after = api(minimal({"/a": {"get": ANSWER}}))
    (change,) = compare(before, after, Options()).changes
    both = notes([change], "1.0.0")
    assert [note.message for note in both] == [change.message, "in 1.0.0"]
    assert [note.message for note in notes([change])] == [change.message]
    gone = replace(change, revision=None)
    assert [note.message for note in notes([gone], "1.0.0")] == [change.message]
    assert notes([gone])[0].where == both[1].where


def test_very_many_changes_are_counted() -> None:
    count = MOST_CHANGES + 20
    before = api(minimal({f"/{at}": {"get": ANSWER} for at in range(count)}))
    changes = compare(before, api(minimal({})), Options()).changes
    assert len(changes) == count
    listed = notes(changes)
    assert len(listed) == MOST_CHANGES + 1
    assert listed[-1].message == "and 20 more, which `gatewright contract diff` lists"
