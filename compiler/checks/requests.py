"""What ``validate: request`` asks for, and no gateway can check."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Keywords and patterns of exposed operations that are beyond what a gateway holds requests against."""
    asked = [e for e in workspace.exposures if e.expose.validate == "request" and e.api is not None]
    if not asked:
        return
    from compiler.request_checks import Tables, operation_check  # takes time to load

    tables = Tables()
    for exposure in asked:
        assert exposure.api is not None
        before = len(tables.limits)
        for exposed in exposure.operations:  # what is changed on the way says no more than the contract
            operation_check(tables, exposure.api, exposed.operation)
        for limit in tables.limits[before:]:
            yield Finding(
                "openapi-invalid",
                f"no gateway can check {limit.what}, and `validate: request` asks for it",
                limit.node.span(),
                "say it another way, or expose the operation without `validate`",
                (Note("asked for here", exposure.expose.where["validate"]),),
            )
