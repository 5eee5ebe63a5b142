"""cors-conflict, and what contradicts itself in a `cors`."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.client_paths import at_prefix, client_prefix, default_labels, versioned_by
from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Gateway
from compiler.model.policies import Cors
from compiler.policies import Origin, effective
from compiler.workspace import ExposedOperation, Exposure, Workspace

_Decided = tuple[Cors | None, Origin | None]


def check(workspace: Workspace) -> Iterator[Finding]:
    """Paths that are served with two different `cors`, origins beside `*`, and `*` with credentials."""
    for policy in workspace.project.policies.values():
        if policy.cors is not None and "*" in policy.cors.origins:
            yield from _everybody(policy.cors)
    for name, gateway in workspace.project.deployables:
        if any(policy.cors is not None for policy in workspace.project.policies.values()):
            yield from _conflicts(workspace, gateway, [e for e in workspace.exposures if e.gateway == name])


def _everybody(cors: Cors) -> Iterator[Finding]:
    where = cors.where["origins", cors.origins.index("*")]
    if len(cors.origins) > 1:
        yield Finding("schema", "`*` stands for every origin", where, "remove it, or the others")
    if cors.credentials:
        yield Finding(
            "schema",
            "every origin could use the credentials of whoever visits it",
            where,
            "name the origins, or remove `credentials`",
            (Note("credentials are sent", cors.where["credentials"]),),
        )


def _conflicts(workspace: Workspace, gateway: Gateway, exposures: list[Exposure]) -> Iterator[Finding]:
    """One finding for each pair of policies, with the first path that both apply to."""
    first: dict[str, tuple[str, ExposedOperation, _Decided]] = {}
    found: dict[tuple[str, str], tuple[str, ExposedOperation, ExposedOperation, _Decided, _Decided]] = {}
    more: dict[tuple[str, str], int] = {}
    for shape, path, exposed, decided in _paths(workspace, gateway, exposures):
        _, other, others = first.setdefault(shape, (path, exposed, decided))
        if others[0] != decided[0]:
            pair = (_named(others), _named(decided))
            found.setdefault(pair, (path, other, exposed, others, decided))
            more[pair] = more.get(pair, -1) + 1
    for pair, (path, other, exposed, others, decided) in found.items():
        also = f" (and {more[pair]} more)" if more[pair] else ""
        notes = [Note(f"`{other.operation.key}` has {pair[0]}", other.where)]
        notes += [Note(f"the `cors` of `{o.policy}`", o.where.key("cors")) for _, o in (others, decided) if o]
        yield Finding(
            "cors-conflict",
            f"`{path}`{also}: `{exposed.operation.key}` has {pair[1]}, and `{other.operation.key}` has {pair[0]}",
            exposed.where,
            "a browser asks for a path, before it names a version: give all that is served at one path the same `cors`",
            tuple(notes),
        )


def _named(decided: _Decided) -> str:
    return f"the `cors` of `{decided[1].policy}`" if decided[1] is not None else "no `cors`"


def _paths(
    workspace: Workspace, gateway: Gateway, exposures: list[Exposure]
) -> Iterator[tuple[str, str, ExposedOperation, _Decided]]:
    """What clients can ask for: the shape of its path, the path, the operation, and what scripts may do there."""
    default = default_labels(gateway, exposures)
    for exposure in exposures:
        before = [client_prefix(gateway, exposure.label, exposure.expose)]
        if versioned_by(gateway) == "path" and default.get(exposure.contract) == exposure.label:
            before.append(at_prefix(exposure.expose))
        by_settings = {
            settings: effective(workspace.project, gateway, exposure.expose, settings)
            for settings in {exposed.settings for exposed in exposure.operations}
        }
        for exposed in exposure.operations:
            policies = by_settings[exposed.settings]
            for prefix in before:
                path = exposed.operation.path
                yield prefix + path.shape, f"{prefix}{path}", exposed, (policies.cors, policies.cors_origin)
