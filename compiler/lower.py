"""Checked project to plan. It cannot fail: whatever could go wrong was found by the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from compiler.checks import Checked
from compiler.client_paths import at_prefix, client_origin, client_prefix, default_labels, versioned_by
from compiler.composed import Aggregate
from compiler.contracts.effective import Part, Reshape
from compiler.contracts.effective import build as effective_api
from compiler.contracts.openapi import Operation
from compiler.contracts.versions import label_order
from compiler.lower_lifetimes import lifetime_headers
from compiler.lower_observability import lower_access_log, lower_metrics_port, lower_tracing
from compiler.lower_policies import by_settings_of, called_by, protected, security, security_schemes
from compiler.lower_services import lower_hash_on, lower_secret, lower_service
from compiler.model.edges import Edge, body_shape
from compiler.model.gateways import Gateway
from compiler.model.policies import Cors as CorsPolicy
from compiler.model.policies import Mirror as MirrorPolicy
from compiler.model.policies import Retry as RetryPolicy
from compiler.model.services import Service
from compiler.plan import (
    Answer,
    Compose,
    Cors,
    Deployable,
    Exposed,
    Forward,
    HeaderChanges,
    Listener,
    Mirror,
    Plan,
    Retry,
    ServerTls,
    Target,
    VersionKey,
)
from compiler.policies import Effective, effective, retried_on
from compiler.requested import NOTHING_ASKED, RequestCheck
from compiler.shaped import Shape
from compiler.tables import Served, by_path, by_version
from compiler.workspace import ExposedOperation, Exposure, Workspace, takers

if TYPE_CHECKING:
    from compiler.request_checks import Tables

READABLE_HEADERS = (
    "deprecation",
    "link",
    "sunset",
    "x-gatewright-partial",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)
"""Headers of ours that scripts may always read where `cors` applies."""


def lower(checked: Checked, *, documents: bool = True) -> Plan:
    """The plan of every gateway and edge, by name; without ``documents`` their effective APIs are left empty."""
    workspace = checked.workspace
    named = sorted(workspace.project.deployables, key=lambda one: one[0])
    return Plan(tuple(_deployable(workspace, name, gateway, documents) for name, gateway in named))


def _deployable(workspace: Workspace, name: str, gateway: Gateway, documents: bool) -> Deployable:
    exposures = sorted((e for e in workspace.exposures if e.gateway == name and e.api is not None), key=_exposure_order)
    default = default_labels(gateway, exposures)
    tables = _tables(exposures)
    served = list(_served(workspace, gateway, exposures, default, tables))
    whole = effective(workspace.project, gateway)
    usual = protected(workspace, whole)
    key = _version_key(gateway)
    rules = by_path(served) if key.source == "path" else by_version(served, key)
    mirrors = {o.action.mirror.cluster for o in served if isinstance(o.action, Forward) and o.action.mirror}
    aggregates = _aggregates(workspace, sorted({e.aggregator for e in exposures if e.aggregator is not None}))
    called = {t.cluster for aggregate in aggregates for step in aggregate.steps for t in step.targets}
    called |= {name for o in served if not isinstance(o.action, Answer) for name in called_by(o.action.policies)}
    called |= set(called_by(usual))
    services = sorted({service for e in exposures for service in e.services} | mirrors | called)
    return Deployable(
        kind="edge" if isinstance(gateway, Edge) else "gateway",
        name=name,
        hosts=_hosts(gateway, key, exposures),
        listener=_listener(gateway),
        admin_port=gateway.admin.port if gateway.admin else None,
        version_key=key,
        rules=rules,
        clusters=tuple(lower_service(s, workspace.project.services[s]) for s in sorted(services)),
        exposed=tuple(_exposed(gateway, e) for e in exposures),
        api=effective_api(
            name,
            [_part(workspace, gateway, e, default) for e in exposures],
            servers=_servers(gateway, exposures, default),
            security_schemes=security_schemes(workspace, gateway, exposures),
        )
        if documents
        else {},
        where=gateway.where.span,
        access_log=lower_access_log(gateway.observability),
        metrics_port=lower_metrics_port(gateway.observability),
        tracing=lower_tracing(gateway.observability),
        policies=usual,
        cors=_cors(gateway, whole.cors),
        environment=workspace.project.environment,
        aggregates=aggregates,
        tables=tables.finished() if tables is not None else NOTHING_ASKED,
    )


def _tables(exposures: Iterable[Exposure]) -> Tables | None:
    """Where the schemas go that requests are held against; None where nobody asks for that."""
    if all(exposure.expose.validate == "none" for exposure in exposures):
        return None
    from compiler.request_checks import Tables  # takes time to load

    return Tables()


def _asks(tables: Tables | None, exposure: Exposure) -> Callable[[Operation], RequestCheck | None]:
    """What is asked of requests of each operation of an exposed version."""
    if tables is None or exposure.api is None or exposure.expose.validate == "none":
        return lambda operation: None
    from compiler.request_checks import operation_check

    api = exposure.api
    if body_shape(exposure.expose) is not None:
        from compiler.shaping.exposures import asked_api

        api = asked_api(exposure)
    return lambda operation: operation_check(tables, api, api.alike(operation))


def _aggregates(workspace: Workspace, names: Sequence[str]) -> tuple[Aggregate, ...]:
    if not names:
        return ()
    from compiler.lower_aggregates import lower_aggregate  # takes time to load

    return tuple(lower_aggregate(workspace, name) for name in names)


def _failures(workspace: Workspace, aggregator: str) -> dict[str, str]:
    from compiler.lower_aggregates import failures_of

    return failures_of(workspace, aggregator)


def _version_key(gateway: Gateway) -> VersionKey:
    by = gateway.versioning
    if by is None:
        return VersionKey("path", None)
    name = by.name.lower() if by.name and by.in_ == "header" else by.name
    return VersionKey(by.in_, name, tuple(sorted(gateway.hosts)) if by.in_ == "host" else ())


def _hosts(gateway: Gateway, key: VersionKey, exposures: Iterable[Exposure]) -> tuple[str, ...]:
    labels = {e.label for e in exposures} if key.source == "host" else set()
    versions = {f"v{label}.{host}" for label in labels for host in gateway.hosts}
    return tuple(sorted({*gateway.hosts, *versions}))


def _exposure_order(e: Exposure) -> tuple[object, ...]:
    return (e.contract, label_order(e.label), at_prefix(e.expose), e.index)


def _listener(gateway: Gateway) -> Listener:
    listen = gateway.listen
    tls = listen.tls
    return Listener(
        address=listen.address,
        port=listen.port,
        tls=ServerTls(lower_secret(tls.certificate), lower_secret(tls.key), tls.where.span) if tls else None,
        trusted_hops=listen.trusted_hops,
        proxy_protocol=listen.proxy_protocol,
        where=listen.where.span,
    )


def _exposed(gateway: Gateway, exposure: Exposure) -> Exposed:
    return Exposed(
        contract=exposure.contract,
        version=exposure.version,
        label=exposure.label,
        prefix=client_prefix(gateway, exposure.label, exposure.expose),
        operations=tuple(sorted(o.operation.key for o in exposure.operations)),
        services=exposure.services,
        aggregator=exposure.aggregator,
    )


def _part(workspace: Workspace, gateway: Gateway, exposure: Exposure, default: dict[str, str]) -> Part:
    assert exposure.api is not None  # a broken document is an error, and errors do not get here
    by = gateway.versioning
    return Part(
        contract=exposure.contract,
        label=exposure.label,
        version=exposure.version,
        api=exposure.api,
        operations=tuple(o.operation for o in exposure.operations),
        prefix=client_prefix(gateway, exposure.label, exposure.expose),
        version_in=by.in_ if by else "path",
        version_name=by.name if by else None,
        version_default=default.get(exposure.contract) == exposure.label,
        deprecated=exposure.declared.deprecated is not None,
        sunset=exposure.declared.sunset,
        checked=exposure.expose.validate == "request",
        security=security(workspace, gateway, exposure),
        reshape=_reshape(exposure),
        failures=_failures(workspace, exposure.aggregator) if exposure.aggregator is not None else None,
    )


def _reshape(exposure: Exposure) -> Reshape | None:
    if body_shape(exposure.expose) is None:
        return None
    from compiler.shaping.exposures import shape_of  # takes time to load

    shaped = shape_of(exposure)
    return shaped.reshape if shaped is not None else None


def _servers(gateway: Gateway, exposures: Sequence[Exposure], default: Mapping[str, str]) -> list[dict[str, Any]]:
    """Where clients find the gateway, as far as the project says; ``/`` where any host will do."""
    named = [host for host in sorted(gateway.hosts) if not host.startswith("*")]
    plain = [{"url": client_origin(gateway, host)} for host in named] or [{"url": "/"}]
    labels = sorted({e.label for e in exposures}, key=label_order)
    if versioned_by(gateway) != "host" or not labels:
        return plain
    versions = {"version": {"enum": [f"v{label}" for label in labels], "default": f"v{labels[-1]}"}}
    versioned = [{"url": client_origin(gateway, "{version}." + host), "variables": versions} for host in named]
    return versioned + (plain if default else [])


def _served(
    workspace: Workspace,
    gateway: Gateway,
    exposures: Sequence[Exposure],
    default: dict[str, str],
    tables: Tables | None,
) -> Iterator[Served]:
    in_path = versioned_by(gateway) == "path"
    for exposure in exposures:
        prefix = client_prefix(gateway, exposure.label, exposure.expose)
        lifetime = lifetime_headers(gateway, exposure, [e for e in exposures if e.contract == exposure.contract])
        at = at_prefix(exposure.expose)
        is_default = default.get(exposure.contract) == exposure.label
        by_settings = by_settings_of(workspace, gateway, exposure)
        most = _max_response(gateway)
        shapes = _shapes(most, exposure)
        asked = _asks(tables, exposure)
        takes = takers(workspace, exposure.contract, exposure.version, exposure.services)
        for exposed in exposure.operations:
            operation = exposed.operation
            asks = asked(operation)
            policies = by_settings[exposed.settings]
            action = _action(workspace, exposure, exposed, takes(operation), policies, prefix, lifetime, asks)
            rule_name = f"{exposure.contract}@{exposure.label}.{operation.key}" + (f" at {at}" if at else "")
            one = Served(
                name=rule_name,
                path=operation.path.under(prefix),
                method=operation.method,
                label=None if in_path else exposure.label,
                default=is_default and not in_path,
                contract=exposure.contract,
                action=_shaped(action, shapes(operation), most),
                where=exposed.where,
                cors=_cors(gateway, policies.cors),
            )
            yield one
            if in_path and is_default:
                by_default = _shaped(replace(action, strip=at), shapes(operation), most)
                yield replace(one, name=f"{rule_name} by default", path=operation.path.under(at), action=by_default)


def _shapes(most: int | None, exposure: Exposure) -> Callable[[Operation], Shape | None]:
    if most is None and body_shape(exposure.expose) is None:
        return lambda operation: None
    from compiler.lower_shapes import lower_shapes  # takes time to load

    return lower_shapes(exposure, most)


def _max_response(gateway: Gateway) -> int | None:
    needs = gateway.client.needs if isinstance(gateway, Edge) else None
    return needs.max_response if needs is not None else None


def _shaped(action: Forward | Compose, shape: Shape | None, most: int | None) -> Forward | Compose:
    if isinstance(action, Compose):
        return replace(action, max_response=most)
    return action if shape is None else replace(action, shape=shape)


def _action(
    workspace: Workspace,
    exposure: Exposure,
    exposed: ExposedOperation,
    taken_by: Sequence[str],
    policies: Effective,
    strip: str,
    lifetime: tuple[tuple[str, str], ...],
    asks: RequestCheck | None,
) -> Forward | Compose:
    if exposure.aggregator is None:
        return _forward(workspace, exposure, exposed, taken_by, policies, strip, lifetime, asks)
    return Compose(
        aggregate=exposure.aggregator,
        strip=strip,
        timeout=policies.timeout,
        request_headers=policies.request_headers,
        response_headers=_response_headers(policies, lifetime),
        contract=exposure.contract,
        version=exposure.version,
        operation=exposed.operation.key,
        policies=policies.filters,
        asks=asks,
    )


def _response_headers(policies: Effective, lifetime: tuple[tuple[str, str], ...]) -> HeaderChanges:
    """What policies change, and above it the headers that tell of a version's end."""
    response = dict(policies.response_headers.set) | dict(lifetime)
    removed = tuple(n for n in policies.response_headers.remove if n not in response)
    return HeaderChanges(tuple(sorted(response.items())), removed)


def _forward(
    workspace: Workspace,
    exposure: Exposure,
    exposed: ExposedOperation,
    taken_by: Sequence[str],
    policies: Effective,
    strip: str,
    lifetime: tuple[tuple[str, str], ...],
    asks: RequestCheck | None,
) -> Forward:
    services = {name: workspace.project.services[name] for name in taken_by}
    targets = tuple(_targets(services))
    prepend = min(_base_path(services[t.cluster]) for t in targets)
    return Forward(
        targets=tuple(_with_own_path(t, _base_path(services[t.cluster]), prepend) for t in targets),
        strip=strip,
        prepend=prepend,
        timeout=policies.timeout,
        retry=_retry(policies.retry, exposed.operation.method),
        request_headers=policies.request_headers,
        response_headers=_response_headers(policies, lifetime),
        contract=exposure.contract,
        version=exposure.version,
        operation=exposed.operation.key,
        hash_on=lower_hash_on(services.values()),
        policies=policies.filters,
        mirror=_mirror(policies.mirror),
        asks=asks,
        streaming=exposure.expose.streaming,
    )


def _mirror(asked: MirrorPolicy | None) -> Mirror | None:
    return Mirror(asked.service, round(asked.percent * 10_000)) if asked is not None else None


def _cors(gateway: Gateway, asked: CorsPolicy | None) -> Cors | None:
    """With the version's header among those that scripts may send, and ours among those that they may read."""
    if asked is None:
        return None
    key = _version_key(gateway)
    versions = {key.name} if key.source == "header" and key.name is not None else set()
    return Cors(
        origins=tuple(sorted(asked.origins)),
        methods=tuple(sorted(asked.methods)),
        headers=tuple(sorted({*asked.headers, *versions})),
        expose_headers=tuple(sorted({*asked.expose_headers, *READABLE_HEADERS})),
        credentials=asked.credentials,
        max_age=asked.max_age // 1000,
    )


def _targets(services: Mapping[str, Service]) -> Iterator[Target]:
    """The services that get something."""
    for name, service in services.items():
        weight = 1 if len(services) == 1 or service.weight is None else service.weight
        if weight > 0:
            yield Target(name, weight)


def _base_path(service: Service) -> str:
    return service.base_path.rstrip("/")


def _with_own_path(target: Target, base_path: str, usual: str) -> Target:
    return target if base_path == usual else replace(target, prepend=base_path)


def _retry(policy: RetryPolicy | None, method: str) -> Retry | None:
    conditions = retried_on(policy, method)
    if policy is None or not conditions:
        return None
    return Retry(policy.attempts, tuple(sorted(conditions)), policy.per_try_timeout)
