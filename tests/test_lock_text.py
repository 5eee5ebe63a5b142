"""The text of a lock: what is written is read again, in any order of lines; damage and conflicts by their line."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.contracts.meaning import digest_of
from compiler.files import Library
from compiler.lock import Lock, LockedEdge, LockedVersion, Promise
from compiler.lock.record import pack, unpack
from compiler.lock.text import open_lock, read_lock, render
from compiler.source import Source


def version(contract: str, number: str, means: str = "{}", **more: object) -> LockedVersion:
    return LockedVersion(contract, number, 1, digest_of(means), pack(means), **more)  # type: ignore[arg-type]


def lock(*versions: LockedVersion, edges: tuple[LockedEdge, ...] = ()) -> Lock:
    return Lock({(one.contract, one.number): one for one in versions}, {edge.name: edge for edge in edges})


def read(text: str, *, merging: bool = False) -> Lock:
    made, findings = read_lock(Source("gatewright.lock", text), merging=merging)
    assert made is not None, [(str(f.where), f.message) for f in findings]
    return made


def wrong(text: str, *, merging: bool = False) -> list[tuple[int, str]]:
    made, findings = read_lock(Source("gatewright.lock", text), merging=merging)
    assert made is None
    assert {finding.rule for finding in findings} == {"lock-invalid"}
    assert all(finding.help for finding in findings)
    return [(finding.where.line, finding.message) for finding in findings]


FIRST = version("orders", "1.4.2", deprecated=date(2026, 9, 1), sunset=date(2027, 3, 31))
SECOND = version("orders", "1.10.0", '{"a":1}', after=("1.4.2", FIRST.digest[:12]), bump="minor")
EDGE = LockedEdge(
    "mobile",
    "shop-mobile",
    date(2027, 12, 31),
    (
        Promise("GET", "/v2/orders", "orders", "2.1.0", default=True, shape='{"remove":["ä"]}', publish="own@1.0.0"),
        Promise("GET", "/v2/a b/{id}", "orders", "2.1.0"),
    ),
)
"""Its promises are not in order."""


def test_the_text() -> None:
    lines = render(lock(SECOND, FIRST, edges=(EDGE,))).split("\n")
    assert lines[0] == "gatewright-lock 1"
    assert lines[1].startswith("# Made by `gatewright lock`")
    assert [line.rpartition(" check=")[0] for line in lines[2:]] == [
        f"version orders 1.4.2 meaning=1:{FIRST.digest} deprecated=2026-09-01 sunset=2027-03-31",
        f"meaning orders 1.4.2 {FIRST.packed}",
        f"version orders 1.10.0 meaning=1:{SECOND.digest} after=1.4.2:{FIRST.digest[:12]} bump=minor",
        f"meaning orders 1.10.0 {SECOND.packed}",
        "edge mobile client=shop-mobile until=2027-12-31",
        "promise mobile GET /v2/a%20b/{id} orders@2.1.0",
        "promise mobile GET /v2/orders orders@2.1.0 default publish=own@1.0.0 shape=eyJyZW1vdmUiOlsiw6QiXX0=",
        "",
    ]


def test_it_is_read_as_it_was() -> None:
    made = read(render(lock(FIRST, SECOND, edges=(EDGE,))))
    assert made.versions == {("orders", "1.4.2"): FIRST, ("orders", "1.10.0"): SECOND}
    assert set(made.edges["mobile"].promises) == set(EDGE.promises)
    assert render(made) == render(lock(FIRST, SECOND, edges=(EDGE,)))
    assert [str(one.where) for one in made.versions.values()] == ["gatewright.lock:3:1", "gatewright.lock:5:1"]
    assert unpack(made.versions["orders", "1.10.0"]) == '{"a":1}'


def test_ends_of_lines_and_comments_do_not_count() -> None:
    text = render(lock(FIRST))
    assert read(text.replace("\n", "\r\n")) == read("# a\n\n" + text + "# b\n") == read(text)


days = st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1))
numbers = st.builds("{}.{}.{}".format, st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
names = st.sampled_from(["a", "orders", "x-1"])
hexes = st.text("0123456789abcdef", min_size=12, max_size=12)


@st.composite
def versions(draw: st.DrawFn) -> LockedVersion:
    text = draw(st.none() | st.just("ab" * 16))
    after = draw(st.none() | st.tuples(numbers, hexes))
    return version(
        draw(names),
        draw(numbers),
        draw(st.sampled_from(["{}", "[]", "1"])),
        deprecated=draw(days),
        sunset=draw(days),
        removed=draw(st.booleans()),
        after=after,
        bump=draw(st.sampled_from(["none", "patch", "minor", "major"])) if after else None,
        text=text,
        files=draw(st.sampled_from([(), ("../a b,c.yaml", "x.yaml")])) if text else (),
    )


@given(st.lists(versions(), max_size=5), st.randoms(use_true_random=False))
def test_what_is_written_is_read_whatever_the_order_of_its_lines(
    listed: list[LockedVersion], turn: random.Random
) -> None:
    whole = lock(*listed)
    text = render(whole)
    assert read(text) == whole
    first, *lines = text.splitlines()
    turn.shuffle(lines)
    shuffled = read("\n".join([first, *lines, *lines[:3]]) + "\n")
    assert shuffled == whole
    assert render(shuffled) == text


@given(st.data())
def test_a_line_that_was_touched_is_damage(data: st.DataObject) -> None:
    text = render(lock(FIRST, SECOND))
    at = data.draw(st.integers(text.index("version"), len(text) - 2))
    put = data.draw(st.sampled_from("09afz=: Q"))
    if text[at] in ("\n", put):
        return
    line = text.count("\n", 0, at) + 1
    assert line in {number for number, _ in wrong(text[:at] + put + text[at + 1 :])}


@given(
    st.text(alphabet=st.characters(codec="utf-8"))
    | st.lists(
        st.sampled_from(
            [
                "gatewright-lock 1",
                *render(lock(FIRST, SECOND, edges=(EDGE,))).splitlines(),
                "<<<<<<< a",
                "=======",
                ">>>>>>> b",
                "||||||| c",
                "",
                "\r",
                "# a",
                "version",
                "meaning a",
                " check=00000000",
                " check=",
                "promise",
            ]
        )
    ).map("\n".join),
    st.booleans(),
)
def test_no_text_raises(text: str, merging: bool) -> None:
    made, findings = read_lock(Source("gatewright.lock", text), merging=merging)
    assert (made is None) == bool(findings)
    for finding in findings:
        assert finding.where.line <= text.count("\n") + 1


def test_a_line_that_is_gone_is_missed() -> None:
    lines = render(lock(FIRST, SECOND)).splitlines()
    assert wrong("\n".join(lines[:3] + lines[4:])) == [(3, "the line with the meaning of `orders@1.4.2` is missing")]
    assert wrong("\n".join(lines[:2] + lines[3:])) == [(3, "the line of `orders@1.4.2` itself is missing")]
    promise = render(lock(edges=(EDGE,))).splitlines()[3]
    assert wrong(f"{lines[0]}\n{promise}\n") == [(2, "the line of the edge `mobile` is missing")]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "a lock begins with `gatewright-lock 1`"),
        ("version orders", 1, "a lock begins with `gatewright-lock 1`"),
        ("# a\ngatewright-lock one\n", 2, "a lock begins with `gatewright-lock 1`"),
        ("gatewright-lock 2\n???\n", 1, "this lock has format 2, and this version of gatewright reads 1"),
        ("gatewright-lock 1\nmore\n", 2, "this line is damaged: its end does not fit the rest"),
        ("gatewright-lock 1\nörders\n", 2, "this line is damaged: its end does not fit the rest"),
        ("gatewright-lock 1\nmore check=8b52f27c\n", 2, "this line is none of a lock"),
        ("gatewright-lock 1\n<<<<<<< HEAD\n", 2, "a merge left the two sides of a conflict here"),
    ],
)
def test_what_is_no_lock(text: str, line: int, message: str) -> None:
    assert wrong(text) == [(line, message)]


def conflict(ours: str, theirs: str, before: str | None = None) -> str:
    middle = f"||||||| base\n{before}" if before is not None else ""
    return f"<<<<<<< HEAD\n{ours}{middle}=======\n{theirs}>>>>>>> other\n"


def lines_of(*versions: LockedVersion) -> str:
    return "".join(line + "\n" for line in render(lock(*versions)).splitlines()[2:])


def test_a_conflict_in_which_both_sides_add() -> None:
    text = render(lock(FIRST)) + conflict(lines_of(SECOND), lines_of(version("orders", "1.5.0")))
    assert wrong(text) == [(5, "a merge left the two sides of a conflict here")]
    assert read(text, merging=True) == lock(FIRST, SECOND, version("orders", "1.5.0"))


def test_what_was_there_before_a_conflict_does_not_count() -> None:
    early = version("orders", "1.4.2", sunset=date(2026, 12, 31), deprecated=date(2026, 9, 1))
    text = "gatewright-lock 1\n" + conflict(lines_of(FIRST), lines_of(FIRST, SECOND), lines_of(early))
    assert read(text, merging=True) == lock(FIRST, SECOND)


def test_a_conflict_over_the_whole_file() -> None:
    text = conflict(render(lock(FIRST)), render(lock(SECOND)))
    assert read(text, merging=True) == lock(FIRST, SECOND)


def test_of_two_days_the_later_one_holds() -> None:
    month = timedelta(days=31)
    ours = version("orders", "1.4.2", deprecated=date(2026, 9, 1))
    theirs = version("orders", "1.4.2", deprecated=date(2026, 9, 1) + month, sunset=date(2027, 3, 31), removed=True)
    assert read("gatewright-lock 1\n" + conflict(lines_of(ours), lines_of(theirs)), merging=True) == lock(theirs)


def test_a_step_that_both_sides_took_otherwise_is_not_known() -> None:
    ours = version("orders", "2.0.0", after=("1.4.2", "0" * 12), bump="major", text="1" * 32)
    theirs = version("orders", "2.0.0", after=("1.5.0", "1" * 12), bump="major")
    found = read("gatewright-lock 1\n" + lines_of(ours) + lines_of(theirs))
    assert found == lock(version("orders", "2.0.0"))


def test_one_number_with_two_meanings() -> None:
    text = "gatewright-lock 1\n" + conflict(lines_of(FIRST), lines_of(version("orders", "1.4.2", "[]")))
    message = "`orders@1.4.2` stands here twice, with two meanings: each side of a merge published one"
    assert wrong(text, merging=True) == [(6, message)]


@pytest.mark.parametrize(
    ("marks", "line"),
    [("=======\n", 2), ("<<<<<<< a\n>>>>>>> b\n", 3), ("<<<<<<< a\n<<<<<<< a\n", 3), ("<<<<<<< a\n=======\n", 4)],
)
def test_marks_that_are_no_conflict(marks: str, line: int) -> None:
    assert [number for number, _ in wrong("gatewright-lock 1\n" + marks, merging=True)] == [line]


def test_the_later_day_of_an_edge() -> None:
    later = LockedEdge("mobile", "shop-mobile", date(2028, 12, 31), EDGE.promises[:1])
    both = render(lock(edges=(EDGE,))) + "\n".join(render(lock(edges=(later,))).splitlines()[2:])
    assert read(both).edges["mobile"].supported_until == date(2028, 12, 31)
    assert set(read(both).edges["mobile"].promises) == set(EDGE.promises)


def test_a_damaged_meaning_is_none() -> None:
    assert unpack(version("orders", "1.0.0", "{}")) == "{}"
    for packed in ("", "AAAA", "A", pack("[]"), pack("{}")[:-8], "=" * 40):
        assert unpack(LockedVersion("orders", "1.0.0", 1, digest_of("{}"), packed)) is None


def test_the_file_beside_a_project(tmp_path: Path) -> None:
    library = Library(tmp_path)
    found, findings = open_lock(library)
    assert (found, findings) == (Lock(), [])
    assert library.asked == {"gatewright.lock"}
    (tmp_path / "gatewright.lock").write_text(render(lock(FIRST)))
    found, _ = open_lock(Library(tmp_path))
    assert found == lock(FIRST)
    assert found is not None
    assert found.source is not None


def test_a_lock_outside_the_project_and_a_folder_are_findings(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere").write_text(render(lock()))
    (project / "gatewright.lock").symlink_to(tmp_path / "elsewhere")
    found, findings = open_lock(Library(project))
    assert (found, [f.rule for f in findings]) == (None, ["path-outside-project"])
    (project / "gatewright.lock").unlink()
    (project / "gatewright.lock").mkdir()
    found, findings = open_lock(Library(project))
    assert (found, [f.rule for f in findings]) == (None, ["file-not-found"])
