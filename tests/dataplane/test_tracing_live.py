"""Traces of a running Envoy, as a collector gets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.plan import Deployable, Tracing
from compiler.tables import by_path
from tests.dataplane.collector import EXPORT, Collector, Span, collect
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.plans import SPAN, deployable, served

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
FORCED = "f52fd5ad-4ad4-9c60-8e2b-4ff6e3c8d1a1"
"""A request id with the mark that Envoy gives to what it traces by force."""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    yield from collect(tmp_path / "collector")


def traced(collector: Collector, upstream: Upstream, per_million: int, trusted_hops: int = 0) -> Deployable:
    made = deployable(
        rules=by_path([served("/orders/{id}", under="/v1")]),
        clusters=(upstream.cluster(),),
        tracing=Tracing("127.0.0.1", collector.port, per_million, SPAN),
    )
    return replace(made, listener=replace(made.listener, trusted_hops=trusted_hops))


def arrived(gateway: Gateway, collector: Collector, number: int) -> list[Span]:
    """The spans, once so many are there; Envoy sends them in lots, at the latest every five seconds."""
    assert gateway.eventually(lambda: len(collector.spans) >= number, 15), collector.spans
    return collector.spans


def test_a_span_speaks_the_projects_words(serve: Serve, upstream: Upstream, collector: Collector) -> None:
    gateway = serve(traced(collector, upstream, 1_000_000))
    secret = {"authorization": "Bearer secret", "cookie": "session=secret", "x-api-key": "secret"}
    answer = gateway.call("GET", "/v1/orders/7?key=secret", secret)
    for _ in range(4):
        gateway.call("GET", "/nothing?key=secret")
    spans = arrived(gateway, collector, 5)
    assert collector.paths == {EXPORT}
    assert {span.service for span in spans} == {"public"}
    span = next(span for span in spans if span.name == "GET /v1/orders/{id}")
    said = {
        "gatewright.contract": "orders",
        "gatewright.version": "1.0.0",
        "gatewright.operation": "getOrder",
        "upstream_cluster.name": "echo",
        "http.method": "GET",
        "http.status_code": "200",
        "http.url": f"http://127.0.0.1:{gateway.port}/v1/orders/7",
    }
    assert {key: span.attributes[key] for key in said} == said
    sent = answer.json["headers"]["traceparent"].split("-")
    assert (sent[1], sent[3]) == (span.trace, "01")
    missing = [span for span in spans if span.attributes["http.status_code"] == "404"]
    assert len(missing) == 4
    assert not any(key.startswith("gatewright.") for span in missing for key in span.attributes)
    assert b"secret" not in collector.raw


def test_strangers_cannot_have_themselves_traced(serve: Serve, upstream: Upstream, collector: Collector) -> None:
    gateway = serve(traced(collector, upstream, 0))
    asked = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "x-request-id": FORCED,
        "x-client-trace-id": "1",
        "x-envoy-force-trace": "1",
    }
    for _ in range(5):
        sent = gateway.call("GET", "/v1/orders/7", asked).json["headers"]["traceparent"]
        assert sent.startswith(f"00-{TRACE}-"), "the trace goes on"
        assert sent.endswith("-00")
    assert gateway.running.stat("tracing.opentelemetry.spans_sent") == 0


def test_strangers_can_decline(serve: Serve, upstream: Upstream, collector: Collector) -> None:
    gateway = serve(traced(collector, upstream, 1_000_000))
    declined = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    assert gateway.call("GET", "/v1/orders/7", declined).json["headers"]["traceparent"].endswith("-00")
    followed = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    for _ in range(5):
        gateway.call("GET", "/v1/orders/7", followed)
    spans = arrived(gateway, collector, 5)
    assert {(span.trace, span.parent) for span in spans} == {(TRACE, PARENT)}
    assert len(spans) == 5


def test_a_proxy_of_ours_decides(serve: Serve, upstream: Upstream, collector: Collector) -> None:
    gateway = serve(traced(collector, upstream, 0, trusted_hops=1))
    for flags in ("00", "01"):
        sent = gateway.call("GET", "/v1/orders/7", {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"})
        assert sent.json["headers"]["traceparent"].endswith(f"-{flags}")
    assert gateway.call("GET", "/v1/orders/7").json["headers"]["traceparent"].endswith("-00")


@pytest.mark.parametrize("trusted_hops", [0, 1])
def test_a_share_is_traced(serve: Serve, upstream: Upstream, collector: Collector, trusted_hops: int) -> None:
    gateway = serve(traced(collector, upstream, 500_000, trusted_hops))
    flags = [gateway.call("GET", "/v1/orders/7").json["headers"]["traceparent"][-2:] for _ in range(80)]
    assert 10 <= flags.count("01") <= 70, "one in a thousand million times a half is that far off"


def test_a_dead_collector_harms_nobody(serve: Serve, upstream: Upstream, collector: Collector) -> None:
    made = traced(collector, upstream, 1_000_000)
    assert made.tracing is not None
    gateway = serve(replace(made, tracing=replace(made.tracing, port=1)))
    assert {gateway.call("GET", "/v1/orders/7").status for _ in range(20)} == {200}
