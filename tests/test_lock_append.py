"""An earlier lock with something added, and what else became of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from compiler.lock import Lock, LockedVersion
from compiler.lock.append import append_only
from compiler.lock.text import render
from tests.test_lock_text import lock, read, version, versions

FIRST = version("orders", "1.0.0", deprecated=date(2026, 9, 1), sunset=date(2027, 3, 31))
SECOND = version("orders", "2.0.0", after=("1.0.0", FIRST.digest[:12]), bump="major")


def written(*listed: LockedVersion) -> Lock:
    return read(render(lock(*listed)))


def judged(old: Lock, new: Lock) -> list[tuple[str, str]]:
    return [(finding.rule, str(finding.where)) for finding in append_only(old, new)]


def test_what_is_kept() -> None:
    later = replace(FIRST, sunset=date(2027, 6, 30), removed=True, text="0" * 32)
    assert judged(written(FIRST), written(later, replace(SECOND, after=None, bump=None))) == []
    assert judged(written(FIRST), written(replace(FIRST, deprecated=None, sunset=None))) == []
    assert judged(Lock(), written(FIRST)) == []


def test_what_is_gone_is_told_at_the_top() -> None:
    found = append_only(written(FIRST, SECOND), written(SECOND))
    assert [(f.rule, str(f.where)) for f in found] == [("published-version-removed", "gatewright.lock:1:1")]
    assert [str(note.where) for note in found[0].notes] == ["gatewright.lock:3:1"]
    assert judged(written(FIRST), Lock()) == [("published-version-removed", "gatewright.lock:1:1")]


def test_another_meaning() -> None:
    other = version("orders", "1.0.0", "[]", deprecated=FIRST.deprecated, sunset=FIRST.sunset)
    assert judged(written(FIRST), written(other)) == [("published-version-changed", "gatewright.lock:3:1")]


def test_earlier_days() -> None:
    day = timedelta(days=1)
    assert FIRST.deprecated is not None
    assert FIRST.sunset is not None
    early = replace(FIRST, deprecated=FIRST.deprecated - day, sunset=FIRST.sunset - day)
    found = append_only(written(FIRST), written(early))
    assert [(f.rule, f.message) for f in found] == [
        ("published-date-moved", "`deprecated` of `orders@1.0.0` was 2026-09-01, and is 2026-08-31 now"),
        ("published-date-moved", "`sunset` of `orders@1.0.0` was 2027-03-31, and is 2027-03-30 now"),
    ]


@given(st.lists(versions(), max_size=4), st.lists(versions(), max_size=4))
def test_adding_keeps_and_taking_away_does_not(listed: list[LockedVersion], more: list[LockedVersion]) -> None:
    old = lock(*listed)
    new = Lock({**lock(*more).versions, **old.versions})
    assert append_only(old, new) == []
    assert append_only(old, old) == []
    missing = new.versions.keys() - old.versions.keys()
    assert len(append_only(new, old)) == len(missing)
