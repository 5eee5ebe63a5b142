"""Which policies apply to an exposed operation, and what they come to together.

Order: built-in defaults, gateway or edge, exposure, operation; in a list from left to right. A later policy replaces
each top-level key whole, except ``headers``, which merge by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compiler.model.gateways import Expose, Gateway, OperationSettings
from compiler.model.kinds import Where
from compiler.model.policies import HeaderChanges, Policy, Retry
from compiler.model.project import Project

DEFAULT_TIMEOUT = 15_000
"""Milliseconds for a whole exchange where no policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The policy that a value comes from."""

    policy: str
    where: Where


@dataclass(frozen=True, slots=True)
class Effective:
    """What applies to one operation; ``timeout`` in milliseconds. An origin is None for a built-in default.

    Headers are by name, in lower case and sorted: the value to set, or None for one that is taken off.
    """

    timeout: int
    timeout_origin: Origin | None
    retry: Retry | None
    retry_origin: Origin | None
    request_headers: Mapping[str, str | None]
    response_headers: Mapping[str, str | None]


def applied(
    project: Project, gateway: Gateway, expose: Expose, settings: OperationSettings | None
) -> Iterator[tuple[Policy, Origin]]:
    """The policies that apply, weakest first. Unknown names are passed over: a check reports them."""
    for name in (*gateway.policies, *expose.policies, *(settings.policies if settings is not None else ())):
        policy = project.policies.get(name)
        if policy is not None:
            yield policy, Origin(name, policy.where)


def effective(project: Project, gateway: Gateway, expose: Expose, settings: OperationSettings | None) -> Effective:
    """What the policies of an exposed operation come to."""
    timeout, timeout_origin = DEFAULT_TIMEOUT, None
    retry, retry_origin = None, None
    request: dict[str, str | None] = {}
    response: dict[str, str | None] = {}
    for policy, origin in applied(project, gateway, expose, settings):
        if policy.timeout is not None:
            timeout, timeout_origin = policy.timeout, origin
        if policy.retry is not None:
            retry, retry_origin = policy.retry, origin
        if policy.headers is not None:
            _merge(request, policy.headers.request)
            _merge(response, policy.headers.response)
    return Effective(
        timeout, timeout_origin, retry, retry_origin, dict(sorted(request.items())), dict(sorted(response.items()))
    )


def _merge(into: dict[str, str | None], changes: HeaderChanges | None) -> None:
    """Put changes over earlier ones; None stands for a header that is taken off."""
    if changes is None:
        return
    for name in changes.remove:
        into[name] = None
    into.update(changes.set)
