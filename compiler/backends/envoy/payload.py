"""The payload module: a filter that composes answers and looks into bodies, switched on by the routes that want it."""

from __future__ import annotations

from hashlib import sha256

from compiler.backends.envoy.bootstrap import watched
from compiler.backends.envoy.modules import wasm
from compiler.backends.envoy.payload_plan import plan_text
from compiler.backends.envoy.types import EXTENSION, FILTER_CONFIG, WASM, Data
from compiler.plan import Answer, Compose, Deployable, Forward, Rule, applied
from compiler.plan_policies import ApiKey

FILTER = "gatewright.payload"
PLAN_FILE = "payload.yaml"
NOWHERE = "gatewright.composed"
"""A cluster without endpoints. An aggregate's route needs one, and the filter answers before anything is sent there."""


def module() -> bytes:
    """The module itself, which only what composes needs."""
    from compiler.dataplane import module as built

    return built()


def is_needed(deployable: Deployable) -> bool:
    """Whether something needs the module: a route, or a policy that asks for keys."""
    keys = any(p.auth is not None and isinstance(p.auth.way, ApiKey) for p in applied(deployable))
    return keys or looks_into_bodies(deployable)


def looks_into_bodies(deployable: Deployable) -> bool:
    """Whether some route composes an answer, changes one, or holds requests against a contract."""
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


def module_path(deployable: Deployable, folder: str) -> str:
    """Where Envoy finds the module; an empty text where nothing needs it. ``folder`` is where its files are."""
    file = module_file(deployable)
    return f"{folder.rstrip('/')}/{file[0]}" if file is not None else ""


def payload_filters(deployable: Deployable, folder: str, *, followed: bool) -> list[Data]:
    """The filter for the chain; none where no route needs it. ``folder`` is where the module's file is.

    With ``followed``, its configuration is a file of its own (``payload_resource``): another plan then reaches a
    running Envoy without a new listener, which would have to let the old one's connections drain.
    """
    if not looks_into_bodies(deployable):
        return []
    if followed:
        source = {"config_source": watched(folder, PLAN_FILE), "type_urls": [WASM]}
        return [{"name": FILTER, "disabled": True, "config_discovery": source}]
    return [{"name": FILTER, "disabled": True, "typed_config": _configuration(deployable, folder)}]


def payload_resource(deployable: Deployable, folder: str) -> Data:
    """The filter's configuration as a resource of its own."""
    return {"@type": EXTENSION, "name": FILTER, "typed_config": _configuration(deployable, folder)}


def _configuration(deployable: Deployable, folder: str) -> Data:
    return wasm("payload", plan_text(deployable), module_path(deployable, folder))


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
