"""Where several services implement one version, each says its share."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """weight-missing, and what cannot be shared out."""
    services = workspace.project.services
    for (contract, version), names in workspace.served.items():
        sharing = [services[name] for name in names]
        if len(sharing) < 2:
            continue
        notes = tuple(Note("implements it too", other.where.span) for other in sharing)
        for index, service in enumerate(sharing):
            if service.weight is None:
                yield Finding(
                    "weight-missing",
                    f"{len(sharing)} services implement `{contract}@{version}`, and `{names[index]}` states no weight",
                    service.where.span,
                    "add `weight:` to each of them; 0 gets nothing",
                    tuple(note for at, note in enumerate(notes) if at != index),
                )
        if all(service.weight == 0 for service in sharing):
            yield Finding(
                "schema", f"no service of `{contract}@{version}` gets any traffic", sharing[0].where["weight"], "raise a weight"
            )
        paths = {service.base_path.rstrip("/") for service in sharing}
        if len(paths) > 1:
            yield Finding(
                "schema",
                f"the services of `{contract}@{version}` have different base paths",
                sharing[-1].where["base_path"],
                "a route rewrites the path before it chooses a service, so they must be the same",
                (Note("another one", sharing[0].where["base_path"]),),
            )
