"""client-need-unmet and response-unbounded: what an edge's client cannot do without, held against the worst case.

The worst case of time is the timeout, or all tries with what passes between them; that of size is the largest encoding
of a successful answer that the contract allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import pairwise

from compiler.contracts.openapi import Api
from compiler.diagnostics import Finding, Note
from compiler.model.edges import Client, Edge, Needs, body_shape
from compiler.model.kinds import duration_text
from compiler.policies import Effective, asked_first, effective, worst_case
from compiler.records import mutable
from compiler.workspace import ExposedOperation, Exposure, Workspace


@mutable
class _Case:
    """Operations that miss a need for one reason; ``first`` stands for them."""

    first: ExposedOperation
    message: str
    notes: tuple[Note, ...]
    help: str
    others: int = 0


@mutable
class _Cases:
    rule: str
    help: str
    found: dict[object, _Case] = field(default_factory=dict)

    def add(
        self, reason: object, exposed: ExposedOperation, message: str, *notes: Note, help: str | None = None
    ) -> None:
        known = self.found.get(reason)
        if known is None:
            self.found[reason] = _Case(exposed, message, notes, help or self.help)
        elif known.first.operation.key != exposed.operation.key:
            known.others += 1

    def findings(self, need: Note) -> Iterator[Finding]:
        for case in self.found.values():
            more = f" and {case.others} more" if case.others else ""
            message = f"`{case.first.operation.key}`{more} {case.message}"
            yield Finding(self.rule, message, case.first.where, case.help, (*case.notes, need))


def check(workspace: Workspace) -> Iterator[Finding]:
    """Operations of edges that may take longer, or answer with more, than the client can do with."""
    for name, edge in workspace.project.edges.items():
        needs = edge.client.needs
        if needs is None:
            continue
        exposures = [e for e in workspace.exposures if e.gateway == name]
        if needs.max_latency is not None:
            yield from _latency(workspace, edge, needs, needs.max_latency, exposures)
        if needs.max_response is not None:
            yield from _size(edge.client, needs, needs.max_response, exposures)


def _latency(workspace: Workspace, edge: Edge, needs: Needs, most: int, exposures: list[Exposure]) -> Iterator[Finding]:
    cases = _Cases("client-need-unmet", "give it a shorter `timeout`, or ask for less")
    deadlines = _Cases("client-need-unmet", "give the aggregator a shorter `deadline`, or ask for less")
    for exposure in exposures:
        aggregator = workspace.project.aggregators.get(exposure.aggregator or "")
        needed = f"`{edge.client.name}` needs an answer within {duration_text(most)}"
        for exposed in exposure.operations:
            policies = effective(workspace.project, edge, exposure.expose, exposed.settings)
            asked = tuple(asked_first(policies))
            first = "".join(f" behind {duration_text(within)} for `{name}`" for name, within, _ in asked)
            asking = tuple(Note(f"`{name}` is asked first", where) for name, _, where in asked)
            before = sum(within for _, within, _ in asked)
            left = duration_text(most - before) if most > before else None
            if aggregator is not None:
                if before + aggregator.deadline > most:
                    message = f"may take {duration_text(aggregator.deadline)}{first}, and {needed}"
                    note = Note("the deadline", aggregator.where["deadline"])
                    help = f"give the aggregator a `deadline` of at most {left}" if left else None
                    deadlines.add((exposure.aggregator, first), exposed, message, note, *asking, help=help)
                continue
            worst = worst_case(policies, exposed.operation.method)
            if before + worst > most:
                origin, retry = policies.timeout_origin, policies.retry_origin
                reason = (worst, origin.policy if origin else None, retry.policy if retry else None, first)
                message = f"may take {_time(policies, worst)}{first}, and {needed}"
                help = f"give it a policy with a `timeout` of at most {left}, or ask for less" if left else None
                cases.add(reason, exposed, message, *_notes(policies), *asking, help=help)
    need = Note("the need", needs.where["max_latency"])
    yield from cases.findings(need)
    yield from deadlines.findings(need)


def _time(policies: Effective, worst: int) -> str:
    if worst < policies.timeout and policies.retry is not None:
        return f"{duration_text(worst)} with {policies.retry.attempts + 1} tries"
    return duration_text(worst) + ("" if policies.timeout_origin else " (built in)")


def _notes(policies: Effective) -> Iterator[Note]:
    if policies.timeout_origin is not None:
        yield Note("the timeout of the whole answer", policies.timeout_origin.where["timeout"])
    if policies.retry is not None and policies.retry.per_try_timeout is not None:
        yield Note("the timeout of one try", policies.retry.where["per_try_timeout"])


def _size(client: Client, needs: Needs, most: int, exposures: list[Exposure]) -> Iterator[Finding]:
    from compiler.sizes import Unbounded, largest_answer  # takes time to load

    unmet = _Cases("client-need-unmet", "bound the lists and texts of its schema, leave fields out, or ask for more")
    unbounded = _Cases("response-unbounded", "say in the contract how large it may get: `maxItems`, `maxLength`")
    for exposure in exposures:
        api = _as_sent(exposure)
        for exposed in exposure.operations if api is not None else ():
            assert api is not None
            size = largest_answer(api, api.alike(exposed.operation))
            if isinstance(size, Unbounded):
                message = f"may answer with any size, and `{client.name}` takes at most {_bytes(most)}"
                cause = size.at.span()
                unbounded.add((cause, size.why), exposed, message, Note(_named(size.at.path, size.why), cause))
            elif size > most:
                message = f"may answer with {_bytes(size)}, and `{client.name}` takes at most {_bytes(most)}"
                unmet.add((exposure.index, exposed.operation.key, exposure.label), exposed, message)
    need = Note("the need", needs.where["max_response"])
    yield from unmet.findings(need)
    yield from unbounded.findings(need)


def _named(path: Sequence[str | int], why: str) -> str:
    """Why there is no largest, with the field that is at fault where its path tells it."""
    fields = [str(name) for key, name in pairwise(path) if key == "properties"]
    return why.replace("it ", f"`{'.'.join(fields)}` ", 1) if fields else why


def _as_sent(exposure: Exposure) -> Api | None:
    """The document by which an exposed version answers: the contract's, or what `shape` or `decorate` make of it."""
    if exposure.api is None or body_shape(exposure.expose) is None:
        return exposure.api
    from compiler.shaping.exposures import effective_alone, shape_of
    from compiler.shaping.schemas import TooInvolvedError

    shaped = shape_of(exposure)
    try:
        return effective_alone(exposure, shaped.reshape) if shaped is not None and not shaped.findings else None
    except TooInvolvedError:  # which has a finding of its own
        return None


def _bytes(count: int) -> str:
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count // size}{unit}" if count % size == 0 else f"{count / size:.1f}{unit}"
    return f"{count}B"
