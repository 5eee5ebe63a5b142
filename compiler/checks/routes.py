"""route-conflict and route-shadowed: every request has one answer, and every route some request.

What clients ask for is a path, a method and a version. With versioning in the path the version is part of the path;
otherwise a route is claimed for its version, and for requests without a version where it is the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from compiler.client_paths import at_prefix, client_prefix, default_labels, versioned_by
from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Gateway
from compiler.paths import ESCAPED_SLASH, Kind
from compiler.records import frozen
from compiler.workspace import ExposedOperation, Exposure, Workspace


@frozen
class _Claim:
    """An operation that answers a method on a path; ``version`` says of which version where the path does not."""

    shape: str
    method: str
    version: str
    path: str
    exposure: Exposure
    exposed: ExposedOperation

    @property
    def title(self) -> str:
        return f"`{self.exposed.operation.key}` of `{self.exposure.contract}@{self.exposure.version}`"


def check(workspace: Workspace) -> Iterator[Finding]:
    """Operations of a gateway or edge that claim the same requests, and those that no request can reach."""
    for name, gateway in dict(workspace.project.deployables).items():
        exposures = [e for e in workspace.exposures if e.gateway == name]
        default = default_labels(gateway, exposures)
        yield from _conflicts(list(_claims(gateway, exposures, default)))
        if versioned_by(gateway) == "path":
            yield from _like_versions(exposures, default)
        in_vain = {e.index for e in exposures} - {e.index for e in exposures if e.operations}
        for exposure in exposures:
            yield from _unreachable(exposure, listed_in_vain=exposure.index in in_vain)


def _claims(gateway: Gateway, exposures: list[Exposure], default: Mapping[str, str]) -> Iterator[_Claim]:
    in_path = versioned_by(gateway) == "path"
    for exposure in exposures:
        at = at_prefix(exposure.expose)
        is_default = default.get(exposure.contract) == exposure.label
        prefix = client_prefix(gateway, exposure.label, exposure.expose)
        served = [(prefix, "" if in_path else f"version {exposure.label}")]
        if is_default:
            served.append((at, "" if in_path else "requests without a version"))
        for exposed in exposure.operations:
            path = exposed.operation.path
            for before, version in served:
                yield _Claim(
                    before + path.shape, exposed.operation.method, version, before + str(path), exposure, exposed
                )


def _conflicts(claims: list[_Claim]) -> Iterator[Finding]:
    first: dict[tuple[str, str, str], _Claim] = {}
    for claim in claims:
        other = first.setdefault((claim.shape, claim.method, claim.version), claim)
        if other is not claim:
            yield _conflict(claim, other, claim.method)
    for claim in first.values():
        if claim.method == "HEAD":
            get = first.get((claim.shape, "GET", claim.version))
            if get is not None and get.exposure.contract != claim.exposure.contract:
                yield _conflict(claim, get, "HEAD")


def _conflict(claim: _Claim, other: _Claim, method: str) -> Finding:
    twice = claim.exposed.operation is other.exposed.operation and claim.exposure is other.exposure
    asked = f"`{method} {claim.path}`" + (f" in {claim.version}" if claim.version else "")
    answers = f"{claim.title} stands twice" if twice else f"{claim.title} answers as well as {other.title}"
    return Finding(
        "route-conflict",
        f"{asked}: {answers}" + (", as HEAD is served where GET is" if other.method != method else ""),
        claim.exposed.where,
        "name it once" if twice else "expose one of the two, or put one below another path with `at`",
        (Note("the other one", other.exposed.where),),
    )


def _like_versions(exposures: list[Exposure], default: Mapping[str, str]) -> Iterator[Finding]:
    """Paths that are served without a version and begin with a parameter: `/v9/...` would be one of them, not a 404."""
    for exposure in exposures:
        if at_prefix(exposure.expose) or default.get(exposure.contract) != exposure.label:
            continue
        for exposed in exposure.operations:
            path = exposed.operation.path
            first = path.segments[0]
            like = first.kind is not Kind.LITERAL and any(re.fullmatch(first.regex, v) for v in ("v9", "v0.9"))
            if like and len(path.segments) > 1:
                yield Finding(
                    "route-conflict",
                    f"`{path}` is served without a version, and `/v9/` could be its beginning or a version",
                    exposed.where,
                    "expose it below another path with `at`, put the version into a header, or do without a default",
                )


def _unreachable(exposure: Exposure, *, listed_in_vain: bool) -> Iterator[Finding]:
    """Versions without operations, but for lists of which no version has any, and paths that no request has."""
    if exposure.api is None:
        return
    expose = exposure.expose
    if not exposure.operations and not (listed_in_vain and expose.operations is not None):
        yield Finding(
            "route-shadowed",
            f"`{exposure.contract}@{exposure.version}` is exposed with no operation at all",
            expose.where["operations" if expose.operations is not None else "contract"],
            "name an operation that this version has, or narrow the range",
        )
    for exposed in exposure.operations:
        if ESCAPED_SLASH.search(exposed.operation.path_text):
            yield Finding(
                "route-shadowed",
                f"no request reaches `{exposed.operation.method} {exposed.operation.path_text}`: "
                "a path with an escaped slash is refused",
                exposed.where,
                "leave the operation out, or give it a path without %2F and %5C",
            )
