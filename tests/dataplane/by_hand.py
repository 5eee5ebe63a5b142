"""Aggregates made by hand, and what an upstream may do to them, for tests of the payload module on a running Envoy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from compiler.composed import Aggregate, Balanced, Composed, Computed, Constant, Joined, ListOf, ObjectOf, StepCall
from compiler.expressions.parser import parse
from compiler.expressions.syntax import Expression, Template
from compiler.paths import PathTemplate
from compiler.plan import Cluster, Compose, Deployable, HeaderChanges
from compiler.tables import Served, by_path
from tests.plans import SPAN, deployable, served

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def composed(value: Any) -> Composed:
    """A value as users write it: texts may have ``${...}`` in them."""
    if isinstance(value, dict):
        return ObjectOf(tuple((name, composed(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ListOf(tuple(composed(inner) for inner in value))
    if not isinstance(value, str):
        return Constant(json.dumps(value))
    parts = _template(value).parts
    if not parts or parts == (value,):
        return Constant(json.dumps(value))
    return Computed(parts[0]) if len(parts) == 1 and not isinstance(parts[0], str) else Joined(parts)


def expression(text: str) -> Expression:
    """One expression, without ``${`` and ``}``."""
    (found,) = _template("${" + text + "}").parts
    assert not isinstance(found, str)
    return found


def _template(text: str) -> Template:
    found = parse(text)
    assert isinstance(found, Template), found
    return found


def step(name: str, path: str | None = None, **fields: Any) -> StepCall:
    """A GET of the path, or of ``/name``, on the cluster ``echo``; inputs, conditions and lists as users write them."""
    inputs = {
        key: tuple((each, composed(value)) for each, value in fields.pop(key, {}).items())
        for key in ("path_inputs", "query", "headers")
    }
    for key in ("when", "for_each"):
        if fields.get(key) is not None:
            fields[key] = expression(fields[key])
    if "body" in fields:
        fields["body"] = composed(fields["body"])
    given: dict[str, Any] = {
        "contract": "parts",
        "version": "1.0.0",
        "operation": f"get-{name}",
        "targets": (Balanced("echo", 1),),
        "method": "GET",
        "prepend": "",
        "body": None,
        "good": ("200",),
        "timeout": 2000,
        "retries": 0,
        "max_body": 1 << 20,
        "after": (),
        "when": None,
        "for_each": None,
        "max": 1,
        "cut": True,
        "concurrency": 100,
        "optional": False,
        "fallback": "null",
        "relied": (),
    }
    return StepCall(name=name, path=PathTemplate.parse(path or f"/{name}"), **{**given, **inputs, **fields})


def aggregate(name: str, body: Any, *steps: StepCall, **fields: Any) -> Aggregate:
    """An aggregate that answers ``GET /name`` within five seconds."""
    given: dict[str, Any] = {
        "contract": "whole",
        "version": "1.0.0",
        "operation": name,
        "deadline": 5000,
        "max_concurrent": None,
        "max_body": 1 << 20,
        "forward": (),
        "parameters": (),
        "takes_body": False,
        "body_required": False,
        "status": 200,
        "headers": (),
    }
    return Aggregate(name=name, steps=steps, body=composed(body), where=SPAN, **{**given, **fields})


def route(made: Aggregate, path: str | None = None) -> Served:
    """Its operation; one with a body is a POST."""
    action = Compose(
        made.name, "", 20_000, HeaderChanges(), HeaderChanges(), made.contract, made.version, made.operation
    )
    return served(path or f"/{made.name}", "POST" if made.takes_body else "GET", action=action)


def gateway_of(*made: Aggregate, clusters: tuple[Cluster, ...], others: tuple[Served, ...] = ()) -> Deployable:
    """A gateway with each aggregate at the path of its name."""
    rules = by_path([*(route(one) for one in made), *others])
    return deployable(rules=rules, clusters=clusters, aggregates=tuple(sorted(made, key=lambda one: one.name)))


def says(
    body: Any = None, status: int = 200, delay: float = 0.0, headers: Mapping[str, str] | None = None, short: int = 0
) -> Behaviour:
    """An answer: bytes as they are and all else as JSON; ``short`` bytes of what its length says are not sent."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(delay)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("content-type", "application/json")
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(data) + short))
        request.end_headers()
        try:
            request.wfile.write(data)
        except OSError:
            return
        request.close_connection = request.close_connection or short > 0

    return answer


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    """No answer: the connection is closed."""
    request.close_connection = True
