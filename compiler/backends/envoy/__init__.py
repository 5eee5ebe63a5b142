"""Envoy 1.40: a deployable as bootstrap and xDS files, or as one file."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version

from compiler.backends.envoy.bootstrap import bootstrap, followed, watched
from compiler.backends.envoy.clusters import cluster
from compiler.backends.envoy.listeners import listener
from compiler.backends.envoy.payload import module_file, nowhere
from compiler.backends.envoy.routes import route_configuration
from compiler.backends.envoy.types import CLUSTER, LISTENER, ROUTES, Data, Layout
from compiler.plan import Answer, Compose, Deployable, Rule
from compiler.yaml_text import dump

__all__ = ["Layout", "render", "static"]


def render(deployable: Deployable, layout: Layout, config_dir: str) -> dict[str, bytes]:
    """Every file of a deployable by name. ``config_dir`` is the folder in which Envoy finds them on its host."""
    documents = _xds(deployable, config_dir) if layout == "xds" else {"envoy.yaml": static(deployable, config_dir)}
    documents["openapi.yaml"] = dict(deployable.api)
    files = {name: dump(data).encode() for name, data in documents.items()}
    if (module := module_file(deployable)) is not None:
        files[module[0]] = module[1]
    files["manifest.json"] = _manifest(deployable, files)
    return files


def static(deployable: Deployable, config_dir: str = "/etc/envoy") -> Data:
    """The bootstrap of a deployable with all in it but the payload module, which is in ``config_dir``."""
    routes = {"route_config": route_configuration(deployable)}
    return bootstrap(deployable) | {
        "static_resources": {
            "listeners": [listener(deployable, routes, config_dir)],
            "clusters": _clusters(deployable),
        }
    }


def _clusters(deployable: Deployable) -> list[Data]:
    made = [cluster(c) for c in deployable.clusters]
    return [*made, nowhere()] if deployable.aggregates else made


def _xds(deployable: Deployable, config_dir: str) -> dict[str, Data]:
    rds = {"rds": {"route_config_name": deployable.name, "config_source": watched(config_dir, "routes.yaml")}}
    return {
        "envoy.yaml": bootstrap(deployable) | followed(config_dir),
        "listeners.yaml": {"resources": [{"@type": LISTENER, **listener(deployable, rds, config_dir)}]},
        "routes.yaml": {"resources": [{"@type": ROUTES, **route_configuration(deployable)}]},
        "clusters.yaml": {"resources": [{"@type": CLUSTER, **made} for made in _clusters(deployable)]},
    }


def _manifest(deployable: Deployable, files: dict[str, bytes]) -> bytes:
    """What is inside. The compiler's version stands here and nowhere else, or an upgrade would rewrite every file."""
    data = {
        "gatewright": compiler_version(),
        "deployable": f"{deployable.kind}/{deployable.name}",
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
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


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
