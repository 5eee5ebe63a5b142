"""Policies: named bundles of what a gateway does to requests and answers."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from compiler.model.kinds import (
    HEADER_NAME,
    NAME,
    Bounds,
    Count,
    Duration,
    HeaderName,
    HeaderValue,
    HostFile,
    Items,
    Keys,
    Name,
    Network,
    Origin,
    Scalar,
    Size,
    Text,
    Timeout,
    UrlPath,
    Variable,
    Where,
    doc,
    place,
)
from compiler.model.secrets import SecretRef
from compiler.records import frozen

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
RetryOn = Literal["connect-failure", "gateway-error", "5xx", "reset", "refused-stream", "retriable-4xx"]


@frozen
class Retry:
    """Try again where a service fails. POST and PATCH are only tried again where no connection was made."""

    where: Where = place()
    attempts: Annotated[int, Bounds(1, 10)] = doc("Retries after the first try.", 2)
    on: Annotated[tuple[RetryOn, ...], Items(least=1)] = doc(
        "What counts as a failure, in Envoy's words.", ["connect-failure", "gateway-error"], ("connect-failure",)
    )
    per_try_timeout: Timeout | None = doc("How long one try may take.", "1s", None)
    unsafe: bool = doc(
        "Also try POST and PATCH again on every condition; they may then be carried out twice.", True, False
    )


@frozen
class DistributedLimit:
    """Count in a rate limit service instead of in each Envoy process."""

    where: Where = place()
    service: Name = doc("A service that speaks Envoy's rate limit protocol.", "limiter")


@frozen
class RateLimit:
    """How many requests are let through."""

    where: Where = place()
    requests: Count = doc("Requests in each period.", 100)
    per: Timeout = doc("The period.", "1s")
    by: Annotated[
        str,
        Scalar(
            "`client_ip`, `consumer`, `global` or `header:<name>`",
            r"client_ip|consumer|global|header:[A-Za-z0-9!#$%&'*+.^`|~_-]+",
        ),
    ] = doc("Whose requests are counted together.", "client_ip", "client_ip")
    overall: Count | None = doc("The bound on all keys together; 100 times `requests` unless stated.", 10_000, None)
    distributed: DistributedLimit | None = doc(
        "Count in a service for all gateways together.", {"service": "limiter"}, None
    )


@frozen
class RemoteJwks:
    """Public keys that a declared service hands out."""

    where: Where = place()
    service: Name = doc("The service that has them.", "idp")
    path: UrlPath = doc("The path of the key set.", "/jwks.json")


@frozen
class Jwt:
    """Bearer tokens, signed by an issuer (RFC 7519)."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("jwks_file", "jwks")

    where: Where = place()
    issuer: Text = doc("The `iss` that a token must bear.", "https://id.example")
    audiences: Annotated[tuple[Text, ...], Items(least=1)] = doc("A token must be for one of these.", ["shop"])
    jwks_file: Text | None = doc("The issuer's public keys (RFC 7517), a file of the project.", "keys/jwks.json", None)
    jwks: RemoteJwks | None = doc(
        "The issuer's public keys, from a service.", {"service": "idp", "path": "/jwks.json"}, None
    )
    require_scopes: tuple[Text, ...] = doc("Scopes that a token must have, all of them.", ["orders:read"], ())
    clock_skew: Duration = doc("How far clocks may differ.", "30s", 60_000)


@frozen
class ApiKeys:
    """Where the digests of the keys come from."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("digests", "env")

    where: Where = place()
    digests: Text | None = doc(
        "A file of the project with lines of consumer:sha256 of a random key.", "keys/partners.txt", None
    )
    env: Variable | None = doc(
        "An environment variable of the gateway's process with such lines, or with commas or blanks between them.",
        "PARTNER_KEYS",
        None,
    )


@frozen
class ApiKey:
    """Random keys that partners send."""

    where: Where = place()
    in_: Literal["header", "query"] = doc("Where the key stands.", "header")
    name: Text = doc("The header's or the query parameter's name.", "x-api-key")
    keys: ApiKeys = doc("The digests of the keys.", {"digests": "keys/partners.txt"})


@frozen
class Basic:
    """User names and passwords (RFC 7617)."""

    where: Where = place()
    users: SecretRef = doc(
        "An htpasswd file with {SHA} lines, on the gateway's host.", {"file": "/etc/gatewright/users"}
    )


@frozen
class Mtls:
    """Client certificates."""

    where: Where = place()
    ca: HostFile = doc("The authorities that may issue them, a file on the gateway's host.", "/etc/certs/clients.pem")
    subjects: Annotated[tuple[Text, ...], Items(least=1)] = doc(
        "Subject alternative names that are let in.", ["spiffe://shop/*"]
    )


@frozen
class External:
    """A service that decides for each request (Envoy's ext_authz protocol)."""

    where: Where = place()
    service: Name = doc("The service that decides.", "authz")
    protocol: Literal["grpc", "http"] = doc("How it is asked.", "grpc", "grpc")
    timeout: Timeout = doc("How long it may take; then the request is refused.", "200ms", 200)


@frozen
class Auth:
    """Who may call: exactly one way."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("jwt", "api_key", "basic", "mtls", "external")

    where: Where = place()
    jwt: Jwt | None = doc(
        "Bearer tokens.", {"issuer": "https://id.example", "audiences": ["shop"], "jwks_file": "keys/jwks.json"}, None
    )
    api_key: ApiKey | None = doc(
        "Random keys.", {"in": "header", "name": "x-api-key", "keys": {"digests": "keys/partners.txt"}}, None
    )
    basic: Basic | None = doc("User names and passwords.", {"users": {"file": "/etc/gatewright/users"}}, None)
    mtls: Mtls | None = doc(
        "Client certificates.", {"ca": "/etc/certs/clients.pem", "subjects": ["spiffe://shop/*"]}, None
    )
    external: External | None = doc("A service that decides.", {"service": "authz"}, None)


@frozen
class Cors:
    """What scripts of other origins may do (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    where: Where = place()
    origins: Annotated[tuple[Origin, ...], Items(least=1)] = doc(
        "Origins that may call; `*` for all.", ["https://shop.example"]
    )
    methods: tuple[Method, ...] = doc("Methods that they may use.", ["GET", "POST"], ("GET", "HEAD", "POST"))
    headers: tuple[HeaderName, ...] = doc("Request headers that they may send.", ["authorization"], ())
    credentials: bool = doc("Whether cookies and credentials may be sent.", True, False)
    max_age: Duration = doc("How long a preflight's answer is kept.", "10m", 0)
    expose_headers: tuple[HeaderName, ...] = doc("Response headers that scripts may read.", ["x-total"], ())


@frozen
class HeaderChanges:
    """Headers of one direction: `remove` first, then `set`."""

    where: Where = place()
    set: Annotated[Mapping[str, HeaderValue], Keys(HEADER_NAME)] = doc(
        "Headers to set; a value that is there is replaced.", {"x-a": "b"}, dict
    )
    remove: tuple[HeaderName, ...] = doc("Headers to take off.", ["x-c"], ())


@frozen
class Headers:
    """Changes of headers towards the service and towards the client."""

    where: Where = place()
    request: HeaderChanges | None = doc("Towards the service.", {"set": {"x-a": "b"}, "remove": ["x-c"]}, None)
    response: HeaderChanges | None = doc("Towards the client.", {"set": {"x-d": "e"}, "remove": ["server"]}, None)


@frozen
class Mirror:
    """A copy of some requests goes to another service, whose answers do not count."""

    where: Where = place()
    service: Name = doc("The service that gets the copies.", "orders-v2-shadow")
    percent: Annotated[float, Bounds(0, 100)] = doc("How many of the requests, in percent.", 5, 100)


@frozen
class Policy:
    """A named bundle; a later one replaces each key of a former one whole (`headers` merge, `deny_ips` unite)."""

    where: Where = place()
    timeout: Timeout | None = doc("How long an answer may take, retries included.", "5s", None)
    retry: Retry | None = doc("Try again where a service fails.", {"attempts": 2, "on": ["connect-failure"]}, None)
    rate_limit: RateLimit | None = doc("How many requests are let through.", {"requests": 100, "per": "1s"}, None)
    auth: Auth | Literal["none"] | None = doc(
        "Who may call: exactly one way, or the word `none`.",
        {"basic": {"users": {"file": "/etc/gatewright/users"}}},
        None,
    )
    cors: Cors | None = doc("What scripts of other origins may do.", {"origins": ["https://shop.example"]}, None)
    headers: Headers | None = doc("Changes of headers.", {"request": {"set": {"x-a": "b"}}}, None)
    body_limit: Size | None = doc("The largest request body.", "1MiB", None)
    compression: tuple[Literal["gzip", "brotli"], ...] | None = doc(
        "How answers may be compressed.", ["gzip", "brotli"], None
    )
    allow_ips: Annotated[tuple[Network, ...], Items(least=1)] | None = doc(
        "Only clients with these addresses are let in.", ["10.0.0.0/8"], None
    )
    deny_ips: tuple[Network, ...] | None = doc("Clients with these addresses are turned away.", ["192.0.2.0/24"], None)
    mirror: Mirror | None = doc("Copies for another service.", {"service": "orders-v2-shadow", "percent": 5}, None)


PoliciesByName = Annotated[Mapping[str, Policy], Keys(NAME)]
