"""Aggregators, resolved: what they come to in the plan, and what they rely on in the answers of services."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler import pipeline
from compiler.composed import Aggregate, Computed, Constant, Joined, ObjectOf, Relied
from compiler.plan import Compose, Forward, Plan
from tests.aggregates import judged


def plan(folder: Path, *changes: tuple[str, str]) -> Plan:
    outcome = judged(folder, *changes)
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    return pipeline.plan(outcome)


def aggregate(folder: Path, *changes: tuple[str, str]) -> Aggregate:
    (deployable,) = plan(folder, *changes).deployables
    (made,) = deployable.aggregates
    return made


def test_the_example_of_the_docs_is_sound(tmp_path: Path) -> None:
    assert judged(tmp_path).diagnostics == ()


def test_what_the_example_comes_to(tmp_path: Path) -> None:
    made = aggregate(tmp_path)
    customer, points = made.steps
    assert (customer.name, customer.after, customer.retries, customer.optional) == ("customer", (), 1, False)
    assert (points.name, points.after, points.fallback) == ("points", ("customer",), '{"total":0}')
    assert [t.cluster for t in points.targets] == ["loyalty"]
    assert points.good == ("200",)
    assert isinstance(made.body, ObjectOf)
    greeting, total = (value for _, value in made.body.fields)
    assert isinstance(greeting, Joined)
    assert isinstance(total, Computed)


def test_what_is_relied_on(tmp_path: Path) -> None:
    customer, points = aggregate(tmp_path).steps
    assert customer.relied == (
        Relied((), ("object",), absent=False),
        Relied(("card",), ("integer",), absent=True),
        Relied(("name",), ("string",), absent=False),
    )
    assert points.relied == (Relied((), ("object",), absent=False), Relied(("total",), ("integer",), absent=False))


def test_its_route_composes(tmp_path: Path) -> None:
    (deployable,) = plan(tmp_path).deployables
    composing = [rule for rule in deployable.rules if isinstance(rule.action, Compose)]
    assert [(str(rule.path), rule.methods) for rule in composing] == [("/v1/overview/{id}", ("GET", "HEAD"))]
    assert not any(isinstance(rule.action, Forward) for rule in deployable.rules)
    assert [cluster.name for cluster in deployable.clusters] == ["customers", "loyalty"]
    assert [(e.contract, e.services, e.aggregator) for e in deployable.exposed] == [("overview", (), "overview")]


def test_the_effective_api_tells_of_partial_answers_and_failures(tmp_path: Path) -> None:
    (deployable,) = plan(
        tmp_path, ("    deadline: 900ms\n", "    deadline: 900ms\n    max_concurrent: 5\n")
    ).deployables
    responses = deployable.api["paths"]["/v1/overview/{id}"]["get"]["responses"]
    assert list(responses) == ["200", "502", "503", "504", "default"]
    assert list(responses["200"]["headers"]) == ["x-gatewright-partial"]
    assert responses["502"]["description"] == "Bad Gateway: the step `customer` failed."


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("fixed", Constant('"fixed"')),
        ('"$${a}"', Constant('"${a}"')),
        ("''", Constant('""')),
        ("{a: [1, null, 1.5]}", Constant('{"a":[1,null,1.5]}')),
    ],
)
def test_what_has_no_expression_is_constant(written: str, wanted: Constant, tmp_path: Path) -> None:
    made = aggregate(tmp_path, ('        points: "${points', f'        more: {written}\n        points: "${{points'))
    assert isinstance(made.body, ObjectOf)
    assert dict(made.body.fields)["more"] == wanted


def test_a_range_comes_to_the_highest_version_that_is_served(tmp_path: Path) -> None:
    versions = ", ".join(f"1.{minor}.0: {{openapi: loyalty.yaml}}" for minor in range(3))
    new = "{implements: loyalty@1.1.0, endpoints: [{host: new.internal, port: 8080}], base_path: /api/}"
    two = (
        ("loyalty: {versions: {1.0.0: {openapi: loyalty.yaml}}}", f"loyalty: {{versions: {{{versions}}}}}"),
        ("  loyalty: {implements", f"  loyalty-new: {new}\n  loyalty: {{implements"),
    )
    outcome = judged(tmp_path, *two)
    assert {(d.finding.rule, d.finding.where.line) for d in outcome.diagnostics} == {("unused", 9)}
    made = pipeline.plan(outcome).deployables[0].aggregates[0].steps[1]
    assert (made.version, [t.cluster for t in made.targets], made.prepend) == ("1.1.0", ["loyalty-new"], "/api")
