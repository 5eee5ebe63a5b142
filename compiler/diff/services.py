"""Services of two revisions laid beside each other: those of one name, and those that only bear another name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from compiler.diff.entries import Found, Kind, bare, rewritten
from compiler.diff.judging import RISKY, SAFE
from compiler.plan import Cluster, Deployable

RENAMED = Kind("service-renamed", "A service bears another name.")
REPLACED = Kind("service-replaced", "Another service does what one did.")


def renamed(old: Deployable, new: Deployable) -> dict[str, str]:
    """Services that are gone, each with the new one that takes its place.

    That is the one which is the same but for its name, or which does the same work; where several are, the one that
    does the same work, and then the first by name.
    """
    here, there = _by_name(old), _by_name(new)
    gone, came = sorted(here.keys() - there.keys()), sorted(there.keys() - here.keys())
    if not gone or not came:
        return {}
    work, work_now = _work(old), _work(new)
    pairs: dict[str, str] = {}

    def settle(same: Mapping[str, Any], same_now: Mapping[str, Any]) -> None:
        for name in gone:
            free = [other for other in came if other not in pairs.values() and same_now[other] == same[name]]
            if name not in pairs and free:
                pairs[name] = free[0]

    form = {name: bare(replace(here[name], name="")) for name in gone}
    form_now = {name: bare(replace(there[name], name="")) for name in came}
    settle({n: (form[n], work[n]) for n in gone}, {n: (form_now[n], work_now[n]) for n in came})
    settle({n: work[n] for n in gone}, {n: work_now[n] for n in came})
    settle(form, form_now)
    return pairs


def told(old: Deployable, new: Deployable, pairs: Mapping[str, str]) -> Iterator[tuple[str, Found]]:
    """A change for each service that bears another name, by the name that it bears now."""
    here, there = _by_name(old), _by_name(new)
    for before, after in sorted(pairs.items()):
        alike = bare(replace(here[before], name="")) == bare(replace(there[after], name=""))
        if alike:
            yield after, Found(RENAMED.rule, SAFE, f"service `{before}` is named `{after}` now")
        else:
            yield after, Found(REPLACED.rule, RISKY, f"service `{before}` is replaced by `{after}`")


def with_names(value: Any, pairs: Mapping[str, str]) -> Any:
    """A value of the plan in which clusters bear their new names."""

    def named(one: Any) -> Any:
        if isinstance(one, Cluster):
            return replace(one, name=pairs.get(one.name, one.name))
        cluster = getattr(one, "cluster", None)
        return replace(one, cluster=pairs[cluster]) if isinstance(cluster, str) and cluster in pairs else one

    return rewritten(value, named)


def _by_name(deployable: Deployable) -> dict[str, Cluster]:
    return {cluster.name: cluster for cluster in deployable.clusters}


def _work(deployable: Deployable) -> dict[str, Any]:
    """What each service does: where it stands among the plan's values, with its share."""
    found: dict[str, set[Any]] = {cluster.name: set() for cluster in deployable.clusters}
    for rule in deployable.rules:
        path = rule.path.shape if rule.path is not None else ""
        _collect(rule.action, (path, rule.methods, rule.version), found)
    for aggregate in deployable.aggregates:
        _collect(aggregate, (aggregate.name,), found)
    return found


def _collect(value: Any, at: tuple[Any, ...], found: dict[str, set[Any]]) -> None:
    if isinstance(value, tuple):
        for one in value:
            if is_dataclass(one):
                _collect(one, at, found)
        return
    if not is_dataclass(value) or not type(value).__module__.startswith(("compiler.plan", "compiler.composed")):
        return
    for field in fields(value):
        inner = getattr(value, field.name)
        if field.name == "cluster" and inner in found:
            share = getattr(value, "weight", None)
            found[inner].add((*at, type(value).__name__, share))
        elif isinstance(inner, tuple) or is_dataclass(inner):
            _collect(inner, (*at, getattr(value, "name", "")), found)
