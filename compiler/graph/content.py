"""What a picture of a project shows: boxes with rows, in columns from clients to services, and links between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from compiler.checks.references import named_services, policy_lists
from compiler.contracts.versions import in_order, resolve
from compiler.model.aggregators import Aggregator
from compiler.model.edges import Edge
from compiler.model.gateways import Expose, Gateway
from compiler.model.services import Service
from compiler.records import frozen
from compiler.workspace import Workspace

Kind = Literal["gateway", "edge", "aggregator", "contract", "service"]
COLUMN: dict[Kind, int] = {"gateway": 0, "edge": 0, "aggregator": 1, "contract": 2, "service": 3}
"""Where a kind of box stands, from left to right."""
_LONGEST = 48
"""Characters of a text of the project that are shown."""


@frozen
class Row:
    """A line of a box that links begin or end at. ``faded`` is what is deprecated, or used by nobody."""

    id: str
    text: str
    note: str = ""
    faded: bool = False


@frozen
class Box:
    """A gateway, edge, aggregator, contract or service. ``id`` is ``<kind>/<name>``; ``lines`` say more of it."""

    id: str
    kind: Kind
    title: str
    lines: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@frozen
class Link:
    """From a row to a row or a box, by their ids. ``aside`` are calls that no contract speaks of, as a mirror's are."""

    source: str
    target: str
    aside: bool = False


@frozen
class Graph:
    """Boxes by column and name, links by their ends."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]

    def owners(self) -> dict[str, Box]:
        """By every id, the box that bears it, or that has the row that does."""
        return {id: box for box in self.boxes for id in (box.id, *(row.id for row in box.rows))}


def graph_of(workspace: Workspace) -> Graph:
    """The picture's content; what belongs to nothing is in it too, without links."""
    project = workspace.project
    links = sorted(set(_links(workspace)), key=lambda link: (link.source, link.target, link.aside))
    used = {link.target for link in links}
    boxes = [
        *(_gateway(workspace, name, gateway) for name, gateway in project.deployables),
        *(_aggregator(name, aggregator) for name, aggregator in project.aggregators.items()),
        *_contracts(workspace, used),
        *(_service(workspace, name, service) for name, service in project.services.items()),
    ]
    return Graph(tuple(sorted(boxes, key=lambda box: (COLUMN[box.kind], box.kind, box.title))), tuple(links))


def short(text: str) -> str:
    """A text of the project on one line of a picture."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _gateway(workspace: Workspace, name: str, gateway: Gateway) -> Box:
    kind: Kind = "edge" if isinstance(gateway, Edge) else "gateway"
    hosts = ", ".join(map(short, gateway.hosts[:2])) + (
        f" and {len(gateway.hosts) - 2} more" if len(gateway.hosts) > 2 else ""
    )
    client: tuple[str, ...] = ()
    if isinstance(gateway, Edge):
        client = (f"for {gateway.client.name}, until {gateway.client.supported_until}",)
    rows = [_exposed(f"{kind}/{name}", index, expose) for index, expose in enumerate(gateway.expose)]
    rows += [Row(f"{kind}/{name}!{policy}", f"by policy {policy}") for policy in sorted(_asking(workspace, gateway))]
    return Box(f"{kind}/{name}", kind, name, (*client, f"{hosts}:{gateway.listen.port}"), tuple(rows))


def _exposed(box: str, index: int, expose: Expose) -> Row:
    if expose.contract is None:
        return Row(f"{box}#{index}", f"{expose.aggregator}")
    count = "" if expose.operations is None else _counted(len(expose.operations), "operation")
    note = ", ".join(part for part in ("" if expose.at == "/" else short(f"at {expose.at}"), count) if part)
    wanted = "" if expose.versions is None else f" {expose.versions}"
    return Row(f"{box}#{index}", short(f"{expose.contract}{wanted}"), note)


def _aggregator(name: str, aggregator: Aggregator) -> Box:
    rows = [
        Row(
            f"aggregator/{name}#{step}",
            short(f"{step}: {made.call.contract} {made.call.range}"),
            short(made.call.operation),
        )
        for step, made in aggregator.steps.items()
    ]
    made_as = f"{aggregator.implements.contract} {aggregator.implements.version}"
    return Box(f"aggregator/{name}", "aggregator", name, (f"as {made_as}",), tuple(rows))


def _contracts(workspace: Workspace, used: set[str]) -> Iterator[Box]:
    """Every contract but those that aggregators alone implement, which stand on the aggregators themselves."""
    project = workspace.project
    composed = {aggregator.implements.contract for aggregator in project.aggregators.values()}
    for name, contract in project.contracts.items():
        if name in composed and not any((name, version) in workspace.served for version in contract.versions):
            continue
        rows = []
        for version in in_order(contract.versions):
            declared = contract.versions[version]
            ends = f"ends {declared.sunset}" if declared.sunset else ""
            idle = "" if f"contract/{name}@{version}" in used else "not used"
            gone = "deprecated" if declared.deprecated and not ends else ""
            note = ", ".join(part for part in (idle, gone, ends) if part)
            rows.append(
                Row(f"contract/{name}@{version}", short(version), note, faded=bool(declared.deprecated or idle))
            )
        yield Box(f"contract/{name}", "contract", name, (short(contract.owner),) if contract.owner else (), tuple(rows))


def _service(workspace: Workspace, name: str, service: Service) -> Box:
    first = service.endpoints[0]
    more = f" and {len(service.endpoints) - 1} more" if len(service.endpoints) > 1 else ""
    lines = [f"{short(first.host)}:{first.port}{more}"]
    key = (service.implements.contract, service.implements.version) if service.implements else None
    if key is not None and len(workspace.served.get(key, ())) > 1 and service.weight is not None:
        lines.append(f"weight {service.weight}")
    return Box(f"service/{name}", "service", name, tuple(lines))


def _links(workspace: Workspace) -> Iterator[Link]:
    project = workspace.project
    for exposure in workspace.exposures:
        if exposure.aggregator is not None:
            continue  # which has a link of its own
        kind = "edge" if exposure.gateway in project.edges else "gateway"
        source = f"{kind}/{exposure.gateway}#{exposure.index}"
        yield Link(source, f"contract/{exposure.contract}@{exposure.version}")
    for name, gateway in project.deployables:
        kind = "edge" if isinstance(gateway, Edge) else "gateway"
        for index, expose in enumerate(gateway.expose):
            if expose.aggregator in project.aggregators:
                yield Link(f"{kind}/{name}#{index}", f"aggregator/{expose.aggregator}")
        for policy, services in _asking(workspace, gateway).items():
            yield from (Link(f"{kind}/{name}!{policy}", f"service/{service}", aside=True) for service in services)
    for name, aggregator in project.aggregators.items():
        for step, made in aggregator.steps.items():
            if made.call.contract in project.contracts:
                versions = project.contracts[made.call.contract].versions
                served = {version for contract, version in workspace.served if contract == made.call.contract}
                for _, version in resolve(made.call.range, versions, served).chosen:
                    yield Link(f"aggregator/{name}#{step}", f"contract/{made.call.contract}@{version}")
    for (contract, version), services in workspace.served.items():
        if version in (project.contracts[contract].versions if contract in project.contracts else ()):
            named = [service for service in services if service in project.services]
            yield from (Link(f"contract/{contract}@{version}", f"service/{service}") for service in named)


def _asking(workspace: Workspace, gateway: Gateway) -> dict[str, tuple[str, ...]]:
    """The policies of a gateway that call services of their own (an authorizer, a mirror), with these services."""
    project = workspace.project
    names = {name for listed, _ in policy_lists(gateway) for name in listed if name in project.policies}
    found = {name: sorted({service for service, _ in named_services(project.policies[name])}) for name in sorted(names)}
    known = {name: tuple(s for s in services if s in project.services) for name, services in found.items()}
    return {name: services for name, services in known.items() if services}
