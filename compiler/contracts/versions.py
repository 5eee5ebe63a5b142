"""Semantic versions and npm's ranges (https://semver.org, https://github.com/npm/node-semver), and what they choose."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Literal

from compiler.ranges import satisfies as satisfies
from compiler.records import frozen

_NUMBERS = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?")


@cache
def precedence(version: str) -> tuple[object, ...]:
    """A sort key in semver's order of precedence (section 11); build metadata does not count."""
    match = _NUMBERS.match(version)
    if match is None:
        raise ValueError(f"{version!r} is not a semantic version")
    major, minor, patch, pre = match.groups()
    if pre is None:
        return (int(major), int(minor), int(patch), 1, ())
    names = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split("."))
    return (int(major), int(minor), int(patch), 0, names)


@cache
def label(version: str) -> str:
    """The major as clients name it: ``2``; below 1.0.0 ``0.minor``, which stands for the major there."""
    major, minor, _ = version.split(".", 2)
    return f"0.{minor}" if major == "0" else major


def label_order(text: str) -> tuple[int, ...]:
    """A sort key for labels: ``0.9`` before ``0.10`` before ``1``."""
    return tuple(int(part) for part in text.split("."))


def media_type(contract: str, label: str) -> str:
    """The media type by which clients ask for a version of a contract, where that is how they do."""
    return f"application/vnd.{contract}.v{label}+json"


Bump = Literal["major", "minor", "patch", "none"]
"""The step from one version to the next, and what a change of a contract needs."""
BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
"""Smallest first."""


def is_prerelease(version: str) -> bool:
    """Whether a version is one of those before a release: ``2.0.0-rc.1``."""
    return "-" in version.partition("+")[0]


def allowed(before: str, after: str) -> Bump:
    """The largest change that the step between two releases tells clients to expect.

    Below 1.0.0 every number weighs one step more: 0.4.0 after 0.3.9 may break clients, 0.3.2 after 0.3.1 add to it.
    """
    old, new = precedence(before)[:3], precedence(after)[:3]
    changed = next((at for at in range(3) if old[at] != new[at]), 3)
    if old[0] == new[0] == 0 and changed < 3:
        changed -= 1
    return ("major", "minor", "patch", "none")[changed]


def following(version: str, bump: Bump) -> str:
    """The first number after a release that tells clients to expect a change of this size."""
    major, minor, patch = (int(number) for number in precedence(version)[:3])  # type: ignore[call-overload]
    candidates = (f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0")
    return next(one for one in candidates if BUMPS.index(allowed(version, one)) >= BUMPS.index(bump))


def in_order(versions: Iterable[str]) -> list[str]:
    """Lowest first."""
    return sorted(versions, key=lambda v: (precedence(v), v))


def branches(wanted: str) -> list[str]:
    """The alternatives of a range that ``||`` separates."""
    return [branch.strip() or "*" for branch in wanted.split("||")]


@frozen
class Resolution:
    """What a range comes to: in each major (by label, in order) the chosen version, and what it asks for in vain."""

    chosen: tuple[tuple[str, str], ...]
    unmatched: tuple[str, ...]
    """Branches that no declared version matches."""
    unserved: tuple[str, ...]
    """The highest matching version of each major of which nothing that matches is implemented."""


def resolve(wanted: str | None, declared: Iterable[str], served: Collection[str]) -> Resolution:
    """In each major, the highest version within the range that something implements.

    Without a range every implemented major is meant, so there only an empty choice is in vain.
    """
    versions = in_order(declared)
    if wanted is None:
        matching = [v for v in versions if not is_prerelease(v)]
        unmatched: list[str] = []
    else:
        matching = [v for v in versions if satisfies(v, wanted)]
        unmatched = [b for b in branches(wanted) if not any(satisfies(v, b) for v in versions)]
    by_label: dict[str, list[str]] = {}
    for version in matching:
        by_label.setdefault(label(version), []).append(version)
    chosen: dict[str, str] = {}
    unserved: list[str] = []
    for name, candidates in by_label.items():
        implemented = [v for v in candidates if v in served]
        if implemented:
            chosen[name] = implemented[-1]
        else:
            unserved.append(candidates[-1])
    if wanted is None and chosen:
        unserved = []
    return Resolution(
        tuple((name, chosen[name]) for name in sorted(chosen, key=label_order)), tuple(unmatched), tuple(unserved)
    )
