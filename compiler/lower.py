"""Checked project to plan. It cannot fail: whatever could go wrong was found by the checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Literal

from compiler.checks import Checked
from compiler.client_paths import at_prefix, client_prefix, default_labels, versioned_by
from compiler.composed import Aggregate
from compiler.contracts.effective import Part
from compiler.contracts.effective import build as effective_api
from compiler.contracts.versions import label_order
from compiler.model.gateways import Gateway, Observability
from compiler.model.policies import Retry as RetryPolicy
from compiler.model.secrets import SecretRef
from compiler.model.services import CircuitBreaker as CircuitBreakerModel
from compiler.model.services import HealthCheck as HealthCheckModel
from compiler.model.services import OutlierDetection as OutlierDetectionModel
from compiler.model.services import Service, UpstreamTls
from compiler.plan import (
    CircuitBreaker,
    ClientTls,
    Cluster,
    Compose,
    Deployable,
    Endpoint,
    Exposed,
    Forward,
    HashOn,
    HeaderChanges,
    HealthCheck,
    Listener,
    OutlierDetection,
    Plan,
    Retry,
    Secret,
    ServerTls,
    Target,
    VersionKey,
)
from compiler.policies import Effective, effective
from compiler.tables import Served, by_header, by_path
from compiler.workspace import ExposedOperation, Exposure, Workspace

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian, Alpine and Envoy's own image keep what `ca: system` means."""


def lower(checked: Checked) -> Plan:
    """The plan of every gateway, by name."""
    workspace = checked.workspace
    return Plan(tuple(_gateway(workspace, name) for name in sorted(workspace.project.gateways)))


def _gateway(workspace: Workspace, name: str) -> Deployable:
    gateway = workspace.project.gateways[name]
    exposures = sorted((e for e in workspace.exposures if e.gateway == name and e.api is not None), key=_exposure_order)
    default = default_labels(gateway, exposures)
    served = list(_served(workspace, gateway, exposures, default))
    by = gateway.versioning
    if by is not None and by.in_ == "header" and by.name is not None:
        key, rules = VersionKey("header", by.name), by_header(served, by.name)
    else:
        key, rules = VersionKey("path", None), by_path(served)
    aggregators = sorted({e.aggregator for e in exposures if e.aggregator is not None})
    services = {service for e in exposures for service in e.services}
    aggregates = _aggregates(workspace, aggregators)
    services |= {t.cluster for aggregate in aggregates for step in aggregate.steps for t in step.targets}
    return Deployable(
        kind="gateway",
        name=name,
        hosts=tuple(sorted(gateway.hosts)),
        listener=_listener(gateway),
        admin_port=gateway.admin.port if gateway.admin else None,
        version_key=key,
        rules=rules,
        clusters=tuple(_cluster(s, workspace.project.services[s]) for s in sorted(services)),
        exposed=tuple(_exposed(gateway, e) for e in exposures),
        api=effective_api(
            name,
            [_part(workspace, gateway, e, default) for e in exposures],
            servers=_servers(gateway),
        ),
        where=gateway.where.span,
        access_log=_access_log(gateway.observability),
        aggregates=aggregates,
    )


def _aggregates(workspace: Workspace, names: Sequence[str]) -> tuple[Aggregate, ...]:
    if not names:
        return ()
    from compiler.lower_aggregates import lower_aggregate  # takes time to load

    return tuple(lower_aggregate(workspace, name) for name in names)


def _failures(workspace: Workspace, aggregator: str) -> dict[str, str]:
    from compiler.lower_aggregates import failures_of

    return failures_of(workspace, aggregator)


def _access_log(observability: Observability | None) -> Literal["json", "text"] | None:
    log = observability.access_log if observability else None
    return None if log == "none" else log


def _exposure_order(e: Exposure) -> tuple[object, ...]:
    return (e.contract, label_order(e.label), at_prefix(e.expose), e.index)


def _listener(gateway: Gateway) -> Listener:
    listen = gateway.listen
    tls = listen.tls
    return Listener(
        address=listen.address,
        port=listen.port,
        tls=ServerTls(_secret(tls.certificate), _secret(tls.key), tls.where.span) if tls else None,
        trusted_hops=listen.trusted_hops,
        proxy_protocol=listen.proxy_protocol,
        where=listen.where.span,
    )


def _secret(reference: SecretRef) -> Secret:
    if reference.file is not None:
        return Secret("file", reference.file)
    return Secret("env", reference.env or "")


def _cluster(name: str, service: Service) -> Cluster:
    return Cluster(
        name=name,
        endpoints=tuple(
            Endpoint(e.host, e.port, e.weight)
            for e in sorted(service.endpoints, key=lambda e: (e.host, e.port))
            if e.weight != 0
        ),
        connect_timeout=service.connect_timeout,
        where=service.where.span,
        protocol=service.protocol,
        tls=_client_tls(service.tls) if service.tls else None,
        health_check=_health_check(service.health_check) if service.health_check else None,
        outlier_detection=_outlier_detection(service.outlier_detection) if service.outlier_detection else None,
        circuit_breaker=_circuit_breaker(service.circuit_breaker) if service.circuit_breaker else CircuitBreaker(),
        balancing=service.load_balancing,
    )


def _client_tls(tls: UpstreamTls) -> ClientTls:
    verified = tls.ca is not None and not tls.insecure_skip_verify
    return ClientTls(
        server_name=tls.server_name,
        authority=Secret("file", SYSTEM_AUTHORITIES if tls.ca == "system" else tls.ca or "") if verified else None,
        certificate=_secret(tls.certificate) if tls.certificate else None,
        key=_secret(tls.key) if tls.key else None,
        where=tls.where.span,
    )


def _health_check(check: HealthCheckModel) -> HealthCheck:
    return HealthCheck(check.path, check.interval, check.timeout, check.unhealthy_after, check.healthy_after)


def _outlier_detection(detection: OutlierDetectionModel) -> OutlierDetection:
    return OutlierDetection(detection.consecutive_5xx, detection.ejection_time)


def _circuit_breaker(breaker: CircuitBreakerModel) -> CircuitBreaker:
    return CircuitBreaker(breaker.max_connections, breaker.max_pending, breaker.max_requests, breaker.max_retries)


def _hash_on(services: Iterable[Service]) -> tuple[HashOn, ...]:
    """What the services of a route hash, each once, in their order."""
    wanted = [s.hash_on for s in services if s.load_balancing == "ring_hash" and s.hash_on is not None]
    return tuple(dict.fromkeys(HashOn(hash_on.header) for hash_on in wanted))


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
        version_header=by.name if by and by.in_ == "header" else None,
        version_default=default.get(exposure.contract) == exposure.label,
        deprecated=exposure.declared.deprecated is not None,
        sunset=exposure.declared.sunset,
        failures=_failures(workspace, exposure.aggregator) if exposure.aggregator is not None else None,
    )


def _servers(gateway: Gateway) -> tuple[str, ...]:
    """Where clients find the gateway, as far as the project says; ``/`` where any host will do."""
    scheme, usual = ("https", 443) if gateway.listen.tls else ("http", 80)
    port = "" if gateway.listen.port == usual else f":{gateway.listen.port}"
    named = [host for host in sorted(gateway.hosts) if not host.startswith("*")]
    return tuple(f"{scheme}://{host}{port}" for host in named) or ("/",)


def _served(
    workspace: Workspace, gateway: Gateway, exposures: Sequence[Exposure], default: dict[str, str]
) -> Iterator[Served]:
    in_path = versioned_by(gateway) == "path"
    for exposure in exposures:
        prefix = client_prefix(gateway, exposure.label, exposure.expose)
        lifetime = _lifetime_headers(gateway, exposure, [e for e in exposures if e.contract == exposure.contract])
        at = at_prefix(exposure.expose)
        is_default = default.get(exposure.contract) == exposure.label
        by_settings = {
            settings: effective(workspace.project, gateway, exposure.expose, settings)
            for settings in {exposed.settings for exposed in exposure.operations}
        }
        for exposed in exposure.operations:
            operation = exposed.operation
            policies = by_settings[exposed.settings]
            rule_name = f"{exposure.contract}@{exposure.label}.{operation.key}" + (f" at {at}" if at else "")
            yield Served(
                name=rule_name,
                path=operation.path.under(prefix),
                method=operation.method,
                label=None if in_path else exposure.label,
                default=is_default and not in_path,
                contract=exposure.contract,
                action=_action(workspace, exposure, exposed, policies, prefix, lifetime),
                where=exposed.where,
            )
            if in_path and is_default:
                yield Served(
                    name=f"{rule_name} by default",
                    path=operation.path.under(at),
                    method=operation.method,
                    label=None,
                    default=False,
                    contract=exposure.contract,
                    action=_action(workspace, exposure, exposed, policies, at, lifetime),
                    where=exposed.where,
                )


def _action(
    workspace: Workspace,
    exposure: Exposure,
    exposed: ExposedOperation,
    policies: Effective,
    strip: str,
    lifetime: tuple[tuple[str, str], ...],
) -> Forward | Compose:
    if exposure.aggregator is None:
        return _forward(workspace, exposure, exposed, policies, strip, lifetime)
    return Compose(
        aggregate=exposure.aggregator,
        strip=strip,
        timeout=policies.timeout,
        request_headers=policies.request_headers,
        response_headers=_response_headers(policies, lifetime),
        contract=exposure.contract,
        version=exposure.version,
        operation=exposed.operation.key,
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
    policies: Effective,
    strip: str,
    lifetime: tuple[tuple[str, str], ...],
) -> Forward:
    services = {name: workspace.project.services[name] for name in exposure.services}
    targets = tuple(
        Target(name, 1 if len(services) == 1 or s.weight is None else s.weight) for name, s in services.items()
    )
    base_paths = {s.base_path.rstrip("/") for s in services.values()}
    return Forward(
        targets=tuple(t for t in targets if t.weight > 0),
        strip=strip,
        prepend=min(base_paths),
        timeout=policies.timeout,
        retry=_retry(policies.retry, exposed.operation.method),
        request_headers=policies.request_headers,
        response_headers=_response_headers(policies, lifetime),
        contract=exposure.contract,
        version=exposure.version,
        operation=exposed.operation.key,
        hash_on=_hash_on(services.values()),
    )


def _retry(policy: RetryPolicy | None, method: str) -> Retry | None:
    """POST and PATCH are tried again only where no connection was made, unless the policy says `unsafe`."""
    if policy is None:
        return None
    conditions = set(policy.on)
    if method in ("POST", "PATCH") and not policy.unsafe:
        # 5xx includes connect-failure: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
        conditions = {"connect-failure"} if conditions & {"connect-failure", "5xx"} else set()
    if not conditions:
        return None
    return Retry(policy.attempts, tuple(sorted(conditions)), policy.per_try_timeout)


def _lifetime_headers(gateway: Gateway, exposure: Exposure, family: list[Exposure]) -> tuple[tuple[str, str], ...]:
    """Deprecation (RFC 9745), Sunset (RFC 8594) and the link to the successor (RFC 5829) of a deprecated version."""
    declared = exposure.declared
    if declared.deprecated is None:
        return ()
    headers = [("deprecation", f"@{int(_midnight(declared.deprecated).timestamp())}")]
    if declared.sunset is not None:
        end = datetime.combine(declared.sunset, time(23, 59, 59), UTC)
        headers.append(("sunset", format_datetime(end, usegmt=True)))
    later = [e for e in family if label_order(e.label) > label_order(exposure.label)]
    lasting = [e for e in later if e.declared.deprecated is None] or later
    if lasting and versioned_by(gateway) == "path":
        successor = min(lasting, key=lambda e: label_order(e.label))
        path = client_prefix(gateway, successor.label, successor.expose)
        headers.append(("link", f'<{path}/>; rel="successor-version"'))
    return tuple(headers)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
