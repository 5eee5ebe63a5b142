"""The HTTP filters of a gateway, in one table: in this order they see a request, and in the reverse an answer.

Each policy is a line of ``FILTERS``. What holds for the gateway as a whole stands in the filter chain, or in the
virtual host where the chain has no place for it; a route bears only what is different about it, so that a policy of the
gateway costs no line of a route. A filter that no route and no gateway wants is not there at all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import replace

from compiler.backends.envoy.access_log import path_noted
from compiler.backends.envoy.auth import auth_filters
from compiler.backends.envoy.payload import module_path, on_route, payload_filters, switched_on
from compiler.backends.envoy.rate_limits import before_auth, rate_limit_filters
from compiler.backends.envoy.types import (
    BODY_LIMIT,
    BROTLI,
    COMPRESSOR,
    CORS,
    CORS_POLICY,
    FILTER_CONFIG,
    GZIP,
    HEADER_MUTATION,
    HEADER_MUTATION_PER_ROUTE,
    RBAC,
    RBAC_PER_ROUTE,
    ROUTER,
    Data,
)
from compiler.backends.envoy.versions import taken_off, varies_by
from compiler.plan import Addresses, Answer, Compression, Cors, Deployable, Policies, Rule, applied
from compiler.plan_policies import Auth, RateLimit
from compiler.records import frozen
from compiler.yaml_text import Line, line

OWN_PREFIX = "x-envoy-"
"""Headers by which Envoy is steered and tells of itself; they are nobody else's business on either side."""
TOLD_PREFIX = "x-gatewright-"
"""Headers by which a gateway tells a service who calls, so nobody else may."""
LEAST_COMPRESSED = 1024
"""Bytes below which an answer is sent as it is."""
_COMPRESSED = (
    "application/javascript",
    "application/json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
)
_ENCODINGS: tuple[Compression, ...] = ("brotli", "gzip")
"""Where a client takes both as gladly, the first is used."""


@frozen
class OnRoute:
    """What filters look at of a route: its own policies, the usual ones of the chain, and a ``cors`` of its own."""

    own: Policies
    usual: Policies
    cors: Cors | None
    preflight: bool
    payload: bool


@frozen
class Chain:
    """What filters look at of a deployable: all policies that occur in it, and the folder of its files."""

    deployable: Deployable
    occurring: frozenset[Policies]
    folder: str
    followed: bool
    """Whether Envoy follows files of its own for what stands in a listener."""


@frozen
class Filter:
    """One line of the table.

    ``chain`` gives the filters as they stand in the chain; ``route`` gives what a route says of them, by name.
    """

    what: str
    chain: Callable[[Chain], Iterator[Data]]
    route: Callable[[OnRoute], Data]


def http_filters(deployable: Deployable, folder: str, *, followed: bool) -> list[Data]:
    """The chain of a deployable. ``folder`` is where Envoy finds its files."""
    whole = Chain(deployable, frozenset(applied(deployable)), folder, followed)
    return [made for one in FILTERS for made in one.chain(whole)]


def route_filters(deployable: Deployable) -> Callable[[Rule], Line | None]:
    """What the route of a rule says of filters beside what holds anyway: ``typed_per_filter_config``, if anything."""
    usual = deployable.policies
    known: dict[tuple[int, int, bool, bool], Line | None] = {}  # by what rules share, which the deployable keeps alive

    def of(rule: Rule) -> Line | None:
        own = usual if isinstance(rule.action, Answer) else rule.action.policies
        is_preflight, payload = rule.preflight is not None, on_route(rule)
        key = (id(own), id(rule.cors), is_preflight, payload)
        if key not in known:
            if is_preflight:  # a browser asks it without saying who calls
                own = replace(own, auth=None, rate_limit=None)
            cors = None if rule.cors == deployable.cors else rule.cors
            known[key] = _on_route(OnRoute(own, usual, cors, is_preflight, payload))
        return known[key]

    return of


def host_filters(deployable: Deployable) -> Line | None:
    """What a virtual host says of filters that take no such word from the chain, if anything."""
    return _on_route(OnRoute(deployable.policies, deployable.policies, deployable.cors, False, False))


def _on_route(here: OnRoute) -> Line | None:
    made = {name: config for one in FILTERS for name, config in one.route(here).items()}
    return line(made) if made else None


def _nothing(here: OnRoute) -> Data:
    return {}


def _path(whole: Chain) -> Iterator[Data]:
    if whole.deployable.access_log is not None or whole.deployable.tracing is not None:
        yield path_noted()


def _door(whole: Chain) -> Iterator[Data]:
    """Nothing behind this sees what a client says where only Envoy or the gateway may speak."""
    removed = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in (OWN_PREFIX, TOLD_PREFIX)]
    config = {"@type": HEADER_MUTATION, "mutations": {"request_mutations": removed}}
    yield {"name": "gatewright.door", "typed_config": config}


_ADDRESSES = "envoy.filters.http.rbac"


def _addresses(whole: Chain) -> Iterator[Data]:
    if any(policies.addresses != Addresses() for policies in whole.occurring):
        yield {"name": _ADDRESSES, "typed_config": {"@type": RBAC, **_let_in(whole.deployable.policies.addresses)}}


def _own_addresses(here: OnRoute) -> Data:
    if here.own.addresses == here.usual.addresses:
        return {}
    return {_ADDRESSES: {"@type": RBAC_PER_ROUTE, "rbac": _let_in(here.own.addresses)}}


def _let_in(addresses: Addresses) -> Data:
    """Rules by the client's address, as ``trusted_hops`` and the PROXY protocol tell it; none for everybody."""
    conditions: list[Data] = []
    if addresses.allow is not None:
        conditions.append(_one_of(addresses.allow))
    if addresses.deny:
        conditions.append({"not_id": _one_of(addresses.deny)})
    if not conditions:
        return {}
    principal = conditions[0] if len(conditions) == 1 else {"and_ids": {"ids": conditions}}
    policy = {"permissions": [{"any": True}], "principals": [principal]}
    return {"rules": {"action": "ALLOW", "policies": {"addresses": policy}}}


def _one_of(networks: tuple[str, ...]) -> Data:
    """Any of some networks. A proxy may write an IPv4 client as ``::ffff:192.0.2.1`` (RFC 4291 section 2.5.5.2)."""
    ids = []
    for network in map(ipaddress.ip_network, networks):
        ids.append({"remote_ip": {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}})
        if network.version == 4:
            mapped = {"address_prefix": f"::ffff:{network.network_address}", "prefix_len": 96 + network.prefixlen}
            ids.append({"remote_ip": mapped})
    return {"or_ids": {"ids": ids}}


_CORS = "envoy.filters.http.cors"


def _cors(whole: Chain) -> Iterator[Data]:
    if whole.deployable.cors is not None or any(rule.cors is not None for rule in whole.deployable.rules):
        yield {"name": _CORS, "typed_config": {"@type": CORS}}


def _own_cors(here: OnRoute) -> Data:
    cors = here.cors
    if cors is None:
        return {}
    anybody = cors.origins == ("*",)
    policy: Data = {
        "@type": CORS_POLICY,
        "allow_origin_string_match": [{"safe_regex": {"regex": ".*"}}]
        if anybody
        else [{"exact": origin} for origin in cors.origins],
        "allow_methods": ", ".join(cors.methods),
        "allow_headers": ", ".join(cors.headers),
        "expose_headers": ", ".join(cors.expose_headers),
        "max_age": str(cors.max_age),
        "allow_credentials": cors.credentials,
        "forward_not_matching_preflights": False,
    }
    return {_CORS: policy}


def _auth(whole: Chain) -> Iterator[Data]:
    usual = whole.deployable.policies.auth
    found = {policies.auth for policies in whole.occurring if policies.auth is not None}
    module = module_path(whole.deployable, whole.folder)
    for auth in sorted(found, key=lambda a: a.policy):
        yield from (_unless(auth == usual, one) for one in auth_filters(auth, module))


def _own_auth(here: OnRoute) -> Data:
    return {} if here.own.auth == here.usual.auth else _instead(_asking(here.usual.auth), _asking(here.own.auth))


def _asking(auth: Auth | None) -> list[Data]:
    return [] if auth is None else list(auth_filters(auth))


def _rate_limits(whole: Chain, *, early: bool) -> Iterator[Data]:
    usual = whole.deployable.policies.rate_limit
    found = {policies.rate_limit for policies in whole.occurring if policies.rate_limit is not None}
    for limit in sorted(found, key=lambda r: r.policy):
        if before_auth(limit) is early:
            yield from (_unless(limit == usual, one) for one in rate_limit_filters(limit))


def _early_limits(whole: Chain) -> Iterator[Data]:
    return _rate_limits(whole, early=True)


def _late_limits(whole: Chain) -> Iterator[Data]:
    return _rate_limits(whole, early=False)


def _own_rate_limit(here: OnRoute) -> Data:
    own, usual = here.own.rate_limit, here.usual.rate_limit
    return {} if own == usual else _instead(_counting(usual), _counting(own))


def _counting(limit: RateLimit | None) -> list[Data]:
    return [] if limit is None else list(rate_limit_filters(limit))


def _unless(usual: bool, made: Data) -> Data:
    """A filter for its place in the chain: on, or off where only some routes want it."""
    return {"name": made["name"], **_off(not usual), "typed_config": made["typed_config"]}


def _instead(usual: list[Data], own: list[Data]) -> Data:
    """The gateway's own filters switched off, and others on."""
    return {one["name"]: _switched(False) for one in usual} | {one["name"]: _switched(True) for one in own}


def _body_limits(whole: Chain) -> Iterator[Data]:
    """The limit of the gateway, and each that differs somewhere: the filter itself knows no limit of a route."""
    for limit in sorted({policies.body_limit for policies in whole.occurring}):
        config = {"@type": BODY_LIMIT, "max_request_bytes": limit}
        yield {
            "name": _body_limit(limit),
            **_off(limit != whole.deployable.policies.body_limit),
            "typed_config": config,
        }


def _body_limit(limit: int) -> str:
    return f"gatewright.body_limit.{limit}"


def _own_body_limit(here: OnRoute) -> Data:
    if here.own.body_limit == here.usual.body_limit:
        return {}
    return {_body_limit(here.usual.body_limit): _switched(False), _body_limit(here.own.body_limit): _switched(True)}


def _compression(whole: Chain) -> Iterator[Data]:
    for encoding in _ENCODINGS:
        if any(encoding in policies.compression for policies in whole.occurring):
            yield {
                "name": _compressor(encoding),
                **_off(encoding not in whole.deployable.policies.compression),
                "typed_config": {
                    "@type": COMPRESSOR,
                    "response_direction_config": {
                        "common_config": {"min_content_length": LEAST_COMPRESSED, "content_type": list(_COMPRESSED)}
                    },
                    "compressor_library": {
                        "name": encoding,
                        "typed_config": {"@type": BROTLI if encoding == "brotli" else GZIP},
                    },
                    "choose_first": encoding == _ENCODINGS[0],
                },
            }


def _compressor(encoding: Compression) -> str:
    return f"gatewright.{encoding}"


def _own_compression(here: OnRoute) -> Data:
    differing = [e for e in _ENCODINGS if (e in here.own.compression) != (e in here.usual.compression)]
    return {_compressor(encoding): _switched(encoding in here.own.compression) for encoding in differing}


def _off(off: bool) -> Data:
    return {"disabled": True} if off else {}


def _switched(on: bool) -> Data:
    return {"@type": FILTER_CONFIG, "config": {}} if on else {"@type": FILTER_CONFIG, "disabled": True}


_HEADERS = "envoy.filters.http.header_mutation"


def _headers_of_ours(whole: Chain) -> Iterator[Data]:
    """Take ``x-envoy-*`` off requests, whoever sent them, and off answers; name the version's header in ``Vary``.

    This comes behind what routes do to an answer, so no policy takes ``Vary`` away, and a 404 without a route has it.
    """
    removed: Data = {"remove_on_match": {"key_matcher": {"prefix": OWN_PREFIX}}}
    answered = [removed]
    header = varies_by(whole.deployable.version_key)
    if header is not None:
        vary: Data = {"header": {"key": "vary", "value": header}}
        answered.append({"append": vary | {"append_action": "APPEND_IF_EXISTS_OR_ADD"}})
    mutations = {"request_mutations": [removed], "response_mutations": answered}
    yield {"name": _HEADERS, "typed_config": {"@type": HEADER_MUTATION, "mutations": mutations}}


def _headers_of_cors(here: OnRoute) -> Data:
    """Where the gateway says who is let in, the service does not; and answers differ by who asks.

    Answers pass here before Envoy's filter for CORS, which adds to what the service says and knows of no ``Vary``.
    """
    if here.cors is None or here.preflight:
        return {}
    of_service = [
        {"remove": f"access-control-{name}"} for name in ("allow-origin", "allow-credentials", "expose-headers")
    ]
    vary = {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
    mutations = {"response_mutations": [*of_service, {"append": vary}]}
    return {_HEADERS: {"@type": HEADER_MUTATION_PER_ROUTE, "mutations": mutations}}


def _version(whole: Chain) -> Iterator[Data]:
    """The last to touch a request: where the payload module changes a header, Envoy looks for the route once more."""
    yield from taken_off(whole.deployable.version_key)


def _payload(whole: Chain) -> Iterator[Data]:
    yield from payload_filters(whole.deployable, whole.folder, followed=whole.followed)


def _own_payload(here: OnRoute) -> Data:
    return switched_on() if here.payload else {}


def _router(whole: Chain) -> Iterator[Data]:
    yield {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": ROUTER, "suppress_envoy_headers": True},
    }


FILTERS = (
    Filter("the client's path is noted for logs and traces", _path, _nothing),
    Filter("headers that only Envoy and the gateway may set are taken off", _door, _nothing),
    Filter("addresses are let in or turned away (403)", _addresses, _own_addresses),
    Filter("preflights are answered, and answers to scripts marked", _cors, _own_cors),
    Filter("each address's requests are counted (429)", _early_limits, _own_rate_limit),
    Filter("clients say who they are (401, 403)", _auth, _own_auth),
    Filter("each consumer's, each header's or all requests are counted (429)", _late_limits, _own_rate_limit),
    Filter("bodies that are too large are refused (413)", _body_limits, _own_body_limit),
    Filter("answers are compressed", _compression, _own_compression),
    Filter("headers of Envoy's own are taken off; answers say what they vary by", _headers_of_ours, _headers_of_cors),
    Filter("requests are held against the contract, aggregates composed", _payload, _own_payload),
    Filter("the version is taken off the query", _version, _nothing),
    Filter("a service is called", _router, _nothing),
)
