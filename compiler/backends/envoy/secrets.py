"""Which host files and variables a deployable refers to, and the same deployable with others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from compiler.plan import Answer, ClientTls, Deployable, Policies, Rule, Secret, applied
from compiler.plan_policies import Auth, Basic, Mtls
from compiler.records import frozen

Use = Literal["certificate", "key", "authority", "users"]


@frozen
class HostSecret:
    """A secret on the gateway's host, and what it must be."""

    secret: Secret
    use: Use


def host_secrets(deployable: Deployable) -> tuple[HostSecret, ...]:
    """Every secret that Envoy will look for on its host, each once."""
    return tuple(dict.fromkeys(_secrets(deployable)))


def _secrets(deployable: Deployable) -> Iterator[HostSecret]:
    tls = deployable.listener.tls
    if tls is not None:
        yield HostSecret(tls.certificate, "certificate")
        yield HostSecret(tls.key, "key")
    for cluster in deployable.clusters:
        if cluster.tls is not None:
            uses: tuple[tuple[Secret | None, Use], ...] = (
                (cluster.tls.authority, "authority"),
                (cluster.tls.certificate, "certificate"),
                (cluster.tls.key, "key"),
            )
            for secret, use in uses:
                if secret is not None:
                    yield HostSecret(secret, use)
    for policies in applied(deployable):
        way = policies.auth.way if policies.auth is not None else None
        if isinstance(way, Basic):
            yield HostSecret(way.users, "users")
        elif isinstance(way, Mtls):
            yield HostSecret(way.authority, "authority")


def with_secrets(deployable: Deployable, replaced: Mapping[Secret, Secret]) -> Deployable:
    """The deployable with other references in the place of some."""

    def other(auth: Auth) -> Auth:
        way = auth.way
        if isinstance(way, Basic):
            return replace(auth, way=replace(way, users=replaced.get(way.users, way.users)))
        if isinstance(way, Mtls):
            return replace(auth, way=replace(way, authority=replaced.get(way.authority, way.authority)))
        return auth

    tls = deployable.listener.tls
    if tls is not None:
        tls = replace(
            tls,
            certificate=replaced.get(tls.certificate, tls.certificate),
            key=replaced.get(tls.key, tls.key),
        )
    return replace(
        with_auth(deployable, other),
        listener=replace(deployable.listener, tls=tls),
        clusters=tuple(
            replace(c, tls=_client_with(c.tls, replaced)) if c.tls is not None else c for c in deployable.clusters
        ),
    )


def with_auth(deployable: Deployable, other: Callable[[Auth], Auth]) -> Deployable:
    """The deployable with another ``auth`` in the place of each."""

    def changed(policies: Policies) -> Policies:
        return policies if policies.auth is None else replace(policies, auth=other(policies.auth))

    def rule(one: Rule) -> Rule:
        action = one.action
        if isinstance(action, Answer) or action.policies.auth is None:
            return one
        return replace(one, action=replace(action, policies=changed(action.policies)))

    if all(policies.auth is None for policies in applied(deployable)):
        return deployable
    return replace(deployable, policies=changed(deployable.policies), rules=tuple(map(rule, deployable.rules)))


def _client_with(tls: ClientTls, replaced: Mapping[Secret, Secret]) -> ClientTls:
    def other(secret: Secret | None) -> Secret | None:
        return None if secret is None else replaced.get(secret, secret)

    return replace(tls, authority=other(tls.authority), certificate=other(tls.certificate), key=other(tls.key))
