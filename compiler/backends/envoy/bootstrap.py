"""The bootstrap: who this Envoy is, what protects the process, and where the rest comes from."""

from __future__ import annotations

from compiler.backends.envoy.metrics import (
    admin_address,
    connection_limit,
    metrics_cluster,
    metrics_listener,
    stats_config,
)
from compiler.backends.envoy.tracing import collector
from compiler.backends.envoy.types import CONNECTIONS, FIXED_HEAP, Data
from compiler.plan import Deployable

HEAP_BYTES = 2 << 30
"""The heap at which overload counts as full. A container should be given a third more."""
ALL_CONNECTIONS = 50_000
"""Client connections of the whole process."""
LISTENER_CONNECTIONS = 40_000
"""Client connections of one listener: fewer than all, so that the metrics port stays reachable."""
PATTERN_SIZE = 65_536
"""RE2 instructions of one pattern. Envoy's 100 guards against patterns of strangers, and refuses a template with 90
characters of literal text. Ours grow with the length of a path, and a request's path is bounded with its headers."""


def bootstrap(deployable: Deployable) -> Data:
    """All of it but the resources that are followed.

    What metrics and traces need stands here, so that it is there before a listener that refers to it.
    """
    measured = deployable.metrics_port is not None
    data: Data = {"node": {"id": deployable.name, "cluster": "gatewright"}}
    if deployable.admin_port is not None or measured:
        data["admin"] = {"address": admin_address(deployable)}
    data["overload_manager"] = overload_manager()
    if measured:
        data["stats_config"] = stats_config(deployable)
    limits = {
        f"envoy.resource_limits.listener.{deployable.name}.connection_limit": LISTENER_CONNECTIONS,
        **(connection_limit() if measured else {}),
        "re2.max_program_size.error_level": PATTERN_SIZE,
    }
    data["layered_runtime"] = {"layers": [{"name": "gatewright", "static_layer": limits}]}
    own = _resources(deployable)
    if own:
        data["static_resources"] = own
    return data


def _resources(deployable: Deployable) -> Data:
    """Listeners and clusters that are the gateway's own business."""
    data: Data = {}
    if deployable.metrics_port is not None:
        data["listeners"] = [metrics_listener(deployable, deployable.metrics_port)]
    clusters = [
        *([metrics_cluster(deployable)] if deployable.metrics_port is not None else []),
        *([collector(deployable.tracing)] if deployable.tracing is not None else []),
    ]
    if clusters:
        data["clusters"] = clusters
    return data


def overload_manager() -> Data:
    """Give memory back at 95 % of the heap, refuse requests at 98 %, and bound the connections."""
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.fixed_heap",
                "typed_config": {"@type": FIXED_HEAP, "max_heap_size_bytes": HEAP_BYTES},
            },
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {"@type": CONNECTIONS, "max_active_downstream_connections": ALL_CONNECTIONS},
            },
        ],
        "actions": [
            {"name": "envoy.overload_actions.shrink_heap", "triggers": [_at("fixed_heap", 0.95)]},
            {"name": "envoy.overload_actions.stop_accepting_requests", "triggers": [_at("fixed_heap", 0.98)]},
        ],
    }


def _at(monitor: str, share: float) -> Data:
    return {"name": f"envoy.resource_monitors.{monitor}", "threshold": {"value": share}}


def watched(config_dir: str, file: str) -> Data:
    """A source of resources that Envoy follows; a rename into the folder is what it notices."""
    folder = config_dir.rstrip("/")
    return {
        "path_config_source": {"path": f"{folder}/{file}", "watched_directory": {"path": folder or "/"}},
        "resource_api_version": "V3",
    }


def followed(config_dir: str) -> Data:
    """The dynamic resources of the xds layout."""
    return {
        "dynamic_resources": {
            "lds_config": watched(config_dir, "listeners.yaml"),
            "cds_config": watched(config_dir, "clusters.yaml"),
        }
    }
