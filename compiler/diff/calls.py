"""What clients can call at a deployable, named so that two revisions can be laid beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.plan import Compose, Deployable, Forward, Rule
from compiler.records import frozen

Key = tuple[str, str, str]
"""Method, shape of the path behind the version, and version: no two operations of a deployable share all three."""


@frozen
class Call:
    """An operation in one version, as clients call it."""

    key: Key
    name: str
    """``GET /v2/orders/{id}``; where the version does not stand in the path, ``GET /orders/{id} (version 2)``."""
    label: str
    rule: Rule
    action: Forward | Compose

    @property
    def own(self) -> tuple[str, str, str, str]:
        """What it is in its contract, wherever it is exposed: contract, version, method and the shape of its path."""
        return self.action.contract, self.label, self.key[0], self.own_path

    @property
    def own_path(self) -> str:
        """The shape of the path in the contract."""
        assert self.rule.path is not None
        return self.rule.path.shape[len(self.action.strip) :]

    @property
    def at(self) -> str:
        """What clients write before the contract's own path, behind the version."""
        return self.key[1][: len(self.key[1]) - len(self.own_path)] or "/"


@frozen
class Offer:
    """All calls of a deployable, and the version that requests without one get, by contract."""

    calls: Mapping[Key, Call]
    defaults: Mapping[str, str]
    also: frozenset[Key]
    """What is answered besides, by an operation of another method: HEAD, by that of GET."""


def offered(deployable: Deployable) -> Offer:
    """What clients of a deployable can call."""
    labels = {(e.contract, e.version): e.label for e in deployable.exposed}
    prefixes = {(e.contract, e.version, e.prefix) for e in deployable.exposed}
    in_path = deployable.version_key.source == "path"
    calls: dict[Key, Call] = {}
    defaults: dict[str, str] = {}
    also: set[Key] = set()
    for rule, action in _served(deployable):
        label = labels[action.contract, action.version]
        if in_path and (action.contract, action.version, action.strip) not in prefixes:
            defaults[action.contract] = label
            continue
        if rule.version is not None and rule.version.absent:
            defaults[action.contract] = label
        assert rule.path is not None
        path = rule.path.shape[len(f"/v{label}") :] if in_path else rule.path.shape
        method, *others = rule.methods or ("*",)
        name = f"{method} {rule.path}" + ("" if in_path else f" (version {label})")
        key = (method, path or "/", label)
        calls[key] = Call(key, name, label, rule, action)
        also.update((other, *key[1:]) for other in others)
    return Offer(calls, defaults, frozenset(also))


def _served(deployable: Deployable) -> Iterator[tuple[Rule, Forward | Compose]]:
    for rule in deployable.rules:
        if isinstance(rule.action, (Forward, Compose)):
            yield rule, rule.action
