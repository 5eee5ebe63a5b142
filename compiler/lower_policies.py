"""What protects: ``auth`` and ``rate_limit`` as the plan has them, with the files and services that they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from compiler.files import Library
from compiler.key_digests import read_digests
from compiler.key_sets import read_key_set
from compiler.lower_services import lower_secret
from compiler.model import policies as model
from compiler.model.gateways import Gateway, OperationSettings
from compiler.model.services import Service
from compiler.plan import Policies, Secret, is_address
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RateLimit, RemoteKeys
from compiler.policies import Effective, effective, kind_of_name
from compiler.workspace import Exposure, Workspace

MOST = 2**32 - 1
"""The largest bucket that Envoy takes."""
USUAL_OVERALL = 100
"""How many times ``requests`` all together may come to, where a project says nothing of it."""


def protected(workspace: Workspace, policies: Effective) -> Policies:
    """All that filters do for an operation, or for a gateway as a whole."""
    auth, limit = policies.auth, policies.rate_limit
    made = policies.filters
    if isinstance(auth, model.Auth) and policies.auth_origin is not None:
        made = replace(made, auth=_auth(workspace, policies.auth_origin.policy, auth))
    if limit is not None and policies.rate_limit_origin is not None:
        made = replace(made, rate_limit=_rate_limit(policies.rate_limit_origin.policy, limit))
    return made


def called_by(policies: Policies) -> Iterator[str]:
    """The services that filters call."""
    way = policies.auth.way if policies.auth is not None else None
    if isinstance(way, External):
        yield way.cluster
    if isinstance(way, Jwt) and isinstance(way.keys, RemoteKeys):
        yield way.keys.cluster
    if policies.rate_limit is not None and policies.rate_limit.cluster is not None:
        yield policies.rate_limit.cluster


def by_settings_of(
    workspace: Workspace, gateway: Gateway, exposure: Exposure
) -> dict[OperationSettings | None, Effective]:
    """What applies to operations by what is said of them alone, complete."""
    made = {}
    for settings in {exposed.settings for exposed in exposure.operations}:
        found = effective(workspace.project, gateway, exposure.expose, settings)
        made[settings] = replace(found, filters=protected(workspace, found))
    return made


def security(workspace: Workspace, gateway: Gateway, exposure: Exposure) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The schemes of an exposure's operations by their keys: a policy's name, and the scopes that it wants."""
    made = {}
    by_settings = by_settings_of(workspace, gateway, exposure)
    for exposed in exposure.operations:
        found = by_settings[exposed.settings]
        if isinstance(found.auth, model.Auth) and found.auth_origin is not None:
            made[exposed.operation.key] = (found.auth_origin.policy, _scheme(found.auth)[1])
    return made


def security_schemes(
    workspace: Workspace, gateway: Gateway, exposures: Iterable[Exposure]
) -> dict[str, dict[str, Any]]:
    """The security schemes that apply to anything exposed, by the policies that say so."""
    found = [p for e in exposures for p in by_settings_of(workspace, gateway, e).values()]
    used = {p.auth_origin.policy: _scheme(p.auth)[0] for p in found if isinstance(p.auth, model.Auth) and p.auth_origin}
    return {name: used[name] for name in sorted(used)}


def _scheme(auth: model.Auth) -> tuple[dict[str, Any], tuple[str, ...]]:
    """An ``auth`` as a security scheme of OpenAPI 3.1, and the scopes that it wants."""
    if auth.jwt is not None:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, tuple(sorted(auth.jwt.require_scopes))
    if auth.basic is not None:
        return {"type": "http", "scheme": "basic"}, ()
    if auth.mtls is not None:
        return {"type": "mutualTLS"}, ()
    if auth.api_key is not None:
        return {"type": "apiKey", "in": auth.api_key.in_, "name": auth.api_key.name}, ()
    said = "Another service decides who may call, by what a request bears."
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": said}, ()


def _auth(workspace: Workspace, policy: str, auth: model.Auth) -> Auth | None:
    if auth.jwt is not None:
        return Auth(policy, _jwt(workspace, auth.jwt))
    if auth.basic is not None:
        return Auth(policy, Basic(lower_secret(auth.basic.users)))
    if auth.mtls is not None:
        subjects = tuple(sorted(auth.mtls.subjects))
        return Auth(policy, Mtls(Secret("file", auth.mtls.ca), kind_of_name(subjects[0]), subjects))
    if auth.external is not None:
        external = auth.external
        url = _url(workspace.project.services[external.service], "")
        return Auth(policy, External(external.service, external.protocol, external.timeout, url))
    if auth.api_key is not None:
        key = auth.api_key
        found = read_digests(workspace.library, key.keys)
        assert isinstance(found, tuple)  # else a check found why not
        name = key.name.lower() if key.in_ == "header" else key.name
        return Auth(policy, ApiKey(key.in_, name, found, key.keys.env))
    return None


def _jwt(workspace: Workspace, jwt: model.Jwt) -> Jwt:
    return Jwt(
        issuer=jwt.issuer,
        audiences=tuple(sorted(jwt.audiences)),
        keys=_keys(workspace, jwt),
        scopes=tuple(sorted(jwt.require_scopes)),
        clock_skew=-(-jwt.clock_skew // 1000),
    )


def _keys(workspace: Workspace, jwt: model.Jwt) -> str | RemoteKeys:
    if jwt.jwks is not None:
        return RemoteKeys(jwt.jwks.service, _url(workspace.project.services[jwt.jwks.service], jwt.jwks.path))
    return _key_set(workspace.library, jwt)


def _key_set(library: Library, jwt: model.Jwt) -> str:
    keys = read_key_set(library, jwt)
    assert isinstance(keys, dict)  # else a check found why not
    return json.dumps(keys, separators=(",", ":"), sort_keys=True)


def _url(service: Service, path: str) -> str:
    """Where a service has something, as far as a request to it says: its name, and a path below its own."""
    host = service.endpoints[0].host
    named = service.tls.server_name if service.tls is not None and service.tls.server_name is not None else host
    authority = f"[{named}]" if is_address(named) and ":" in named else named
    return f"{'https' if service.tls is not None else 'http'}://{authority}{service.base_path.rstrip('/')}{path}"


def _rate_limit(policy: str, limit: model.RateLimit) -> RateLimit:
    distributed = limit.distributed
    together = limit.by == "global" and distributed is None
    usual = limit.requests if together else min(limit.requests * USUAL_OVERALL, MOST)
    return RateLimit(
        policy=policy,
        requests=limit.requests,
        per=limit.per,
        by=limit.by.lower() if limit.by.startswith("header:") else limit.by,
        overall=limit.overall or usual,
        cluster=distributed.service if distributed is not None else None,
    )
