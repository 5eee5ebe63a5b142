"""undeclared-status: clients of an aggregate read in its contract with which statuses it can answer."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.compositions.calls import called
from compiler.diagnostics import Finding
from compiler.model.aggregators import Aggregator
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Statuses with which an aggregate can fail and that its contract does not declare, all of them at once."""
    for aggregator in workspace.project.aggregators.values():
        implements = aggregator.implements
        api = workspace.apis.get((implements.contract, implements.version))
        operation = api.find(implements.operation or "") if api is not None else None
        if api is None or operation is None:
            continue
        declared = {status.upper() for status, _ in api.responses(operation)}
        if "DEFAULT" in declared:
            continue
        missing = {
            status: why
            for status, why in failures(workspace, aggregator).items()
            if status not in declared and f"{status[0]}XX" not in declared
        }
        if missing:
            listed = ", ".join(f"{status} ({why})" for status, why in sorted(missing.items()))
            yield Finding(
                "undeclared-status",
                f"it can answer with {listed}, and `{operation.key}` does not declare that",
                aggregator.where["implements"],
                "declare them in the contract's `responses`, or one `default` for all",
            )


def failures(workspace: Workspace, aggregator: Aggregator) -> dict[str, str]:
    """The statuses other than the good one, each with what leads to it."""
    found: dict[str, str] = {}
    for name, step in aggregator.steps.items():
        if step.optional is not None:
            continue
        found.setdefault("502", f"the step `{name}` failed")
        found.setdefault("504", f"the step `{name}` was too slow")
        call, _ = called(workspace, step)
        if call is not None:
            for status, _ in call.api.responses(call.operation):
                if status.isdigit() and status.startswith("4"):
                    found.setdefault(status, f"passed on from the step `{name}`")
    if aggregator.max_concurrent is not None:
        found.setdefault("503", "too many at a time")
    return found
