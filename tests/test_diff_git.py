"""Revisions of git as sides of a diff: read from objects, and clear about what is not there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from compiler.cli import gatewright
from compiler.diff.git import GitTrouble, Named, opened, parse
from compiler.source import Source
from tests.projects import PROJECT, write_project
from tests.repositories import commit, git, new

Run = Callable[..., Result]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a project in `shop`, whose second commit has another timeout; we stand at its root."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    root = new(tmp_path / "repository")
    write_project(root / "shop")
    commit(root, "first")
    change(root / "shop", "9090")
    commit(root, "second")
    monkeypatch.chdir(root)
    return root


def change(project: Path, port: str) -> None:
    """Give the project's gateway another port."""
    (project / "gatewright.yaml").write_text(PROJECT.replace("PORT", port), encoding="utf-8")


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(gatewright, ["diff", *arguments])


def rules(result: Result) -> list[str]:
    assert result.exit_code in (0, 1), result.stderr
    return [change["rule"] for change in json.loads(result.stdout)["changes"]]


def test_two_revisions(repository: Path) -> None:
    assert rules(diff("HEAD~1:shop", "HEAD:shop", "--format", "json")) == ["listener-moved"]
    assert rules(diff("HEAD:shop", "HEAD:shop", "--format", "json")) == []


def test_a_revision_and_the_folder(repository: Path) -> None:
    assert rules(diff("HEAD:shop", "shop", "--format", "json")) == []
    change(repository / "shop", "7070")
    assert rules(diff("HEAD:shop", "shop", "--format", "json")) == ["listener-moved"]
    assert rules(diff("shop", "HEAD:shop", "--format", "json")) == ["listener-moved"]


@pytest.mark.parametrize("path", ["./", ".", "shop", "shop/", "../shop", "./../shop"])
def test_paths_count_from_the_root_or_from_here(repository: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(repository / "shop")
    assert rules(diff(f"HEAD~1:{path}", ".", "--format", "json")) == ["listener-moved"]


def test_a_project_at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = new(write_project(tmp_path / "shop"))
    commit(root)
    monkeypatch.chdir(root)
    assert rules(diff("HEAD:", ".", "--format", "json")) == []
    assert rules(diff("main:.", ".", "--format", "json")) == []


def test_tags_and_branches(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "first", "HEAD~1")
    git(repository, "branch", "a/b", "HEAD~1")
    for revision in ("v1", "a/b", "HEAD^", git(repository, "rev-parse", "HEAD~1")[:10]):
        assert rules(diff(f"{revision}:shop", "shop", "--format", "json")) == ["listener-moved"]


def test_the_work_tree_and_the_index_are_left_alone(repository: Path) -> None:
    (repository / "shop" / "new.txt").write_text("new")
    git(repository, "add", "shop/new.txt")
    (repository / "shop" / "orders.yaml").unlink()
    before = git(repository, "status", "--porcelain=v2", "--branch")
    assert rules(diff("HEAD~1:shop", "HEAD:shop", "--format", "json")) == ["listener-moved"]
    assert git(repository, "status", "--porcelain=v2", "--branch") == before


def test_environments_and_includes_come_from_the_revision(repository: Path) -> None:
    shop = repository / "shop"
    (shop / "environments").mkdir()
    staging = shop / "environments" / "staging.yaml"
    staging.write_text("gateways: {public: {listen: {port: 1111}}}\n")
    (shop / "gatewright.yaml").write_text(PROJECT.replace("PORT", "9090") + "include: [teams/*.yaml]\n")
    (shop / "teams").mkdir()
    (shop / "teams" / "a.yaml").write_text("policies: {unused: {timeout: 5s}}\n")
    commit(repository)
    staging.write_text("gateways: {public: {listen: {port: 2222}}}\n")
    (shop / "teams" / "a.yaml").unlink()
    (shop / "teams" / "b.yaml").write_text("policies: {unused: {timeout: 5s}}\n")
    assert rules(diff("HEAD:shop", "shop", "--format", "json")) == []
    result = diff("HEAD:shop", "shop", "--format", "json", "-e", "staging")
    assert rules(result) == ["listener-moved"]
    where = json.loads(result.stdout)["changes"][0]["where"]
    assert (where["file"], where["line"]) == ("environments/staging.yaml", 1)
    failed = diff("HEAD~1:shop", "shop", "-e", "staging")
    assert failed.exit_code == 2
    assert "no environment is named `staging`" in failed.stderr


def test_annotations_name_files_from_the_root(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (("HEAD~1:shop", "HEAD:shop"), ("HEAD~1:shop", "shop")):
        assert "file=shop/gatewright.yaml,line=12" in diff(*arguments, "--format", "github").stdout
    monkeypatch.chdir(repository / "shop")
    assert "file=shop/gatewright.yaml,line=12" in diff("HEAD~1:./", "HEAD:./", "--format", "github").stdout


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("nowhere:shop", "there is no revision `nowhere`"),
        ("HEAD~7:shop", "there is no revision `HEAD~7`"),
        ("--help:shop", "there is no revision `--help`"),
        (":shop", "names no revision"),
        ("HEAD:shops", "there is no `shops` in the revision `HEAD`"),
        ("HEAD:shop/orders.yaml", "is no folder"),
        ("HEAD:..", "leads out of the repository"),
        ("HEAD:", "there is no gatewright.yaml in `HEAD:`"),
        ("HEAD", "a revision of git is written `HEAD:PATH`"),
    ],
)
def test_what_is_not_there_is_said(repository: Path, side: str, says: str) -> None:
    for arguments in ((side, "shop"), ("shop", side)):
        result = diff("--", *arguments)
        assert result.exit_code == 2
        assert says in result.stderr
        assert result.stdout == ""


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = diff("HEAD:shop", "shop")
    assert result.exit_code == 2
    assert "in no git repository" in result.stderr


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    result = diff("HEAD:shop", "shop")
    assert result.exit_code == 2
    assert "there is no git on this machine" in result.stderr


def test_a_shallow_clone_says_how_to_deepen(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    assert rules(diff("HEAD:shop", "shop", "--format", "json")) == []
    result = diff("HEAD~1:shop", "shop")
    assert result.exit_code == 2
    assert "this clone is shallow" in result.stderr


def test_symlinks_count_by_where_they_lead(repository: Path) -> None:
    shop = repository / "shop"
    (shop / "real").mkdir()
    shutil.move(shop / "orders.yaml", shop / "real" / "orders.yaml")
    (shop / "orders.yaml").symlink_to("real/orders.yaml")
    commit(repository)
    assert rules(diff("HEAD~1:shop", "HEAD:shop", "--format", "json")) == []
    (repository / "outside.yaml").write_text((shop / "real" / "orders.yaml").read_text())
    (shop / "orders.yaml").unlink()
    (shop / "orders.yaml").symlink_to("../outside.yaml")
    commit(repository)
    for new_side in ("HEAD:shop", "shop"):
        result = diff("HEAD~1:shop", new_side)
        assert result.exit_code == 2
        assert "path-outside-project" in result.stderr


def test_a_tree_that_git_would_not_make_writes_nothing_outside(repository: Path, tmp_path: Path) -> None:
    """A link and, under its name, a folder with a file: whoever follows the link writes elsewhere."""
    victim = tmp_path / "victim"
    victim.mkdir()

    def blob(data: str) -> str:
        path = tmp_path / "blob"
        path.write_text(data)
        return git(repository, "hash-object", "-w", str(path))

    inner = write_tree(repository, [("100644", blob("harm"), "file")])
    link = blob(str(victim))
    tree = write_tree(repository, [("120000", link, "a"), ("040000", inner, "a")])
    made = git(repository, "commit-tree", tree, "-m", "bad")
    with opened(Named(made, ""), repository) as library:
        assert library.root != repository
        assert not list(victim.iterdir())


def write_tree(repository: Path, entries: list[tuple[str, str, str]]) -> str:
    """An object of a tree with just these entries, whether git would make one or not."""
    data = b"".join(f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, oid, name in entries)
    path = repository.parent / "tree"
    path.write_bytes(data)
    return git(repository, "hash-object", "-w", "-t", "tree", "--literally", str(path))


def test_sizes_and_bytes_are_those_of_the_revision(repository: Path) -> None:
    with opened(Named("HEAD", "shop"), repository) as library:
        source = library.source("orders.yaml", Source("", "").span(0, 0))
        assert isinstance(source, Source)
        assert source.text == (repository / "shop" / "orders.yaml").read_text()
        folder = library.root
    assert not folder.exists()


def test_a_name_with_a_colon_may_be_a_folder(repository: Path) -> None:
    shutil.copytree(repository / "shop", repository / "a:b")
    assert rules(diff("a:b", "shop", "--format", "json")) == []


def test_what_a_side_names() -> None:
    assert parse("HEAD:a/b") == Named("HEAD", "a/b")
    assert parse("a/b") is None
    assert str(Named("HEAD", "a")) == "HEAD:a"
    assert GitTrouble("x", "y").hint == "y"
