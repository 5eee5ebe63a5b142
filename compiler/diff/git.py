"""A folder as it is in a revision of git, read from git's objects: the work tree and the index are left alone.

Names, sizes and symlinks of the folder are laid out in a temporary one, so that includes, environments and links that
lead out are judged as in any folder. The bytes of a file are asked for when somebody reads it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from compiler.files import Library
from compiler.records import frozen

_FILE, _LINK = ("100644", "100755", "100664"), "120000"


class GitTrouble(Exception):
    """A revision cannot be read; the text says why, ``hint`` how to mend it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@frozen
class Named:
    """``REV:PATH``: a revision as git writes it, and a path from the root of the repository, or ``./`` from here."""

    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


@frozen
class _Blob:
    """A file in a tree."""

    oid: str
    size: int


def parse(text: str) -> Named | None:
    """What ``REV:PATH`` names; None for a text without a colon."""
    revision, colon, path = text.partition(":")
    return Named(revision, path) if colon else None


@contextmanager
def opened(named: Named, here: Path, earlier: Library | None = None) -> Iterator[Library]:
    """The folder that is named, seen from the folder ``here``, as long as the context lasts. Raises GitTrouble."""
    tree = _tree(named, here)
    with tempfile.TemporaryDirectory(prefix="gatewright-") as folder, _Objects(here) as objects:
        root = Path(folder).resolve()
        blobs = _laid_out(_entries(tree, here), objects, root)

        def read_bytes(path: Path) -> bytes:
            blob = blobs.get(path.resolve().relative_to(root).as_posix())
            return objects.read(blob.oid) if blob is not None else path.read_bytes()

        yield Library(root, earlier=earlier, read_bytes=read_bytes)


def _tree(named: Named, here: Path) -> str:
    """The object of the folder."""
    if not named.revision:
        raise GitTrouble(f"`{named}` names no revision", "write for example HEAD:. or origin/main:shop")
    top = _run(here, "rev-parse", "--show-prefix", "--is-shallow-repository")
    if top.returncode != 0:
        first = top.stderr.strip().split("\n")[0]
        if "not a git repository" in first:
            raise GitTrouble(f"`{named}` names a revision, and this folder is in no git repository")
        raise GitTrouble(f"git cannot read this repository: {first}")
    prefix, shallow = top.stdout.rstrip("\n").split("\n")
    found = _run(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{named.revision}^{{tree}}")
    if found.returncode != 0:
        hint = "see `git log --oneline`, and `git branch --all` for names"
        if shallow == "true":
            hint = "this clone is shallow: fetch the revision first, `git fetch --unshallow`, or `fetch-depth: 0` in CI"
        raise GitTrouble(f"there is no revision `{named.revision}` here", hint)
    path = _from_root(named, prefix)
    if not path:
        return found.stdout.strip()
    listed = _run(here, "ls-tree", "-z", "--full-tree", found.stdout.strip(), "--", path)
    lines = [line for line in listed.stdout.split("\0") if line.partition("\t")[2] == path]
    if not lines:
        elsewhere = f"; from here it would be `{named.revision}:./{named.path}`" if prefix else ""
        raise GitTrouble(
            f"there is no `{path}` in the revision `{named.revision}`",
            f"paths count from the root of the repository{elsewhere}",
        )
    mode, _, oid = lines[0].partition("\t")[0].split(" ")
    if mode != "040000":
        raise GitTrouble(f"`{path}` is no folder in the revision `{named.revision}`", "name the folder of a project")
    return oid


def _from_root(named: Named, prefix: str) -> str:
    """The path from the root of the repository; empty for the root itself."""
    path = named.path
    if path in (".", "..") or path.startswith(("./", "../")):
        path = prefix + path
    parts: list[str] = []
    for part in PurePosixPath(path.strip("/")).parts:
        if part == ".." and not parts:
            raise GitTrouble(f"`{named}` leads out of the repository")
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def prefix(named: Named, here: Path) -> str:
    """What leads from the root of the repository to the folder, with its last slash."""
    path = _from_root(named, _run(here, "rev-parse", "--show-prefix").stdout.rstrip("\n"))
    return f"{path}/" if path else ""


def _entries(tree: str, here: Path) -> Iterator[tuple[str, _Blob, str]]:
    """The mode, object and name of everything in a folder and below."""
    listed = _run(here, "ls-tree", "-r", "-z", "-l", "--full-tree", tree)
    if listed.returncode != 0:
        raise GitTrouble(f"git cannot read the revision: {listed.stderr.strip()}", "a partial clone lacks objects")
    for line in listed.stdout.split("\0"):
        about, tab, name = line.partition("\t")
        words = about.split()
        if tab and len(words) == 4 and words[1] == "blob":
            yield words[0], _Blob(words[2], int(words[3])), name


def _laid_out(entries: Iterator[tuple[str, _Blob, str]], objects: _Objects, root: Path) -> Mapping[str, _Blob]:
    """The files of a folder by name, laid out as empty ones of the right size; links come last, so none is followed."""
    files: dict[str, _Blob] = {}
    links: dict[str, _Blob] = {}
    for mode, blob, name in entries:
        if all(part not in ("", ".", "..") for part in name.split("/")):
            (links if mode == _LINK else files)[name] = blob
    for name, blob in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(blob.size)
    for name, blob in links.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.resolve().is_relative_to(root) and not os.path.lexists(path):
            path.symlink_to(os.fsdecode(objects.read(blob.oid)))
    return files


class _Objects:
    """The contents of objects, from one process of git."""

    def __init__(self, here: Path) -> None:
        self._process = subprocess.Popen(
            ["git", "-C", str(here), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def __enter__(self) -> _Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def read(self, oid: str) -> bytes:
        """The bytes of an object. Raises GitTrouble where the repository lacks it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{oid}\n".encode("ascii"))
            self._process.stdin.flush()
            words = self._process.stdout.readline().decode("ascii", "replace").split()
        except BrokenPipeError:
            words = []
        if len(words) != 3 or not words[2].isdigit():
            raise GitTrouble(
                f"the repository lacks the object {oid}", "fetch it first: a partial clone has it elsewhere"
            )
        data = self._process.stdout.read(int(words[2]))
        self._process.stdout.read(1)
        return data


def _environment() -> dict[str, str]:
    """Git's messages in English, no lock taken, and nothing fetched from elsewhere."""
    return {
        **os.environ,
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }


def _run(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(here), *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            env=_environment(),
        )
    except FileNotFoundError:
        raise GitTrouble("there is no git on this machine", "install git, or name two folders") from None
