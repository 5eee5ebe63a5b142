"""Noticing that a project changed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from compiler.local.watch import Signature, signature


def test_signature_notices_every_kind_of_change(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    for name in ("gatewright.yaml", "teams/a.yaml"):
        (tmp_path / name).write_text("a: 1\n")

    def look() -> Signature:
        return signature(tmp_path, ["gatewright.yaml", "contracts/orders.yaml"], ["teams/**/*.yaml"])

    seen = [look()]
    assert look() == seen[-1]
    for change in (
        lambda: (tmp_path / "teams/a.yaml").write_text("a: 22\n"),
        lambda: (tmp_path / "teams/b.yaml").write_text("b: 1\n"),
        (tmp_path / "teams/new").mkdir,
        lambda: (tmp_path / "teams/new/c.yaml").write_text("c: 1\n"),
        (tmp_path / "contracts").mkdir,
        lambda: (tmp_path / "contracts/orders.yaml").write_text("d: 1\n"),
        lambda: (tmp_path / "contracts/orders.yaml").rename(tmp_path / "contracts/other.yaml"),
        (tmp_path / "gatewright.yaml").unlink,
    ):
        change()
        seen.append(look())
    noticed = [before != after for before, after in pairwise(seen)]
    assert noticed == [True, True, False, True, False, True, True, True]  # a folder with nothing in it is no news
    (tmp_path / "teams/notes.txt").write_text("no part of the project\n")
    assert look() == seen[-1]
