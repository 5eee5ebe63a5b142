"""What clients say on a laptop: tokens, passwords, keys and certificates, made up, and what is held against them.

Nobody has the private half of an issuer's keys, nor other people's passwords. So in the place of each key set, file of
users and authority stands one of ours, and whoever runs a project can call it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from compiler.backends.envoy.secrets import with_auth
from compiler.plan import Deployable, Secret, applied
from compiler.plan_policies import ApiKey, Auth, Basic, Jwt, Mtls
from compiler.records import frozen
from compiler.throwaway import USER, Pair, api_key, basic, key_set, pair, token, users

_LASTS = 7 * 86_400
"""Seconds for which a token is good."""


@frozen
class Credential:
    """What a call bears: headers by name, and options of curl."""

    headers: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    query: tuple[str, str] | None = None
    """A parameter by name and value."""


NOTHING = Credential()


def with_local_credentials(deployable: Deployable, folder: Path) -> tuple[Deployable, dict[str, Credential]]:
    """The deployable with what is held against credentials of ours, and these by policy; files are in ``folder``."""

    def other(auth: Auth) -> Auth:
        way = auth.way
        if isinstance(way, Jwt):
            return replace(auth, way=replace(way, keys=key_set()))
        if isinstance(way, Basic):
            return replace(auth, way=Basic(Secret("file", str(_written(folder / "users", users().encode())))))
        if isinstance(way, Mtls):
            authority = _written(folder / "clients.pem", pair((USER,)).authority)
            return replace(auth, way=replace(way, authority=Secret("file", str(authority))))
        if isinstance(way, ApiKey):
            return replace(auth, way=replace(way, digests=((USER, api_key()[1]),), variable=None))
        return auth

    found = {policies.auth for policies in applied(deployable) if policies.auth is not None}
    made = {auth.policy: _credential(auth, folder) for auth in sorted(found, key=lambda a: a.policy)}
    return with_auth(deployable, other), made


def _credential(auth: Auth, folder: Path) -> Credential:
    way = auth.way
    if isinstance(way, Jwt):
        return Credential({"authorization": f"Bearer {token(_claims(way))}"})
    if isinstance(way, Basic):
        return Credential({"authorization": f"Basic {basic()}"})
    if isinstance(way, ApiKey):
        key = api_key()[0]
        return Credential({way.name: key}) if way.place == "header" else Credential(query=(way.name, key))
    if isinstance(way, Mtls):
        mine = pair((way.subjects[0].replace("*", "any"),))
        return Credential(options=tuple(_shown(mine, folder / auth.policy)))
    return NOTHING


def _claims(way: Jwt) -> dict[str, object]:
    now = int(time.time())
    claims = {"iss": way.issuer, "aud": way.audiences[0], "sub": USER, "iat": now, "exp": now + _LASTS}
    return claims | ({"scope": " ".join(way.scopes)} if way.scopes else {})


def _shown(mine: Pair, folder: Path) -> Iterator[str]:
    yield from ("--cert", str(_written(folder / "certificate.pem", mine.certificate)))
    yield from ("--key", str(_written(folder / "key.pem", mine.key)))


def _written(path: Path, data: bytes) -> Path:
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(data)
    return path
