"""What a change of each field of the plan means: the one place where that is said.

Every field of every type that a plan is made of stands here, compared or with the reason why it need not be; a test
holds the table against the plan. A new field of the plan is a line here.
"""

from __future__ import annotations

from compiler.diff.coded import (
    ENDPOINT_KINDS,
    HEADER_KINDS,
    SERVICE_KINDS,
    changed_endpoints,
    changed_headers,
    changed_targets,
)
from compiler.diff.entries import Coded, Compared, Elsewhere, Entry, Ignored, Inside, Kind, Steps, Table
from compiler.diff.judging import (
    BREAKING,
    BROKEN_AND_WEAKER,
    RISKY,
    SAFE,
    WEAKER,
    Judge,
    Show,
    Verdict,
    always,
    duration,
    kept_out,
    let_in,
    members,
    number,
    optional,
    percent,
    plain,
    seconds,
    secret,
    served_hosts,
    size,
    switch,
)
from compiler.diff.table_aggregates import AGGREGATES
from compiler.plan import (
    Addresses,
    CircuitBreaker,
    ClientTls,
    Cluster,
    Compose,
    Cors,
    Deployable,
    Forward,
    HealthCheck,
    Listener,
    Mirror,
    OutlierDetection,
    Plan,
    Policies,
    Retry,
    Rule,
    ServerTls,
    Tracing,
    VersionKey,
)
from compiler.shaped import Shape

_PLACE = Ignored("where something stands makes no difference")
_IDENTITY = Ignored("two things are compared since they have this in common")


def _value(
    rule: str,
    says: str,
    words: str,
    judge: Judge | Verdict,
    at: Steps | str = (),
    show: Show = plain,
    *,
    collection: bool = False,
) -> Compared:
    """A line of the table. A verdict alone stands for one that does not depend on the values."""
    steps = tuple(at.split(".")) if isinstance(at, str) else at
    given = always(judge) if isinstance(judge, Verdict) else judge
    return Compared(Kind(rule, says), words, given, show, steps, collection)


_TIME_LEFT = number(RISKY, SAFE)
"""Of a time or a size that clients may use: less of it may break some."""

_DEPLOYABLE: dict[str, Entry] = {
    "kind": _IDENTITY,
    "name": Elsewhere("projects"),
    "hosts": _value(
        "hosts-changed",
        "The names in Host that are answered.",
        "hosts",
        served_hosts,
        "hosts",
        collection=True,
    ),
    "listener": Inside(("listen",)),
    "admin_port": _value(
        "admin-changed", "The port of the administration interface, on loopback.", "admin port", SAFE, "admin"
    ),
    "version_key": Elsewhere("deployables"),
    "rules": Elsewhere("deployables"),
    "clusters": Elsewhere("services"),
    "exposed": Ignored("the rules say the same, operation by operation"),
    "api": Ignored("it is made of contracts, which are compared for each operation that clients can call"),
    "where": _PLACE,
    "access_log": _value(
        "access-log-changed",
        "The line that is written for each request.",
        "access log",
        SAFE,
        "observability.access_log",
    ),
    "metrics_port": _value(
        "metrics-changed", "The port at which Prometheus asks.", "metrics port", SAFE, "observability.metrics"
    ),
    "tracing": Inside(
        ("observability", "tracing"),
        Kind("tracing-changed", "Which requests are traced, and where traces go."),
        "tracing",
        gone=SAFE,
    ),
    "policies": Elsewhere("deployables"),
    "cors": Elsewhere("deployables"),
    "environment": Ignored("both sides are read in the same environment"),
    "aggregates": Elsewhere("aggregates"),
    "tables": Ignored("they are made of contracts, which are compared for each operation"),
}

_LISTENER: dict[str, Entry] = {
    "address": _value("listener-moved", "Where clients connect.", "listener's address", BREAKING, "address"),
    "port": _value("listener-moved", "Where clients connect.", "listener's port", BREAKING, "port"),
    "tls": Inside(
        ("tls",),
        Kind("tls-changed", "Whether clients speak TLS with the gateway."),
        "TLS",
        came=BREAKING,
        gone=BROKEN_AND_WEAKER,
    ),
    "trusted_hops": _value(
        "trusted-hops-changed",
        "How many proxies in front are believed when they name the client.",
        "trusted hops",
        number(RISKY, WEAKER),
        "trusted_hops",
    ),
    "proxy_protocol": _value(
        "proxy-protocol-changed",
        "Whether connections start with a PROXY protocol header.",
        "PROXY protocol",
        switch(off=BREAKING, on=BROKEN_AND_WEAKER),
        "proxy_protocol",
    ),
    "where": _PLACE,
}
_SERVER_TLS: dict[str, Entry] = {
    "certificate": _value(
        "secret-changed",
        "A reference to a secret leads elsewhere.",
        "certificate of the listener",
        WEAKER,
        "certificate",
        secret,
    ),
    "key": _value(
        "secret-changed", "A reference to a secret leads elsewhere.", "key of the listener", WEAKER, "key", secret
    ),
    "where": _PLACE,
}
_TRACING: dict[str, Entry] = {
    "where": _PLACE,
    **{
        name: _value("tracing-changed", "Which requests are traced, and where traces go.", words, SAFE, at, show)
        for name, words, at, show in (
            ("host", "traces' collector", "otlp", plain),
            ("port", "port of the traces' collector", "otlp", plain),
            ("per_million", "requests that are traced", "sampling", percent),
        )
    },
}

# What is done for one operation.

_TIMEOUT = _value("timeout-changed", "How long a whole exchange may take.", "timeout", _TIME_LEFT, "timeout", duration)
_REQUEST_HEADERS = Coded(lambda old, new: changed_headers("request", old, new), HEADER_KINDS, ("headers", "request"))
_RESPONSE_HEADERS = Coded(lambda old, new: changed_headers("response", old, new), HEADER_KINDS, ("headers", "response"))
_SHAPE_KIND = Kind("shape-changed", "What becomes of answers before clients get them.")
_MOST_ANSWERED = _value(
    "answer-limit-changed", "The largest answer that clients get.", "largest answer", _TIME_LEFT, "max_response", size
)
_SHAPE: dict[str, Entry] = {
    "tree": Compared(_SHAPE_KIND, "changes of answers", always(WEAKER), None, ("shape",)),
    "errors": Compared(_SHAPE_KIND, "bodies of failures", always(WEAKER), plain, ("shape", "errors")),
    "max_body": Compared(_SHAPE_KIND, "largest answer that is changed", _TIME_LEFT, size, ("shape", "max_body")),
    "max_response": _MOST_ANSWERED,
}
_ASKS = Compared(
    Kind("validation-changed", "Whether the gateway refuses requests that do not satisfy the contract."),
    "requests are held against the contract",
    switch(off=WEAKER, on=RISKY),
    lambda on: "yes" if on else "no",
    ("validate",),
    form=lambda asks: asks is not None,
)
_FORWARD: dict[str, Entry] = {
    "targets": Coded(changed_targets, SERVICE_KINDS),
    "strip": Elsewhere("deployables"),
    "prepend": Elsewhere("deployables"),
    "timeout": _TIMEOUT,
    "retry": Inside(
        ("retry",), Kind("retry-changed", "When a request is tried again."), "retries", came=SAFE, gone=RISKY
    ),
    "request_headers": _REQUEST_HEADERS,
    "response_headers": _RESPONSE_HEADERS,
    "contract": Elsewhere("deployables"),
    "version": Elsewhere("deployables"),
    "operation": Elsewhere("contracts"),
    "hash_on": _value(
        "hash-changed",
        "What decides which endpoint a request goes to.",
        "endpoints are chosen by",
        RISKY,
        "hash_on",
        lambda value: (
            ", ".join(f"header {one.header}" if one.header else "the client's address" for one in value) or "nothing"
        ),
    ),
    "policies": Inside(),
    "mirror": Inside(
        ("mirror",), Kind("mirror-changed", "Who gets copies of requests."), "mirror", came=SAFE, gone=SAFE
    ),
    "asks": _ASKS,
    "shape": Inside(("shape",), _SHAPE_KIND, "changes of answers", came=RISKY, gone=WEAKER),
}
_COMPOSE: dict[str, Entry] = {
    "aggregate": Elsewhere("aggregates"),
    "strip": Elsewhere("deployables"),
    "timeout": _TIMEOUT,
    "request_headers": _REQUEST_HEADERS,
    "response_headers": _RESPONSE_HEADERS,
    "contract": Elsewhere("deployables"),
    "version": Elsewhere("deployables"),
    "operation": Elsewhere("contracts"),
    "policies": Inside(),
    "asks": _ASKS,
    "max_response": _MOST_ANSWERED,
}
_RULE: dict[str, Entry] = {
    "name": Ignored("it is made of names that are compared"),
    "path": _IDENTITY,
    "methods": _IDENTITY,
    "version": _IDENTITY,
    "action": Elsewhere("deployables"),
    "where": _PLACE,
    "cors": Inside(
        ("cors",),
        Kind("cors-changed", "What scripts of other origins may do."),
        "cors",
        came=WEAKER,
        gone=BREAKING,
    ),
    "preflight": Ignored("it repeats the `cors` of the path's operations"),
}
_RETRY: dict[str, Entry] = {
    "attempts": _value("retry-changed", "When a request is tried again.", "retries", number(RISKY, SAFE), "attempts"),
    "on": _value(
        "retry-changed",
        "When a request is tried again.",
        "conditions for a retry",
        members(lost=RISKY, won=SAFE),
        "on",
        collection=True,
    ),
    "per_try_timeout": _value(
        "retry-changed",
        "When a request is tried again.",
        "timeout of each try",
        _TIME_LEFT,
        "per_try_timeout",
        duration,
    ),
}
_MIRROR: dict[str, Entry] = {
    "cluster": _value("mirror-changed", "Who gets copies of requests.", "mirror", SAFE, "service"),
    "per_million": _value(
        "mirror-changed", "Who gets copies of requests.", "mirrored requests", SAFE, "percent", percent
    ),
}
_CORS_SAYS = "What scripts of other origins may do."
_CORS: dict[str, Entry] = {
    **{
        name: _value(
            "cors-changed", _CORS_SAYS, f"cors {words}", members(lost=BREAKING, won=won), name, collection=True
        )
        for name, words, won in (
            ("origins", "origins", WEAKER),
            ("methods", "methods", WEAKER),
            ("headers", "headers", WEAKER),
            ("expose_headers", "readable headers", SAFE),
        )
    },
    "credentials": _value(
        "cors-changed", _CORS_SAYS, "cors credentials", switch(off=BREAKING, on=WEAKER), "credentials"
    ),
    "max_age": _value("cors-changed", _CORS_SAYS, "how long preflights hold", SAFE, "max_age", seconds),
}
_POLICIES: dict[str, Entry] = {
    "body_limit": _value(
        "body-limit-changed",
        "The largest request body.",
        "largest request body",
        number(RISKY, WEAKER),
        "body_limit",
        size,
    ),
    "compression": _value(
        "compression-changed",
        "How answers may be compressed.",
        "compression",
        SAFE,
        "compression",
        collection=True,
    ),
    "addresses": Inside(),
}
_ADDRESSES: dict[str, Entry] = {
    "allow": _value(
        "addresses-changed",
        "Whose requests are let in, by address.",
        "addresses that are let in",
        let_in,
        "allow_ips",
        lambda value: "all" if value is None else plain(value),
        collection=True,
    ),
    "deny": _value(
        "addresses-changed",
        "Whose requests are let in, by address.",
        "addresses that are turned away",
        kept_out,
        "deny_ips",
        collection=True,
    ),
}

# Services.

_CLUSTER: dict[str, Entry] = {
    "name": Elsewhere("services"),
    "endpoints": Coded(changed_endpoints, ENDPOINT_KINDS, ("endpoints",)),
    "connect_timeout": _value(
        "connect-timeout-changed",
        "How long a connection to a service may take to be made.",
        "connect timeout",
        _TIME_LEFT,
        "connect_timeout",
        duration,
    ),
    "where": _PLACE,
    "protocol": _value("service-protocol-changed", "How a service is spoken to.", "protocol", RISKY, "protocol"),
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
    "balancing": _value("balancing-changed", "How an endpoint is chosen.", "load balancing", SAFE, "load_balancing"),
}
_TLS_SAYS = "TLS towards a service."
_CLIENT_TLS: dict[str, Entry] = {
    "server_name": _value(
        "service-tls-changed",
        _TLS_SAYS,
        "name that the service's certificate must bear",
        optional(came=RISKY, gone=WEAKER, both=RISKY),
        "server_name",
    ),
    "authority": _value(
        "service-tls-changed",
        _TLS_SAYS,
        "authority that is trusted for the service's certificate",
        optional(came=RISKY, gone=WEAKER, both=WEAKER),
        "ca",
        lambda value: "none: any certificate is taken" if value is None else secret(value),
    ),
    "certificate": _value(
        "secret-changed",
        "A reference to a secret leads elsewhere.",
        "certificate that the service is shown",
        WEAKER,
        "certificate",
        secret,
    ),
    "key": _value(
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
    name: _value(
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
    name: _value(
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
    name: _value(
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

TABLE: Table = {
    Plan: {"deployables": Elsewhere("projects")},
    Deployable: _DEPLOYABLE,
    Listener: _LISTENER,
    ServerTls: _SERVER_TLS,
    Tracing: _TRACING,
    VersionKey: {
        "source": Elsewhere("deployables"),
        "name": Elsewhere("deployables"),
        "hosts": Elsewhere("deployables"),
    },
    Rule: _RULE,
    Forward: _FORWARD,
    Compose: _COMPOSE,
    Shape: _SHAPE,
    Retry: _RETRY,
    Mirror: _MIRROR,
    Cors: _CORS,
    Policies: _POLICIES,
    Addresses: _ADDRESSES,
    Cluster: _CLUSTER,
    ClientTls: _CLIENT_TLS,
    HealthCheck: _HEALTH_CHECK,
    OutlierDetection: _OUTLIERS,
    CircuitBreaker: _BREAKER,
    **AGGREGATES,
}
