"""Requests a second through a gateway that changes answers, against the same gateway that passes them on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.load import Load, request
from bench.projects import write_project
from bench.routing import planned, running
from compiler.backends.envoy import payload, static
from compiler.composed import Constant
from compiler.local.ports import free_port
from compiler.paths import PathTemplate
from compiler.plan import Answer, Deployable, Forward, Rule
from compiler.records import frozen
from compiler.shaped import FieldChange, Shape, Tree
from compiler.source import Source

_WHERE = Source("bench", "").span(0, 0)
ITEM = {"id": "o-1000", "total": {"amount": "59.90", "currency": "EUR"}, "note": "left with a neighbour", "margin": 7}
_INNER = Tree(True, (FieldChange("id", "id", None), FieldChange("total", "total", None)), ())
_TREE = Tree(True, (FieldChange("items", "orders", _INNER),), (("served_by", Constant('"mobile"')),))
SHAPES = {
    "kept, renamed and set": Shape(_TREE, "replace", 1 << 20, 64 << 10),
    "measured": Shape(None, "pass", 64 << 10, 64 << 10),
}


@frozen
class Shaped:
    """What is done to a body of ``size`` bytes, and the rate as a share of plain proxying."""

    what: str
    size: int
    share: float


def body(size: int) -> str:
    """A page of orders of about so many bytes."""
    item = json.dumps(ITEM)
    return json.dumps({"items": [ITEM] * max(1, size // len(item)), "next": None})


def measure(sizes: Sequence[int], seconds: float, rounds: int) -> tuple[float, list[Shaped]]:
    """Plain proxying's requests a second for the first size, and the shares, as medians of the rounds.

    Plain proxying is measured before and after each other. Raises RuntimeError without an Envoy.
    """
    found: list[Shaped] = []
    first = 0.0
    for size in sizes:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (usual,) = _usual(folder)
            upstream = free_port()
            answer = Answer(200, (("content-type", "application/json"),), body(size))
            service = with_rule(usual, Rule("all", None, None, None, answer, _WHERE), upstream)
            stack.enter_context(running(static(replace(service, clusters=())), folder / "service"))
            loads: dict[str, Load] = {}
            for name, shape in {"plain": None, **SHAPES}.items():
                made = _through(usual, upstream, shape)
                place = folder / name.replace(" ", "-")
                stack.enter_context(running(placed(made, place), place))
                loads[name] = Load(made.listener.port, request("/orders"))
            plain = [loads["plain"].rate(seconds)]
            shares: dict[str, list[float]] = {name: [] for name in SHAPES}
            for _ in range(rounds):
                for name, each in shares.items():
                    rate = loads[name].rate(seconds)
                    plain.append(loads["plain"].rate(seconds))
                    each.append(rate / mean(plain[-2:]))
            first = first or median(plain)
            found += [Shaped(name, len(body(size)), median(each)) for name, each in shares.items()]
    return first, found


def _usual(folder: Path) -> tuple[Deployable, ...]:
    write_project(folder / "project", 1)
    return planned(folder / "project")


def with_rule(usual: Deployable, rule: Rule, port: int) -> Deployable:
    return replace(usual, rules=(rule,), listener=replace(usual.listener, port=port), admin_port=0)


def _through(usual: Deployable, upstream: int, shape: Shape | None) -> Deployable:
    cluster = usual.clusters[0]
    cluster = replace(cluster, endpoints=tuple(replace(e, port=upstream) for e in cluster.endpoints))
    action = next(r.action for r in usual.rules if isinstance(r.action, Forward))
    action = replace(action, strip="", prepend="", shape=shape, retry=None)
    rule = Rule("orders", PathTemplate.parse("/orders"), ("GET",), None, action, _WHERE)
    targets = tuple(replace(target, cluster=cluster.name) for target in action.targets)
    rule = replace(rule, action=replace(action, targets=targets))
    return replace(with_rule(usual, rule, free_port()), clusters=(cluster,))


def placed(made: Deployable, folder: Path) -> dict[str, Any]:
    """The configuration, with the module's file beside it where it needs one."""
    file = payload.module_file(made)
    if file is not None:
        folder.with_name(f"{folder.name}-module").mkdir()
        (folder.with_name(f"{folder.name}-module") / file[0]).write_bytes(file[1])
    return static(made, str(folder.with_name(f"{folder.name}-module")))


def table(plain: float, measured: Sequence[Shaped]) -> str:
    """The shares as a Markdown table."""
    lines = [
        f"Passed on as they are: {plain:,.0f} requests a second. As a share of that, for answers of so many bytes:",
        "",
        "| answers are | bytes | share |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {one.what} | {one.size:,} | {one.share:.0%} |" for one in measured)])
