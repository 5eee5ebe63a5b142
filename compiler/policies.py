"""Which policies apply to an exposed operation, and what they come to together.

Order: built-in defaults, gateway or edge, exposure, operation; in a list from left to right. A later policy replaces
each top-level key whole, except ``headers``, which merge by name, and ``deny_ips``, which unite.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Literal

from compiler.model.gateways import Expose, Gateway, OperationSettings
from compiler.model.kinds import Where
from compiler.model.policies import Auth, Cors, HeaderChanges, Mirror, Policy, RateLimit, Retry
from compiler.model.project import Project
from compiler.plan_policies import COUNTED_WITHIN, Addresses, Policies
from compiler.plan_policies import HeaderChanges as PlannedChanges
from compiler.records import frozen
from compiler.source import Span

DEFAULT_TIMEOUT = 15_000
"""Milliseconds for a whole exchange where no policy says otherwise."""


# What Envoy waits at most before the first retry, and before any further one, each of which may take twice as long:
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#config-http-filters-router-x-envoy-max-retries
_BACK_OFF, _MOST_BACK_OFF = 25, 250


@frozen
class Origin:
    """The policy that a value comes from."""

    policy: str
    where: Where


@frozen
class Effective:
    """What applies to one operation; ``timeout`` in milliseconds. An origin is None for a built-in default.

    ``filters`` are without ``auth`` and ``rate_limit``, which only lowering completes.
    """

    timeout: int
    timeout_origin: Origin | None
    retry: Retry | None
    retry_origin: Origin | None
    request_headers: PlannedChanges
    response_headers: PlannedChanges
    filters: Policies
    cors: Cors | None
    cors_origin: Origin | None
    mirror: Mirror | None
    auth: Auth | Literal["none"] | None
    """None where no policy says anything of it, and everybody may call for want of a word."""
    auth_origin: Origin | None
    rate_limit: RateLimit | None
    rate_limit_origin: Origin | None


def applied(
    project: Project, gateway: Gateway, expose: Expose | None, settings: OperationSettings | None
) -> Iterator[tuple[Policy, Origin]]:
    """The policies that apply, weakest first. Unknown names are passed over: a check reports them."""
    named = [*gateway.policies]
    named += expose.policies if expose is not None else ()
    named += settings.policies if settings is not None else ()
    for name in named:
        policy = project.policies.get(name)
        if policy is not None:
            yield policy, Origin(name, policy.where)


def effective(
    project: Project, gateway: Gateway, expose: Expose | None = None, settings: OperationSettings | None = None
) -> Effective:
    """What the policies of an exposed operation come to; without ``expose``, those of the whole gateway."""
    timeout, timeout_origin = DEFAULT_TIMEOUT, None
    retry, retry_origin = None, None
    request: dict[str, str | None] = {}
    response: dict[str, str | None] = {}
    cors, cors_origin, mirror = None, None, None
    auth, auth_origin = None, None
    rate_limit, rate_limit_origin = None, None
    body_limit, compression = Policies().body_limit, Policies().compression
    allow: tuple[str, ...] | None = None
    deny: set[str] = set()
    for policy, origin in applied(project, gateway, expose, settings):
        if policy.timeout is not None:
            timeout, timeout_origin = policy.timeout, origin
        if policy.retry is not None:
            retry, retry_origin = policy.retry, origin
        if policy.headers is not None:
            _merge(request, policy.headers.request)
            _merge(response, policy.headers.response)
        if policy.cors is not None:
            cors, cors_origin = policy.cors, origin
        if policy.auth is not None:
            auth, auth_origin = policy.auth, origin
        if policy.rate_limit is not None:
            rate_limit, rate_limit_origin = policy.rate_limit, origin
        mirror = policy.mirror or mirror
        body_limit = policy.body_limit or body_limit
        compression = compression if policy.compression is None else policy.compression
        allow = policy.allow_ips or allow
        deny.update(policy.deny_ips or ())
    return Effective(
        timeout,
        timeout_origin,
        retry,
        retry_origin,
        _planned(request),
        _planned(response),
        Policies(
            body_limit,
            tuple(sorted(compression)),
            Addresses(None if allow is None else _in_order(allow), _in_order(deny)),
        ),
        cors,
        cors_origin,
        mirror,
        auth,
        auth_origin,
        rate_limit,
        rate_limit_origin,
    )


def asked_first(policies: Effective) -> Iterator[tuple[str, int, Span]]:
    """The services that filters wait for before a request goes on: each with milliseconds, and where it is named.

    Envoy's timeout of the whole answer begins behind them.
    """
    limit, auth = policies.rate_limit, policies.auth
    if isinstance(auth, Auth) and auth.external is not None:
        yield auth.external.service, auth.external.timeout, auth.external.where["service"]
    if limit is not None and limit.distributed is not None:
        yield limit.distributed.service, COUNTED_WITHIN, limit.distributed.where["service"]


def retried_on(policy: Retry | None, method: str) -> frozenset[str]:
    """When a request is tried again: POST and PATCH only where no connection was made, unless it says `unsafe`."""
    conditions = frozenset(policy.on) if policy is not None else frozenset()
    if policy is not None and method in ("POST", "PATCH") and not policy.unsafe:
        # 5xx includes connect-failure: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
        return frozenset({"connect-failure"}) if conditions & {"connect-failure", "5xx"} else frozenset()
    return conditions


def worst_case(policies: Effective, method: str) -> int:
    """The longest in milliseconds that a service's answer may take, with all tries and what passes between them."""
    retry = policies.retry
    if retry is None or retry.per_try_timeout is None or not retried_on(retry, method):
        return policies.timeout
    waiting = sum(min(_BACK_OFF << n, _MOST_BACK_OFF) for n in range(retry.attempts))
    return min(policies.timeout, retry.per_try_timeout * (retry.attempts + 1) + waiting)


def _in_order(networks: Iterable[str]) -> tuple[str, ...]:
    """Each network once, IPv4 first, by address."""
    parsed = [ipaddress.ip_network(text) for text in networks]
    return tuple(str(n) for n in sorted(set(parsed), key=lambda n: (n.version, int(n.network_address), n.prefixlen)))


def _merge(into: dict[str, str | None], changes: HeaderChanges | None) -> None:
    """Put changes over earlier ones; None stands for a header that is taken off."""
    if changes is None:
        return
    for name in changes.remove:
        into[name] = None
    into.update(changes.set)


def _planned(merged: dict[str, str | None]) -> PlannedChanges:
    return PlannedChanges(
        set=tuple((name, value) for name, value in sorted(merged.items()) if value is not None),
        remove=tuple(sorted(name for name, value in merged.items() if value is None)),
    )


def kind_of_name(subject: str) -> Literal["URI", "DNS", "EMAIL"]:
    """Which kind of name in a certificate (RFC 5280 section 4.2.1.6) a text is.

    ``spiffe://shop/*`` is a URI, ``me@shop.example`` a mailbox, all else a name of the DNS.
    """
    if ":" in subject:
        return "URI"
    return "EMAIL" if "@" in subject else "DNS"
