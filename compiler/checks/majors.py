"""too-many-majors: every live major of a contract must be kept running, so their number is bounded."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.lifetimes import is_past, place
from compiler.contracts.versions import label_order
from compiler.diagnostics import Finding, Note
from compiler.workspace import Exposure, Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Contracts of which a gateway or edge exposes more majors that are still served than the settings allow."""
    settings = workspace.project.settings
    live: dict[tuple[str, str], list[Exposure]] = {}
    for exposure in workspace.exposures:
        if not is_past(exposure.declared, workspace.as_of):
            live.setdefault((exposure.gateway, exposure.contract), []).append(exposure)
    for (gateway, contract), exposures in live.items():
        labels = sorted({e.label for e in exposures}, key=label_order)
        if len(labels) <= settings.max_live_majors:
            continue
        surplus = next(e for e in exposures if e.label == labels[settings.max_live_majors])
        written = "max_live_majors" in settings.where
        yield Finding(
            "too-many-majors",
            f"`{gateway}` serves {len(labels)} majors of `{contract}` ({', '.join(labels)}); "
            f"{settings.max_live_majors} are allowed",
            place(surplus),
            "narrow the range, give the oldest a `sunset`, or raise `settings: versioning: max_live_majors`",
            (Note("allowed here", settings.where["max_live_majors"]),) if written else (),
        )
