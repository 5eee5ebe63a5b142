"""edge-expired and support-outlives-contract: the day until which an edge supports its client.

The last day is included. An edge stands for one client, so a version that it uses must last as long as the client.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.lifetimes import place
from compiler.contracts.versions import precedence
from compiler.diagnostics import Finding, Note
from compiler.model.contracts import ContractVersion
from compiler.model.edges import Edge, EdgeExpose
from compiler.source import Span
from compiler.workspace import Exposure, Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Edges whose client is not supported any more, and versions that end before their client does."""
    for name, edge in workspace.project.edges.items():
        client = edge.client
        if client.supported_until < workspace.as_of:
            yield Finding(
                "edge-expired",
                f"`{client.name}` was supported until {client.supported_until}, and it is {workspace.as_of}",
                client.where["supported_until"],
                f"remove the edge `{name}`, or move the date while the client is still about"
                + (f" (ask {client.owner})" if client.owner else ""),
            )
        yield from _outlived(workspace, name, edge)


def _outlived(workspace: Workspace, name: str, edge: Edge) -> Iterator[Finding]:
    client = edge.client
    note = Note(f"`{client.name}` is supported until {client.supported_until}", client.where["supported_until"])
    found: dict[tuple[str, str], tuple[ContractVersion, Span]] = {}
    for contract, version, where in _used(workspace, name, edge):
        declared = workspace.project.contracts[contract].versions[version]
        if declared.sunset is not None and declared.sunset < client.supported_until:
            found.setdefault((contract, version), (declared, where))
    for (contract, version), (declared, where) in sorted(found.items(), key=lambda f: (f[0][0], precedence(f[0][1]))):
        yield Finding(
            "support-outlives-contract",
            f"`{contract}@{version}` ends {declared.sunset}, and `{client.name}` is supported "
            f"until {client.supported_until}",
            where,
            "use a version that lasts as long as the client, or move `sunset` to a later day",
            (Note("the last day of the version", declared.where["sunset"]), note),
        )


def _used(workspace: Workspace, name: str, edge: Edge) -> Iterator[tuple[str, str, Span]]:
    """The versions that an edge exposes, composes answers from, or publishes, with the place that says so."""
    for exposure in workspace.exposures:
        if exposure.gateway == name:
            yield exposure.contract, exposure.version, place(exposure)
            yield from _called(workspace, exposure)
    for expose in edge.expose:
        if isinstance(expose, EdgeExpose) and expose.publish is not None:
            published = expose.publish
            contract = workspace.project.contracts.get(published.contract)
            if contract is not None and published.version in contract.versions:
                yield published.contract, published.version, expose.where["publish"]


def _called(workspace: Workspace, exposure: Exposure) -> Iterator[tuple[str, str, Span]]:
    """The versions that the steps of an exposed aggregator call."""
    aggregator = workspace.project.aggregators.get(exposure.aggregator or "")
    if aggregator is None:
        return
    from compiler.compositions.calls import called  # takes time to load

    for step in aggregator.steps.values():
        found, _ = called(workspace, step)
        if found is not None:
            yield found.contract, found.version, step.where["call"]
