"""What the edges of a project promise to their clients: whom for, until when, and which operations as they call them.

Hosts and ports are no part of it, as they differ from place to place; nor are drafts of contracts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from compiler.client_paths import at_prefix, client_prefix, default_labels, versioned_by
from compiler.contracts.modern import plain
from compiler.contracts.versions import is_prerelease
from compiler.lock import LockedEdge, Promise
from compiler.model.edges import Edge, EdgeExpose, body_shape
from compiler.model.gateways import Gateway
from compiler.model.shapes import BodyChanges, BodyShape
from compiler.workspace import Workspace


def promised(workspace: Workspace) -> dict[str, LockedEdge]:
    """What each edge promises now, by its name, with the place of the edge."""
    return {name: _edge(workspace, name, edge) for name, edge in sorted(workspace.project.edges.items())}


def is_whole(workspace: Workspace, name: str) -> bool:
    """Whether all that an edge exposes was found; where something was not, a finding says so."""
    edge = workspace.project.edges[name]
    exposures = [e for e in workspace.exposures if e.gateway == name]
    resolved = {e.index for e in exposures}
    return all(e.whole and e.api is not None for e in exposures) and len(resolved) == len(edge.expose)


def versioning_text(gateway: Gateway) -> str:
    """Where clients name the version: ``path``, or ``header:x-api-version`` with the name that bears it."""
    name = gateway.versioning.name if gateway.versioning else None
    if name is None:
        return versioned_by(gateway)
    return f"{versioned_by(gateway)}:{name.lower() if versioned_by(gateway) == 'header' else name}"


def _edge(workspace: Workspace, name: str, edge: Edge) -> LockedEdge:
    promises = sorted(set(_promises(workspace, name, edge)), key=lambda p: (p.path, p.method, p.contract, p.number))
    client = edge.client
    return LockedEdge(
        name, client.name, client.supported_until, tuple(promises), versioning_text(edge), where=edge.where.span
    )


def _promises(workspace: Workspace, name: str, edge: Edge) -> Iterator[Promise]:
    exposures = [e for e in workspace.exposures if e.gateway == name]
    default = default_labels(edge, exposures)
    in_path = versioned_by(edge) == "path"
    for exposure in exposures:
        if is_prerelease(exposure.version):
            continue
        is_default = default.get(exposure.contract) == exposure.label
        changes, publish = body_shape(exposure.expose), None
        shape = shape_text(changes) if changes is not None else None
        if isinstance(exposure.expose, EdgeExpose) and exposure.expose.publish is not None:
            publish = f"{exposure.expose.publish.contract}@{exposure.expose.publish.version}"
        for exposed in exposure.operations:
            operation = exposed.operation
            prefixes = {client_prefix(edge, exposure.label, exposure.expose)}
            prefixes |= {at_prefix(exposure.expose)} if in_path and is_default else set()
            for prefix in sorted(prefixes):
                yield Promise(
                    operation.method,
                    prefix + operation.path.text,
                    exposure.contract,
                    exposure.version,
                    default=is_default and not in_path,
                    shape=shape,
                    publish=publish,
                    where=exposed.where,
                )


def shape_text(shape: BodyShape) -> str | None:
    """Changes of bodies as JSON, the same for all ways to write them: those of answers, and of requests within."""
    said = _said(shape.response) if shape.response is not None else {}
    if shape.request is not None:
        said["request"] = _said(shape.request)
    if not said and shape.response is None:
        return None
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def _said(changes: BodyChanges) -> dict[str, object]:
    said = {
        "include": sorted(changes.include) if changes.include is not None else None,
        "remove": sorted(changes.remove),
        "rename": dict(changes.rename),
        "set": {name: plain(value) for name, value in changes.set.items()},
    }
    return {key: value for key, value in said.items() if value}
