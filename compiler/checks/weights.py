"""weight-missing: where several services implement one version, each says how much of the traffic it gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.diagnostics import Finding, Note
from compiler.model.services import Service
from compiler.serving import canaries
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Shares that are not stated, that are of nothing, or that leave nobody to serve."""
    for service in workspace.project.services.values():
        if service.weight is not None and service.implements is None:
            yield Finding("schema", "`weight` goes with `implements`", service.where.key("weight"), "remove it")
        if all(endpoint.weight == 0 for endpoint in service.endpoints):
            yield Finding(
                "schema",
                "every endpoint has the weight 0, so none would get a request",
                service.endpoints[0].where["weight"],
                "give at least one a weight above 0",
            )
    resolved = {(exposure.contract, exposure.version) for exposure in workspace.exposures}
    held = canaries(workspace.project)
    for (contract, version), names in workspace.served.items():
        services = [workspace.project.services[name] for name in names]
        target = f"`{contract}@{version}`"
        if (contract, version) in held and (contract, version) not in resolved:
            continue  # they are judged beside those that they share with
        yield from _missing(services, target)
        if all(service.weight == 0 for service in services):
            yield Finding(
                "schema",
                f"every service of {target} has the weight 0, so none would get a request",
                services[0].where["weight"],
                "give at least one a weight above 0",
            )


def _missing(services: Sequence[Service], target: str) -> Iterator[Finding]:
    if len(services) < 2:
        return
    for index, service in enumerate(services):
        if service.weight is None:
            other = services[1 if index == 0 else 0]
            yield Finding(
                "weight-missing",
                f"{len(services)} services serve {target}, and this one states no weight",
                service.where["implements"],
                "add `weight:`, its share beside the others; 0 gets nothing",
                (Note("served here, too", other.where["implements"]),),
            )
