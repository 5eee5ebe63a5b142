"""The payload module: a filter that composes aggregates, disabled on the chain and switched on by their routes."""

from __future__ import annotations

from hashlib import sha256

from compiler.backends.envoy.payload_plan import plan_text
from compiler.backends.envoy.types import FILTER_CONFIG, STRING_VALUE, WASM, Data
from compiler.plan import Deployable

FILTER = "gatewright.payload"
NOWHERE = "gatewright.composed"
"""A cluster without endpoints. An aggregate's route needs one, and the filter answers before anything is sent there."""


def module() -> bytes:
    """The module itself, which only what composes needs."""
    from compiler.dataplane import module as built

    return built()


def module_file(deployable: Deployable) -> tuple[str, bytes] | None:
    """The file that the deployable needs, by name and content; None where it composes nothing.

    The name has a part of the digest, as Envoy does not notice a file that changes under one name.
    """
    if not deployable.aggregates:
        return None
    data = module()
    return f"payload-{sha256(data).hexdigest()[:12]}.wasm", data


def payload_filters(deployable: Deployable, folder: str) -> list[Data]:
    """The filter for the chain; none where nothing is composed. ``folder`` is where the module's file is."""
    file = module_file(deployable)
    if file is None:
        return []
    return [
        {
            "name": FILTER,
            "disabled": True,
            "typed_config": {
                "@type": WASM,
                "config": {
                    "name": deployable.name,
                    "root_id": "payload",
                    "failure_policy": "FAIL_RELOAD",
                    "configuration": {"@type": STRING_VALUE, "value": plan_text(deployable)},
                    "vm_config": {
                        "vm_id": "payload",
                        "runtime": "envoy.wasm.runtime.v8",
                        "code": {"local": {"filename": f"{folder.rstrip('/')}/{file[0]}"}},
                    },
                },
            },
        }
    ]


def switched_on() -> Data:
    """What a route says to have the filter run."""
    return {FILTER: {"@type": FILTER_CONFIG, "config": {}}}


def nowhere() -> Data:
    """The cluster of aggregates' routes."""
    return {
        "name": NOWHERE,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": NOWHERE, "endpoints": []},
    }


def buffered(deployable: Deployable, usual: int) -> int:
    """Bytes that a connection may hold: requests of aggregates that take a body are read as a whole."""
    return max([usual, *(a.max_body for a in deployable.aggregates if a.takes_body)])
