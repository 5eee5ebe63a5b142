"""duplicate-name: gateways and edges are both deployables, so they share one name space."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """A name that both a gateway and an edge bear."""
    project = workspace.project
    for name in sorted(project.gateways.keys() & project.edges.keys()):
        yield Finding(
            "duplicate-name",
            f"`{name}` is the name of a gateway and of an edge",
            project.edges[name].where.span,
            "each becomes a folder of the output under its name; rename one of the two",
            (Note("the gateway", project.gateways[name].where.span),),
        )
