"""The routing table of a deployable, arranged as a tree and answered from.

A table (``Deployable.rules``) is a plain list that is read from the top. Reading a long list is slow, so backends ask
for the tree: literal prefixes, each with the few rules that a path under it can still meet, in the table's order.
``test_routing.py`` holds the two to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compiler.plan import Deployable, Rule, VersionKey, VersionTest


@dataclass(frozen=True, slots=True)
class Request:
    """What routing looks at. ``path`` is normalized and has no query; header names are in lower case."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The rules for paths whose longest known prefix is ``prefix``, in the table's order."""

    prefix: str
    rules: tuple[Rule, ...]


def tree(rules: Iterable[Rule]) -> tuple[Leaf, ...]:
    """Leaves sorted by prefix; a path is decided in the leaf with the longest prefix that it starts with.

    Every rule with a path stands in the leaf of its own literal prefix and in each leaf below which its paths reach;
    rules without a path stand in every leaf and, as the leaf ``/``, decide what has no other.
    """
    table = list(rules)
    prefixes = sorted({"/", *(rule.path.literal_prefix for rule in table if rule.path is not None)})
    by_prefix: dict[str, list[tuple[int, Rule]]] = {}
    everywhere: list[tuple[int, Rule]] = []
    for numbered in enumerate(table):
        path = numbered[1].path
        if path is None:
            everywhere.append(numbered)
        else:
            by_prefix.setdefault(path.literal_prefix, []).append(numbered)
    leaves = []
    above: list[str] = []  # the known prefixes that the current one starts with, shortest first
    for prefix in prefixes:
        while above and not prefix.startswith(above[-1]):
            above.pop()
        held = list(everywhere)
        held += by_prefix.get(prefix, ())
        for shorter in above:
            held += [n for n in by_prefix.get(shorter, ()) if n[1].path is not None and n[1].path.reaches(prefix)]
        above.append(prefix)
        leaves.append(Leaf(prefix, tuple(rule for _, rule in sorted(held, key=lambda n: n[0]))))
    return tuple(leaves)


def holds_host(deployable: Deployable, host: str) -> bool:
    """Whether the deployable answers for a Host header, whose port does not count."""
    name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    name = name.lower()
    return any(h == "*" or h == name or (h.startswith("*.") and name.endswith(h[1:])) for h in deployable.hosts)


def requested_version(key: VersionKey, request: Request) -> str | None:
    """The version that a request names as its client wrote it; None where it names none (or not beside the path)."""
    if key.source == "header" and key.name is not None:
        return request.headers.get(key.name) or None
    return None


def version_holds(test: VersionTest | None, version: str | None) -> bool:
    """Whether a version test holds for what the request names."""
    if test is None:
        return True
    if version is None:
        return test.absent
    return version.removeprefix("v") in test.labels


def answer(deployable: Deployable, request: Request) -> Rule | None:
    """The rule that decides a request; None where no rule does, which is a 404."""
    if not holds_host(deployable, request.host):
        return None
    version = requested_version(deployable.version_key, request)
    for rule in deployable.rules:
        if rule.methods is not None and request.method not in rule.methods:
            continue
        if not version_holds(rule.version, version):
            continue
        if rule.path is None or rule.path.matches(request.path):
            return rule
    return None
