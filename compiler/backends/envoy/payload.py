"""The payload module: a filter that composes answers and looks into bodies, switched on by the routes that want it."""

from __future__ import annotations

from hashlib import sha256

from compiler.backends.envoy.payload_plan import plan_text
from compiler.backends.envoy.types import FILTER_CONFIG, STRING_VALUE, WASM, Data
from compiler.plan import Answer, Compose, Deployable, Forward, Rule

FILTER = "gatewright.payload"
NOWHERE = "gatewright.composed"
"""A cluster without endpoints. An aggregate's route needs one, and the filter answers before anything is sent there."""


def module() -> bytes:
    """The module itself, which only what composes needs."""
    from compiler.dataplane import module as built

    return built()


def is_needed(deployable: Deployable) -> bool:
    """Whether some route composes an answer, or holds requests against a contract."""
    return any(not isinstance(rule.action, Answer) and on_route(rule) for rule in deployable.rules)


def on_route(rule: Rule) -> bool:
    """Whether the filter does something on the routes of a rule."""
    action = rule.action
    if isinstance(action, Answer) or rule.preflight is not None:
        return False
    return isinstance(action, Compose) or action.asks is not None or action.shape is not None


def module_file(deployable: Deployable) -> tuple[str, bytes] | None:
    """The file that the deployable needs, by name and content; None where it needs none.

    The name has a part of the digest, as Envoy does not notice a file that changes under one name.
    """
    if not is_needed(deployable):
        return None
    data = module()
    return f"payload-{sha256(data).hexdigest()[:12]}.wasm", data


def payload_filters(deployable: Deployable, folder: str) -> list[Data]:
    """The filter for the chain; none where nothing needs it. ``folder`` is where the module's file is."""
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
                    "allow_on_headers_stop_iteration": True,  # or a held request's body would never come
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
    """Bytes that a connection may hold: bodies that are composed of, or held against a schema, are read as a whole."""
    checked = [
        rule.action.policies.body_limit
        for rule in deployable.rules
        if not isinstance(rule.action, Answer) and rule.action.asks is not None and rule.action.asks.body is not None
    ]
    shapes = [r.action.shape for r in deployable.rules if isinstance(r.action, Forward) and r.action.shape is not None]
    changed = [shape.max_body + 4 * usual for shape in shapes]  # the module is to see that one is too large
    return max([usual, *checked, *changed, *(a.max_body for a in deployable.aggregates if a.takes_body)])
