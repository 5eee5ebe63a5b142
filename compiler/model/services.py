"""Services: what runs behind the gateways."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from compiler.model.kinds import (
    NAME,
    Count,
    CountFromZero,
    HeaderName,
    Host,
    HostFile,
    Items,
    Keys,
    Port,
    Timeout,
    UrlPath,
    Version,
    Weight,
    Where,
    doc,
    place,
)
from compiler.model.references import ServiceImplements
from compiler.model.secrets import SecretRef
from compiler.records import frozen


@frozen
class Endpoint:
    """Where one instance, or one name for several, can be reached."""

    where: Where = place()
    host: Host = doc("A DNS name, looked up again as its answers expire, or an IP address.", "orders.internal")
    port: Port = doc("The TCP port.", 8080)
    weight: Weight | None = doc("The share of this endpoint among the service's endpoints.", 1, None)


@frozen
class UpstreamTls:
    """TLS towards the service. The certificate is verified, by authority and by name, unless that is switched off."""

    where: Where = place()
    server_name: Host | None = doc(
        "The name sent as SNI, which must match a name of the certificate.", "orders.internal", None
    )
    ca: Literal["system"] | HostFile | None = doc(
        "The authorities to trust: an absolute path on the gateway's host, or `system`.", "/etc/certs/ca.pem", None
    )
    certificate: SecretRef | None = doc("The client certificate to show.", {"file": "/etc/certs/client.crt"}, None)
    key: SecretRef | None = doc("The client certificate's key.", {"file": "/etc/certs/client.key"}, None)
    insecure_skip_verify: bool = doc("Accept any certificate; draws the warning tls-unverified.", True, False)


@frozen
class HealthCheck:
    """Active checks of each endpoint."""

    where: Where = place()
    path: UrlPath = doc("What is asked with GET; a 200 is healthy.", "/healthz")
    interval: Timeout = doc("The time between two checks.", "5s", 5000)
    timeout: Timeout = doc("How long one check may take.", "1s", 1000)
    unhealthy_after: Count = doc("Failures in a row until an endpoint is left out.", 3, 3)
    healthy_after: Count = doc("Successes in a row until it is taken back.", 2, 2)


@frozen
class OutlierDetection:
    """Endpoints that answer badly are left out for a while."""

    where: Where = place()
    consecutive_5xx: Count = doc("Answers of 5xx in a row until an endpoint is left out.", 5, 5)
    ejection_time: Timeout = doc("How long it is left out the first time.", "30s", 30_000)


@frozen
class CircuitBreaker:
    """Limits for each gateway process, beyond which requests fail at once instead of waiting."""

    where: Where = place()
    max_connections: Count = doc("Connections to the service.", 1024, 1024)
    max_pending: Count = doc("Requests that wait for a connection.", 1024, 1024)
    max_requests: Count = doc("Requests under way.", 1024, 1024)
    max_retries: CountFromZero = doc("Retries under way.", 3, 3)


@frozen
class HashOn:
    """What decides which endpoint a request goes to, with ring_hash."""

    where: Where = place()
    header: HeaderName | None = doc("The value of this request header.", "x-customer-id", None)
    client_ip: bool = doc("The client's address.", True, False)


@frozen
class Service:
    """Something that runs behind the gateway and implements one version of one contract."""

    VARIES: ClassVar[frozenset[str]] = frozenset(
        {
            "circuit_breaker",
            "connect_timeout",
            "endpoints",
            "hash_on",
            "health_check",
            "load_balancing",
            "outlier_detection",
            "tls",
            "weight",
        }
    )

    where: Where = place()
    endpoints: Annotated[tuple[Endpoint, ...], Items(least=1)] = doc(
        "Where it can be reached.", [{"host": "orders.internal", "port": 8080}]
    )
    implements: ServiceImplements | None = doc(
        "The one contract version that it implements. A service without it serves policies only.", "orders@2.1.0", None
    )
    base_path: UrlPath = doc("The prefix of every path on the service's side.", "/", "/")
    protocol: Literal["http1", "http2"] = doc("How it is spoken to.", "http1", "http1")
    tls: UpstreamTls | None = doc(
        "TLS towards the service.", {"server_name": "orders.internal", "ca": "/etc/certs/ca.pem"}, None
    )
    connect_timeout: Timeout = doc("How long a connection may take to be made.", "250ms", 1000)
    weight: Weight | None = doc(
        "The share of this service where several implement one version; then each must state it.", 100, None
    )
    share_with: Version | None = doc(
        "An older version of the same major, of whose requests this service takes a part, by weight.", "2.0.3", None
    )
    health_check: HealthCheck | None = doc("Active health checks.", {"path": "/healthz", "interval": "5s"}, None)
    outlier_detection: OutlierDetection | None = doc("Passive health checks.", {"consecutive_5xx": 5}, None)
    circuit_breaker: CircuitBreaker | None = doc("Limits on connections and requests.", {"max_requests": 1024}, None)
    load_balancing: Literal["round_robin", "least_request", "ring_hash", "random"] = doc(
        "How an endpoint is chosen.", "least_request", "least_request"
    )
    hash_on: HashOn | None = doc("What ring_hash hashes.", {"header": "x-customer-id"}, None)


ServicesByName = Annotated[Mapping[str, Service], Keys(NAME)]
