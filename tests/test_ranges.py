"""Ranges: what is decided without the library is decided as the library does."""

from __future__ import annotations

from itertools import product

import nodesemver
import pytest

from compiler.ranges import is_range, satisfies

NUMBERS = ("0", "1", "2", "10")
PARTS = [".".join(parts) for length in (1, 2, 3) for parts in product(NUMBERS, repeat=length)]
RANGES = [
    *(f"^{part}" for part in PARTS),
    *(f"^{one} ||^{other} " for one, other in product(("0", "0.1", "1.2.10", "2"), repeat=2)),
    *("^1 || ~2", "^01", "^1.x", "^1.2.3-rc", "^1 ^2", "^", "||", "^1 ||", " ^ 1", "^v1", "^1.2.3.4", "^٣"),
    *("1.x", ">=1 <2", "*", "", "latest", "^1.2.3+build", f"^{10**9}", f"^{10**20}", "^1" + "0" * 300),
]


def by_the_library(version: str, wanted: str) -> bool:
    return bool(nodesemver.satisfies(version, wanted, loose=False))


@pytest.mark.parametrize("version", [*(".".join(p) for p in product(NUMBERS, repeat=3)), "1.0.0-rc.1", "2.10.0+b"])
def test_every_range_decides_as_the_library_does(version: str) -> None:
    for wanted in RANGES:
        if is_range(wanted):
            assert satisfies(version, wanted) == by_the_library(version, wanted), (version, wanted)


@pytest.mark.parametrize("wanted", RANGES)
def test_a_range_is_what_the_library_reads(wanted: str) -> None:
    try:
        valid = len(wanted) <= 256 and nodesemver.valid_range(wanted, loose=False) is not None
    except Exception:
        valid = False
    assert is_range(wanted) == valid
