"""Gateways: what everybody calls."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from compiler.model.kinds import (
    NAME,
    OPERATION_KEY,
    Address,
    Bounds,
    Host,
    HostPattern,
    Items,
    Keys,
    Name,
    OperationKey,
    Percent,
    Port,
    UrlPath,
    VersionName,
    Where,
    doc,
    place,
)
from compiler.model.references import Range
from compiler.model.secrets import SecretRef
from compiler.model.shapes import BodyShape
from compiler.records import frozen


@frozen
class ServerTls:
    """TLS towards clients."""

    where: Where = place()
    certificate: SecretRef = doc("The certificate with its chain (PEM).", {"file": "/etc/certs/tls.crt"})
    key: SecretRef = doc("Its key (PEM).", {"file": "/etc/certs/tls.key"})


@frozen
class Listen:
    """The socket that clients connect to."""

    where: Where = place()
    port: Port = doc("The TCP port.", 8443)
    address: Address = doc("The address to bind to.", "0.0.0.0", "0.0.0.0")
    trusted_hops: Annotated[int, Bounds(0, 16)] = doc("Proxies in front whose X-Forwarded-For entry is believed.", 1, 0)
    proxy_protocol: bool = doc("Whether every connection starts with a PROXY protocol header.", True, False)
    tls: ServerTls | None = doc(
        "TLS towards clients.",
        {"certificate": {"file": "/etc/certs/tls.crt"}, "key": {"file": "/etc/certs/tls.key"}},
        None,
    )


@frozen
class Versioning:
    """Where a request says which major version it wants."""

    where: Where = place()
    in_: Literal["path", "header", "media_type", "query", "host"] = doc("Where the version stands.", "path", "path")
    name: VersionName | None = doc("The header's or the query parameter's name.", "x-api-version", None)
    default: Literal["none", "latest", "oldest"] = doc("What a request without a version gets.", "latest", "none")


@frozen
class OperationSettings:
    """What is special about one exposed operation."""

    where: Where = place()
    policies: tuple[Name, ...] = doc("Policies on top of the exposure's.", ["strict"], ())


@frozen
class Expose:
    """A contract or an aggregator that can be called here."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("contract", "aggregator")
    ONLY_WITH: ClassVar[Mapping[str, str]] = {"versions": "contract", "operations": "contract", "default": "contract"}

    where: Where = place()
    contract: Name | None = doc("The contract.", "orders", None)
    aggregator: Name | None = doc("The aggregator.", "customer-overview", None)
    versions: Range | None = doc("Which versions, as npm's ranges; without it every version.", "^1.4 || ^2", None)
    at: UrlPath = doc("What stands before the operations' paths (behind the version).", "/shop", "/")
    operations: (
        Annotated[
            tuple[OperationKey | Annotated[Mapping[str, OperationSettings], Keys(OPERATION_KEY, least=1, most=1)], ...],
            Items(least=1, unique=False),
        ]
        | None
    ) = doc(
        "Which operations; without it all of them.",
        ["getCustomer", "GET /customers", {"addCustomer": {"policies": ["strict"]}}],
        None,
    )
    default: Range | Literal["none", "latest", "oldest"] | None = doc(
        "What a request without a version gets of this contract: a range, or as in `versioning.default`.", "^1", None
    )
    streaming: bool = doc("For websockets and server-sent events.", True, False)
    validate: Literal["none", "request"] = doc("Whether requests are held against the contract.", "request", "none")
    policies: tuple[Name, ...] = doc("Policies on top of the gateway's.", ["read-only"], ())
    decorate: BodyShape | None = doc("Changes to JSON bodies.", {"response": {"set": {"served_by": "public"}}}, None)


@frozen
class Admin:
    """Envoy's administration interface, always on loopback."""

    where: Where = place()
    port: Port = doc("The TCP port on loopback.", 9901)


@frozen
class Otlp:
    """An OpenTelemetry collector."""

    where: Where = place()
    host: Host = doc("Its name or address.", "otel")
    port: Port = doc("Its OTLP/gRPC port.", 4317, 4317)


@frozen
class Tracing:
    """Traces of requests."""

    where: Where = place()
    otlp: Otlp = doc("Where they go.", {"host": "otel", "port": 4317})
    sampling: Percent = doc("How many requests are traced.", "1%", 1.0)


@frozen
class Metrics:
    """Prometheus metrics on a port of their own."""

    where: Where = place()
    port: Port = doc("The port that serves /stats/prometheus and /ready, and nothing else.", 9902)


@frozen
class Observability:
    """What can be seen from outside."""

    where: Where = place()
    access_log: Literal["json", "text", "none"] | None = doc(
        "A line for each request on standard output.", "json", None
    )
    tracing: Tracing | None = doc("Traces.", {"otlp": {"host": "otel", "port": 4317}, "sampling": "1%"}, None)
    metrics: Metrics | None = doc("Metrics.", {"port": 9902}, None)


@frozen
class Gateway:
    """The entry point for all clients."""

    VARIES: ClassVar[frozenset[str]] = frozenset({"admin", "hosts", "listen", "observability"})

    where: Where = place()
    listen: Listen = doc("The socket that clients connect to.", {"address": "0.0.0.0", "port": 8443})
    expose: Annotated[tuple[Expose, ...], Items(least=1, unique=False)] = doc(
        "What can be called here.", [{"contract": "orders", "versions": "^2"}]
    )
    hosts: Annotated[tuple[HostPattern, ...], Items(least=1)] = doc(
        "The names in Host that are answered; the port in Host is ignored.", ["api.shop.example"], ("*",)
    )
    versioning: Versioning | None = doc("Where a request says which version it wants.", {"in": "path"}, None)
    policies: tuple[Name, ...] = doc("Policies for all that is exposed here.", ["public-default"], ())
    admin: Admin | None = doc("Envoy's administration interface.", {"port": 9901}, None)
    observability: Observability | None = doc("Access log, traces, metrics.", {"access_log": "json"}, None)


GatewaysByName = Annotated[Mapping[str, Gateway], Keys(NAME)]
