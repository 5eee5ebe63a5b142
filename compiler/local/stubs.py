"""Stub services: an Envoy with a listener for each service, answering from the contract's examples and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from compiler.backends.envoy.bootstrap import overload_manager, watched
from compiler.backends.envoy.listeners import listener
from compiler.backends.envoy.routes import route_configuration
from compiler.backends.envoy.types import LISTENER
from compiler.contracts.examples import answer
from compiler.contracts.openapi import Api
from compiler.plan import Answer, Cluster, Deployable, Endpoint, Listener, VersionKey
from compiler.source import Span
from compiler.tables import Served, by_path
from compiler.workspace import Workspace
from compiler.yaml_text import as_json

NAME = "stubs"
"""The node of the Envoy that plays them."""


def stubbed(workspace: Workspace, names: Iterable[str]) -> dict[str, Deployable]:
    """For each of the named services that implements a contract, a deployable that answers in its place."""
    made: dict[str, Deployable] = {}
    for name in sorted(set(names)):
        service = workspace.project.services[name]
        if service.implements is None:
            continue
        api = workspace.apis.get((service.implements.contract, service.implements.version))
        if api is not None:
            made[name] = _stub(name, api, service.base_path.rstrip("/"), service.where.span)
    return made


def _stub(name: str, api: Api, base_path: str, where: Span) -> Deployable:
    served = []
    for operation in api.operations:
        status, media_type, body = answer(api, operation)
        headers = {"x-gatewright-stub": name, "x-gatewright-operation": operation.key}
        if media_type is not None and body:
            headers["content-type"] = media_type
        served.append(
            Served(
                name=f"{operation.method} {operation.path_text}",
                path=operation.path.under(base_path),
                method=operation.method,
                label=None,
                default=False,
                contract=name,
                action=Answer(status, tuple(sorted(headers.items())), body),
                where=where,
            )
        )
    return Deployable(
        kind="gateway",
        name=name,
        hosts=("*",),
        listener=Listener("127.0.0.1", 0, None, 0, False, where),
        admin_port=0,
        version_key=VersionKey("path", None),
        rules=by_path(served),
        clusters=(),
        exposed=(),
        api={},
        where=where,
    )


def render(stubs: Mapping[str, Deployable], ports: Mapping[str, int], folder: str) -> dict[str, bytes]:
    """The stub Envoy's files by name: a bootstrap, and the listeners that it follows.

    They are JSON, which Envoy reads three times as fast as YAML: the answers of a large contract are many megabytes.
    """
    bootstrap = {
        "node": {"id": NAME, "cluster": "gatewright"},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "overload_manager": overload_manager(),
        "dynamic_resources": {"lds_config": watched(folder, "listeners.json")},
    }
    listeners = []
    for name, stub in stubs.items():
        placed = replace(stub, listener=replace(stub.listener, port=ports[name]))
        routes = {"route_config": route_configuration(placed)}
        listeners.append({"@type": LISTENER, **listener(placed, routes, folder)})
    return {
        "envoy.json": as_json(bootstrap).encode(),
        "listeners.json": as_json({"resources": listeners}).encode(),
    }


def pointed_at_stubs(deployable: Deployable, ports: Mapping[str, int]) -> Deployable:
    """The deployable with its clusters leading to the stubs, which speak plain HTTP/1.1 and are always well."""

    def pointed(cluster: Cluster) -> Cluster:
        return replace(
            cluster,
            endpoints=(Endpoint("127.0.0.1", ports[cluster.name], None),),
            protocol="http1",
            tls=None,
            health_check=None,
            outlier_detection=None,
        )

    return replace(deployable, clusters=tuple(pointed(c) if c.name in ports else c for c in deployable.clusters))
