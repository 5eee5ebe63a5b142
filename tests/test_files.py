"""Files of a project: each read once, none from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.reader import Document
from compiler.source import MAX_FILE_BYTES, Source

WHERE = Source("gatewright.yaml", "").span(0, 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "contracts").mkdir(parents=True)
    (root / "contracts" / "orders.yaml").write_text("a: 1")
    (root / "shared.json").write_text('{"b": 2}')
    (tmp_path / "outside.yaml").write_text("c: 3")
    return root.resolve()


@pytest.mark.parametrize(
    ("written", "base", "name"),
    [
        ("contracts/orders.yaml", "gatewright.yaml", "contracts/orders.yaml"),
        ("./contracts/../shared.json", "gatewright.yaml", "shared.json"),
        ("orders.yaml", "contracts/other.yaml", "contracts/orders.yaml"),
        ("../shared.json", "contracts/orders.yaml", "shared.json"),
        ("missing.yaml", "gatewright.yaml", "missing.yaml"),
    ],
)
def test_paths_count_from_the_file_that_names_them(project: Path, written: str, base: str, name: str) -> None:
    assert Library(project).locate(written, base, WHERE) == name


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("../outside.yaml", "path-outside-project"),
        ("contracts/../../outside.yaml", "path-outside-project"),
        ("/etc/passwd", "path-outside-project"),
        ("https://example.com/a.yaml", "path-outside-project"),
        ("file:///etc/passwd", "path-outside-project"),
        ("contracts\\orders.yaml", "path-outside-project"),
        ("", "file-not-found"),
        ("a\0b", "file-not-found"),
        ("nul", "file-not-found"),
        ("contracts", "file-not-found"),
        (".", "file-not-found"),
        ("contracts/orders.yaml/x", "file-not-found"),
        ("x" * 300, "file-not-found"),
        ("../project/shared.json/../../../outside.yaml", "path-outside-project"),
    ],
)
def test_what_cannot_be_had_says_why(project: Path, written: str, rule: str) -> None:
    found = Library(project).document(written, "gatewright.yaml", WHERE)
    assert isinstance(found, Finding)
    assert (found.rule, found.where) == (rule, WHERE)


def test_symlinks_count_by_where_they_lead(project: Path) -> None:
    (project / "out.yaml").symlink_to(project.parent / "outside.yaml")
    (project / "in.yaml").symlink_to(project / "contracts" / "orders.yaml")
    (project / "loop.yaml").symlink_to(project / "loop.yaml")
    (project / "folder").symlink_to(project.parent)
    library = Library(project)
    for written, rule in [("out.yaml", "path-outside-project"), ("folder/outside.yaml", "path-outside-project")]:
        found = library.document(written, "gatewright.yaml", WHERE)
        assert isinstance(found, Finding)
        assert found.rule == rule
    assert isinstance(library.document("loop.yaml", "gatewright.yaml", WHERE), Finding)
    within = library.document("in.yaml", "gatewright.yaml", WHERE)
    assert isinstance(within, Document)
    assert within.source.name == "in.yaml"


def test_a_file_is_read_once(project: Path) -> None:
    library = Library(project)
    first = library.document("contracts/orders.yaml", "gatewright.yaml", WHERE)
    (project / "contracts" / "orders.yaml").write_text("a: 2")
    assert library.document("orders.yaml", "contracts/x.yaml", WHERE) is first
    assert [source.name for source in library.sources] == ["contracts/orders.yaml"]


def test_a_broken_file_is_said_once(project: Path) -> None:
    (project / "broken.yaml").write_text("a: [")
    library = Library(project)
    assert library.document("broken.yaml", "gatewright.yaml", WHERE) is None
    assert library.document("broken.yaml", "gatewright.yaml", WHERE) is None
    assert [(f.rule, f.where.file) for f in library.findings] == [("yaml-syntax", "broken.yaml")]


def test_a_missing_file_has_a_neighbour(project: Path) -> None:
    found = Library(project).document("contracts/order.yaml", "gatewright.yaml", WHERE)
    assert isinstance(found, Finding)
    assert found.help == "did you mean `contracts/orders.yaml`?"


def test_what_is_no_text_and_what_is_too_large(project: Path) -> None:
    (project / "latin.yaml").write_bytes(b"a: \xe9")
    with (project / "large.yaml").open("wb") as large:
        large.truncate(MAX_FILE_BYTES + 1)
    library = Library(project)
    for name, rule in [("latin.yaml", "yaml-syntax"), ("large.yaml", "file-not-found")]:
        found = library.document(name, "gatewright.yaml", WHERE)
        assert isinstance(found, Finding)
        assert found.rule == rule


def test_a_byte_order_mark_is_no_content(project: Path) -> None:
    (project / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    found = Library(project).document("bom.yaml", "gatewright.yaml", WHERE)
    assert isinstance(found, Document)
    assert found.root == {"a": 1}
    assert str(found.span(("a",), key=True)) == "bom.yaml:1:1"
