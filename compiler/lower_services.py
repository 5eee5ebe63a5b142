"""Services as clusters of the plan."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.model.secrets import SecretRef
from compiler.model.services import CircuitBreaker as CircuitBreakerModel
from compiler.model.services import HealthCheck as HealthCheckModel
from compiler.model.services import OutlierDetection as OutlierDetectionModel
from compiler.model.services import Service, UpstreamTls
from compiler.plan import (
    CircuitBreaker,
    ClientTls,
    Cluster,
    Endpoint,
    HashOn,
    HealthCheck,
    OutlierDetection,
    Secret,
)

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian, Alpine and Envoy's own image keep what `ca: system` means."""


def lower_secret(reference: SecretRef) -> Secret:
    """Where a secret is found on the gateway's host."""
    if reference.file is not None:
        return Secret("file", reference.file)
    return Secret("env", reference.env or "")


def lower_service(name: str, service: Service) -> Cluster:
    """A service as a cluster. What draws nothing, an endpoint of weight 0, is left out."""
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
        certificate=lower_secret(tls.certificate) if tls.certificate else None,
        key=lower_secret(tls.key) if tls.key else None,
        where=tls.where.span,
    )


def _health_check(check: HealthCheckModel) -> HealthCheck:
    return HealthCheck(check.path, check.interval, check.timeout, check.unhealthy_after, check.healthy_after)


def _outlier_detection(detection: OutlierDetectionModel) -> OutlierDetection:
    return OutlierDetection(detection.consecutive_5xx, detection.ejection_time)


def _circuit_breaker(breaker: CircuitBreakerModel) -> CircuitBreaker:
    return CircuitBreaker(breaker.max_connections, breaker.max_pending, breaker.max_requests, breaker.max_retries)


def lower_hash_on(services: Iterable[Service]) -> tuple[HashOn, ...]:
    """What the services of a route hash, each once, in their order."""
    wanted = [s.hash_on for s in services if s.load_balancing == "ring_hash" and s.hash_on is not None]
    return tuple(dict.fromkeys(HashOn(hash_on.header) for hash_on in wanted))
