"""What a build gives, a mapping from path to bytes: comparing it with a folder, and writing it there.

Everything is first written beside its place, then renamed, file by file: whoever reads the folder, a running Envoy
among them, sees each file as it was or as it will be, and a build that is killed leaves the former output usable.
Only folders that hold a manifest of ours are ours to clean.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from compiler.records import frozen

MANIFEST = "manifest.json"
_BESIDE = ".gatewright-"
_AT_ONCE = 1 << 20
# clusters and the payload's plan before the routes that need them, the manifest when all that it speaks of is there
_ORDER = ("clusters.yaml", "payload.yaml", "routes.yaml", "listeners.yaml", "envoy.yaml", "openapi.yaml", MANIFEST)


class WriteProblem(Exception):
    """The output could not be written; the text says what and why."""


@frozen
class Difference:
    """A file of the output that is not what the project gives."""

    path: str
    kind: Literal["missing", "changed", "stale"]


def compare(files: Mapping[str, bytes], out: Path, *, only: str | None = None) -> list[Difference]:
    """What a write would change in ``out``, by path. With ``only``, other deployables' folders are left alone."""
    differences = []
    for path in sorted(files):
        there = out / path
        try:
            if not _holds(there, files[path]):
                differences.append(Difference(path, "changed"))
        except (FileNotFoundError, NotADirectoryError):
            differences.append(Difference(path, "missing"))
        except OSError as error:
            raise WriteProblem(f"`{there}` cannot be read: {error.strerror}") from error
    differences += [Difference(path, "stale") for path in _stale(files, out, only)]
    return sorted(differences, key=lambda d: d.path)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has just these bytes; a large one is not read at once."""
    with path.open("rb") as stream:
        if os.fstat(stream.fileno()).st_size != len(data):
            return False
        view = memoryview(data)
        return all(stream.read(_AT_ONCE) == view[at : at + _AT_ONCE] for at in range(0, len(data), _AT_ONCE))


def write(files: Mapping[str, bytes], out: Path, *, only: str | None = None) -> list[Difference]:
    """Make ``out`` what ``files`` say, and give what was changed. Unchanged files are not touched.

    Raises WriteProblem; then every file in ``out`` is still whole, as it was or as it was to be.
    """
    differences = compare(files, out, only=only)
    changed = sorted((d.path for d in differences if d.kind != "stale"), key=_rank)
    beside: dict[str, Path] = {}
    try:
        for path in changed:
            place = out / path
            place.parent.mkdir(parents=True, exist_ok=True)
            beside[path] = place.parent / f"{_BESIDE}{os.getpid()}-{place.name}"
            _write_whole(beside[path], files[path])
        for path in changed:
            os.replace(beside.pop(path), out / path)
        for stale in (d.path for d in differences if d.kind == "stale"):
            (out / stale).unlink(missing_ok=True)
        _remove_empty(out, {path.partition("/")[0] for path in (d.path for d in differences if d.kind == "stale")})
    except OSError as error:
        raise WriteProblem(f"`{error.filename or out}` cannot be written: {error.strerror}") from error
    finally:
        for left in beside.values():
            with suppress(OSError):
                left.unlink()
    return differences


def write_file(path: Path, data: bytes) -> None:
    """Write one file so that whoever reads it sees it whole, as it was or as it will be. Raises WriteProblem.

    A symlink stays one: the file that it leads to is replaced.
    """
    place = path.resolve()
    beside = place.parent / f"{_BESIDE}{os.getpid()}-{place.name}"
    try:
        _write_whole(beside, data)
        if place.exists():
            shutil.copymode(place, beside)
        os.replace(beside, place)
    except OSError as error:
        raise WriteProblem(f"`{path}` cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _rank(path: str) -> tuple[str, int, str]:
    folder, _, name = path.rpartition("/")
    return folder, _ORDER.index(name) if name in _ORDER else -1, name


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file and see it onto the disk, so that a rename never puts half of it into place."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _stale(files: Mapping[str, bytes], out: Path, only: str | None) -> list[str]:
    """Files of ours that nothing gives any more: in folders with our manifest, and what a killed build left."""
    found: list[str] = []
    if not out.is_dir():
        return found
    for folder in sorted(out.iterdir()):
        if not folder.is_dir() or folder.is_symlink() or (only is not None and folder.name != only):
            continue
        ours = _is_ours(folder)
        for path in sorted(folder.iterdir()):
            name = f"{folder.name}/{path.name}"
            left = path.name.startswith(_BESIDE)
            named = path.name in _ORDER or (path.name.startswith("payload-") and path.suffix == ".wasm")
            if path.is_file() and name not in files and (left or (ours and named)):
                found.append(name)
    return found


def _is_ours(folder: Path) -> bool:
    try:
        with (folder / MANIFEST).open("rb") as stream:
            return stream.read(200).lstrip().startswith(b'{\n  "gatewright":')
    except OSError:
        return False


def _remove_empty(out: Path, folders: set[str]) -> None:
    for name in sorted(folders):
        folder = out / name
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
