"""timeout-inversion: an outer timeout leaves time for what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.aggregators import Aggregator
from compiler.model.kinds import duration_text
from compiler.model.policies import Retry
from compiler.policies import Effective, effective
from compiler.source import Span
from compiler.workspace import Exposure, Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Tries that outlast the timeout around them, and connections that outlast the try that needs them.

    What several operations share is found for each of them at one place with one text, and so shown once.
    """
    project = workspace.project
    deployables = dict(project.deployables)
    judged: set[tuple[object, ...]] = set()
    for exposure in workspace.exposures:
        gateway = deployables[exposure.gateway]
        by_settings = {
            settings: effective(project, gateway, exposure.expose, settings)
            for settings in {exposed.settings for exposed in exposure.operations}
        }
        for exposed in exposure.operations:
            policies = by_settings[exposed.settings]
            origins = (policies.timeout_origin, policies.retry_origin)
            if exposure.aggregator is not None:
                yield from _deadline(project.aggregators[exposure.aggregator], exposure, policies)
                continue
            case = (exposure.services, *(origin.policy if origin else None for origin in origins))
            if case in judged:
                continue
            judged.add(case)
            yield from _retries(policies)
            for name in exposure.services:
                service = project.services[name]
                if "connect_timeout" in service.where:
                    yield from _connection(policies, service.connect_timeout, service.where["connect_timeout"])


def _deadline(aggregator: Aggregator, exposure: Exposure, policies: Effective) -> Iterator[Finding]:
    """An aggregate answers by its deadline, so what is around it must wait for that long."""
    if aggregator.deadline > policies.timeout:
        note = Note("the deadline of the aggregate", aggregator.where["deadline"])
        yield Finding(
            "timeout-inversion",
            f"the aggregate may take {duration_text(aggregator.deadline)}, and the whole answer {_whole(policies)}",
            exposure.expose.where["aggregator"],
            "raise the policy's `timeout`, or shorten the deadline",
            (note, *_note(policies)),
        )


def _retries(policies: Effective) -> Iterator[Finding]:
    retry = policies.retry
    if retry is None or retry.per_try_timeout is None:
        return
    one, whole = retry.per_try_timeout, policies.timeout
    worst = one * (retry.attempts + 1)
    if one > whole:
        message = f"one try may take {duration_text(one)}, and the whole answer {_whole(policies)}"
    elif worst > whole:
        message = (
            f"{retry.attempts + 1} tries of {duration_text(one)} take {duration_text(worst)}, "
            f"and the whole answer may take {_whole(policies)}"
        )
    else:
        return
    yield Finding(
        "timeout-inversion",
        message,
        retry.where["per_try_timeout"],
        "raise `timeout`, or shorten `per_try_timeout`, or retry less often",
        _note(policies),
    )


def _connection(policies: Effective, connect: int, where: Span) -> Iterator[Finding]:
    retry = policies.retry
    if connect > policies.timeout:
        yield Finding(
            "timeout-inversion",
            f"a connection may take {duration_text(connect)}, and the whole answer {_whole(policies)}",
            where,
            "shorten `connect_timeout`, or raise the policy's `timeout`",
            _note(policies),
        )
    elif retry is not None and retry.per_try_timeout is not None and connect > retry.per_try_timeout:
        yield Finding(
            "timeout-inversion",
            f"a connection may take {duration_text(connect)}, and one try {duration_text(retry.per_try_timeout)}",
            where,
            "shorten `connect_timeout`, or raise `per_try_timeout`",
            (_try_note(retry),),
        )


def _whole(policies: Effective) -> str:
    return duration_text(policies.timeout) + ("" if policies.timeout_origin else " (built in)")


def _note(policies: Effective) -> tuple[Note, ...]:
    origin = policies.timeout_origin
    return (Note("the timeout of the whole answer", origin.where["timeout"]),) if origin else ()


def _try_note(retry: Retry) -> Note:
    return Note("the timeout of one try", retry.where["per_try_timeout"])
