"""The corpus of differences: pairs of projects, and what has to be said of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.diff.catalog import OWN, SAYS
from compiler.diff.changes import Difference, in_order
from compiler.report.differences import text
from tests.diffs import CASES, base, changes, laid, told, write


def corpus() -> Iterator[Any]:
    """Each case of each file."""
    for path in sorted(CASES.glob("*.yaml")):
        if path.stem not in ("base", "rich"):
            for name, case in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                if not name.startswith("_"):  # that is for anchors
                    yield pytest.param(case, id=f"{path.stem}: {name}")


def sides(case: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Both projects of a case, in folders. ``both`` is laid over the base of both."""
    common = laid(base(), case.get("both", {}))
    return write(folder / "old", laid(common, case.get("old", {}))), write(folder / "new", laid(common, case["new"]))


@pytest.mark.parametrize("case", list(corpus()))
def test_each_case_is_told(case: dict[str, Any], tmp_path: Path) -> None:
    found = changes(*sides(case, tmp_path))
    expected = case["expect"] if isinstance(case["expect"], list) else [case["expect"]]
    report = text.render(Difference(found))
    assert Counter(map(told, found)) == Counter(one for one in expected if one != "none"), report
    for change in found:
        assert change.rule in SAYS
        assert change.where is not None
        assert not (change.weakened and change.level == "safe")


def test_any_two_projects_can_be_compared(tmp_path: Path) -> None:
    made = [sides(case.values[0], tmp_path / str(number))[1] for number, case in enumerate(corpus())]
    for old, new in pairwise(made):
        found = changes(old, new)
        assert all(change.where is not None and change.message for change in found)
        assert found == in_order(reversed(found))


def test_the_corpus_is_as_large_as_it_says() -> None:
    cases = list(corpus())
    assert len(cases) >= 150
    assert len({case.id for case in cases}) == len(cases)
    told_of = {rule for case in cases for rule in str(case.values[0]["expect"]).split() if rule in OWN}
    assert sorted(OWN.keys() - told_of - {"lock-not-append-only", "not-compared", "streaming-changed"}) == []
