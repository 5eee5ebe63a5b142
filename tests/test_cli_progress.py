"""The bar: on a terminal, after a while, and gone in the end."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from compiler.cli import progress
from tests.test_terminal import ROOT, play

WORK = "import time; from compiler.cli import progress\nwith progress.shown('working', {patience}): time.sleep(0.35)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def said(folder: Path, columns: int | None, patience: float, before: str = "") -> str:
    (folder / "work.py").write_text(WORK.format(patience=patience))
    played = play(f"{before}PYTHONPATH={ROOT} {sys.executable} work.py", folder, columns)
    return played.partition("\n")[2].removesuffix("[exit 0]\n").strip("\n")


def test_a_bar_moves_and_goes(folder: Path) -> None:
    shown = said(folder, 80, 0.05)
    assert re.fullmatch(r"(\r?working \[ *====== *\] \d+ s\\e\[K){2,}\r\\e\[K", shown)


def test_quick_work_shows_nothing(folder: Path) -> None:
    assert said(folder, 80, 5) == ""


def test_no_bar_where_nobody_looks(folder: Path) -> None:
    assert said(folder, None, 0.05) == ""
    assert said(folder, 80, 0.05, "TERM=dumb ") == ""


def test_the_block_stays_in_the_bar() -> None:
    pictures = [progress.picture("x", turn, 1) for turn in range(100)]
    assert {len(p) for p in pictures} == {len(pictures[0])}
    assert pictures[0] == pictures[36]
    assert len(set(pictures)) == 19
