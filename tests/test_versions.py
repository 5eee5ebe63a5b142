"""Semantic versions, npm's ranges, and what a range comes to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.contracts.versions import (
    BUMPS,
    Bump,
    Resolution,
    allowed,
    branches,
    following,
    in_order,
    label,
    label_order,
    precedence,
    resolve,
    satisfies,
)
from compiler.model.references import check_range

# The order of semver.org, section 11, and numbers that text order would get wrong.
ORDERED = (
    *("0.9.0", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
    *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0", "10.0.0"),
)


def test_order() -> None:
    assert in_order(reversed(ORDERED)) == list(ORDERED)


def test_build_metadata_does_not_count() -> None:
    assert precedence("1.0.0+a") == precedence("1.0.0+b")
    assert precedence("1.0.0-a+x") == precedence("1.0.0-a")


def test_what_is_no_version_has_no_precedence() -> None:
    with pytest.raises(ValueError, match="not a semantic version"):
        precedence("1.0")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.1.0", "2"), ("10.0.0", "10"), ("0.3.7", "0.3"), ("0.10.0", "0.10"), ("1.0.0-rc.1", "1")],
)
def test_label(version: str, expected: str) -> None:
    assert label(version) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("1.4.2", "2.0.0", "major"),
        ("1.4.2", "1.5.0", "minor"),
        ("1.4.2", "1.4.3", "patch"),
        ("1.4.2+a", "1.4.2+b", "none"),
        ("1.9.0", "1.10.0", "minor"),
        ("0.9.4", "1.0.0", "major"),
        ("0.3.9", "0.4.0", "major"),
        ("0.3.1", "0.3.2", "minor"),
        ("0.3.1+a", "0.3.1+b", "none"),
        ("0.0.1", "0.0.2", "minor"),
    ],
)
def test_what_a_step_allows(before: str, after: str, expected: str) -> None:
    assert allowed(before, after) == expected


@pytest.mark.parametrize(
    ("version", "bump", "expected"),
    [
        ("1.4.2", "major", "2.0.0"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "patch", "1.4.3"),
        ("0.3.1", "major", "0.4.0"),
        ("0.3.1", "minor", "0.3.2"),
        ("0.3.1", "patch", "0.3.2"),
        ("1.4.2+a", "none", "1.4.3"),
    ],
)
def test_the_number_for_a_change(version: str, bump: Bump, expected: str) -> None:
    assert following(version, bump) == expected


def test_labels_are_ordered_by_number() -> None:
    assert sorted(["10", "2", "0.10", "1", "0.9"], key=label_order) == ["0.9", "0.10", "1", "2", "10"]


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("2.1.0", "^2", True),
        ("3.0.0", "^2", False),
        ("2.1.9", "~2.1", True),
        ("2.2.0", "~2.1", False),
        ("1.9.0", "1.x", True),
        ("2.9.9", ">=1.4 <3", True),
        ("1.3.0", ">=1.4 <3", False),
        ("0.3.9", "^0.3.1", True),
        ("0.4.0", "^0.3.1", False),
        ("1.0.0", "", True),
        ("2.1.0", "2", True),
        ("1.5.0", "1.2 - 1.6", True),
        ("2.0.0-rc.1", "^2", False),
        ("2.0.0-rc.1", "^2.0.0-rc", True),
        ("2.1.0-rc.1", "^2.0.0-rc", False),  # npm: only a pre-release of the version that the range names
    ],
)
def test_satisfies_as_npm_has_it(version: str, wanted: str, expected: bool) -> None:
    assert satisfies(version, wanted) is expected


@pytest.mark.parametrize("text", ["^1.4 || ^2", "1", "1.x", "*", "", ">=1.4 <3", "~2.1", "1.2 - 1.6", "=1.0.0", "v1"])
def test_a_range_that_npm_reads(text: str) -> None:
    assert check_range(text) == text


@pytest.mark.parametrize("text", ["latest", "two", "^^1", "1.0.0.0", ">", "1 |", "x" * 300])
def test_a_range_that_npm_does_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="range"):
        check_range(text)


def test_branches() -> None:
    assert branches("^1.4 || ^2||3.x") == ["^1.4", "^2", "3.x"]
    assert branches("") == ["*"]


DECLARED = ("0.3.0", "0.4.0", "1.3.0", "1.4.2", "2.0.0", "2.1.0", "3.0.0-rc.1")


def test_the_highest_that_is_implemented_in_each_major() -> None:
    assert resolve("^1 || ^2", DECLARED, {"1.3.0", "1.4.2", "2.0.0"}) == Resolution(
        (("1", "1.4.2"), ("2", "2.0.0")), (), ()
    )


def test_below_one_each_minor_is_a_major() -> None:
    assert resolve("0.x", DECLARED, {"0.3.0", "0.4.0"}).chosen == (("0.3", "0.3.0"), ("0.4", "0.4.0"))


def test_a_branch_that_matches_nothing() -> None:
    assert resolve("^1 || ^4", DECLARED, set(DECLARED)) == Resolution((("1", "1.4.2"),), ("^4",), ())


def test_a_major_that_nothing_implements() -> None:
    assert resolve("^1 || ^2", DECLARED, {"1.4.2"}) == Resolution((("1", "1.4.2"),), (), ("2.1.0",))


def test_a_pre_release_is_chosen_only_where_it_is_named() -> None:
    assert resolve(">=2", DECLARED, set(DECLARED)).chosen == (("2", "2.1.0"),)
    assert resolve("^3.0.0-rc", DECLARED, set(DECLARED)).chosen == (("3", "3.0.0-rc.1"),)


def test_without_a_range_every_implemented_major() -> None:
    assert resolve(None, DECLARED, {"1.4.2", "2.0.0", "3.0.0-rc.1"}) == Resolution(
        (("1", "1.4.2"), ("2", "2.0.0")), (), ()
    )
    assert resolve(None, ("1.0.0", "2.0.0"), set()) == Resolution((), (), ("1.0.0", "2.0.0"))


VERSIONS = st.builds("{}.{}.{}".format, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
BUMPS_OF_CHANGES = st.sampled_from(BUMPS)
RANGES = st.sampled_from(["^1", "^2 || ^3", "~1.2", ">=1 <3", "*", "0.x", "1.2.x || 3", "^0.1"])


@given(st.sets(VERSIONS, min_size=1), st.sets(VERSIONS), RANGES)
def test_what_a_range_comes_to(declared: set[str], implemented: set[str], wanted: str) -> None:
    served = declared & implemented
    found = resolve(wanted, declared, served)
    assert [name for name, _ in found.chosen] == sorted({name for name, _ in found.chosen}, key=label_order)
    for name, version in found.chosen:
        assert label(version) == name
        assert version in served
        assert satisfies(version, wanted)
        rivals = [v for v in served if label(v) == name and satisfies(v, wanted)]
        assert version == in_order(rivals)[-1]
    for version in found.unserved:
        assert satisfies(version, wanted)
        assert not any(label(v) == label(version) and satisfies(v, wanted) for v in served)
    labels = {name for name, _ in found.chosen} | {label(v) for v in found.unserved}
    assert labels == {label(v) for v in declared if satisfies(v, wanted)}
    assert (found == Resolution((), tuple(found.unmatched), ())) == (not labels)


@given(st.permutations(ORDERED))
def test_the_order_of_declaration_does_not_matter(versions: list[str]) -> None:
    assert resolve("*", versions, set(versions)) == resolve("*", ORDERED, set(ORDERED))


@given(VERSIONS, BUMPS_OF_CHANGES)
def test_the_number_for_a_change_is_the_first_one_that_allows_it(version: str, bump: Bump) -> None:
    number = following(version, bump)
    assert precedence(number) > precedence(version)
    assert BUMPS.index(allowed(version, number)) >= BUMPS.index(bump)
    assert number.endswith(".0") or bump in ("patch", "none") or version.startswith("0.")
