"""Aggregators over one service whose answers tests decide, compiled and on a running Envoy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from compiler import pipeline
from compiler.plan import Deployable
from compiler.yaml_text import dump
from tests.dataplane.conftest import Upstream

Behaviour = Callable[[BaseHTTPRequestHandler], None]

THING = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "number": {"type": "number"},
        "any": {},
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
    },
}
ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "text": {"type": "string"}}}


def _answers(name: str, schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    made: dict[str, Any] = {"200": {"description": "Fine.", "content": content}}
    return made | ({"204": {"description": "Nothing."}} if name == "maybe" else {})


def _parameters(path: str) -> list[dict[str, Any]]:
    query = [{"in": "query", "name": name, "schema": {"type": "string"}} for name in ("q", "r")]
    header = {"in": "header", "name": "X-Given", "schema": {"type": "string"}}
    named = [{"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}] if "{id}" in path else []
    return [*named, *query, header]


def _operation(path: str, name: str, schema: Any, *, body: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": name, "parameters": _parameters(path), "responses": _answers(name, schema)}
    if body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": {}}}}
    return made


def _document(title: str, paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": {"Thing": THING, "Item": ITEM}},
    }


_THING = {"$ref": "#/components/schemas/Thing"}
PARTS = _document(
    "Parts",
    {
        "/a/{id}": {"get": _operation("/a/{id}", "a", _THING)},
        "/b": {"get": _operation("/b", "b", _THING)},
        "/c": {"get": _operation("/c", "c", _THING)},
        "/maybe": {"get": _operation("/maybe", "maybe", _THING)},
        "/list": {"get": _operation("/list", "list", {**THING, "required": ["items"]})},
        "/items/{id}": {"get": _operation("/items/{id}", "item", {"$ref": "#/components/schemas/Item"})},
        "/made": {"post": _operation("/made", "make", _THING, body=True)},
    },
)


def says(body: Any = None, status: int = 200, *, delay: float = 0.0, **headers: str) -> Behaviour:
    """Answer with a body, which is JSON unless it is bytes, after some seconds."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(delay)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        try:
            request.wfile.write(data)
        except OSError:  # whoever asked has given up
            request.close_connection = True

    return answer


def step(call: str, timeout: str = "1s", *, given: Any = None, **more: Any) -> dict[str, Any]:
    """A step that calls an operation of the parts; ``given`` is what stands under ``with``."""
    usual = {"path": {"id": "1"}} if call == "a" else {}
    return {"call": f"parts@^1#{call}", "timeout": timeout, "with": usual if given is None else given, **more}


def aggregate(
    folder: Path,
    upstream: Upstream,
    steps: dict[str, Any],
    body: Any,
    *,
    method: str = "get",
    path: str = "/whole",
    response: dict[str, Any] | None = None,
    **more: Any,
) -> Deployable:
    """A gateway with one aggregator at ``/v1/whole``, whose body may be anything, and the parts at ``/v1/...``."""
    whole = _document("Whole", {path: {method: _operation(path, "whole", {}, body=method == "post")}})
    responses = whole["paths"][path][method]["responses"]
    responses["default"] = {"description": "What went wrong."}
    folder.mkdir(exist_ok=True)
    for name, document in (("parts", PARTS), ("whole", whole)):
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    aggregator = {
        "implements": "whole@1.0.0#whole",
        "deadline": "5s",
        "steps": steps,
        "response": {"body": body, **(response or {})},
        **more,
    }
    versions = {name: {"versions": {"1.0.0": {"openapi": f"{name}.json"}}} for name in ("parts", "whole")}
    project = {
        "gatewright": 1,
        "contracts": versions,
        "services": {"parts": {"implements": "parts@1.0.0", "endpoints": [{"host": "127.0.0.1", "port": 1}]}},
        "policies": {"long": {"timeout": "20s"}},
        "aggregators": {"whole": aggregator},
        "gateways": {
            "public": {
                "listen": {"address": "127.0.0.1", "port": 1},
                "policies": ["long"],
                "expose": [{"aggregator": "whole"}, {"contract": "parts"}],
            }
        },
    }
    (folder / "gatewright.yaml").write_text(dump(project), encoding="utf-8")
    outcome = pipeline.validate(folder, date(2026, 12, 1))
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    (made,) = pipeline.plan(outcome).deployables
    return replace(made, clusters=tuple(replace(c, endpoints=upstream.cluster().endpoints) for c in made.clusters))
