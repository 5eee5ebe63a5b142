"""weight-missing: where several services implement one version, each says how much of the traffic it gets."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Shares that are not stated, that are of nothing, that leave nobody to serve, or that one route cannot split."""
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
    for (contract, version), names in workspace.served.items():
        services = [workspace.project.services[name] for name in names]
        target = f"`{contract}@{version}`"
        if len(services) > 1:
            for index, service in enumerate(services):
                if service.weight is None:
                    other = services[1 if index == 0 else 0]
                    yield Finding(
                        "weight-missing",
                        f"{len(services)} services implement {target}, and this one states no weight",
                        service.where["implements"],
                        "add `weight:`, its share beside the others; 0 gets nothing",
                        (Note("implemented here, too", other.where["implements"]),),
                    )
            for service in services[1:]:
                if service.base_path.rstrip("/") != services[0].base_path.rstrip("/"):
                    yield Finding(
                        "not-built-yet",
                        f"services of {target} with different base paths are not built yet",
                        service.where["base_path"],
                        "give them one `base_path`",
                        (Note("another one", services[0].where["base_path"]),),
                    )
        if all(service.weight == 0 for service in services):
            yield Finding(
                "schema",
                f"every service of {target} has the weight 0, so none would get a request",
                services[0].where["weight"],
                "give at least one a weight above 0",
            )
