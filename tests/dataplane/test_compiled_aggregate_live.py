"""An aggregator as users write it, compiled, on a running Envoy: complete, partial and failed answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from compiler import dataplane, pipeline
from compiler.plan import Deployable
from tests.aggregates import judged
from tests.dataplane.conftest import Serve, Upstream

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")


def deployable(folder: Path, upstream: Upstream, *changes: tuple[str, str]) -> Deployable:
    """The example of docs/aggregators.md, all of whose services are one upstream."""
    outcome = judged(folder / "project", *changes)
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    (made,) = pipeline.plan(outcome).deployables
    clusters = tuple(replace(c, endpoints=upstream.cluster().endpoints) for c in made.clusters)
    return replace(made, clusters=clusters)


def says(body: Any, status: int = 200, delay: float = 0.0) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(delay)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return answer


def test_a_complete_answer(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/customers/c-1"] = says({"name": "Ada", "card": 4711, "more": [1]})
    upstream.behaviour["/cards/4711"] = says({"total": 120})
    reply = serve(deployable(tmp_path, upstream)).call("GET", "/v1/overview/c-1")
    assert (reply.status, reply.json) == (200, {"greeting": "Hello Ada", "points": 120})
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-gatewright-partial"] is None


def test_a_step_that_is_not_needed_is_not_called(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/customers/c-1"] = says({"name": "Ada"})
    reply = serve(deployable(tmp_path, upstream)).call("GET", "/v1/overview/c-1")
    assert (reply.status, reply.json) == (200, {"greeting": "Hello Ada", "points": 0})
    assert reply.headers["x-gatewright-partial"] is None
    assert upstream.seen == ["GET /customers/c-1"]


@pytest.mark.parametrize(
    "points", [says({}, 503), says({"total": "many"}), says(b"<html>"), says({"total": 1}, delay=0.5)]
)
def test_a_partial_answer(
    points: Callable[[BaseHTTPRequestHandler], None], serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.behaviour["/customers/c-1"] = says({"name": "Ada", "card": 1})
    upstream.behaviour["/cards/1"] = points
    reply = serve(deployable(tmp_path, upstream)).call("GET", "/v1/overview/c-1")
    assert (reply.status, reply.json) == (200, {"greeting": "Hello Ada", "points": 0})
    assert reply.headers["x-gatewright-partial"] == "points"


@pytest.mark.parametrize(
    ("customer", "status"),
    [
        (says({"name": "secret"}, 404), 404),
        (says({"secret": 1}, 500), 502),
        (says({"name": 5, "note": "secret"}), 502),
        (says({"name": "secret"}, delay=1.5), 504),
    ],
)
def test_a_failure_names_the_step_and_nothing_of_its_answer(
    customer: Callable[[BaseHTTPRequestHandler], None], status: int, serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.behaviour["/customers/c-1"] = customer
    reply = serve(deployable(tmp_path, upstream)).call("GET", "/v1/overview/c-1")
    assert reply.status == reply.json["status"] == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert "customer" in reply.body.decode()
    assert "secret" not in reply.body.decode()


def test_policies_change_the_headers_of_composed_answers(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/customers/c-1"] = says({"name": "Ada"})
    policy = "policies:\n  tagged: {headers: {response: {set: {x-tag: one}}}}\ngateways:\n"
    named = ("    expose:", "    policies: [tagged]\n    expose:")
    reply = serve(deployable(tmp_path, upstream, ("gateways:\n", policy), named)).call("GET", "/v1/overview/c-1")
    assert (reply.status, reply.headers["x-tag"]) == (200, "one")
