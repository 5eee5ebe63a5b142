"""The folder of one run: private, removed at its end, and by the next run where that end was a kill -9.

A run holds a lock on a file in its folder. The kernel lets go of the lock when the process is gone, however it went, so
a folder whose lock can be had belongs to nobody any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO

PREFIX = "gatewright-up-"
_LOCK = "lock"
_YOUNG_SECONDS = 60
"""A folder younger than this may be without a lock because its run is just beginning."""


class Folder:
    """A folder of our own with mode 0700, until ``remove``. Making one removes what killed runs have left."""

    def __init__(self) -> None:
        remove_abandoned(Path(gettempdir()))
        self.path = Path(mkdtemp(prefix=PREFIX))
        self._lock: IO[bytes] = (self.path / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove the folder and all that is in it; it may be removed already."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_abandoned(parent: Path, young_seconds: float = _YOUNG_SECONDS) -> None:
    """Remove our folders in ``parent`` whose run is gone; what cannot be removed is left alone."""
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            seen = path.lstat()
            if seen.st_uid != os.getuid() or path.is_symlink() or time.time() - seen.st_mtime < young_seconds:
                continue
            with (path / _LOCK).open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
