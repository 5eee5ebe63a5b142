"""Ranges of versions as npm reads them (https://github.com/npm/node-semver#ranges).

Nearly all ranges are like ``^1.4 || ^2``. Those are decided here; for the rest there is the library, which takes longer
to load than a small project to check. ``test_ranges.py`` holds the two to the same answers.
"""

from __future__ import annotations

import re
from functools import cache

_NUMBER = r"(0|[1-9]\d{0,8})"
_CARET = re.compile(rf"\s*\^{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER})?)?\s*", re.ASCII)
_RELEASE = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}", re.ASCII)
_LONGEST = 256


def is_range(text: str) -> bool:
    """Whether npm would read a text as a range."""
    if len(text) > _LONGEST or "\n" in text:
        return False
    if _carets(text) is not None:
        return True
    from nodesemver import valid_range

    try:
        return valid_range(text, loose=False) is not None
    except Exception:  # the library raises plain exceptions of several kinds
        return False


@cache
def satisfies(version: str, wanted: str) -> bool:
    """Whether a version is in a range as npm decides it: a pre-release only where the range names one of the same."""
    release = _RELEASE.fullmatch(version)
    carets = _carets(wanted)
    if release is not None and carets is not None:
        numbers = (int(release[1]), int(release[2]), int(release[3]))
        return any(low <= numbers < high for low, high in carets)
    from nodesemver import satisfies as npm_satisfies

    return bool(npm_satisfies(version, wanted, loose=False))


_Numbers = tuple[int, int, int]


@cache
def _carets(wanted: str) -> tuple[tuple[_Numbers, _Numbers], ...] | None:
    """From where up to where each branch goes, the end left out; None where a branch is more than a caret."""
    found = []
    for branch in wanted.split("||"):
        match = _CARET.fullmatch(branch)
        if match is None:
            return None
        major, minor, patch = (None if text is None else int(text) for text in match.groups())
        found.append(((major or 0, minor or 0, patch or 0), _end(major or 0, minor, patch)))
    return tuple(found)


def _end(major: int, minor: int | None, patch: int | None) -> _Numbers:
    """A caret lets everything change that stands right of the first number that is not 0."""
    if major or minor is None:
        return (major + 1, 0, 0)
    if minor or patch is None:
        return (0, minor + 1, 0)
    return (0, 0, patch + 1)
