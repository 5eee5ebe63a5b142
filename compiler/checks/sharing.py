"""`share_with`: a service of a newer version takes a part of an older one's requests, within one major."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.contracts.versions import label, precedence
from compiler.diagnostics import Finding, Note
from compiler.model.references import ServiceImplements
from compiler.model.services import Service
from compiler.serving import canaries
from compiler.workspace import Workspace, takers


def check(workspace: Workspace) -> Iterator[Finding]:
    """Services that share with what is no older version of their major, or with nobody, and what nobody would take."""
    for name, service in workspace.project.services.items():
        if service.share_with is None:
            continue
        if service.implements is None:
            yield Finding("schema", "`share_with` goes with `implements`", service.where.key("share_with"), "remove it")
        elif _declared(workspace, service.implements.contract, service.share_with):
            yield from _order(service, service.implements) or _company(workspace, name, service, service.implements)
    yield from _left_alone(workspace)


def _declared(workspace: Workspace, contract: str, version: str) -> bool:
    declared = workspace.project.contracts.get(contract)
    return declared is not None and version in declared.versions


def _order(service: Service, implements: ServiceImplements) -> list[Finding]:
    """What is wrong with the pair of versions."""
    other, where = service.share_with or "", service.where["share_with"]
    if label(other) != label(implements.version):
        said = f"`{implements.version}` and `{other}` are of different majors, and clients choose theirs"
        return [Finding("schema", said, where, "share with an older version of the same major")]
    if precedence(other) >= precedence(implements.version):
        said = f"`{other}` is not older than `{implements.version}`, which this service implements"
        help = "the service of the newer version names the older one, which stays what clients are promised"
        return [Finding("schema", said, where, help)]
    return []


def _company(workspace: Workspace, name: str, service: Service, implements: ServiceImplements) -> Iterator[Finding]:
    """Whether somebody serves the older version by itself, and nobody the newer one."""
    contract, other, where = implements.contract, service.share_with or "", service.where["share_with"]
    if (contract, other) not in workspace.served:
        yield Finding(
            "version-not-served",
            f"no service implements `{contract}@{other}`, with which this one is to share",
            where,
            "remove `share_with`, and this service serves its version alone",
        )
    elif (contract, other) in canaries(workspace.project):
        yield Finding(
            "schema",
            f"the services of `{contract}@{other}` share with another version themselves",
            where,
            "share with the version that they share with",
        )
    for peer_name, peer in workspace.project.services.items():
        if peer_name != name and peer.implements == implements and peer.share_with != service.share_with:
            yield Finding(
                "schema",
                f"`{peer_name}` implements `{contract}@{implements.version}`, too, and does not share with `{other}`",
                where,
                "services of one version share with the same version, or none of them does",
                (Note("this one", peer.where["implements"]),),
            )
            break


def _left_alone(workspace: Workspace) -> Iterator[Finding]:
    """Operations that a newer version lacks go to the services of the older one, which then must take requests."""
    services = workspace.project.services
    seen: set[tuple[str, str]] = set()
    for exposure in workspace.exposures:
        if (exposure.contract, exposure.version) in seen or all(services[n].weight == 0 for n in exposure.services):
            continue  # the latter is a finding of its own
        taking = takers(workspace, exposure.contract, exposure.version, exposure.services)
        left = [o for o in exposure.operations if all(services[name].weight == 0 for name in taking(o.operation))]
        if left:
            seen.add((exposure.contract, exposure.version))
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            older = services[taking(left[0].operation)[0]]
            yield Finding(
                "schema",
                f"nobody would take `{left[0].operation.key}`{more} of `{exposure.contract}@{exposure.version}`: "
                "newer versions lack it, and the weight of this one is 0",
                older.where["weight"],
                "give it a weight above 0 for as long as it is needed",
                (Note("exposed here", left[0].where),),
            )
