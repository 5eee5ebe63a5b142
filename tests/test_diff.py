"""The corpus of differences: pairs of projects, and what has to be said of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.diff.catalog import SAYS
from compiler.diff.changes import Difference
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
