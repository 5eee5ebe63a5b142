"""Listeners: the socket, TLS, and the HTTP connection manager with its limits.

Envoy's edge best practices (https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge) are all here
and in ``bootstrap``; docs/security.md goes through them one by one.
"""

from __future__ import annotations

from compiler.backends.envoy.access_log import access_log
from compiler.backends.envoy.filters import http_filters
from compiler.backends.envoy.metrics import request_metrics
from compiler.backends.envoy.payload import buffered
from compiler.backends.envoy.replies import local_reply_config
from compiler.backends.envoy.tls import downstream_tls
from compiler.backends.envoy.tracing import tracing
from compiler.backends.envoy.types import (
    BUFFER,
    HTTP2,
    HTTP_MANAGER,
    PROXY_PROTOCOL,
    STREAM_IDLE,
    Data,
    listening,
    seconds,
)
from compiler.plan import Deployable, ServerTls, applied
from compiler.plan_policies import Mtls

NOBODY = {"address_prefix": "0.0.0.0", "prefix_len": 32}
"""Without a range of its own, Envoy trusts whoever calls from a private address, request ids and all."""


def listener(deployable: Deployable, routes: Data, config_dir: str) -> Data:
    """The one listener of a deployable; ``routes`` is how its connection manager finds the routes.

    ``config_dir`` is the folder in which Envoy finds the files of the deployable on its host.
    """
    planned = deployable.listener
    chain: Data = {
        "filters": [
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": _http_manager(deployable, routes, config_dir),
            }
        ],
        "transport_socket_connect_timeout": "10s",
    }
    if planned.tls is not None:
        tls = _tls(deployable, planned.tls)
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": tls}
    data: Data = {
        "name": deployable.name,
        **({"stat_prefix": deployable.name} if deployable.metrics_port is not None else {}),
        "address": listening(planned.address, planned.port),
        "per_connection_buffer_limit_bytes": buffered(deployable, BUFFER),
    }
    if planned.proxy_protocol:
        data["listener_filters"] = [
            {"name": "envoy.filters.listener.proxy_protocol", "typed_config": {"@type": PROXY_PROTOCOL}}
        ]
    data["filter_chains"] = [chain]
    return data


def _tls(deployable: Deployable, planned: ServerTls) -> Data:
    """Certificates of clients are asked for where some policy is for them, and needed where nothing goes without one.

    A browser sends none with a preflight.
    """
    ways = [policies.auth.way if policies.auth is not None else None for policies in applied(deployable)]
    authorities = [way.authority for way in ways if isinstance(way, Mtls)]
    everybody = len(authorities) == len(ways) and all(rule.cors is None for rule in deployable.rules)
    return downstream_tls(planned, next(iter(authorities), None), everybody=everybody)


def _http_manager(deployable: Deployable, routes: Data, config_dir: str) -> Data:
    logs = _logs(deployable)
    return {
        "@type": HTTP_MANAGER,
        "stat_prefix": deployable.name,
        "codec_type": "AUTO",
        **routes,
        "use_remote_address": True,
        "xff_num_trusted_hops": deployable.listener.trusted_hops,
        "internal_address_config": {"unix_sockets": False, "cidr_ranges": [NOBODY]},
        "generate_request_id": True,
        "preserve_external_request_id": False,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "strip_trailing_host_dot": True,
        "server_header_transformation": "PASS_THROUGH",
        "common_http_protocol_options": {
            "idle_timeout": "3600s",
            "max_headers_count": 100,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http_protocol_options": {"accept_http_10": False, "allow_chunked_length": False},
        "http2_protocol_options": HTTP2,
        "max_request_headers_kb": 60,
        "stream_idle_timeout": seconds(STREAM_IDLE),
        "request_timeout": "300s",
        "request_headers_timeout": "10s",
        "delayed_close_timeout": "1s",
        "local_reply_config": local_reply_config(deployable),
        **({"access_log": logs} if logs else {}),
        **({"tracing": tracing(deployable, deployable.tracing)} if deployable.tracing else {}),
        "http_filters": http_filters(deployable, config_dir, followed="rds" in routes),
    }


def _logs(deployable: Deployable) -> list[Data]:
    """What is done at the end of each request: a line, and the counters."""
    return [
        *([access_log(deployable.access_log, composes=bool(deployable.aggregates))] if deployable.access_log else []),
        *(request_metrics(deployable) if deployable.metrics_port is not None else []),
    ]
