"""The dates of contract versions: what they promise to clients, and what is past as of the day of judgement.

Rules: sunset-without-deprecation, deprecation-window-too-short, version-sunset, version-deprecated. Days are UTC's, and
the last one is included: a version is served until the end of its `sunset`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from compiler.contracts.versions import label_order
from compiler.diagnostics import Finding, Note
from compiler.model.contracts import ContractVersion
from compiler.model.kinds import duration_text
from compiler.source import Span
from compiler.workspace import Exposure, Workspace

_DAY = 86_400_000


def check(workspace: Workspace) -> Iterator[Finding]:
    """Dates that give clients no time, and exposures of versions that are past or on their way out."""
    window = workspace.project.settings.deprecation_window
    for contract in workspace.project.contracts.values():
        for declared in contract.versions.values():
            yield from _dates(declared, window)
    for exposure in workspace.exposures:
        if is_past(exposure.declared, workspace.as_of):
            yield _sunset(exposure, workspace.as_of)
        elif is_deprecated(exposure.declared, workspace.as_of):
            yield from _deprecated(workspace, exposure)


def is_past(declared: ContractVersion, as_of: date) -> bool:
    """Whether the last day of a version is over."""
    return declared.sunset is not None and declared.sunset < as_of


def is_deprecated(declared: ContractVersion, as_of: date) -> bool:
    """Whether clients of a version have been told to move on."""
    return declared.deprecated is not None and declared.deprecated <= as_of


def _dates(declared: ContractVersion, window: int) -> Iterator[Finding]:
    if declared.sunset is None:
        return
    where = declared.where["sunset"]
    if declared.deprecated is None:
        yield Finding(
            "sunset-without-deprecation",
            "this version ends without having been deprecated",
            where,
            f"add `deprecated:`, at least {duration_text(window)} before `sunset`",
        )
        return
    given = (declared.sunset - declared.deprecated).days
    note = (Note("deprecated here", declared.where["deprecated"]),)
    if given < 0:
        yield Finding(
            "deprecation-window-too-short", "`sunset` is before `deprecated`", where, "exchange the two dates", note
        )
    elif given * _DAY < window:
        yield Finding(
            "deprecation-window-too-short",
            f"clients have {given} days to move on, and {duration_text(window)} are promised",
            where,
            "move `sunset` to a later day; the promise is `settings: versioning: deprecation_window`",
            note,
        )


def _sunset(exposure: Exposure, as_of: date) -> Finding:
    version = f"`{exposure.contract}@{exposure.version}`"
    return Finding(
        "version-sunset",
        f"{version} is exposed as of {as_of}, and its last day was {exposure.declared.sunset}",
        place(exposure),
        "narrow the range so that it does not come to this version, or move the sunset while clients remain",
        (Note("the last day", exposure.declared.where["sunset"]),),
    )


def _deprecated(workspace: Workspace, exposure: Exposure) -> Iterator[Finding]:
    """An edge is to move on itself; a gateway may offer a deprecated version beside its successor."""
    successors = [
        other
        for other in workspace.exposures
        if other.gateway == exposure.gateway
        and other.contract == exposure.contract
        and label_order(other.label) > label_order(exposure.label)
        and not is_deprecated(other.declared, workspace.as_of)
    ]
    if (successors or not exposure.whole) and exposure.gateway in workspace.project.gateways:
        return
    yield Finding(
        "version-deprecated",
        f"`{exposure.contract}@{exposure.version}` is deprecated"
        + ("" if successors else ", and no later major is exposed beside it"),
        place(exposure),
        "expose the major that clients are to move to",
        (Note("deprecated here", exposure.declared.where["deprecated"]),),
    )


def place(exposure: Exposure) -> Span:
    """The range that comes to an exposed version; the contract or aggregator where there is no range."""
    expose = exposure.expose
    if exposure.aggregator is not None:
        return expose.where["aggregator"]
    return expose.where["versions" if expose.versions is not None else "contract"]
