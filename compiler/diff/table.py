"""What a change of each field of the plan means: the one place where that is said.

Every field of every type that a plan is made of stands here, compared or with the reason why it need not be; a test
holds the table against the plan. A new field of the plan is a line here.
"""

from __future__ import annotations

from compiler.diff.coded import (
    HEADER_KINDS,
    SERVICE_KINDS,
    changed_headers,
    changed_targets,
)
from compiler.diff.entries import Coded, Compared, Elsewhere, Entry, Ignored, Inside, Kind, Table, value
from compiler.diff.judging import (
    BREAKING,
    BROKEN_AND_WEAKER,
    RISKY,
    SAFE,
    WEAKER,
    duration,
    kept_out,
    let_in,
    members,
    number,
    percent,
    plain,
    seconds,
    secret,
    served_hosts,
    size,
    switch,
)
from compiler.diff.table_aggregates import AGGREGATES
from compiler.diff.table_protection import AUTH_ENTRY, LIMIT_ENTRY, PROTECTION
from compiler.diff.table_services import SERVICES
from compiler.diff.table_shapes import LARGEST, SHAPES, usual
from compiler.plan import (
    Addresses,
    Compose,
    Cors,
    Deployable,
    Forward,
    Listener,
    Mirror,
    Plan,
    Policies,
    Retry,
    Rule,
    ServerTls,
    Tracing,
    VersionKey,
)

_PLACE = Ignored("where something stands makes no difference")
_IDENTITY = Ignored("two things are compared since they have this in common")


_TIME_LEFT = number(RISKY, SAFE)
"""Of a time or a size that clients may use: less of it may break some."""

_DEPLOYABLE: dict[str, Entry] = {
    "kind": _IDENTITY,
    "name": Elsewhere("projects"),
    "hosts": value(
        "hosts-changed",
        "The names in Host that are answered.",
        "hosts",
        served_hosts,
        "hosts",
        collection=True,
    ),
    "listener": Inside(("listen",)),
    "admin_port": value(
        "admin-changed", "The port of the administration interface, on loopback.", "admin port", SAFE, "admin"
    ),
    "version_key": Elsewhere("deployables"),
    "rules": Elsewhere("deployables"),
    "clusters": Elsewhere("services"),
    "exposed": Ignored("the rules say the same, operation by operation"),
    "api": Ignored("it is made of contracts, which are compared for each operation that clients can call"),
    "where": _PLACE,
    "access_log": value(
        "access-log-changed",
        "The line that is written for each request.",
        "access log",
        SAFE,
        "observability.access_log",
    ),
    "metrics_port": value(
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
    "tables": Ignored("they are made of contracts, which are compared for each operation that clients can call"),
    "aggregates": Elsewhere("aggregates"),
}

_LISTENER: dict[str, Entry] = {
    "address": value("listener-moved", "Where clients connect.", "listener's address", BREAKING, "address"),
    "port": value("listener-moved", "Where clients connect.", "listener's port", BREAKING, "port"),
    "tls": Inside(
        ("tls",),
        Kind("tls-changed", "Whether clients speak TLS with the gateway."),
        "TLS",
        came=BREAKING,
        gone=BROKEN_AND_WEAKER,
    ),
    "trusted_hops": value(
        "trusted-hops-changed",
        "How many proxies in front are believed when they name the client.",
        "trusted hops",
        number(RISKY, WEAKER),
        "trusted_hops",
    ),
    "proxy_protocol": value(
        "proxy-protocol-changed",
        "Whether connections start with a PROXY protocol header.",
        "PROXY protocol",
        switch(off=BREAKING, on=BROKEN_AND_WEAKER),
        "proxy_protocol",
    ),
    "where": _PLACE,
}
_SERVER_TLS: dict[str, Entry] = {
    "certificate": value(
        "secret-changed",
        "A reference to a secret leads elsewhere.",
        "certificate of the listener",
        WEAKER,
        "certificate",
        secret,
    ),
    "key": value(
        "secret-changed", "A reference to a secret leads elsewhere.", "key of the listener", WEAKER, "key", secret
    ),
    "where": _PLACE,
}
_TRACING: dict[str, Entry] = {
    "where": _PLACE,
    **{
        name: value("tracing-changed", "Which requests are traced, and where traces go.", words, SAFE, at, show)
        for name, words, at, show in (
            ("host", "traces' collector", "otlp", plain),
            ("port", "port of the traces' collector", "otlp", plain),
            ("per_million", "requests that are traced", "sampling", percent),
        )
    },
}

# What is done for one operation.

_TIMEOUT = value("timeout-changed", "How long a whole exchange may take.", "timeout", _TIME_LEFT, "timeout", duration)
_REQUEST_HEADERS = Coded(lambda old, new: changed_headers("request", old, new), HEADER_KINDS, ("headers", "request"))
_RESPONSE_HEADERS = Coded(lambda old, new: changed_headers("response", old, new), HEADER_KINDS, ("headers", "response"))
_ASKS = Compared(
    Kind("validation-changed", "Whether requests are held against the contract."),
    "requests are held against the contract",
    switch(off=WEAKER, on=RISKY),
    lambda given: "no" if given is None else "yes",
    ("expose", "validate"),
    form=lambda given: given is None,  # what is asked is a matter of the contract, which is compared
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
    "hash_on": value(
        "hash-changed",
        "What decides which endpoint a request goes to.",
        "endpoints are chosen by",
        RISKY,
        "hash_on",
        lambda given: (
            ", ".join(f"header {one.header}" if one.header else "the client's address" for one in given) or "nothing"
        ),
    ),
    "policies": Inside(),
    "mirror": Inside(
        ("mirror",), Kind("mirror-changed", "Who gets copies of requests."), "mirror", came=SAFE, gone=SAFE
    ),
    "streaming": value(
        "streaming-changed",
        "Whether connections may stay open for as long as they bear something.",
        "streaming",
        switch(off=BREAKING, on=WEAKER),
        "expose.streaming",
    ),
    "asks": _ASKS,
    "shape": Inside(("expose", "shape"), usual=usual),
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
    "max_response": Compared(LARGEST, "largest answer", number(RISKY, SAFE), size, ("expose", "shape")),
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
    "attempts": value("retry-changed", "When a request is tried again.", "retries", number(RISKY, SAFE), "attempts"),
    "on": value(
        "retry-changed",
        "When a request is tried again.",
        "conditions for a retry",
        members(lost=RISKY, won=SAFE),
        "on",
        collection=True,
    ),
    "per_try_timeout": value(
        "retry-changed",
        "When a request is tried again.",
        "timeout of each try",
        _TIME_LEFT,
        "per_try_timeout",
        duration,
    ),
}
_MIRROR: dict[str, Entry] = {
    "cluster": value("mirror-changed", "Who gets copies of requests.", "mirror", SAFE, "service"),
    "per_million": value(
        "mirror-changed", "Who gets copies of requests.", "mirrored requests", SAFE, "percent", percent
    ),
}
_CORS_SAYS = "What scripts of other origins may do."
_CORS: dict[str, Entry] = {
    **{
        name: value("cors-changed", _CORS_SAYS, f"cors {words}", members(lost=BREAKING, won=won), name, collection=True)
        for name, words, won in (
            ("origins", "origins", WEAKER),
            ("methods", "methods", WEAKER),
            ("headers", "headers", WEAKER),
            ("expose_headers", "readable headers", SAFE),
        )
    },
    "credentials": value(
        "cors-changed", _CORS_SAYS, "cors credentials", switch(off=BREAKING, on=WEAKER), "credentials"
    ),
    "max_age": value("cors-changed", _CORS_SAYS, "how long preflights hold", SAFE, "max_age", seconds),
}
_POLICIES: dict[str, Entry] = {
    "auth": AUTH_ENTRY,
    "rate_limit": LIMIT_ENTRY,
    "body_limit": value(
        "body-limit-changed",
        "The largest request body.",
        "largest request body",
        number(RISKY, WEAKER),
        "body_limit",
        size,
    ),
    "compression": value(
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
    "allow": value(
        "addresses-changed",
        "Whose requests are let in, by address.",
        "addresses that are let in",
        let_in,
        "allow_ips",
        lambda given: "all" if given is None else plain(given),
        collection=True,
    ),
    "deny": value(
        "addresses-changed",
        "Whose requests are let in, by address.",
        "addresses that are turned away",
        kept_out,
        "deny_ips",
        collection=True,
    ),
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
    Retry: _RETRY,
    Mirror: _MIRROR,
    Cors: _CORS,
    Policies: _POLICIES,
    Addresses: _ADDRESSES,
    **SERVICES,
    **AGGREGATES,
    **SHAPES,
    **PROTECTION,
}
