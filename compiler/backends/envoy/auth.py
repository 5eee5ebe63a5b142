"""Who may call: for each policy with ``auth`` a few filters, on where it applies and off elsewhere.

They are all in the chain, so that what a policy says stands once, and what it keeps is shared by its routes. A
gateway's own is on unless a route switches it off: where a route says nothing, or there is none, the gateway's holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from compiler.backends.envoy.modules import wasm
from compiler.backends.envoy.types import (
    BASIC_AUTH,
    EXT_AUTHZ,
    HEADER_MUTATION,
    JWT_AUTHN,
    MTLS_PRINCIPAL,
    RBAC,
    Data,
    data_source,
    seconds,
)
from compiler.paths import escape_re2
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RemoteKeys

CONSUMER = "x-gatewright-consumer"
"""The header that tells a service who calls; what a client says there is taken off before anything looks at it."""
_JWT_AUTHN = "envoy.filters.http.jwt_authn"
_KEYS_TIMEOUT = 5_000
_KEYS_KEPT = 600_000
"""Milliseconds for the fetch of a key set, and after which it is fetched anew."""


def auth_filters(auth: Auth, module: str = "") -> Iterator[Data]:
    """The filters of a policy, in their order, each by name and configuration.

    ``module`` is the payload module's file on the gateway's host, where it is needed.
    """
    way = auth.way
    if isinstance(way, Jwt):
        yield _filter(auth, "auth", _jwt(auth.policy, way))
        yield _filter(auth, "auth.token", _token(auth.policy, way))
    elif isinstance(way, Basic):
        users = {"@type": BASIC_AUTH, "users": data_source(way.users), "forward_username_header": CONSUMER}
        yield _filter(auth, "auth", users)
        yield _filter(auth, "auth.one", _let_in([_one_credential(r"(?i:basic) [A-Za-z0-9+/]+={0,2}")]))
    elif isinstance(way, Mtls):
        yield _filter(auth, "auth", _let_in([_any_of([_certified(way.kind, subject) for subject in way.subjects])]))
        yield _filter(auth, "auth.consumer", _consumer(way))
    elif isinstance(way, ApiKey):
        yield _filter(auth, "auth", _key(auth.policy, way, module))
    else:
        yield _filter(auth, "auth", _external(way))
    told_by = way.name if isinstance(way, ApiKey) else "authorization"
    if not isinstance(way, Mtls) and not (isinstance(way, ApiKey) and way.place == "query"):
        vary = {"header": {"key": "vary", "value": told_by}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
        mutations = {"response_mutations": [{"append": vary}]}
        yield _filter(auth, "auth.vary", {"@type": HEADER_MUTATION, "mutations": mutations})


def _filter(auth: Auth, what: str, config: Data) -> Data:
    return {"name": f"gatewright.{what}.{auth.policy}", "typed_config": config}


def _jwt(policy: str, way: Jwt) -> Data:
    """Tokens are looked for in ``Authorization`` alone: in a URL they would get into logs. They must end some day."""
    keys: Data
    if isinstance(way.keys, RemoteKeys):
        fetched = {"uri": way.keys.url, "cluster": way.keys.cluster, "timeout": seconds(_KEYS_TIMEOUT)}
        keys = {"remote_jwks": {"http_uri": fetched, "cache_duration": seconds(_KEYS_KEPT), "async_fetch": {}}}
    else:
        keys = {"local_jwks": {"inline_string": way.keys}}
    provider = {
        "issuer": way.issuer,
        "audiences": list(way.audiences),
        **keys,
        "forward": True,
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "claim_to_headers": [{"header_name": CONSUMER, "claim_name": "sub"}],
        "payload_in_metadata": _token_of(policy),
        "clock_skew_seconds": way.clock_skew,
        "require_expiration": True,
    }
    rules = [{"match": {"prefix": "/"}, "requires": {"provider_name": policy}}]
    return {"@type": JWT_AUTHN, "providers": {policy: provider}, "rules": rules}


def _token(policy: str, way: Jwt) -> Data:
    """One token alone, as a service might read another than Envoy did, and all scopes."""
    one = _one_credential(r"Bearer [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
    return _let_in([one, *(_scope(policy, scope) for scope in way.scopes)])


def _scope(policy: str, scope: str) -> Data:
    """A scope among others in one text (RFC 8693 section 4.2), or in a list, as some issuers write it."""
    one = {"exact": scope}
    texts = (
        one,
        {"prefix": f"{scope} "},
        {"suffix": f" {scope}"},
        {"contains": f" {scope} "},
    )
    values: list[Data] = [{"string_match": text} for text in texts]
    values.append({"list_match": {"one_of": {"string_match": one}}})
    return _any_of(
        [
            {"sourced_metadata": {"metadata_matcher": {"filter": _JWT_AUTHN, "path": path, "value": value}}}
            for claim in ("scope", "scp")
            for path in ([{"key": _token_of(policy)}, {"key": claim}],)
            for value in values
        ]
    )


def _one_credential(pattern: str) -> Data:
    """Envoy joins headers of one name with commas, so that two do not match."""
    return {"header": {"name": "authorization", "string_match": {"safe_regex": {"regex": pattern}}}}


def _certified(kind: str, subject: str) -> Data:
    """A certificate that the listener's authority issued, with an alternative name that matches."""
    if "*" in subject:
        pieces = [escape_re2(piece) for piece in subject.split("*")]
        matcher: Data = {"safe_regex": {"regex": ".*".join(pieces)}}
    else:
        matcher = {"exact": subject}
    san = {"san_type": kind, "matcher": matcher}
    config = {"@type": MTLS_PRINCIPAL, "san_matcher": san}
    return {"custom": {"name": "envoy.rbac.principals.mtls_authenticated", "typed_config": config}}


def _consumer(way: Mtls) -> Data:
    """Who calls is what the certificate says of the kind that was looked for; several are joined with commas."""
    value = f"%DOWNSTREAM_PEER_{way.kind}_SAN%"
    told = {"header": {"key": CONSUMER, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return {"@type": HEADER_MUTATION, "mutations": {"request_mutations": [{"append": told}]}}


def _key(policy: str, way: ApiKey, module: str) -> Data:
    """Envoy's own filter for keys wants the keys themselves, so the payload module looks at digests."""
    keys: Data = {"in": way.place, "name": way.name}
    keys |= {"variable": way.variable} if way.variable else {"digests": [list(one) for one in way.digests]}
    return wasm(f"keys.{policy}", json.dumps({"keys": keys}, separators=(",", ":")), module, way.variable)


def _external(way: External) -> Data:
    """A service decides by all headers and no body. It adds headers of ours alone; without its word nobody gets in."""
    asked: Data
    if way.protocol == "grpc":
        asked = {
            "grpc_service": {"envoy_grpc": {"cluster_name": way.cluster}, "timeout": seconds(way.timeout)},
            "transport_api_version": "V3",
        }
    else:
        asked = {
            "http_service": {
                "server_uri": {"uri": way.url, "cluster": way.cluster, "timeout": seconds(way.timeout)},
                **({"path_prefix": path} if (path := _path_of(way.url)) else {}),
                "authorization_response": {
                    "allowed_upstream_headers": {"patterns": [{"prefix": "x-gatewright-"}]},
                    "allowed_client_headers": {
                        "patterns": [{"exact": name} for name in ("www-authenticate", "retry-after", "location")]
                    },
                },
            },
            "allowed_headers": {"patterns": [{"safe_regex": {"regex": ".*"}}]},
        }
    return {
        "@type": EXT_AUTHZ,
        **asked,
        "failure_mode_allow": False,
        "status_on_error": {"code": "ServiceUnavailable"},
        "validate_mutations": True,
        "decoder_header_mutation_rules": {
            "disallow_all": True,
            "allow_expression": {"regex": "x-gatewright-.*"},
        },
    }


def _path_of(url: str) -> str:
    return "/".join(["", *url.split("/")[3:]]).rstrip("/")


def _let_in(conditions: list[Data]) -> Data:
    """Those of whom all conditions hold."""
    principal = conditions[0] if len(conditions) == 1 else {"and_ids": {"ids": conditions}}
    policy = {"permissions": [{"any": True}], "principals": [principal]}
    return {"@type": RBAC, "rules": {"action": "ALLOW", "policies": {"auth": policy}}}


def _any_of(conditions: list[Data]) -> Data:
    return conditions[0] if len(conditions) == 1 else {"or_ids": {"ids": conditions}}


def insufficient_scope(policy: str) -> str:
    """An expression that holds for the refusal of a sound token: who is refused sooner has none noted."""
    noted = f'metadata.filter_metadata["{_JWT_AUTHN}"]'
    asked = f'"{_JWT_AUTHN}" in metadata.filter_metadata && "{_token_of(policy)}" in {noted}'
    return f'response.code_details.startsWith("rbac_access_denied") && {asked}'


def _token_of(policy: str) -> str:
    """The name of a token's payload in what Envoy keeps of a request."""
    return f"token.{policy}"


def scope_challenge(scopes: tuple[str, ...]) -> str:
    """What a token that lacks a scope is answered in ``WWW-Authenticate`` (RFC 6750 section 3.1)."""
    return f'Bearer error="insufficient_scope", scope={json.dumps(" ".join(scopes))}'
