"""Whether a running Envoy has taken up the files that were renamed into its folder, by its own counters."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from enum import Enum

from compiler.local.envoy import Running
from compiler.records import frozen


class Reloaded(Enum):
    """What came of a reload."""

    DONE = "done"
    REFUSED = "refused"
    LATE = "late"


@frozen
class Taken:
    """How often Envoy took a file, and how often it refused it."""

    success: int
    rejected: int


def followed(running: Running, name: str) -> dict[str, Taken]:
    """What Envoy made of each file that it follows, by the file's name without its ending.

    ``name`` is the route configuration's.
    """
    stats = running.stats(r"\.update_(success|rejected)$")
    return {
        file: Taken(stats.get(f"{prefix}.update_success", 0), stats.get(f"{prefix}.update_rejected", 0))
        for file, prefix in _prefixes(name).items()
    }


def refused(running: Running, name: str) -> list[str]:
    """The files that Envoy has refused at any time."""
    return [file for file, taken in followed(running, name).items() if taken.rejected]


def wait_for_reload(
    running: Running, name: str, before: Mapping[str, Taken], changed: Iterable[str], seconds: float = 10.0
) -> Reloaded:
    """Wait until every changed file was taken, or one was refused. Raises EnvoyProblem where Envoy is gone."""
    waiting = set(changed) & before.keys()
    deadline = time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        now = followed(running, name)
        if any(now[file].rejected > before[file].rejected for file in waiting):
            return Reloaded.REFUSED
        waiting = {file for file in waiting if now[file].success <= before[file].success}
        if waiting:
            time.sleep(0.03)
    return Reloaded.LATE if waiting else Reloaded.DONE


def _prefixes(name: str) -> dict[str, str]:
    return {
        "listeners": "listener_manager.lds",
        "clusters": "cluster_manager.cds",
        "routes": f"http.{name}.rds.{name}",
    }
