"""Traces: spans for an OpenTelemetry collector, with the project's words as attributes.

Who decides which requests are traced depends on who calls. Strangers cannot have a request traced, they can only
decline: Envoy's own draw decides first, and an unsampled ``traceparent`` (https://www.w3.org/TR/trace-context/) is
respected. Behind proxies of the operator (``trusted_hops``) the caller's decision is followed, and the draw is for
requests without one. In both cases the caller's trace goes on.
"""

from __future__ import annotations

from compiler.backends.envoy.clusters import cluster
from compiler.backends.envoy.types import OTEL_TRACER, PARENT_SAMPLER, RATIO_SAMPLER, Data
from compiler.plan import Cluster, Deployable, Endpoint, Tracing

COLLECTOR = "gatewright.collector"
_SAMPLERS = "envoy.tracers.opentelemetry.samplers"
_URL = "%REQ(:SCHEME)%://%REQ(:AUTHORITY)%%FILTER_STATE(gatewright.path:PLAIN)%"
"""In the place of Envoy's own http.url, which bears the query: keys and personal data stand there."""


def tracing(deployable: Deployable, asked: Tracing) -> Data:
    """The ``tracing`` of a connection manager. A span has the name of its route."""
    tracer: Data = {
        "@type": OTEL_TRACER,
        "grpc_service": {"envoy_grpc": {"cluster_name": COLLECTOR}, "timeout": "5s"},
        "service_name": deployable.name,
    }
    drawn = asked.per_million / 10_000
    if deployable.listener.trusted_hops:
        tracer["sampler"] = _parent_based(asked.per_million)
        drawn = 100.0
    return {
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": tracer},
        "client_sampling": {"value": 0.0},
        "random_sampling": {"value": drawn},
        "operation": "%ROUTE_NAME%",
        "custom_tags": [
            *(_from_route(key) for key in ("contract", "version", "operation")),
            {"tag": "http.url", "value": _URL},
        ],
    }


def _parent_based(per_million: int) -> Data:
    ratio = {
        "name": f"{_SAMPLERS}.trace_id_ratio_based",
        "typed_config": {
            "@type": RATIO_SAMPLER,
            "sampling_percentage": {"numerator": per_million, "denominator": "MILLION"},
        },
    }
    return {"name": f"{_SAMPLERS}.parent_based", "typed_config": {"@type": PARENT_SAMPLER, "wrapped_sampler": ratio}}


def _from_route(key: str) -> Data:
    found = {"kind": {"route": {}}, "metadata_key": {"key": "gatewright", "path": [{"key": key}]}}
    return {"tag": f"gatewright.{key}", "metadata": found}


def collector(asked: Tracing) -> Data:
    """The collector as a cluster."""
    endpoint = Endpoint(asked.host, asked.port, None)
    return cluster(Cluster(COLLECTOR, (endpoint,), 1000, asked.where, protocol="http2"))
