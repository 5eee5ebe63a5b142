"""An outer timeout must leave room for what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.kinds import duration_text
from compiler.policies import DEFAULT_TIMEOUT, Effective, effective
from compiler.source import Span
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """timeout-inversion, for what the policies of each exposed operation come to."""
    project = workspace.project
    for exposure in workspace.exposures:
        gateway = project.gateways.get(exposure.gateway)
        if gateway is None:
            continue
        settings = {id(o.settings): o.settings for o in exposure.operations}
        for one in settings.values():
            policies = effective(project, gateway, exposure.gateway, exposure.expose, one)
            where = one.where.span if one is not None else exposure.expose.where.span
            yield from _tries(policies, where)
            for name in exposure.services:
                service = project.services[name]
                if service.connect_timeout > policies.timeout:
                    yield Finding(
                        "timeout-inversion",
                        f"connecting to `{name}` may take {duration_text(service.connect_timeout)}, "
                        f"but the whole answer only {duration_text(policies.timeout)}",
                        service.where["connect_timeout"],
                        "shorten `connect_timeout`, or lengthen `timeout`",
                        _timeout_note(policies),
                    )


def _tries(policies: Effective, where: Span) -> Iterator[Finding]:
    retry, origin = policies.retry, policies.retry_origin
    if retry is None or origin is None or retry.per_try_timeout is None:
        return
    tries = retry.attempts + 1
    whole = retry.per_try_timeout * tries
    if whole > policies.timeout:
        yield Finding(
            "timeout-inversion",
            f"{tries} tries of {duration_text(retry.per_try_timeout)} may take {duration_text(whole)}, "
            f"but the whole answer only {duration_text(policies.timeout)}",
            retry.where["per_try_timeout"],
            f"lengthen `timeout` to {duration_text(whole)}, or shorten the tries",
            (*_timeout_note(policies), Note("applied here", where)),
        )


def _timeout_note(policies: Effective) -> tuple[Note, ...]:
    if policies.timeout_origin is None:
        return ()
    return (Note(f"the timeout (built in: {duration_text(DEFAULT_TIMEOUT)})", policies.timeout_origin.where["timeout"]),)
