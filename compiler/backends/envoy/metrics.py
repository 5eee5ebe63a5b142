"""Prometheus metrics on a port of their own, under names of ours, and no more series than the project has parts.

Envoy serves metrics on its administration interface alone, which can also stop the process. So the port is a listener
that passes on two exact requests to that interface and answers 404 to all others.
Statistics: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats-prometheus
"""

from __future__ import annotations

from compiler.backends.envoy.types import BUFFER, HTTP_MANAGER, ROUTER, STATS_LOG, Data, listening, socket
from compiler.plan import Deployable

METRICS = "gatewright.metrics"
ADMIN = "gatewright.admin"
"""No name of a user has a dot in it, so neither the listener nor the cluster meets one."""
CONNECTIONS = 100
"""Connections to the metrics port."""
BUCKETS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
"""Upper bounds of durations, in milliseconds; a histogram has three series more than these."""
_SERVICE = (
    "membership_healthy",
    "membership_total",
    "outlier_detection.ejections_active",
    "upstream_cx_active",
    "upstream_cx_connect_fail",
    "upstream_rq_active",
    "upstream_rq_pending_overflow",
    "upstream_rq_retry",
    "upstream_rq_time",
    "upstream_rq_timeout",
)
_CONNECTIONS = (
    "downstream_cx_active",
    "downstream_cx_protocol_error",
    "downstream_cx_total",
    "downstream_rq_active",
    "downstream_rq_timeout",
)
_LISTENER = (
    "downstream_cx_overflow",
    "downstream_cx_overload_reject",
    "downstream_global_cx_overflow",
    "ssl.connection_error",
)
_SERVER = (
    "days_until_first_cert_expiring",
    "live",
    "memory_allocated",
    "memory_heap_size",
    "total_connections",
    "uptime",
)
_CLASSES = (
    ("none", 0, 99),
    ("1xx", 100, 199),
    ("2xx", 200, 299),
    ("3xx", 300, 399),
    ("4xx", 400, 499),
    ("5xx", 500, 999),
)
"""Classes of answers; none is given where a client went away before it had one."""


def stats_config(deployable: Deployable) -> Data:
    """Which statistics there are at all, and which parts of their names are labels."""
    name = deployable.name
    return {
        "use_all_default_tags": False,
        "stats_tags": [
            {"tag_name": "gatewright.service", "regex": r"^cluster\.(([^.]+)\.)"},
            {"tag_name": "gatewright.listener", "regex": rf"^(?:http|listener)\.(({name})\.)"},
            {"tag_name": "gatewright.routes", "regex": rf"\.rds\.(({name})\.)"},
            {"tag_name": "gatewright.aggregator", "regex": r"^wasmcustom\.gatewright_(?:aggregate|step)\.(([^.]+)\.)"},
            {"tag_name": "gatewright.step", "regex": r"^wasmcustom\.gatewright_step\.[^.]+\.(([^.]+)\.)"},
            {"tag_name": "gatewright.gateway", "fixed_value": name},
        ],
        "stats_matcher": {
            "inclusion_list": {
                "patterns": [
                    {"prefix": "gatewright."},
                    {"prefix": "wasmcustom.gatewright_"},
                    _pattern(r"cluster\.[a-z0-9-]+", _SERVICE),
                    _pattern(rf"http\.{name}", _CONNECTIONS),
                    _pattern(rf"listener\.{name}", _LISTENER),
                    _pattern("server", _SERVER),
                    _pattern(
                        rf"(listener_manager\.lds|cluster_manager\.cds|http\.{name}\.rds\.{name})",
                        ("update_rejected", "update_success"),
                    ),
                    _pattern(r"overload\.envoy\.resource_monitors\.[a-z_]+", ("pressure",)),
                    _pattern(r"tracing\.opentelemetry", ("spans_dropped", "spans_sent")),
                ]
            }
        },
        "histogram_bucket_settings": [
            {"match": {"safe_regex": {"regex": ".*"}}, "buckets": [float(bound) for bound in BUCKETS]}
        ],
    }


def _pattern(before: str, names: tuple[str, ...]) -> Data:
    either = "|".join(name.replace(".", r"\.") for name in names)
    return {"safe_regex": {"regex": rf"{before}\.({either})"}}


def request_metrics(deployable: Deployable) -> list[Data]:
    """The loggers that count requests and their durations: labels are names of the project and classes of answers."""
    labels = {"gateway": deployable.name} | {
        key: f"%METADATA(ROUTE:gatewright:{key})%" for key in ("contract", "version")
    }
    counted = labels | {"operation": "%METADATA(ROUTE:gatewright:operation)%", "service": "%UPSTREAM_CLUSTER%"}
    loggers = [_counter(counted | {"status": name}, first, last) for name, first, last in _CLASSES]
    duration = {"stat": _stat("request_duration_ms", labels), "unit": "Milliseconds", "value_format": "%DURATION%"}
    return [*loggers, _logger({"histograms": [duration]})]


def _counter(labels: dict[str, str], first: int, last: int) -> Data:
    logger = _logger({"counters": [{"stat": _stat("requests_total", labels), "value_fixed": 1}]})
    logger["filter"] = {"and_filter": {"filters": [_status("GE", first), _status("LE", last)]}}
    return logger


def _status(comparison: str, status: int) -> Data:
    value = {"default_value": status, "runtime_key": "gatewright.unused"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}


def _stat(name: str, labels: dict[str, str]) -> Data:
    return {"name": name, "tags": [{"name": f"gatewright.{k}", "value_format": v} for k, v in labels.items()]}


def _logger(measured: Data) -> Data:
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {"@type": STATS_LOG, "stat_prefix": "gatewright", **measured},
    }


def admin_address(deployable: Deployable) -> Data:
    """Where the administration interface is: on loopback, or on a socket that has no place in the file system.

    The latter, where no port was asked for, can be reached from the same network namespace alone, as loopback can.
    """
    if deployable.admin_port is not None:
        return socket("127.0.0.1", deployable.admin_port)
    return {"pipe": {"path": f"@gatewright/{deployable.name}"}}


def metrics_cluster(deployable: Deployable) -> Data:
    """The administration interface as a cluster."""
    endpoint = {"endpoint": {"address": admin_address(deployable)}}
    return {
        "name": ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": BUFFER,
        "load_assignment": {"cluster_name": ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def metrics_listener(deployable: Deployable, port: int) -> Data:
    """The port: ``GET /stats/prometheus`` and ``GET /ready``, without a query, and nothing else.

    It stays reachable while the gateway is overloaded, which is when one looks at it.
    """
    manager = {
        "@type": HTTP_MANAGER,
        "stat_prefix": METRICS,
        "codec_type": "AUTO",
        "route_config": {"name": METRICS, "virtual_hosts": [_virtual_host()]},
        "server_header_transformation": "PASS_THROUGH",
        "common_http_protocol_options": {"idle_timeout": "300s", "headers_with_underscores_action": "REJECT_REQUEST"},
        "normalize_path": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": 8,
        "stream_idle_timeout": "30s",
        "request_timeout": "10s",
        "request_headers_timeout": "10s",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
    }
    return {
        "name": METRICS,
        "stat_prefix": METRICS,
        "address": listening(deployable.listener.address, port),
        "per_connection_buffer_limit_bytes": BUFFER,
        "bypass_overload_manager": True,
        "ignore_global_conn_limit": True,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _virtual_host() -> Data:
    return {
        "name": METRICS,
        "domains": ["*"],
        "response_headers_to_remove": ["server", "x-envoy-upstream-service-time"],
        "routes": [_route(path) for path in ("/stats/prometheus", "/ready")],
    }


def _route(path: str) -> Data:
    """The header ``:path`` has the query in it, which would steer the administration interface."""
    exact = [{"name": name, "string_match": {"exact": text}} for name, text in ((":method", "GET"), (":path", path))]
    return {"match": {"path": path, "headers": exact}, "route": {"cluster": ADMIN, "timeout": "30s"}}


def connection_limit() -> dict[str, int]:
    """The runtime key that bounds the connections of the metrics port, and its value."""
    return {f"envoy.resource_limits.listener.{METRICS}.connection_limit": CONNECTIONS}
