"""Versions begin and end on days that give clients time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from compiler.contracts.versions import label_order
from compiler.diagnostics import Finding, Note
from compiler.model.contracts import ContractVersion
from compiler.model.kinds import duration_text
from compiler.workspace import Exposure, Workspace

_DAY = 86_400_000


def check(workspace: Workspace) -> Iterator[Finding]:
    """Dates of each version, then what gateways expose on the day that counts."""
    for name, contract in workspace.project.contracts.items():
        for version, declared in contract.versions.items():
            yield from _dates(workspace, f"{name}@{version}", declared)
    by_contract: dict[tuple[str, str], list[Exposure]] = defaultdict(list)
    for exposure in workspace.exposures:
        yield from _ended(workspace, exposure)
        by_contract[exposure.gateway, exposure.contract].append(exposure)
    for family in by_contract.values():
        yield from _deprecated(workspace, family)
        yield from _too_many(workspace, family)


def _dates(workspace: Workspace, name: str, declared: ContractVersion) -> Iterator[Finding]:
    if declared.sunset is None:
        return
    if declared.deprecated is None:
        yield Finding(
            "sunset-without-deprecation",
            f"`{name}` ends on {declared.sunset} without having been deprecated",
            declared.where.key("sunset"),
            "say with `deprecated:` from which day clients are told to move on",
        )
        return
    window = workspace.project.settings.deprecation_window
    days = (declared.sunset - declared.deprecated).days
    if days * _DAY < window:
        span = f"only {days} days lie" if days >= 0 else "the sunset comes first: no time lies"
        yield Finding(
            "deprecation-window-too-short",
            f"`{name}`: {span} between deprecation and sunset, {duration_text(window)} are required",
            declared.where["sunset"],
            "move the sunset; the window is `settings: versioning: deprecation_window`",
            (Note("deprecated here", declared.where["deprecated"]),),
        )


def _ended(workspace: Workspace, exposure: Exposure) -> Iterator[Finding]:
    sunset = exposure.declared.sunset
    if sunset is not None and workspace.as_of > sunset:
        key = "versions" if exposure.expose.versions is not None else "contract"
        yield Finding(
            "version-sunset",
            f"`{exposure.contract}@{exposure.version}` ended on {sunset} and is still exposed",
            exposure.expose.where[key],
            "narrow the range so that it leaves this version out",
            (Note("its sunset", exposure.declared.where["sunset"]),),
        )


def _deprecated(workspace: Workspace, family: list[Exposure]) -> Iterator[Finding]:
    for exposure in family:
        since = exposure.declared.deprecated
        later = [e for e in family if label_order(e.label) > label_order(exposure.label)]
        if since is not None and workspace.as_of >= since and not later:
            key = "versions" if exposure.expose.versions is not None else "contract"
            yield Finding(
                "version-deprecated",
                f"`{exposure.contract}@{exposure.version}` is deprecated since {since}, and no successor is exposed beside it",
                exposure.expose.where[key],
                "expose the next major beside it, so that clients can move",
                (Note("deprecated here", exposure.declared.where["deprecated"]),),
            )


def _too_many(workspace: Workspace, family: list[Exposure]) -> Iterator[Finding]:
    most = workspace.project.settings.max_live_majors
    live = {e.label: e for e in family if e.declared.sunset is None or workspace.as_of <= e.declared.sunset}
    if len(live) > most:
        last = family[-1]
        labels = ", ".join(f"`{label}`" for label in sorted(live, key=label_order))
        key = "versions" if last.expose.versions is not None else "contract"
        yield Finding(
            "too-many-majors",
            f"{len(live)} majors of `{last.contract}` are live here ({labels}), at most {most} may be",
            last.expose.where[key],
            "retire the oldest; the bound is `settings: versioning: max_live_majors`",
        )
