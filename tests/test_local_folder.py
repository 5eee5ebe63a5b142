"""The folder of a run: private, gone at the end, and swept by the next run where nobody removed it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from compiler.local.folder import PREFIX, Folder, remove_abandoned


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_private_and_goes(temporary: Path) -> None:
    folder = Folder()
    assert folder.path.parent == temporary
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.remove()
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_only_what_nobody_holds_is_swept(temporary: Path) -> None:
    held = Folder()
    left = temporary / f"{PREFIX}left"
    shutil.copytree(held.path, left)
    (temporary / "other").mkdir()
    (temporary / f"{PREFIX}link").symlink_to(temporary / "other")
    for path in (held.path, left):
        os.utime(path, (0, 0))
    young = temporary / f"{PREFIX}young"
    young.mkdir()
    remove_abandoned(temporary)
    assert sorted(temporary.iterdir()) == sorted([held.path, young, temporary / f"{PREFIX}link", temporary / "other"])
    held.remove()


def test_making_a_folder_sweeps(temporary: Path) -> None:
    left = temporary / f"{PREFIX}left"
    left.mkdir()
    os.utime(left, (0, 0))
    folder = Folder()
    assert list(temporary.iterdir()) == [folder.path]
    folder.remove()
