"""Names of Envoy's v3 API types that we emit, and small shapes that recur."""

from __future__ import annotations

from typing import Any, Literal

from compiler.plan_policies import Secret

Data = dict[str, Any]
Layout = Literal["xds", "static"]

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
ROUTE = "type.googleapis.com/envoy.config.route.v3.Route"
ROUTE_LIST = "type.googleapis.com/envoy.config.route.v3.RouteList"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
HEADER_INPUT = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
HTTP_MANAGER = f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = f"{_EXTENSIONS}.filters.http.router.v3.Router"
HEADER_MUTATION = f"{_EXTENSIONS}.filters.http.header_mutation.v3.HeaderMutation"
BASIC_AUTH = f"{_EXTENSIONS}.filters.http.basic_auth.v3.BasicAuth"
BODY_LIMIT = f"{_EXTENSIONS}.filters.http.body_size_limit.v3.BodySizeLimit"
BROTLI = f"{_EXTENSIONS}.compression.brotli.compressor.v3.Brotli"
COMPRESSOR = f"{_EXTENSIONS}.filters.http.compressor.v3.Compressor"
CORS = f"{_EXTENSIONS}.filters.http.cors.v3.Cors"
CORS_POLICY = f"{_EXTENSIONS}.filters.http.cors.v3.CorsPolicy"
FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
EXT_AUTHZ = f"{_EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz"
GZIP = f"{_EXTENSIONS}.compression.gzip.compressor.v3.Gzip"
JWT_AUTHN = f"{_EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication"
LOCAL_RATE_LIMIT = f"{_EXTENSIONS}.filters.http.local_ratelimit.v3.LocalRateLimit"
MTLS_PRINCIPAL = f"{_EXTENSIONS}.rbac.principals.mtls_authenticated.v3.Config"
RATE_LIMIT = f"{_EXTENSIONS}.filters.http.ratelimit.v3.RateLimit"
RBAC = f"{_EXTENSIONS}.filters.http.rbac.v3.RBAC"
RBAC_PER_ROUTE = f"{_EXTENSIONS}.filters.http.rbac.v3.RBACPerRoute"
HEADER_MUTATION_PER_ROUTE = f"{_EXTENSIONS}.filters.http.header_mutation.v3.HeaderMutationPerRoute"
PROXY_PROTOCOL = f"{_EXTENSIONS}.filters.listener.proxy_protocol.v3.ProxyProtocol"
UPSTREAM_TLS = f"{_EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"
DOWNSTREAM_TLS = f"{_EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"
HTTP_OPTIONS = f"{_EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions"
LUA = f"{_EXTENSIONS}.filters.http.lua.v3.Lua"
SET_FILTER_STATE = f"{_EXTENSIONS}.filters.http.set_filter_state.v3.Config"
SET_METADATA = f"{_EXTENSIONS}.filters.http.set_metadata.v3.Config"
STDOUT_LOG = f"{_EXTENSIONS}.access_loggers.stream.v3.StdoutAccessLog"
STATS_LOG = f"{_EXTENSIONS}.access_loggers.stats.v3.Config"
OTEL_TRACER = "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig"
PARENT_SAMPLER = f"{_EXTENSIONS}.tracers.opentelemetry.samplers.v3.ParentBasedSamplerConfig"
RATIO_SAMPLER = f"{_EXTENSIONS}.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig"
FIXED_HEAP = f"{_EXTENSIONS}.resource_monitors.fixed_heap.v3.FixedHeapConfig"
CONNECTIONS = f"{_EXTENSIONS}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
WASM = f"{_EXTENSIONS}.filters.http.wasm.v3.Wasm"
FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
STRING_VALUE = "type.googleapis.com/google.protobuf.StringValue"
CEL_FILTER = f"{_EXTENSIONS}.access_loggers.filters.cel.v3.ExpressionFilter"

HTTP2: Data = {
    "max_concurrent_streams": 100,
    "initial_stream_window_size": 64 * 1024,
    "initial_connection_window_size": 1024 * 1024,
}
"""Envoy 1.40 takes 1,024 streams and windows of 16 and 24 MiB where these are unset."""

BUFFER = 32 * 1024
"""Bytes buffered for a connection where no body is read as a whole; Envoy's own default is 1 MiB."""


STREAM_IDLE = 300_000
"""Milliseconds without a byte in either direction after which a request is given up, if its route says no more."""


def seconds(milliseconds: int) -> str:
    """A protobuf duration in JSON: ``1.250s``."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03}s" if rest else f"{whole}s"


def socket(address: str, port: int) -> Data:
    """An address to bind or connect to."""
    return {"socket_address": {"address": address, "port_value": port}}


def listening(address: str, port: int) -> Data:
    """An address to listen on; ``::`` takes IPv4 as well, as it does for most servers."""
    data = socket(address, port)
    if address == "::":
        data["socket_address"]["ipv4_compat"] = True
    return data


def data_source(secret: Secret) -> Data:
    """Where Envoy finds a secret on its host."""
    return {"filename" if secret.kind == "file" else "environment_variable": secret.value}
