"""Requests a second through built gateways with few and many routes, against one route written by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.load import Load, request
from bench.projects import OPERATIONS, write_project
from compiler import pipeline
from compiler.backends.envoy import static
from compiler.local.envoy import Running, find_envoy, start
from compiler.local.ports import free_port
from compiler.paths import PathTemplate
from compiler.plan import Answer, Deployable, Forward, Rule
from compiler.records import frozen
from compiler.source import Source
from compiler.yaml_text import dump

DAY = date(2026, 1, 1)


@frozen
class Routed:
    """One gateway: its number of routes, and the rate of the first, middle and last as a share of the one route's."""

    versioning: str
    routes: int
    shares: Mapping[str, float]


def measure(contracts: Sequence[int], seconds: float, rounds: int) -> tuple[float, list[Routed]]:
    """The one route's requests a second, and each gateway's shares of it, as medians of the rounds.

    The one route is measured before and after each other, so that whatever else the machine does meets both. Raises
    RuntimeError without an Envoy.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = free_port()
        stack.enter_context(running(static(_answering(upstream)), folder / "upstream"))
        targets: list[tuple[str, int, str, Load]] = []
        for in_header in (False, True):
            for number in contracts:
                made = _gateway(folder / f"{number}-{in_header}", number, upstream, in_header=in_header)
                stack.enter_context(running(static(made), folder / f"envoy-{number}-{in_header}"))
                kind = "header" if in_header else "path"
                routes = sum(isinstance(rule.action, Forward) for rule in made.rules)
                targets += [(kind, routes, place, load) for place, load in _loads(made, in_header=in_header)]
        alone = _by_hand(made, upstream)
        stack.enter_context(running(static_with_one_route(alone), folder / "alone"))
        by_hand = Load(alone.listener.port, request("/orders/7"))
        base = [by_hand.rate(seconds)]
        shares: dict[tuple[str, int], dict[str, list[float]]] = {}
        for _ in range(rounds):
            for kind, routes, place, load in targets:
                rate = load.rate(seconds)
                base.append(by_hand.rate(seconds))
                shares.setdefault((kind, routes), {}).setdefault(place, []).append(rate / mean(base[-2:]))
        return median(base), [
            Routed(kind, routes, {place: median(each) for place, each in places.items()})
            for (kind, routes), places in shares.items()
        ]


def _answering(port: int) -> Deployable:
    """An Envoy in the services' place: it answers everything at once."""
    where = Source("bench", "").span(0, 0)
    rule = Rule("all", None, None, None, Answer(200, (("content-type", "application/json"),), '{"id": "7"}'), where)
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), 1)
        (made,) = planned(Path(folder))
    return replace(made, rules=(rule,), clusters=(), listener=replace(made.listener, port=port), admin_port=0)


def planned(folder: Path) -> tuple[Deployable, ...]:
    """The deployables of a sound project."""
    outcome = pipeline.validate(folder, DAY)
    assert outcome.checked is not None, outcome.diagnostics[:3]
    return pipeline.plan(outcome).deployables


def _gateway(folder: Path, contracts: int, upstream: int, *, in_header: bool) -> Deployable:
    write_project(folder, contracts, "json", in_header=in_header)
    (made,) = planned(folder)
    clusters = tuple(replace(c, endpoints=tuple(replace(e, port=upstream) for e in c.endpoints)) for c in made.clusters)
    return replace(made, listener=replace(made.listener, port=free_port()), clusters=clusters, admin_port=0)


def _loads(made: Deployable, *, in_header: bool) -> Iterator[tuple[str, Load]]:
    reading = [
        rule
        for rule in made.rules
        if isinstance(rule.action, Forward) and rule.methods == ("GET", "HEAD") and rule.path is not None
    ]
    for place, rule in (("first", reading[0]), ("middle", reading[len(reading) // 2]), ("last", reading[-1])):
        assert rule.path is not None
        assert isinstance(rule.action, Forward)
        headers = {"x-api-version": rule.action.version[0]} if in_header else {}
        yield place, Load(made.listener.port, request(filled(rule.path), headers))


def filled(path: PathTemplate) -> str:
    """A path with `7` in the place of each parameter."""
    return "/" + "/".join("".join(part if i % 2 == 0 else "7" for i, part in enumerate(s.parts)) for s in path.segments)


def _by_hand(made: Deployable, upstream: int) -> Deployable:
    cluster = replace(made.clusters[0], name="echo")
    return replace(made, rules=(), clusters=(cluster,), listener=replace(made.listener, port=free_port()))


def static_with_one_route(made: Deployable) -> dict[str, Any]:
    """The same bootstrap and connection manager, with one route as a person would write it."""
    data = static(made)
    (chain,) = data["static_resources"]["listeners"][0]["filter_chains"]
    routes = chain["filters"][0]["typed_config"]["route_config"]
    route = {"match": {"path": "/orders/7"}, "route": {"cluster": "echo", "timeout": "15s"}}
    routes["virtual_hosts"] = [{"name": "one", "domains": ["*"], "routes": [route]}]
    return data


@contextmanager
def running(data: dict[str, Any], folder: Path, *, workers: int = 2) -> Iterator[Running]:
    """An Envoy with this configuration, until the end of the block. Raises RuntimeError without one."""
    binary = find_envoy()
    if binary is None:
        raise RuntimeError("there is no Envoy on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "envoy.yaml").write_text(dump(data), encoding="utf-8")
    made = start(binary, folder.name, folder / "envoy.yaml", folder, workers=workers)
    try:
        yield made
    finally:
        made.stop()


def table(one: float, measured: Sequence[Routed]) -> str:
    """The gateways as a Markdown table."""
    lines = [
        f"One route written by hand: {one:,.0f} requests a second. As a share of that:",
        "",
        "| version in | routes | first | middle | last |",
        "|---|---|---|---|---|",
    ]
    for routed in measured:
        shares = " | ".join(f"{routed.shares[place]:.0%}" for place in ("first", "middle", "last"))
        lines.append(f"| {routed.versioning} | {routed.routes:,} | {shares} |")
    return "\n".join(lines)


def contracts_for(routes: int) -> int:
    """How many contracts give about so many routes."""
    return max(1, routes // OPERATIONS)
