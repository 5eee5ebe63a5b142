"""What changes in the built configuration of Envoy, resource by resource, for reviewers who want to see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deepdiff import DeepDiff

from compiler.backends import envoy
from compiler.diff.deployables import named
from compiler.diff.revisions import Revision
from compiler.plan import Deployable
from compiler.yaml_text import Line

_LONGEST = 200


def differences(old: Revision, new: Revision) -> dict[str, dict[str, list[str]]]:
    """By deployable and resource, a line for each difference: where in the resource, and both values as JSON."""
    names = sorted(old.deployables.keys() | new.deployables.keys())
    found: dict[str, dict[str, list[str]]] = {}
    for name in names:
        one, other = old.deployables.get(name), new.deployables.get(name)
        called = next(named(side) for side in (other, one) if side is not None)
        lines = dict(_compared(_resources(one), _resources(other)))
        if lines:
            found[called] = lines
    return found


def _resources(deployable: Deployable | None) -> Mapping[str, Any]:
    """A deployable's resources by kind and name. Routes stand for themselves, and not in the table that holds them."""
    if deployable is None:
        return {}
    found: dict[str, Any] = {}
    for name, resource in envoy.resources(deployable).items():
        found[name] = _without_routes(resource, found)
    return found


def _without_routes(value: Any, routes: dict[str, Any]) -> Any:
    if isinstance(value, Line):
        value = json.loads(value)
    if isinstance(value, Mapping):
        if "match" in value and isinstance(value.get("name"), str):
            routes[f"route {value['name']}"] = {key: _without_routes(inner, {}) for key, inner in value.items()}
            return value["name"]
        return {key: _without_routes(inner, routes) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_routes(inner, routes) for inner in value]
    return value


def _compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield name, ["removed"]
        elif name not in old:
            yield name, ["added"]
        elif old[name] != new[name]:
            yield name, sorted(_lines(old[name], new[name]))


def _lines(old: Any, new: Any) -> Iterator[str]:
    for items in DeepDiff(old, new, view="tree").values():
        for item in items:
            steps = item.path(output_format="list")
            yield f"{_place(steps)}: {_value(item.t1)} -> {_value(item.t2)}"


def _place(steps: Sequence[Any]) -> str:
    """``http_filters[2].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".") or "all of it"


def _value(value: Any) -> str:
    if type(value).__name__ == "NotPresent":
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
