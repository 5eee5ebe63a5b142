"""What a change of each field of `auth` and `rate_limit` means: who is let in, and how often.

Whoever got in must still get in, or it breaks them; whoever did not and does now is a protection that is weaker.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from compiler.diff.entries import Coded, Entry, Found, Ignored, Inside, Kind, Table, value
from compiler.diff.judging import (
    BREAKING,
    BROKEN_AND_WEAKER,
    RISKY,
    WEAKER,
    duration,
    members,
    number,
    plain,
    seconds,
    secret,
    worst,
)
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RateLimit, RemoteKeys

AUTH = Kind("auth-changed", "How clients show who they are, and who is let in.")
LIMIT = Kind("rate-limit-changed", "How many requests are let through.")
_NAME = Ignored("the name of a policy reaches nobody")


def changed_keys(old: str | RemoteKeys, new: str | RemoteKeys) -> Iterator[Found]:
    """Tokens are believed that bear a signature by one of these keys, or by one that a service hands out."""
    if isinstance(old, str) and isinstance(new, str):
        before, after = _keys(old), _keys(new)
        gone, came = before - after, after - before
        if gone or came:
            said = [f"{len(gone)} gone"] if gone else []
            said += [f"{len(came)} new"] if came else []
            verdict = worst(([RISKY] if gone else []) + ([WEAKER] if came else []))
            yield Found(AUTH.rule, verdict, f"keys of the issuer: {', '.join(said)}")
    elif old != new:
        sides = [one.url if isinstance(one, RemoteKeys) else "a file of the project" for one in (old, new)]
        yield Found(AUTH.rule, WEAKER, f"keys of the issuer: from {sides[0]} -> {sides[1]}")


def _keys(text: str) -> set[str]:
    """The keys of a key set (RFC 7517), in whatever order."""
    found: Iterable[object] = json.loads(text).get("keys", ())
    return {json.dumps(key, sort_keys=True) for key in found}


_AUTH: dict[str, Entry] = {
    "policy": _NAME,
    "way": Inside((), AUTH, "auth", other=BROKEN_AND_WEAKER, show=lambda way: type(way).__name__.lower()),
}
_JWT: dict[str, Entry] = {
    "issuer": value(AUTH.rule, AUTH.says, "issuer of tokens", BROKEN_AND_WEAKER, "jwt.issuer"),
    "audiences": value(
        AUTH.rule, AUTH.says, "audiences of tokens", members(BREAKING, WEAKER), "jwt.audiences", collection=True
    ),
    "keys": Coded(changed_keys, (AUTH,), ("jwt",)),
    "scopes": value(
        AUTH.rule,
        AUTH.says,
        "scopes that a token must have",
        members(lost=WEAKER, won=BREAKING),
        "jwt.require_scopes",
        collection=True,
    ),
    "clock_skew": value(
        AUTH.rule, AUTH.says, "how far clocks may differ", number(RISKY, WEAKER), "jwt.clock_skew", seconds
    ),
}
_BASIC: dict[str, Entry] = {
    "users": value("secret-changed", "A reference to a secret leads elsewhere.", "users", WEAKER, "basic.users", secret)
}
_MTLS: dict[str, Entry] = {
    "authority": value(AUTH.rule, AUTH.says, "authority of clients' certificates", WEAKER, "mtls.ca", secret),
    "kind": Ignored("it follows from the subjects"),
    "subjects": value(
        AUTH.rule,
        AUTH.says,
        "names in clients' certificates",
        members(BREAKING, WEAKER),
        "mtls.subjects",
        collection=True,
    ),
}
_EXTERNAL: dict[str, Entry] = {
    "cluster": value(AUTH.rule, AUTH.says, "service that decides who may call", WEAKER, "external.service"),
    "protocol": value(AUTH.rule, AUTH.says, "how it is asked who may call", RISKY, "external.protocol"),
    "timeout": value(
        AUTH.rule, AUTH.says, "how long it may take to decide", number(RISKY, RISKY), "external.timeout", duration
    ),
    "url": value(AUTH.rule, AUTH.says, "where it is asked who may call", WEAKER, "external.service"),
}
_API_KEY: dict[str, Entry] = {
    "place": value(AUTH.rule, AUTH.says, "place of keys", BREAKING, "api_key.in"),
    "name": value(AUTH.rule, AUTH.says, "name of keys", BREAKING, "api_key.name"),
    "digests": value(
        AUTH.rule,
        AUTH.says,
        "keys that are let in",
        members(lost=BREAKING, won=WEAKER),
        "api_key.keys",
        collection=True,
    ),
    "variable": value(AUTH.rule, AUTH.says, "variable with the keys that are let in", WEAKER, "api_key.keys"),
}
_RATE_LIMIT: dict[str, Entry] = {
    "policy": _NAME,
    "requests": value(LIMIT.rule, LIMIT.says, "requests in each period", number(RISKY, WEAKER), "requests"),
    "per": value(LIMIT.rule, LIMIT.says, "period for requests", number(WEAKER, RISKY), "per", duration),
    "by": value(LIMIT.rule, LIMIT.says, "requests are counted by", WEAKER, "by"),
    "overall": value(LIMIT.rule, LIMIT.says, "requests of all together", number(RISKY, WEAKER), "overall"),
    "cluster": value(
        LIMIT.rule,
        LIMIT.says,
        "counted by",
        WEAKER,
        "distributed",
        lambda given: "each gateway for itself" if given is None else f"service {plain(given)}",
    ),
}
PROTECTION: Table = {
    Auth: _AUTH,
    Jwt: _JWT,
    Basic: _BASIC,
    Mtls: _MTLS,
    External: _EXTERNAL,
    ApiKey: _API_KEY,
    RateLimit: _RATE_LIMIT,
}


def _way(auth: Auth | None) -> str:
    return "none" if auth is None else type(auth.way).__name__.lower()


def _rate(limit: RateLimit | None) -> str:
    return "none" if limit is None else f"{limit.requests} requests per {duration(limit.per)} by {limit.by}"


AUTH_ENTRY = Inside(("auth",), AUTH, "auth", came=BREAKING, gone=WEAKER, show=_way)
LIMIT_ENTRY = Inside(("rate_limit",), LIMIT, "rate limit", came=RISKY, gone=WEAKER, show=_rate)
