"""Processes that tests wait for, by their ids."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something comes to hold; an OSError on the way is a no for the moment."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            if holds():
                return True
        time.sleep(0.05)
    return False


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run, in order."""
    return sorted(child for child, (parent, state) in _table().items() if parent == pid and state != "Z")


def alive(pids: Iterable[int]) -> list[int]:
    """Those that still run; a process that ended but was not reaped does not."""
    table = _table()
    return [pid for pid in pids if pid in table and table[pid][1] != "Z"]


def _table() -> dict[int, tuple[int, str]]:
    """Parent and state of every process: from Linux's /proc, as small images have no ps, or from ps elsewhere."""
    if Path("/proc/self/stat").exists():
        lines = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = path.read_text().rpartition(")")[2].split()[:2]
                lines.append(f"{path.parent.name} {parent} {state}")
    else:
        command = ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "state="]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = (line.split() for line in lines)
    return {int(pid): (int(parent), state[0]) for pid, parent, state in rows}
