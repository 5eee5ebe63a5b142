"""`validate: request` on a running Envoy: what the contract asks of parameters and bodies, and how refusals say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from compiler import dataplane, pipeline
from compiler.plan import Deployable
from compiler.yaml_text import dump
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.random_schemas import random_pair
from tests.schemas import valid

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

ORDER = {
    "type": "object",
    "required": ["sku", "quantity"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "sku": {"type": "string", "pattern": "^[a-z]+-[0-9]{1,4}$", "maxLength": 12},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
        "price": {"type": "number", "multipleOf": 0.01, "exclusiveMinimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "uniqueItems": True},
        "below": {"$ref": "#/components/schemas/Order"},
        "kind": {"enum": ["gift", None, 1]},
    },
}


def operation(parameters: Any = (), body: Any = None) -> dict[str, Any]:
    made: dict[str, Any] = {"parameters": list(parameters), "responses": {"200": {"description": "Fine."}}}
    if body is not None:
        made["requestBody"] = body
    return made


def query(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": schema, **more}


def path(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"in": "path", "name": name, "required": True, "schema": schema, **more}


INTEGERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 3}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": ["x"]}
JSON_BODY = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
PATHS = {
    "/items/{id}": {
        "parameters": [path("id", {"type": "integer", "minimum": 1})],
        "get": operation(
            [
                query("limit", {"type": "integer", "maximum": 50}),
                query("state", {"enum": ["open", "done"]}, required=True),
                query("ids", INTEGERS),
                query("some", INTEGERS, explode=False),
                query("piped", INTEGERS, style="pipeDelimited", explode=False),
                query("at", POINT, style="deepObject", explode=True),
                query("flag", {"type": "boolean"}, allowEmptyValue=True),
                query("either", {"type": ["integer", "null"]}),
                {"in": "query", "name": "filter", "content": {"application/json": {"schema": POINT}}},
                {"in": "header", "name": "X-Level", "schema": {"type": "integer"}},
                {"in": "cookie", "name": "session", "schema": {"type": "string", "minLength": 4}},
            ]
        ),
    },
    "/form": {"get": operation([query("point", POINT)])},
    "/label/{p}": {"get": operation([path("p", INTEGERS, style="label")])},
    "/matrix/{p}": {"get": operation([path("p", INTEGERS, style="matrix", explode=True)])},
    "/points/{p}": {"get": operation([path("p", POINT)])},
    "/orders": {"post": operation(body=JSON_BODY)},
    "/maybe": {"post": operation(body={"content": JSON_BODY["content"]})},
    "/any": {
        "post": operation(body={"content": {"text/csv": {}, "application/*": {"schema": {"type": "object"}}}}),
        "put": operation(),
    },
}


def built(folder: Path, paths: Any, schemas: Mapping[str, Any], upstream: Upstream, more: str = "") -> Deployable:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": dict(schemas)},
    }
    folder.mkdir(exist_ok=True)
    (folder / "t.json").write_text(json.dumps(document), encoding="utf-8")
    project = {
        "gatewright": 1,
        "contracts": {"t": {"versions": {"1.0.0": {"openapi": "t.json"}}}},
        "services": {"t": {"implements": "t@1.0.0", "endpoints": [{"host": "127.0.0.1", "port": upstream.port}]}},
        "policies": {"small": {"body_limit": "64KiB"}},
        "gateways": {
            "public": {
                "listen": {"address": "127.0.0.1", "port": 1},
                "policies": ["small"],
                "expose": [{"contract": "t", "validate": "request"}],
            }
        },
    }
    (folder / "gatewright.yaml").write_text(dump(project), encoding="utf-8")
    outcome = pipeline.validate(folder, date(2026, 12, 1))
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    (made,) = pipeline.plan(outcome).deployables
    return replace(made, clusters=tuple(replace(c, endpoints=upstream.cluster().endpoints) for c in made.clusters))


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream, tmp_path: Path) -> Gateway:
    return serve(built(tmp_path / "project", PATHS, {"Order": ORDER}, upstream))


def faults(reply: Any) -> list[str]:
    """``query limit: must be at most 50`` for each error."""
    return [
        f"{e['in']} {e.get('name', '')}{e['pointer']}: {e['detail']}".replace(" :", ":") for e in reply.json["errors"]
    ]


GOOD = [
    "/v1/items/7?state=open",
    "/v1/items/7?state=done&limit=50&ids=1&ids=2&some=1,2&piped=1%7C2&at%5Bx%5D=1&at[y]=-3&flag=&either=null&other=x",
    "/v1/items/7?state=open&flag=true&filter=%7B%22x%22%3A1%7D",
    "/v1/items/7.0?state=open&ids=1",
    "/v1/form?x=1&y=2",
    "/v1/form",
    "/v1/label/.1,2",
    "/v1/matrix/;p=1;p=2",
    "/v1/points/x,1,y,2",
]
BAD = {
    "/v1/items/0?state=open": ["path id: must be at least 1"],
    "/v1/items/x?state=open": ["path id: must be a whole number"],
    "/v1/items/1": ["query state: is missing"],
    "/v1/items/1?state=Open&limit=51": [
        "query limit: must be at most 50",
        "query state: must be one of the listed values",
    ],
    "/v1/items/1?state=open&state=done": ["query state: stands there more than once"],
    "/v1/items/1?state=open&limit=1e1000": ["query limit: must be at most 50"],
    "/v1/items/1?state=open&limit=": ["query limit: must be a whole number"],
    "/v1/items/1?state=open&limit=%ff": ["query limit: cannot be decoded"],
    "/v1/items/1?state=open&ids=1&ids=two": ["query ids/1: must be a whole number"],
    "/v1/items/1?state=open&some=1,2,3,4": ["query some: must have at most 3 items"],
    "/v1/items/1?state=open&at[y]=1": ["query at: lacks the required property x"],
    "/v1/items/1?state=open&at[x]=a": ["query at/x: must be a whole number"],
    "/v1/items/1?state=open&filter={": ["query filter: cannot be read as the contract writes it"],
    "/v1/items/1?state=open&filter={}": ["query filter: lacks the required property x"],
    "/v1/items/1?state=open&flag=1": ["query flag: must be true or false"],
    "/v1/form?x=1&x=2": ["query point: stands there more than once"],
    "/v1/label/.1,a": ["path p/1: must be a whole number"],
    "/v1/matrix/;p=1;p=b": ["path p/1: must be a whole number"],
    "/v1/points/x": ["path p: cannot be read as the contract writes it"],
}


def test_parameters(gateway: Gateway, upstream: Upstream) -> None:
    for target in GOOD:
        reply = gateway.call("GET", target)
        assert reply.status == 200, (target, reply.body)
    seen = len(upstream.seen)
    for target, expected in BAD.items():
        reply = gateway.call("GET", target)
        assert (reply.status, faults(reply)) == (400, expected), target
        assert reply.headers["content-type"] == "application/problem+json"
    assert len(upstream.seen) == seen, "nothing that is refused gets to the service"


def test_headers_and_cookies(gateway: Gateway) -> None:
    target = "/v1/items/1?state=open"
    assert gateway.call("GET", target, {"x-level": "3", "cookie": "a=b; session=abcd"}).status == 200
    reply = gateway.call("GET", target, {"X-Level": "high", "cookie": "session=abc"})
    assert faults(reply) == [
        "cookie session: must have at least 4 characters",
        "header x-level: must be a whole number",
    ]


GOOD_BODIES = [
    {"sku": "tea-1", "quantity": 1},
    {
        "sku": "tea-1",
        "quantity": 1.0,
        "price": 59.9,
        "tags": ["a", "b"],
        "kind": None,
        "below": {"sku": "a-1", "quantity": 2},
    },
]
BAD_BODIES: list[tuple[Any, list[str]]] = [
    ({"sku": "tea-1"}, ["body: lacks the required property quantity"]),
    ({"sku": "Tea", "quantity": 0}, ["body /sku: does not match the pattern", "body /quantity: must be at least 1"]),
    ({"sku": "tea-1", "quantity": 1, "price": 0.005}, ["body /price: must be a multiple of 0.01"]),
    ({"sku": "tea-1", "quantity": 1, "tags": ["a", "a"]}, ["body /tags: has equal items"]),
    ({"sku": "tea-1", "quantity": 1, "tags": [1]}, ["body /tags/0: must be a text"]),
    ({"sku": "tea-1", "quantity": 1, "a/b": 1}, ["body /a~1b: is not declared, and nothing else is allowed"]),
    (
        {"sku": "tea-1", "quantity": 1, "below": {"sku": 1}},
        ["body /below: lacks the required property quantity", "body /below/sku: must be a text"],
    ),
    (
        {"sku": "tea-1", "quantity": True, "kind": 2},
        ["body /quantity: must be a whole number", "body /kind: must be one of the listed values"],
    ),
    ([], ["body: must be an object"]),
    ('{"sku": "tea-1", "quantity": 1, "quantity": 2}', ["body: has the name quantity twice in one object"]),
    ("{", ["body: is not JSON, or is nested too deep"]),
    ("[" * 5000, ["body: is not JSON, or is nested too deep"]),
    ('"\ud800"'.encode("utf-8", "surrogatepass").decode("latin-1"), ["body: must be an object"]),
]  # fmt: skip


def send(gateway: Gateway, target: str, body: Any, kind: str = "application/json", **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return gateway.call("POST", target, {"content-type": kind, **headers}, text)


def test_bodies(gateway: Gateway, upstream: Upstream) -> None:
    for body in GOOD_BODIES:
        reply = send(gateway, "/v1/orders", body, "application/json; charset=utf-8")
        assert reply.status == 200, reply.body
        assert json.loads(reply.json["body"]) == body, "what was held back is sent on as it came"
    seen = len(upstream.seen)
    for body, expected in BAD_BODIES:
        reply = send(gateway, "/v1/orders", body)
        assert (reply.status, sorted(faults(reply))) == (400, sorted(expected)), body
    assert len(upstream.seen) == seen


def test_bodies_that_are_not_looked_into(gateway: Gateway) -> None:
    assert gateway.call("POST", "/v1/orders", {"content-type": "application/json"}).status == 400
    assert gateway.call("POST", "/v1/maybe").status == 200
    assert send(gateway, "/v1/maybe", {"sku": 1}).status == 400
    assert send(gateway, "/v1/orders", GOOD_BODIES[0], "text/plain").status == 415
    assert send(gateway, "/v1/orders", GOOD_BODIES[0], "").status == 415
    assert send(gateway, "/v1/orders", GOOD_BODIES[0], **{"content-encoding": "gzip"}).status == 415
    assert send(gateway, "/v1/any", "a;b", "text/csv").status == 200
    assert send(gateway, "/v1/any", [], "application/merge-patch+json").status == 400
    assert send(gateway, "/v1/any", "x", "application/octet-stream").status == 200
    assert send(gateway, "/v1/any", "x", "image/png").status == 415
    assert send(gateway, "/v1/orders", " " * 70_000).status == 413


def test_a_body_in_pieces(gateway: Gateway) -> None:
    body = json.dumps({"sku": "tea-1", "quantity": 1, "tags": ["x" * 30_000]}).encode()
    fields = b"host: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n"
    head = b"POST /v1/orders HTTP/1.1\r\n" + fields + b"\r\n"
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + 1000]), body[i : i + 1000]) for i in range(0, len(body), 1000)
    )
    assert gateway.raw(head + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 200")
    bad = chunks.replace(b'"quantity": 1', b'"quantity":-1')
    assert gateway.raw(head + bad + b"0\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_what_the_contract_asks_is_what_a_library_says(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """Random schemas: the gateway takes a document where jsonschema does."""
    random = Random(7)
    pairs = [pair for pair in map(random_pair, range(400)) if "unevaluated" not in str(pair)][:120]
    paths: dict[str, Any] = {}
    components: dict[str, Any] = {}
    for number, pair in enumerate(pairs):
        named = json.loads(json.dumps([pair.inner, pair.components]).replace("schemas/", f"schemas/N{number}"))
        components |= {f"N{number}{name}": schema for name, schema in named[1].items()}
        body = {"required": True, "content": {"application/json": {"schema": named[0]}}}
        paths[f"/n{number}"] = {"post": operation(body=body)}
    gateway = serve(built(tmp_path / "project", paths, components, upstream))
    told = {True: 0, False: 0}
    for number, pair in enumerate(pairs):
        for document in random.sample(pair.documents, 8):
            expected = valid(pair.inner, document, pair.components)
            told[expected] += 1
            reply = send(gateway, f"/v1/n{number}", json.dumps(document))
            assert reply.status == (200 if expected else 400), (pair.inner, pair.components, document, reply.body)
    assert min(told.values()) > 100
