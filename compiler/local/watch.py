"""Whether the files of a project changed, by looking at them now and then."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

Signature = dict[str, tuple[int, int, int]]
_NOT_THERE = (0, -1, 0)


def signature(root: Path, names: Iterable[str], globs: Iterable[str]) -> Signature:
    """Time, size and inode of each file that a build asked for, there or not, and of what its includes match now."""
    wanted = set(names)
    for pattern in globs:
        with suppress(OSError):  # a folder that went while it was looked at
            wanted.update(path.relative_to(root).as_posix() for path in root.glob(pattern))
    return {name: _look(root / name) for name in sorted(wanted)}


def _look(path: Path) -> tuple[int, int, int]:
    try:
        seen = os.stat(path)
    except OSError:
        return _NOT_THERE
    if path.is_dir():  # its content's coming and going is no change of ours
        return (0, 0, seen.st_ino)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
