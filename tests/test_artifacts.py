"""Writing leaves either the former output or the new one, and touches only what is ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compiler.artifacts import Difference, WriteProblem, compare, write

MANIFEST = b'{\n  "gatewright": "0.1.0"\n}\n'
FILES = {"public/envoy.yaml": b"a: 1\n", "public/routes.yaml": b"b: 1\n", "public/manifest.json": MANIFEST}


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_first_write_and_again(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert [d.kind for d in write(FILES, out)] == ["missing"] * 3
    assert tree(out) == FILES
    before = (out / "public/envoy.yaml").stat().st_mtime_ns
    assert write(FILES, out) == []
    assert (out / "public/envoy.yaml").stat().st_mtime_ns == before


def test_changes_are_renamed_into_place(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    old = (tmp_path / "public/routes.yaml").stat().st_ino
    assert write({**FILES, "public/routes.yaml": b"b: 2\n"}, tmp_path) == [Difference("public/routes.yaml", "changed")]
    assert (tmp_path / "public/routes.yaml").stat().st_ino != old


def test_compare_writes_nothing(tmp_path: Path) -> None:
    assert {d.kind for d in compare(FILES, tmp_path / "out")} == {"missing"}
    assert not (tmp_path / "out").exists()


def test_stale_files_go_and_foreign_ones_stay(tmp_path: Path) -> None:
    old = {"manifest.json": MANIFEST, "envoy.yaml": b"", "payload.yaml": b"", "payload-0123456789ab.wasm": b""}
    write({**FILES, **{f"old/{name}": data for name, data in old.items()}}, tmp_path)
    foreign = {
        "public/README.md": b"mine",
        "notes.txt": b"mine",
        "other/envoy.yaml": b"mine",
        "other/manifest.json": b"{}",
    }
    for name, data in foreign.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "public/.gatewright-1-envoy.yaml").write_bytes(b"left by a build that was killed")
    stale = [d.path for d in write(FILES, tmp_path)]
    assert stale == [*sorted(f"old/{name}" for name in old), "public/.gatewright-1-envoy.yaml"]
    assert tree(tmp_path) == {**FILES, **foreign}
    assert not (tmp_path / "old").exists()


def test_only_leaves_other_deployables_alone(tmp_path: Path) -> None:
    both = {**FILES, "second/manifest.json": MANIFEST}
    write(both, tmp_path)
    assert compare(FILES, tmp_path, only="public") == []
    assert write(FILES, tmp_path, only="public") == []
    assert tree(tmp_path) == both


def test_out_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(WriteProblem, match="cannot be written"):
        write(FILES, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_where_a_file_belongs_and_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "one/public/envoy.yaml").mkdir(parents=True)
    with pytest.raises(WriteProblem, match="cannot be read: Is a directory"):
        write(FILES, tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/public").write_text("mine")
    with pytest.raises(WriteProblem, match="cannot be written: File exists"):
        write(FILES, tmp_path / "two")
    assert tree(tmp_path / "two") == {"public": b"mine"}


def test_a_link_to_a_folder_is_followed_and_a_link_to_a_file_replaced(tmp_path: Path) -> None:
    (tmp_path / "real/public").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "real")
    (tmp_path / "foreign").write_text("mine")
    (tmp_path / "real/public/envoy.yaml").symlink_to(tmp_path / "foreign")
    write(FILES, tmp_path / "out")
    assert tree(tmp_path / "real") == FILES
    assert (tmp_path / "foreign").read_text() == "mine"


def test_failure_while_writing_keeps_the_former_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(FILES, tmp_path)
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    changed = {**FILES, "public/envoy.yaml": b"a: 2\n", "public/routes.yaml": b"b: 2\n"}
    with pytest.raises(WriteProblem, match="No space left"):
        write(changed, tmp_path)
    assert tree(tmp_path) == FILES
