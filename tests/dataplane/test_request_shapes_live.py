"""Changed bodies of requests on a running Envoy: what a client may not send reaches no service, however it is sent."""

from __future__ import annotations

import gzip
import json
import socket
from http.client import HTTPResponse
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler import dataplane
from compiler.composed import Parameter
from compiler.lower_shapes import lower_tree
from compiler.plan import Retry
from compiler.shaped import Shape, Tree
from compiler.shaping.requests import backwards
from compiler.shaping.values import changed
from compiler.tables import by_path
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.dataplane.test_request_bypass_live import made
from tests.dataplane.test_shapes_live import read
from tests.plans import deployable, forward, served
from tests.test_shaping import constant, tree_of

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

KIB = 1 << 10
FORGED = "i-am-root"
SAID = {
    "remove": ["role", "items.price"],
    "rename": {"customer_id": "customer", "items.sku": "article"},
    "set": {"channel": "mobile"},
}
GOOD = {"customer": "c-1", "items": [{"article": "a", "count": 1}], "note": "n"}
SENT = {"customer_id": "c-1", "items": [{"sku": "a", "count": 1}], "note": "n", "channel": "mobile"}


def shape(**said: Any) -> Shape:
    return Shape(None, "pass", 4 * KIB, None, request=lower_tree(backwards(tree_of(**said))))


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    return serve(made(upstream, shaped=shape(**SAID), only=shape(include=["a", "b.c"], rename={"a": "x"})))


JSON = {"content-type": "application/json"}


def post(gateway: Gateway, body: Any, target: str = "/shaped", **headers: str) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return gateway.call("POST", target, JSON | {n.replace("_", "-"): v for n, v in headers.items()}, text)


def got(reply: Reply) -> Any:
    """The body that the service got."""
    assert reply.status == 200, reply.body
    return json.loads(reply.json["body"])


def test_a_body_is_turned_into_the_services(gateway: Gateway) -> None:
    reply = post(gateway, GOOD, digest="x", content_md5="y", x_own="1")
    assert got(reply) == SENT
    heard = {name.lower(): value for name, value in reply.json["headers"].items()}
    assert int(heard["content-length"]) == len(reply.json["body"])
    assert heard["x-own"] == "1"
    assert not {"digest", "content-md5"} & heard.keys()
    assert got(post(gateway, {"x": 1, "a": 2, "b": {"c": 3, "d": 4}, "e": 5}, "/only")) == {"a": 1, "b": {"c": 3}}


FORGERIES = {
    "plain": '{"role": "ROOT", "customer": "c"}',
    "escaped": '{"\\u0072ole": "ROOT"}',
    "escaped elsewhere": '{"r\\u006fle": "ROOT"}',
    "the service's own name": '{"customer_id": "ROOT"}',
    "the service's own name beside the client's": '{"customer": "c", "customer_id": "ROOT"}',
    "the service's own name, escaped": '{"customer\\u005fid": "ROOT", "customer": "c"}',
    "what is set": '{"channel": "ROOT"}',
    "what is set, escaped": '{"c\\u0068annel": "ROOT"}',
    "in a list": '{"items": [{"price": "ROOT", "sku": "ROOT"}]}',
    "in lists of lists": '{"items": [[[{"price": "ROOT"}]], {"pric\\u0065": "ROOT"}]}',
    "in a list around all": '[{"role": "ROOT"}, [{"channel": "ROOT"}]]',
    "after much space": "{" + " " * 900 + '"role"' + "\t" * 900 + ': "ROOT"}',
}
HEADERS: list[dict[str, str]] = [
    {},
    {"content-type": "application/json; charset=utf-8"},
    {"content-type": "APPLICATION/JSON"},
    {"content-type": "application/vnd.orders+json"},
    {"content-encoding": "identity"},
]


def test_what_may_not_be_sent_reaches_no_service(gateway: Gateway) -> None:
    for name, text in FORGERIES.items():
        body = text.replace("ROOT", FORGED)
        for headers in HEADERS:
            reply = gateway.call("POST", "/shaped", JSON | headers, body)
            assert reply.status == 200, (name, reply.body)
            assert FORGED not in reply.json["body"], (name, headers, reply.json["body"])
        assert FORGED not in gateway.call("PUT", "/shaped", JSON, body).json["body"]


BAD: dict[str, tuple[dict[str, str], bytes, int]] = {
    "another media type": ({"content-type": "text/plain"}, b'{"role":"x"}', 415),
    "a form": ({"content-type": "application/x-www-form-urlencoded"}, b"role=x", 415),
    "no media type": ({}, b'{"role":"x"}', 415),
    "two media types": ({"content-type": "application/json, text/plain"}, b"{}", 415),
    "gzip": (JSON | {"content-encoding": "gzip"}, gzip.compress(b'{"role":"x"}'), 415),
    "said to be gzip": (JSON | {"content-encoding": "gzip"}, b'{"role":"x"}', 415),
    "gzip that nobody tells of": (JSON, gzip.compress(b'{"role":"x"}'), 400),
    "not JSON": (JSON, b"role", 400),
    "cut off": (JSON, b'{"role":"x"', 400),
    "more behind it": (JSON, b'{"a":1} {"role":"x"}', 400),
    "single quotes": (JSON, b"{'role':'x'}", 400),
    "a mark before it": (JSON, b'\xef\xbb\xbf{"role":"x"}', 400),
    "UTF-16": (JSON, '{"role":"x"}'.encode("utf-16"), 400),
    "no UTF-8": (JSON, b'{"role":"\xff"}', 400),
    "twice": (JSON, b'{"role":"x","role":"x"}', 400),
    "twice, once escaped": (JSON, b'{"c\\u0068annel":"x","channel":"x"}', 400),
    "twice, further down": (JSON, b'{"a":[{"b":1,"b":1}]}', 400),
    "another charset": ({"content-type": "application/json; charset=utf-7"}, b'{"+AHI-ole":"x"}', 415),
    "deeper than anybody reads": (JSON, b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", 400),
    "too large": (JSON, b'{"a":"' + b"x" * 5 * KIB + b'"}', 413),
}


def request(path: str, headers: dict[str, str], body: bytes, chunk: int = 0) -> bytes:
    """A request as bytes; in chunks of some size, or with its length."""
    named = dict(headers, connection="close", **({"transfer-encoding": "chunked"} if chunk else {}))
    if not chunk:
        named["content-length"] = str(len(body))
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\n" + "".join(f"{n}: {v}\r\n" for n, v in named.items()) + "\r\n"
    if not chunk:
        return head.encode() + body
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    return head.encode() + b"".join(f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in pieces) + b"0\r\n\r\n"


def answered(gateway: Gateway, data: bytes) -> Reply:
    """The answer to a request as bytes, without waiting for the end of the connection."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(data)
        reply = HTTPResponse(connection)
        reply.begin()
        return Reply(reply.status, reply.headers, reply.read())


def test_what_cannot_be_changed_does_not_pass(gateway: Gateway, upstream: Upstream) -> None:
    for name, (headers, body, status) in BAD.items():
        for chunk in (0, 7):
            reply = answered(gateway, request("/shaped", headers, body, chunk))
            assert reply.status == status, (name, chunk, reply.body)
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.json["status"] == status
    assert upstream.seen == []


def test_chunks_trailers_and_bodies_that_are_not_there(gateway: Gateway, upstream: Upstream) -> None:
    body = json.dumps(GOOD | {"role": FORGED}).encode()
    for chunk in (1, 5, 1000):
        assert got(answered(gateway, request("/shaped", JSON, body, chunk))) == SENT
    with_trailers = request("/shaped", JSON, body, 9)[:-2] + b"x-late: 1\r\n\r\n"
    assert got(answered(gateway, with_trailers)) == SENT
    for method in ("GET", "POST"):
        reply = gateway.call(method, "/shaped")
        assert (reply.status, reply.json["body"]) == (200, "")
    reply = gateway.call("POST", "/shaped", JSON, "")
    assert (reply.status, reply.json["body"]) == (200, "")
    assert answered(gateway, request("/shaped", JSON, b"", 1)).status == 200
    assert int(gateway.running.stat("http.public.downstream_rq_active")) == 0


def test_a_client_that_stops_halfway(gateway: Gateway, upstream: Upstream) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(request("/shaped", JSON, json.dumps(GOOD).encode())[:-5])
    assert gateway.eventually(lambda: int(gateway.running.stat("http.public.downstream_rq_active")) == 0)
    assert upstream.seen == []
    assert got(post(gateway, GOOD)) == SENT


def test_values_that_are_put_in(serve: Serve, upstream: Upstream) -> None:
    tree = Tree(False, (), (("id", read("${request.path.id}")), ("limit", read("${request.query.limit}"))))
    parameters = (Parameter("path", "id", ("string",), True), Parameter("query", "limit", ("integer",), False))
    one = Shape(None, "pass", KIB, None, parameters, tree)
    rules = by_path([served("/orders/{id}", "POST", action=forward(shape=one))])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),)))
    assert got(post(gateway, {"a": 1}, "/orders/o%22?limit=7")) == {"a": 1, "id": 'o"', "limit": 7}
    assert got(post(gateway, {}, "/orders/x")) == {"id": "x"}
    refused = post(gateway, {}, "/orders/x?limit=many")
    assert (refused.status, refused.json["status"]) == (400, 400)


def test_another_try_sends_the_changed_body_again(serve: Serve, upstream: Upstream) -> None:
    retry = Retry(2, ("5xx",), None)
    rules = by_path([served("/shaped", "PUT", action=forward(shape=shape(**SAID), retry=retry))])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),)))
    failed: list[bool] = []

    def fails_once(asked: Any) -> None:
        if failed:
            upstream.behaviour.pop("/shaped")
        failed.append(True)
        asked.send_response(503)
        asked.send_header("content-length", "0")
        asked.end_headers()

    upstream.behaviour["/shaped"] = fails_once
    reply = gateway.call("PUT", "/shaped", JSON, json.dumps(GOOD))
    assert len(upstream.seen) == 3
    assert got(reply) == SENT


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('abcé"', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdxy"), inner, max_size=5),
    max_leaves=12,
)
TREES: list[dict[str, Any]] = [
    {"remove": ["a", "b.c"], "rename": {"d": "x", "b.a": "y"}, "set": {"c": [1]}},
    {"include": ["a.b", "c"], "rename": {"a": "c", "c": "a"}},
    {"rename": {"a": "b", "b": "a"}, "set": {"c.d": None}},
]


def test_it_does_what_the_reference_does(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(made(upstream, **{f"t{n}": shape(**said) for n, said in enumerate(TREES)}))
    trees = [backwards(tree_of(**said)) for said in TREES]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values, st.integers(0, len(TREES) - 1))
    def holds(value: Any, which: int) -> None:
        assert got(post(gateway, json.dumps(value), f"/t{which}")) == changed(value, trees[which], constant)

    holds()
