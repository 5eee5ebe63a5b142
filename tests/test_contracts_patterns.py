"""Texts made for a pattern match it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.contracts.patterns import candidates, longest_safe

atoms = st.sampled_from(
    ["a", "b", "7", r"\d", r"\w", r"\s", ".", "[a-c]", "[^a]", r"\.", r"[\d-]", "[xyz_]", r"\x41", r"A"]
)
repeats = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])
patterns = st.recursive(
    st.tuples(atoms, repeats).map("".join),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(st.lists(inner, min_size=1, max_size=3).map("|".join), repeats).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        )
        | inner.map(lambda part: f"(?:{part})")
    ),
    max_leaves=6,
)


@given(patterns, st.integers(0, 5))
def test_a_made_text_matches(pattern: str, turn: int) -> None:
    made = list(candidates(f"^{pattern}$", turn))
    assert made
    for text in made[:3]:
        assert re.search(f"^(?:{pattern})$", text), (pattern, text)


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)b", "(?!a)b", r"(a)\1", r"\p{L}", r"\bword", "a**", "(", "[z-a", "a{x}", "[[:alpha:]]", "(" * 99 + ")" * 99],
)
def test_what_is_not_read_gives_no_text(pattern: str) -> None:
    assert list(candidates(pattern)) == []
    assert longest_safe(pattern) == 20


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^[a-z]+$", 4096),
        ("^[a-z]+-[a-z]+$", 64),
        ("^(a+)+$", 20),
        ("^(a|aa)*$", 20),
        ("^([a-z]{4})*$", 4096),
        ("^(a|b){3}$", 4096),
        ("^(a?){30}$", 4096),
    ],
)
def test_how_long_a_text_may_be_matched(pattern: str, expected: int) -> None:
    assert longest_safe(pattern) == expected
