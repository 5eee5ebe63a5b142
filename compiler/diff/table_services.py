"""What a change of each field of a service means: the part of the table that is about what runs behind a gateway."""

from __future__ import annotations

from compiler.diff.coded import ENDPOINT_KINDS, changed_endpoints
from compiler.diff.entries import Coded, Elsewhere, Entry, Ignored, Inside, Kind, Table, value
from compiler.diff.judging import RISKY, SAFE, WEAKER, duration, number, optional, plain, secret
from compiler.plan import CircuitBreaker, ClientTls, Cluster, HealthCheck, OutlierDetection

_PLACE = Ignored("where something stands makes no difference")
_TIME_LEFT = number(RISKY, SAFE)

_CLUSTER: dict[str, Entry] = {
    "name": Elsewhere("services"),
    "endpoints": Coded(changed_endpoints, ENDPOINT_KINDS, ("endpoints",)),
    "connect_timeout": value(
        "connect-timeout-changed",
        "How long a connection to a service may take to be made.",
        "connect timeout",
        _TIME_LEFT,
        "connect_timeout",
        duration,
    ),
    "where": _PLACE,
    "protocol": value("service-protocol-changed", "How a service is spoken to.", "protocol", RISKY, "protocol"),
    "tls": Inside(
        ("tls",),
        Kind("service-tls-changed", "TLS towards a service."),
        "TLS towards the service",
        came=RISKY,
        gone=WEAKER,
    ),
    "health_check": Inside(
        ("health_check",),
        Kind("health-check-changed", "How it is found out whether an endpoint is well."),
        "health check",
        came=SAFE,
        gone=RISKY,
    ),
    "outlier_detection": Inside(
        ("outlier_detection",),
        Kind("outlier-detection-changed", "When an endpoint that answers badly is left out."),
        "outlier detection",
        came=SAFE,
        gone=RISKY,
    ),
    "circuit_breaker": Inside(("circuit_breaker",)),
    "balancing": value("balancing-changed", "How an endpoint is chosen.", "load balancing", SAFE, "load_balancing"),
}
_TLS_SAYS = "TLS towards a service."
_CLIENT_TLS: dict[str, Entry] = {
    "server_name": value(
        "service-tls-changed",
        _TLS_SAYS,
        "name that the service's certificate must bear",
        optional(came=RISKY, gone=WEAKER, both=RISKY),
        "server_name",
    ),
    "authority": value(
        "service-tls-changed",
        _TLS_SAYS,
        "authority that is trusted for the service's certificate",
        optional(came=RISKY, gone=WEAKER, both=WEAKER),
        "ca",
        lambda given: "none: any certificate is taken" if given is None else secret(given),
    ),
    "certificate": value(
        "secret-changed",
        "A reference to a secret leads elsewhere.",
        "certificate that the service is shown",
        WEAKER,
        "certificate",
        secret,
    ),
    "key": value(
        "secret-changed",
        "A reference to a secret leads elsewhere.",
        "key of the certificate that the service is shown",
        WEAKER,
        "key",
        secret,
    ),
    "where": _PLACE,
}
_HEALTH_CHECK: dict[str, Entry] = {
    name: value(
        "health-check-changed",
        "How it is found out whether an endpoint is well.",
        words,
        RISKY if name == "path" else SAFE,
        name,
        show,
    )
    for name, words, show in (
        ("path", "health check's path", plain),
        ("interval", "time between health checks", duration),
        ("timeout", "timeout of a health check", duration),
        ("unhealthy_after", "failed checks until an endpoint is left out", plain),
        ("healthy_after", "good checks until an endpoint is taken back", plain),
    )
}
_OUTLIERS: dict[str, Entry] = {
    name: value(
        "outlier-detection-changed",
        "When an endpoint that answers badly is left out.",
        words,
        SAFE,
        name,
        show,
    )
    for name, words, show in (
        ("consecutive_5xx", "answers of 5xx until an endpoint is left out", plain),
        ("ejection_time", "time for which an endpoint is left out", duration),
    )
}
_BREAKER: dict[str, Entry] = {
    name: value(
        "circuit-breaker-changed",
        "How much a gateway asks of a service at a time.",
        words,
        number(RISKY, SAFE),
        name,
    )
    for name, words in (
        ("max_connections", "connections to the service"),
        ("max_pending", "requests that may wait for the service"),
        ("max_requests", "requests to the service under way"),
        ("max_retries", "retries under way"),
    )
}

SERVICES: Table = {
    Cluster: _CLUSTER,
    ClientTls: _CLIENT_TLS,
    HealthCheck: _HEALTH_CHECK,
    OutlierDetection: _OUTLIERS,
    CircuitBreaker: _BREAKER,
}
