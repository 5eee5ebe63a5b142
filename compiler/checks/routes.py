"""Two operations must not answer the same request, and each must be reachable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.diagnostics import Finding, Note
from compiler.exposed import defaults, version_prefix, versioned_by
from compiler.model.gateways import Gateway
from compiler.paths import Kind, PathTemplate
from compiler.source import Span
from compiler.workspace import Exposure, ExposedOperation, Workspace

# Envoy answers neither through a route of ours: CONNECT asks for a tunnel, TRACE reflects what a proxy added.
_UNROUTED = frozenset({"TRACE"})


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an operation answers: requests of a method for a path, in a version."""

    exposure: Exposure
    operation: ExposedOperation
    path: PathTemplate

    @property
    def name(self) -> str:
        return f"`{self.operation.operation.key}` of `{self.exposure.contract}@{self.exposure.version}`"


def check(workspace: Workspace) -> Iterator[Finding]:
    """route-conflict and route-shadowed, gateway by gateway."""
    for name, gateway in workspace.project.gateways.items():
        exposures = [e for e in workspace.exposures if e.gateway == name]
        default = defaults(workspace, gateway, name)
        claims: dict[tuple[str, str, str], _Claim] = {}
        for exposure in exposures:
            at = exposure.expose.at.rstrip("/")
            seen: dict[str, Span] = {}
            for exposed in exposure.operations:
                key = exposed.operation.key
                if key in seen:
                    yield Finding(
                        "route-shadowed",
                        f"the operation `{key}` is listed twice, and the first entry is the one that counts",
                        exposed.where,
                        "remove one of the two",
                        (Note("the first one", seen[key]),),
                    )
                    continue
                seen[key] = exposed.where
                yield from _unrouted(exposed)
                prefix = version_prefix(gateway, exposure.label)
                by_header = versioned_by(gateway) != "path"
                version = exposure.label if by_header else ""
                yield from _claim(claims, version, _Claim(exposure, exposed, exposed.operation.path.under(prefix + at)))
                if default.get(exposure.contract) == exposure.label:
                    path = exposed.operation.path.under(at)
                    yield from _claim(claims, "no version" if by_header else "", _Claim(exposure, exposed, path))
                    if not by_header:
                        yield from _taken_for_version(gateway, exposed, path)
            if exposure.api is not None and not exposure.operations:
                yield Finding(
                    "route-shadowed",
                    f"`{exposure.contract}@{exposure.version}` has none of these operations, so it is not exposed at all",
                    exposure.expose.where["operations"],
                    "narrow `versions`, or name one of its operations",
                )


def _claim(claims: dict[tuple[str, str, str], _Claim], version: str, claim: _Claim) -> Iterator[Finding]:
    method = claim.operation.operation.method
    key = (version, claim.path.shape, method)
    first = claims.setdefault(key, claim)
    if first is claim:
        return
    where = f"`{method} {claim.path}`" + (f" in version {version}" if version.isdigit() else "")
    notes = [Note(f"{first.name} answers it too", first.operation.where)]
    if claim.exposure.api is not None and first.exposure.contract != claim.exposure.contract:
        notes.append(Note("this operation", claim.exposure.api.where(claim.operation.operation)))
    yield Finding(
        "route-conflict",
        f"{claim.name} answers {where}, which is taken",
        claim.operation.where,
        "expose one of the two under another `at`, or list `operations` without it",
        tuple(notes),
    )


def _unrouted(exposed: ExposedOperation) -> Iterator[Finding]:
    if exposed.operation.method in _UNROUTED:
        yield Finding(
            "route-shadowed",
            f"`{exposed.operation.key}` is a {exposed.operation.method}, which gateways do not pass on",
            exposed.where,
            "list `operations` without it",
        )


def _taken_for_version(gateway: Gateway, exposed: ExposedOperation, path: PathTemplate) -> Iterator[Finding]:
    first = path.segments[0]
    if first.kind is not Kind.LITERAL and len(path.segments) > 1:
        assert gateway.versioning is not None
        yield Finding(
            "route-conflict",
            f"without a version, `{path}` begins with a parameter, which nobody can tell from a version such as `/v2`",
            exposed.where,
            "expose it under an `at`, put the version into a header, or do without `default`",
            (Note("the default", gateway.versioning.where["default"]),),
        )
