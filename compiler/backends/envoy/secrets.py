"""Which host files and variables a deployable refers to, and the same deployable with others in their place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from compiler.plan import Deployable, Secret

Use = Literal["certificate", "key"]


@dataclass(frozen=True, slots=True)
class HostSecret:
    """A secret on the gateway's host, and what it must be."""

    secret: Secret
    use: Use


def host_secrets(deployable: Deployable) -> tuple[HostSecret, ...]:
    """Every secret that Envoy will look for on its host."""
    tls = deployable.listener.tls
    if tls is None:
        return ()
    return HostSecret(tls.certificate, "certificate"), HostSecret(tls.key, "key")


def with_secrets(deployable: Deployable, replaced: dict[Secret, Secret]) -> Deployable:
    """The deployable with other references in the place of some."""
    tls = deployable.listener.tls
    if tls is None:
        return deployable
    changed = replace(
        tls,
        certificate=replaced.get(tls.certificate, tls.certificate),
        key=replaced.get(tls.key, tls.key),
    )
    return replace(deployable, listener=replace(deployable.listener, tls=changed))
