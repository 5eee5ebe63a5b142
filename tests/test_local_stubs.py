"""Stub services, as far as they can be looked at without running them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compiler import pipeline
from compiler.local.stubs import pointed_at_stubs, stubbed
from compiler.plan import ClientTls, Cluster, Endpoint, HealthCheck
from compiler.routing import Request, answer
from tests.plans import SPAN, deployable
from tests.projects import write_project

DAY = date(2026, 11, 1)


def test_stubs_answer_from_the_contract(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    text = (project / "gatewright.yaml").read_text()
    (project / "gatewright.yaml").write_text(text.replace("    endpoints", "    base_path: /api/\n    endpoints"))
    outcome = pipeline.validate(project, DAY)
    assert outcome.checked is not None
    stub = stubbed(outcome.checked.workspace, ["orders"])["orders"]
    rule = answer(stub, Request("GET", "any", "/api/orders/9", {}))
    assert rule is not None
    assert rule.action.body == '{"id": "o-1"}'  # type: ignore[union-attr]
    headers = dict(rule.action.headers)  # type: ignore[union-attr]
    assert headers["x-gatewright-operation"] == "getOrder"
    assert headers["x-gatewright-stub"] == "orders"
    assert answer(stub, Request("GET", "any", "/orders/9", {})) is None


def test_clusters_lead_to_the_stubs_that_there_are() -> None:
    far = (Endpoint("orders.internal", 443, 3),)
    check = HealthCheck("/healthz", 1000, 500, 3, 2)
    tls = ClientTls("orders.internal", None, None, None, SPAN)
    orders = Cluster("orders", far, 1000, SPAN, protocol="http2", tls=tls, health_check=check)
    other = Cluster("other", far, 1000, SPAN, tls=tls)
    pointed = pointed_at_stubs(deployable(clusters=(orders, other)), {"orders": 4711}).clusters
    assert pointed == (Cluster("orders", (Endpoint("127.0.0.1", 4711, None),), 1000, SPAN), other)
