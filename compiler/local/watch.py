"""Whether the files of a project changed, by looking at them now and then."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

Signature = dict[str, tuple[int, int, int]]


def signature(root: Path, names: Iterable[str]) -> Signature:
    """Time, size and inode of each file of a project, and of every folder from there up to the root.

    A new file changes its folder's time, so a file that comes to match an include is noticed too.
    """
    paths = {root}
    for name in names:
        path = root / name
        paths.add(path)
        paths.update(p for p in path.parents if p == root or root in p.parents)
    found: Signature = {}
    for path in sorted(paths):
        try:
            stat = os.stat(path)
        except OSError:
            found[str(path)] = (0, -1, 0)
        else:
            found[str(path)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
