"""What a change of each field of auth and rate limits means: the part of the table that is about protection."""

from __future__ import annotations

from compiler.diff.entries import Compared, Entry, Ignored, Inside, Kind, Table, value
from compiler.diff.judging import (
    BREAKING,
    BROKEN_AND_WEAKER,
    RISKY,
    SAFE,
    WEAKER,
    duration,
    members,
    number,
    seconds,
    secret,
)
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RateLimit

AUTH = Kind("auth-changed", "Who may call.")
LIMIT = Kind("rate-limit-changed", "How often clients may call.")
_SECRET = ("secret-changed", "A reference to a secret leads elsewhere.")
_NAME = Ignored("it only names what the policy is made into")

AUTH_ENTRY = Inside(("auth",), AUTH, "auth", came=BREAKING, gone=WEAKER)
LIMIT_ENTRY = Inside(("rate_limit",), LIMIT, "rate limit", came=RISKY, gone=WEAKER)

_AUTH: dict[str, Entry] = {
    "policy": _NAME,
    "way": Inside((), AUTH, "the way of auth", other=BROKEN_AND_WEAKER),
}
_JWT: dict[str, Entry] = {
    "issuer": value(AUTH.rule, AUTH.says, "issuer of tokens", BROKEN_AND_WEAKER, "jwt.issuer"),
    "audiences": value(
        AUTH.rule,
        AUTH.says,
        "audiences of tokens",
        members(lost=BREAKING, won=WEAKER),
        "jwt.audiences",
        collection=True,
    ),
    "keys": Compared(AUTH, "keys of tokens", lambda old, new: BROKEN_AND_WEAKER, None, ("jwt",)),
    "scopes": value(
        AUTH.rule,
        AUTH.says,
        "scopes that tokens must have",
        members(lost=WEAKER, won=BREAKING),
        "jwt.require_scopes",
        collection=True,
    ),
    "clock_skew": value(AUTH.rule, AUTH.says, "tolerance of clocks", number(RISKY, WEAKER), "jwt.clock_skew", seconds),
}
_MTLS: dict[str, Entry] = {
    "authority": value(
        "secret-changed", "A reference to a secret leads elsewhere.", "authority of clients", WEAKER, "mtls.ca", secret
    ),
    "kind": value(AUTH.rule, AUTH.says, "names in certificates", BROKEN_AND_WEAKER, "mtls.subjects"),
    "subjects": value(
        AUTH.rule,
        AUTH.says,
        "subjects of certificates",
        members(lost=BREAKING, won=WEAKER),
        "mtls.subjects",
        collection=True,
    ),
}
_EXTERNAL: dict[str, Entry] = {
    "cluster": value(AUTH.rule, AUTH.says, "service that decides", WEAKER, "external.service"),
    "protocol": value(AUTH.rule, AUTH.says, "protocol of the service that decides", RISKY, "external.protocol"),
    "timeout": value(
        AUTH.rule, AUTH.says, "timeout of the service that decides", number(RISKY, SAFE), "external.timeout", duration
    ),
    "url": value(AUTH.rule, AUTH.says, "where the service is asked", WEAKER, "external.service"),
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
}
_LIMIT: dict[str, Entry] = {
    "policy": _NAME,
    "requests": value(LIMIT.rule, LIMIT.says, "requests", number(RISKY, WEAKER), "requests"),
    "per": value(LIMIT.rule, LIMIT.says, "time for the requests", number(WEAKER, RISKY), "per", duration),
    "by": value(LIMIT.rule, LIMIT.says, "requests are counted by", WEAKER, "by"),
    "overall": value(LIMIT.rule, LIMIT.says, "requests of all together", number(RISKY, WEAKER), "overall"),
    "cluster": value(LIMIT.rule, LIMIT.says, "service that counts", WEAKER, "distributed"),
}

PROTECTION: Table = {
    Auth: _AUTH,
    Jwt: _JWT,
    Basic: {
        "users": value(
            "secret-changed", "A reference to a secret leads elsewhere.", "users", WEAKER, "basic.users", secret
        )
    },
    Mtls: _MTLS,
    External: _EXTERNAL,
    ApiKey: _API_KEY,
    RateLimit: _LIMIT,
}
