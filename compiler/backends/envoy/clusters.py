"""Services as clusters."""

from __future__ import annotations

import ipaddress

from compiler.backends.envoy.types import BUFFER, HTTP_OPTIONS, Data, seconds, socket
from compiler.plan import Cluster, Endpoint


def cluster(planned: Cluster) -> Data:
    """One cluster. DNS names are looked up again as their records expire; addresses are taken as they are."""
    named = any(not _is_address(e.host) for e in planned.endpoints)
    data: Data = {
        "name": planned.name,
        "type": "STRICT_DNS" if named else "STATIC",
        "connect_timeout": seconds(planned.connect_timeout),
        "per_connection_buffer_limit_bytes": BUFFER,
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 1024, "max_pending_requests": 1024, "max_requests": 1024, "max_retries": 3}
            ]
        },
    }
    if named:
        data["respect_dns_ttl"] = True
        data["dns_lookup_family"] = "ALL"
    data["typed_extension_protocol_options"] = {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": HTTP_OPTIONS,
            "common_http_protocol_options": {"idle_timeout": "300s"},
            "explicit_http_config": {"http_protocol_options": {}},
        }
    }
    data["load_assignment"] = {
        "cluster_name": planned.name,
        "endpoints": [{"lb_endpoints": [_endpoint(e) for e in planned.endpoints]}],
    }
    return data


def _endpoint(endpoint: Endpoint) -> Data:
    data: Data = {"endpoint": {"address": socket(endpoint.host, endpoint.port)}}
    if endpoint.weight is not None:
        data["load_balancing_weight"] = endpoint.weight
    return data


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
