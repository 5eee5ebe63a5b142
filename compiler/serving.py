"""Which services serve a version: those that implement it, and those of a newer one that share with it.

While a service shares (`share_with`), its version is a canary: it takes a part of the older version's requests, and no
range comes to it that the older one is in, too. What clients are promised is the older version, which both keep.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from compiler.contracts.versions import label, precedence, satisfies
from compiler.model.project import Project
from compiler.model.services import Service


def served(project: Project) -> dict[tuple[str, str], tuple[str, ...]]:
    """Services by the contract and version that they serve, sorted; every version is there that one implements."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name in sorted(project.services):
        implements = project.services[name].implements
        if implements is not None:
            key = (implements.contract, implements.version)
            found[key] = (*found.get(key, ()), name)
    implemented = frozenset(found)
    for name in sorted(project.services):
        other = shared(project.services[name])
        if other is not None and other in implemented:
            found[other] = tuple(sorted({*found[other], name}))
    return found


def shared(service: Service) -> tuple[str, str] | None:
    """The contract and version that a service serves beside its own, which is a newer one of the same major."""
    implements, other = service.implements, service.share_with
    if implements is None or other is None or label(other) != label(implements.version):
        return None
    return (implements.contract, other) if precedence(other) < precedence(implements.version) else None


def canaries(project: Project) -> dict[tuple[str, str], frozenset[str]]:
    """Contracts and versions of which every service shares, with the versions that they share with."""
    found: dict[tuple[str, str], set[str | None]] = {}
    for service in project.services.values():
        if service.implements is not None:
            other = shared(service)
            key = (service.implements.contract, service.implements.version)
            found.setdefault(key, set()).add(other[1] if other else None)
    return {
        key: frozenset(other for other in others if other is not None)
        for key, others in found.items()
        if None not in others
    }


def reachable(
    contract: str, wanted: str | None, implemented: Collection[str], held: Mapping[tuple[str, str], frozenset[str]]
) -> set[str]:
    """The implemented versions of a contract that a range can come to; ``wanted`` is None for all, ``held`` canaries.

    A canary is among them only where the range leaves out the version that it shares with.
    """
    return {
        version
        for version in implemented
        if not any(
            other in implemented and satisfies(other, "*" if wanted is None else wanted)
            for other in held.get((contract, version), ())
        )
    }
