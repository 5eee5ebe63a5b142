"""Envoy 1.40: a deployable as bootstrap and xDS files, or as one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import version

from compiler.backends.envoy.bootstrap import bootstrap, followed, watched
from compiler.backends.envoy.clusters import cluster
from compiler.backends.envoy.listeners import listener
from compiler.backends.envoy.payload import PLAN_FILE, looks_into_bodies, module_file, nowhere, payload_resource
from compiler.backends.envoy.routes import route_configuration
from compiler.backends.envoy.types import CLUSTER, LISTENER, ROUTES, Data, Layout
from compiler.plan import Answer, Compose, Deployable, Rule
from compiler.yaml_text import encoded

__all__ = ["Layout", "render", "resources", "static"]


def render(deployable: Deployable, layout: Layout, config_dir: str) -> dict[str, bytes]:
    """Every file of a deployable by name. ``config_dir`` is the folder in which Envoy finds them on its host."""
    documents = (
        _xds(deployable, config_dir) if layout == "xds" else {"envoy.yaml": lambda: static(deployable, config_dir)}
    )
    documents["openapi.yaml"] = lambda: dict(deployable.api)
    files = {name: encoded(data()) for name, data in documents.items()}
    if (module := module_file(deployable)) is not None:
        files[module[0]] = module[1]
    files["manifest.json"] = _manifest(deployable, files)
    return files


def static(deployable: Deployable, config_dir: str = "/etc/envoy") -> Data:
    """The bootstrap of a deployable with all in it but the payload module, which is in ``config_dir``."""
    data = bootstrap(deployable)
    own: Data = data.get("static_resources", {})
    made = listener(deployable, {"route_config": route_configuration(deployable)}, config_dir)
    return data | {
        "static_resources": {
            "listeners": [made, *own.get("listeners", [])],
            "clusters": [*_clusters(deployable), *own.get("clusters", [])],
        }
    }


def resources(deployable: Deployable) -> dict[str, Data]:
    """All that a deployable's Envoy is given, by kind and name, for comparison."""
    found = {"bootstrap": bootstrap(deployable), "listener": listener(deployable, {}, "")}
    found["routes"] = route_configuration(deployable)
    return found | {f"cluster {made['name']}": made for made in _clusters(deployable)}


def _clusters(deployable: Deployable) -> list[Data]:
    made = [cluster(c) for c in deployable.clusters]
    return [*made, nowhere()] if deployable.aggregates else made


def _xds(deployable: Deployable, config_dir: str) -> dict[str, Callable[[], Data]]:
    """Each file's content by name, to be made one after the other: routes can be large."""
    rds = {"rds": {"route_config_name": deployable.name, "config_source": watched(config_dir, "routes.yaml")}}
    plan: dict[str, Callable[[], Data]] = {}
    if looks_into_bodies(deployable):
        plan = {PLAN_FILE: lambda: {"resources": [payload_resource(deployable, config_dir)]}}
    return plan | {
        "envoy.yaml": lambda: bootstrap(deployable) | followed(config_dir),
        "listeners.yaml": lambda: {"resources": [{"@type": LISTENER, **listener(deployable, rds, config_dir)}]},
        "routes.yaml": lambda: {"resources": [{"@type": ROUTES, **route_configuration(deployable)}]},
        "clusters.yaml": lambda: {"resources": [{"@type": CLUSTER, **made} for made in _clusters(deployable)]},
    }


def _manifest(deployable: Deployable, files: dict[str, bytes]) -> bytes:
    """What is inside. The compiler's version stands here and nowhere else, or an upgrade would rewrite every file."""
    data = {
        "gatewright": compiler_version(),
        "deployable": f"{deployable.kind}/{deployable.name}",
        **({"environment": deployable.environment} if deployable.environment is not None else {}),
        "contracts": [
            {
                "contract": e.contract,
                "version": e.version,
                "prefix": e.prefix or "/",
                "operations": list(e.operations),
                **({"aggregator": e.aggregator} if e.aggregator else {"services": list(e.services)}),
            }
            for e in deployable.exposed
        ],
        "routes": [_listed(rule) for rule in deployable.rules if not isinstance(rule.action, Answer)],
        "files": {name: "sha256:" + hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return _json_lines(data).encode()


def _json_lines(data: Data) -> str:
    """A mapping as JSON with a line for each entry, and for each item of a list or mapping in it."""
    entries = []
    for key, value in data.items():
        if isinstance(value, list):
            items = ",\n".join("    " + _json(item) for item in value)
            text = f"[\n{items}\n  ]" if items else "[]"
        elif isinstance(value, dict):
            items = ",\n".join(f"    {_json(name)}: {_json(item)}" for name, item in value.items())
            text = f"{{\n{items}\n  }}" if items else "{}"
        else:
            text = _json(value)
        entries.append(f"  {_json(key)}: {text}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


_json = json.JSONEncoder(ensure_ascii=False).encode


def _listed(rule: Rule) -> Data:
    assert not isinstance(rule.action, Answer)
    return {
        "name": rule.name,
        "methods": list(rule.methods or ()),
        "path": str(rule.path),
        "contract": rule.action.contract,
        "version": rule.action.version,
        "operation": rule.action.operation,
        **(
            {"aggregator": rule.action.aggregate}
            if isinstance(rule.action, Compose)
            else {"services": [t.cluster for t in rule.action.targets]}
        ),
    }


@cache
def compiler_version() -> str:
    """The version of the installed distribution."""
    return version("gatewright")
