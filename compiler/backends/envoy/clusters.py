"""Services as clusters."""

from __future__ import annotations

from compiler.backends.envoy.tls import upstream_tls
from compiler.backends.envoy.types import BUFFER, HTTP2, HTTP_OPTIONS, Data, seconds, socket
from compiler.plan import CircuitBreaker, Cluster, Endpoint, HealthCheck, is_address


def cluster(planned: Cluster) -> Data:
    """One cluster. DNS names are looked up again as their records expire; addresses are taken as they are."""
    named = any(not is_address(e.host) for e in planned.endpoints)
    data: Data = {
        "name": planned.name,
        "type": "STRICT_DNS" if named else "STATIC",
        "connect_timeout": seconds(planned.connect_timeout),
        "per_connection_buffer_limit_bytes": BUFFER,
        "lb_policy": planned.balancing.upper(),
        "circuit_breakers": {"thresholds": [_threshold(planned.circuit_breaker)]},
    }
    if planned.health_check is not None:
        data["health_checks"] = [_health_check(planned.health_check)]
    if planned.outlier_detection is not None:
        data["outlier_detection"] = {
            "consecutive_5xx": planned.outlier_detection.consecutive_5xx,
            "base_ejection_time": seconds(planned.outlier_detection.ejection_time),
            "max_ejection_percent": 50,  # Envoy's 10 would never leave out one of two
        }
    if named:
        data["respect_dns_ttl"] = True
        data["dns_lookup_family"] = "ALL"
    data["typed_extension_protocol_options"] = {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": HTTP_OPTIONS,
            "common_http_protocol_options": {"idle_timeout": "300s"},
            "explicit_http_config": {"http2_protocol_options": HTTP2}
            if planned.protocol == "http2"
            else {"http_protocol_options": {}},
        }
    }
    if planned.tls is not None:
        data["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": upstream_tls(planned.tls, planned.protocol),
        }
    data["load_assignment"] = {
        "cluster_name": planned.name,
        "endpoints": [{"lb_endpoints": [_endpoint(e) for e in planned.endpoints]}],
    }
    return data


def _threshold(breaker: CircuitBreaker) -> Data:
    return {
        "max_connections": breaker.max_connections,
        "max_pending_requests": breaker.max_pending,
        "max_requests": breaker.max_requests,
        "max_retries": breaker.max_retries,
    }


def _health_check(check: HealthCheck) -> Data:
    return {
        "interval": seconds(check.interval),
        "timeout": seconds(check.timeout),
        "unhealthy_threshold": check.unhealthy_after,
        "healthy_threshold": check.healthy_after,
        "http_health_check": {"path": check.path},
    }


def _endpoint(endpoint: Endpoint) -> Data:
    data: Data = {"endpoint": {"address": socket(endpoint.host, endpoint.port)}}
    if endpoint.weight is not None:
        data["load_balancing_weight"] = endpoint.weight
    return data
