"""Listeners: the socket, TLS, and the HTTP connection manager with its limits.

Envoy's edge best practices (https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge) are all here
and in ``bootstrap``; docs/security.md goes through them one by one.
"""

from __future__ import annotations

from compiler.backends.envoy.access_log import access_log, path_noted
from compiler.backends.envoy.payload import buffered, payload_filters
from compiler.backends.envoy.replies import local_reply_config
from compiler.backends.envoy.tls import downstream_tls
from compiler.backends.envoy.types import (
    BUFFER,
    HEADER_MUTATION,
    HTTP2,
    HTTP_MANAGER,
    PROXY_PROTOCOL,
    ROUTER,
    STREAM_IDLE,
    Data,
    seconds,
    socket,
)
from compiler.plan import Deployable, VersionKey

NOBODY = {"address_prefix": "0.0.0.0", "prefix_len": 32}
"""Without a range of its own, Envoy trusts whoever calls from a private address, request ids and all."""
OWN_HEADERS = {"prefix": "x-envoy-"}
"""Headers by which Envoy is steered and tells of itself; they are nobody else's business on either side."""


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
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": downstream_tls(planned.tls)}
    data: Data = {
        "name": deployable.name,
        "address": listening(planned.address, planned.port),
        "per_connection_buffer_limit_bytes": buffered(deployable, BUFFER),
    }
    if planned.proxy_protocol:
        data["listener_filters"] = [
            {"name": "envoy.filters.listener.proxy_protocol", "typed_config": {"@type": PROXY_PROTOCOL}}
        ]
    data["filter_chains"] = [chain]
    return data


def listening(address: str, port: int) -> Data:
    """An address to listen on; ``::`` takes IPv4 as well, as it does for most servers."""
    data = socket(address, port)
    if address == "::":
        data["socket_address"]["ipv4_compat"] = True
    return data


def _http_manager(deployable: Deployable, routes: Data, config_dir: str) -> Data:
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
        "local_reply_config": local_reply_config(),
        **({"access_log": [access_log(deployable.access_log)]} if deployable.access_log else {}),
        "http_filters": [
            *([path_noted()] if deployable.access_log else []),
            _headers_of_ours(deployable.version_key),
            *payload_filters(deployable, config_dir),
            _router(),
        ],
    }


def _headers_of_ours(key: VersionKey) -> Data:
    """Take ``x-envoy-*`` off requests, whoever sent them, and off answers; name the version's header in ``Vary``.

    This comes behind what routes do to an answer, so no policy takes ``Vary`` away, and a 404 without a route has it.
    """
    removed = [{"remove_on_match": {"key_matcher": OWN_HEADERS}}]
    answered: list[Data] = list(removed)
    if key.source == "header":
        vary = {"header": {"key": "vary", "value": key.name}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
        answered.append({"append": vary})
    return {
        "name": "envoy.filters.http.header_mutation",
        "typed_config": {
            "@type": HEADER_MUTATION,
            "mutations": {"request_mutations": removed, "response_mutations": answered},
        },
    }


def _router() -> Data:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": ROUTER, "suppress_envoy_headers": True},
    }
