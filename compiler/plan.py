"""The neutral plan: what is to be deployed, with no word of YAML and no word of any product.

A plan is complete: every default is filled in, every name is resolved, every list has its final order. Backends read
it and nothing else. Durations are milliseconds, sizes bytes. Each item that a user wrote keeps the span it came from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Literal

from compiler.composed import Aggregate
from compiler.paths import PathTemplate
from compiler.plan_policies import Addresses as Addresses
from compiler.plan_policies import Compression as Compression
from compiler.plan_policies import HeaderChanges as HeaderChanges
from compiler.plan_policies import Policies as Policies
from compiler.plan_policies import Secret as Secret
from compiler.records import frozen
from compiler.requested import NOTHING_ASKED, RequestCheck, RequestTables
from compiler.shaped import Shape
from compiler.source import Span


@frozen
class ServerTls:
    """TLS towards clients; TLS 1.2 at least."""

    certificate: Secret
    key: Secret
    where: Span


@frozen
class Listener:
    """The socket that clients connect to."""

    address: str
    port: int
    tls: ServerTls | None
    trusted_hops: int
    """Proxies in front whose X-Forwarded-For entries are believed."""
    proxy_protocol: bool
    where: Span


@frozen
class VersionKey:
    """Where a request says which version it wants.

    ``name`` is the header (in lower case) or the query parameter. ``media_type`` means Accept, as in
    ``application/vnd.orders.v2+json``. With ``host``, ``hosts`` are the names that say no version; those that do have
    ``v2.`` before them.
    """

    source: Literal["path", "header", "query", "media_type", "host"]
    name: str | None
    hosts: tuple[str, ...] = ()


@frozen
class VersionTest:
    """Holds for a request whose version is one of ``labels`` (a leading ``v`` is optional), or absent if ``absent``.

    In a media type a version is that of a contract, so only those of ``contracts`` count there.
    """

    labels: tuple[str, ...]
    absent: bool
    contracts: tuple[str, ...] = ()


@frozen
class Retry:
    """``attempts`` retries after the first try; ``on`` are Envoy's names of retry conditions, sorted, never empty."""

    attempts: int
    on: tuple[str, ...]
    per_try_timeout: int | None


@frozen
class Mirror:
    """A copy of ``per_million`` requests of a million goes to another cluster, whose answers nobody waits for."""

    cluster: str
    per_million: int


@frozen
class Cors:
    """What scripts of other origins may do (https://fetch.spec.whatwg.org/#http-cors-protocol); ``max_age`` in seconds.

    ``origins`` are sorted and either serialized origins or ``*`` alone. The lists are complete: headers of ours are in.
    """

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    credentials: bool
    max_age: int


@frozen
class Target:
    """A cluster by name and its share of the traffic; several only where services share one version.

    ``prepend`` takes the place of the route's where this service has another base path than the rest.
    """

    cluster: str
    weight: int
    prepend: str | None = None


@frozen
class HashOn:
    """What decides the endpoint with ring_hash: a request header by name, or the client's address for None."""

    header: str | None


@frozen
class Forward:
    """Send the request on: ``strip`` is taken off the path's front, then ``prepend`` is put there.

    Both are literal, start with a slash and do not end with one, or are empty.
    """

    targets: tuple[Target, ...]
    strip: str
    prepend: str
    timeout: int
    retry: Retry | None
    request_headers: HeaderChanges
    response_headers: HeaderChanges
    contract: str
    version: str
    operation: str
    hash_on: tuple[HashOn, ...] = ()
    policies: Policies = Policies()
    mirror: Mirror | None = None
    asks: RequestCheck | None = None
    """What requests are held against before they are sent on."""
    streaming: bool = False
    """Whether an answer may go on without end, and a connection may become a websocket."""
    shape: Shape | None = None
    """What becomes of answers."""


@frozen
class Compose:
    """Answer with what an aggregate of the deployable composes, within ``timeout``.

    ``strip`` is what clients write before the contract's own path.
    """

    aggregate: str
    strip: str
    timeout: int
    request_headers: HeaderChanges
    response_headers: HeaderChanges
    contract: str
    version: str
    operation: str
    policies: Policies = Policies()
    asks: RequestCheck | None = None
    max_response: int | None = None
    """The largest body that is sent."""


@frozen
class Answer:
    """Answer at once, without any service. ``body`` is text; ``headers`` are sorted, in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


@frozen
class Rule:
    """One line of a routing table, which is read from the top: the first rule that holds decides.

    ``name`` is unique within the deployable and made from the user's names. ``path`` is the template as clients see
    it, or None for every path. ``methods`` are sorted, or None for every method. ``version`` is None where any will do.
    A rule with ``preflight`` holds only for the question that browsers ask beforehand, an OPTIONS with two headers, and
    only for scripts of these origins (``*`` for all); with ``cors``, that is what it answers.
    """

    name: str
    path: PathTemplate | None
    methods: tuple[str, ...] | None
    version: VersionTest | None
    action: Forward | Answer | Compose
    where: Span
    cors: Cors | None = None
    preflight: tuple[str, ...] | None = None


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address, rather than a name to look up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@frozen
class Endpoint:
    """``host`` is a DNS name or an IP address (IPv6 without brackets)."""

    host: str
    port: int
    weight: int | None


@frozen
class ClientTls:
    """TLS towards a service. Without ``authority`` nothing is verified, which only `insecure_skip_verify` asks for."""

    server_name: str | None
    """Sent as SNI, and the name that the certificate must bear."""
    authority: Secret | None
    certificate: Secret | None
    key: Secret | None
    where: Span


@frozen
class HealthCheck:
    """A GET of ``path`` every ``interval``; so many results in a row change an endpoint's state."""

    path: str
    interval: int
    timeout: int
    unhealthy_after: int
    healthy_after: int


@frozen
class OutlierDetection:
    """An endpoint with so many answers of 5xx in a row is left out, the first time for ``ejection_time``."""

    consecutive_5xx: int
    ejection_time: int


@frozen
class CircuitBreaker:
    """Bounds for one gateway process."""

    max_connections: int = 1024
    max_pending: int = 1024
    max_requests: int = 1024
    max_retries: int = 3


Balancing = Literal["round_robin", "least_request", "ring_hash", "random"]


@frozen
class Cluster:
    """A service as a gateway sees it. ``name`` is the service's own."""

    name: str
    endpoints: tuple[Endpoint, ...]
    connect_timeout: int
    where: Span
    protocol: Literal["http1", "http2"] = "http1"
    tls: ClientTls | None = None
    health_check: HealthCheck | None = None
    outlier_detection: OutlierDetection | None = None
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    balancing: Balancing = "least_request"


@frozen
class Exposed:
    """One contract version that clients can reach here; ``prefix`` is what stands before the contract's own paths."""

    contract: str
    version: str
    label: str
    """The major as clients name it: ``2``, or ``0.3`` below 1.0.0."""
    prefix: str
    operations: tuple[str, ...]
    services: tuple[str, ...]
    aggregator: str | None = None
    """What answers where no service does."""


@frozen
class Tracing:
    """Spans for an OpenTelemetry collector, by OTLP over gRPC; ``per_million`` requests of a million are traced."""

    host: str
    port: int
    per_million: int
    where: Span


@frozen
class Deployable:
    """One Envoy to be: a gateway or an edge."""

    kind: Literal["gateway", "edge"]
    name: str
    hosts: tuple[str, ...]
    """Exact names, ``*.suffix``, or ``*`` alone; in lower case, without port."""
    listener: Listener
    admin_port: int | None
    version_key: VersionKey
    rules: tuple[Rule, ...]
    clusters: tuple[Cluster, ...]
    exposed: tuple[Exposed, ...]
    api: Mapping[str, Any]
    """The effective OpenAPI document as plain data."""
    where: Span
    access_log: Literal["json", "text"] | None = None
    """A line for each request on standard output."""
    metrics_port: int | None = None
    """Where Prometheus asks, on the listener's address; with it, ``admin_port`` is a real port or None, not 0."""
    tracing: Tracing | None = None
    policies: Policies = Policies()
    """What holds for the gateway or edge as a whole, and so for requests that no operation answers."""
    cors: Cors | None = None
    """That of the gateway or edge as a whole: with one, every operation has one."""
    environment: str | None = None
    """The environment that it was made for, if any."""
    aggregates: tuple[Aggregate, ...] = ()
    """What ``Compose`` names, by name."""
    tables: RequestTables = NOTHING_ASKED
    """Schemas and patterns to which ``asks`` refers."""


@frozen
class Plan:
    """Deployables in the order of their names."""

    deployables: tuple[Deployable, ...]


def applied(deployable: Deployable) -> tuple[Policies, ...]:
    """The policies that occur in a deployable, each once: its own first, then those of its rules in their order."""
    found = [deployable.policies]
    found += [rule.action.policies for rule in deployable.rules if not isinstance(rule.action, Answer)]
    return tuple(dict.fromkeys(found))
