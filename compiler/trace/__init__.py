"""What becomes of a request, without running anything: the plan's own routing, with its reasons.

``asked`` is the request that a person writes, ``arrival`` what a gateway makes of it before it routes, ``reasons`` why
its rule was chosen, ``origins`` which policy each setting comes from. ``trace`` here puts them together; ``render``
prints the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.plan import Answer, Compose, Deployable, Forward, Plan, Rule
from compiler.records import frozen
from compiler.routing import Request, answer, holds_host
from compiler.source import Span
from compiler.trace.arrival import Refused, arrive, refused_routed
from compiler.trace.asked import Asked
from compiler.trace.origins import Setting, settings
from compiler.trace.reasons import reasons
from compiler.workspace import ExposedOperation, Exposure, Workspace


@frozen
class Traced:
    """What becomes of a request.

    ``status`` is the gateway's own answer, and None where a service answers. ``rule`` is None where the request never
    comes to one.
    """

    deployable: Deployable
    rule: Rule | None
    status: int | None
    request: Request | None
    """As the gateway reads it; None where it is refused unread."""
    operation: ExposedOperation | None
    settings: tuple[Setting, ...]
    why: tuple[str, ...]

    @property
    def matched(self) -> bool:
        """Whether the request gets what it asks for, from a service or from the gateway itself."""
        return self.status is None or self.status < 400

    @property
    def forward(self) -> Forward | None:
        """Where the request is sent on to, if it is."""
        return self.rule.action if self.rule is not None and isinstance(self.rule.action, Forward) else None

    @property
    def action(self) -> Forward | Compose | None:
        """Who answers, where that is not the gateway itself."""
        return None if self.rule is None or isinstance(self.rule.action, Answer) else self.rule.action

    @property
    def where(self) -> Span | None:
        """The place in the project that the rule comes from."""
        return self.rule.where if self.rule is not None else None


def trace(workspace: Workspace, plan: Plan, asked: Asked) -> Traced | None:
    """What becomes of a request; None where no gateway of the plan is meant.

    Those are that bear its host and listen on its port, or bear its host (a port may be that of a load balancer), or
    listen on its port. Of several, one that has an operation for it.
    """
    found = [_traced(workspace, deployable, asked) for deployable in _meant(plan, asked)]
    found.sort(key=lambda t: (t.action is None, not t.matched, t.deployable.name))
    if not found:
        return None
    first, *others = found
    also = [f"{_named(t.deployable)} could be meant, too: --only {t.deployable.name} asks that one" for t in others]
    return Traced(
        first.deployable,
        first.rule,
        first.status,
        first.request,
        first.operation,
        first.settings,
        (*first.why, *also),
    )


def _meant(plan: Plan, asked: Asked) -> Sequence[Deployable]:
    bearing = [d for d in plan.deployables if asked.host is None or holds_host(d, asked.host)]
    listening = [d for d in plan.deployables if asked.port == d.listener.port]
    both = [d for d in bearing if d in listening]
    only = plan.deployables if len(plan.deployables) == 1 else ()
    return both or bearing or listening or only


def _traced(workspace: Workspace, deployable: Deployable, asked: Asked) -> Traced:
    why = [_chosen(deployable, asked), *_connected(deployable, asked)]
    arrived = arrive(deployable, asked)
    if isinstance(arrived, Refused):
        return Traced(deployable, None, arrived.status, None, None, (), (*why, arrived.why))
    request = arrived.request
    rule = answer(deployable, request)
    refused = refused_routed(deployable, request, rule)
    if refused is not None:
        return Traced(deployable, None, refused.status, request, None, (), (*why, *arrived.notes, refused.why))
    status = 404 if rule is None else rule.action.status if isinstance(rule.action, Answer) else None
    exposure, operation = next(_exposing(workspace, deployable, rule), (None, None))
    gateway = dict(workspace.project.deployables).get(deployable.name)
    found: tuple[Setting, ...] = ()
    if exposure is not None and operation is not None and gateway is not None:
        found = tuple(settings(workspace.project, gateway, exposure.expose, operation.settings))
    why += [*arrived.notes, *reasons(deployable, request, rule, exposure)]
    return Traced(deployable, rule, status, request, operation, found, tuple(why))


def _chosen(deployable: Deployable, asked: Asked) -> str:
    name = _named(deployable)
    if "*" in deployable.hosts:
        return f"{name} answers for every host"
    if asked.host is None or not holds_host(deployable, asked.host):
        return f"{name} is asked"
    return f"{name} answers for the host {asked.host}"


def _connected(deployable: Deployable, asked: Asked) -> Iterator[str]:
    """Elsewhere than on the gateway's own port, something in front of it may speak TLS in its place."""
    tls = deployable.listener.tls is not None
    if asked.port == deployable.listener.port and (asked.scheme == "https") is not tls:
        yield f"its port {asked.port} speaks {'TLS' if tls else 'no TLS'}, so a client told {asked.scheme} fails"


def _named(deployable: Deployable) -> str:
    return f"{deployable.kind}/{deployable.name}"


def _exposing(
    workspace: Workspace, deployable: Deployable, rule: Rule | None
) -> Iterator[tuple[Exposure, ExposedOperation]]:
    """The exposure that a rule was made from, and its operation."""
    if rule is None or isinstance(rule.action, Answer):
        return
    said = rule.action
    for exposure in workspace.exposures:
        if (exposure.gateway, exposure.contract, exposure.version) == (deployable.name, said.contract, said.version):
            for operation in exposure.operations:
                if operation.operation.key == said.operation and operation.where == rule.where:
                    yield exposure, operation
