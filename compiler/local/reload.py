"""Whether a running Envoy has taken up the files that were renamed into its folder, by its own counters."""

from __future__ import annotations

import time
from collections.abc import Iterable
from enum import Enum

from compiler.local.envoy import Running


class Reloaded(Enum):
    """What came of a reload."""

    DONE = "done"
    REFUSED = "refused"
    LATE = "late"


def followed_counters(running: Running, name: str) -> dict[str, tuple[int, int]]:
    """By file, how often Envoy took it and how often it refused it."""
    return {
        file: (running.stat(f"{prefix}.update_success"), running.stat(f"{prefix}.update_rejected"))
        for file, prefix in _prefixes(name).items()
    }


def wait_for_reload(
    running: Running, name: str, before: dict[str, tuple[int, int]], changed: Iterable[str], seconds: float = 5.0
) -> Reloaded:
    """Wait until every changed file was taken, or one was refused.

    Listeners and clusters that are the same after all give no new success, so an attempt without a refusal will do.
    """
    waiting = set(changed) & before.keys()
    deadline = time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        now = followed_counters(running, name)
        if any(now[file][1] > before[file][1] for file in waiting):
            return Reloaded.REFUSED
        waiting = {file for file in waiting if now[file][0] <= before[file][0]}
        if waiting:
            time.sleep(0.05)
    return Reloaded.LATE if waiting else Reloaded.DONE


def _prefixes(name: str) -> dict[str, str]:
    return {
        "listeners.yaml": "listener_manager.lds",
        "clusters.yaml": "cluster_manager.cds",
        "routes.yaml": f"http.{name}.rds.{name}",
    }
