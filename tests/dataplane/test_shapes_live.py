"""Changed bodies on a running Envoy: what was taken out gets through on no status, encoding, chunking or error path."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler import dataplane
from compiler.composed import Computed, Constant, Parameter
from compiler.expressions.parser import parse
from compiler.expressions.syntax import Template
from compiler.lower_shapes import lower_tree
from compiler.plan import Compose, Deployable, Endpoint, HeaderChanges, Policies, VersionKey
from compiler.shaped import Shape, Tree
from compiler.shaping.values import changed
from compiler.tables import by_path, by_version
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.dataplane.test_compiled_aggregate_live import deployable as aggregated
from tests.plans import deployable, forward, served
from tests.test_shaping import constant, tree_of

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

KIB = 1 << 10
SECRET = "do-not-tell"
GOOD = {"id": "o-1", "secret": SECRET, "items": [{"id": 1, "secret": SECRET}]}
KEPT = {"id": "o-1", "items": [{"id": 1}]}
Behaviour = Callable[[BaseHTTPRequestHandler], None]


def shape(**fields: Any) -> Shape:
    said = fields.pop("said", {"remove": ["secret", "items.secret"]})
    given: dict[str, Any] = {"errors": "replace", "max_body": 64 * KIB, "max_response": None}
    return Shape(lower_tree(tree_of(**said)) if said else None, **{**given, **fields})


def made(upstream: Upstream, **shapes: Shape) -> Deployable:
    actions = {name: forward(shape=one) for name, one in shapes.items()}
    rules = by_path([served(f"/{name}", m, action=a) for name, a in actions.items() for m in ("GET", "POST")])
    return deployable(rules=rules, clusters=(upstream.cluster(),))


def says(
    body: bytes | str,
    status: int = 200,
    content_type: str | None = "application/json",
    pieces: int | None = None,
    **headers: str,
) -> Behaviour:
    """An answer of these bytes; in ``pieces`` chunks, with its length otherwise."""
    data = body if isinstance(body, bytes) else body.encode()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if content_type is not None:
            request.send_header("content-type", content_type)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header(*(("transfer-encoding", "chunked") if pieces else ("content-length", str(len(data)))))
        request.end_headers()
        if request.command == "HEAD":
            return
        if not pieces:
            request.wfile.write(data)
            return
        size = max(1, -(-len(data) // pieces))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            request.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            request.wfile.flush()
        request.wfile.write(b"0\r\n\r\n")

    return answer


def empty(status: int) -> Behaviour:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.end_headers()

    return answer


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    return serve(
        made(
            upstream,
            shaped=shape(),
            small=shape(max_body=2 * KIB),
            passing=shape(errors="pass"),
            only=shape(said={"include": ["id", "items.id"], "rename": {"items": "orders"}, "set": {"by": "edge"}}),
            bounded=shape(max_response=200),
            measured=Shape(None, "pass", 1 * KIB, 1 * KIB),
        )
    )


def raw(gateway: Gateway, path: str, method: str = "GET", *headers: str) -> bytes:
    """All that comes back, headers and body, as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "host: a", "connection: close", *headers]
    return gateway.raw(("\r\n".join(lines) + "\r\n\r\n").encode())


def test_a_good_answer(gateway: Gateway, upstream: Upstream) -> None:
    upstream.behaviour["/shaped"] = says(
        json.dumps(GOOD), 201, etag='"1"', digest="x", accept_ranges="bytes", x_own="1"
    )
    reply = gateway.call("GET", "/shaped")
    assert (reply.status, reply.json) == (201, KEPT)
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert reply.headers["x-own"] == "1"
    assert not {"etag", "digest", "accept-ranges"} & {name.lower() for name in reply.headers}
    upstream.behaviour["/only"] = says(json.dumps(GOOD))
    assert gateway.call("GET", "/only").json == {"id": "o-1", "orders": [{"id": 1}], "by": "edge"}


def test_what_would_ask_for_a_part_or_an_encoding_is_not_sent_on(gateway: Gateway, upstream: Upstream) -> None:
    names = ["Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"]
    asked = dict.fromkeys(names, "x") | {"Accept-Encoding": "gzip", "X-Other": "y"}
    seen: dict[str, str] = {}

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen.update({name.lower(): value for name, value in request.headers.items()})
        says("{}")(request)

    upstream.behaviour["/shaped"] = upstream.behaviour["/measured"] = answer
    gateway.call("GET", "/shaped", asked)
    assert seen["x-other"] == "y"
    assert not {name.lower() for name in [*names, "Accept-Encoding"]} & seen.keys()
    gateway.call("GET", "/measured", asked)
    assert seen["range"] == "x", "what is only measured may be asked for as before"


whole = json.dumps(GOOD)
LARGE = json.dumps({**GOOD, "more": "x" * 80 * KIB})
DEEP = '{"secret":' + "[" * 500 + f'"{SECRET}"' + "]" * 500 + "}"
LEAKS: dict[str, tuple[Behaviour, int]] = {
    # what the service sends, and the status that clients get
    "plain": (says(whole), 200),
    "created": (says(whole, 201), 201),
    "any other status of success": (says(whole, 299), 299),
    "in one chunk": (says(whole, pieces=1), 200),
    "in many chunks": (says(whole, pieces=50), 200),
    "in single bytes": (says(json.dumps({"secret": SECRET}), pieces=10**6), 200),
    "spaces": (says(json.dumps(GOOD, indent=9)), 200),
    "escaped name": (says(whole.replace("secret", "\\u0073\\u0065cret")), 200),
    "name twice": (says(f'{{"secret":"{SECRET}","secret":"{SECRET}"}}'), 200),
    "a list around it": (says(f"[{whole},[{whole}]]"), 200),
    "with a charset": (says(whole, content_type="application/json; charset=utf-8"), 200),
    "a kind of JSON": (says(whole, content_type="application/vnd.orders.v1+json"), 200),
    "no content type": (says(whole, content_type=None), 200),
    "said to be identity": (says(whole, content_encoding="identity"), 200),
    "gzip": (says(gzip.compress(whole.encode()), content_encoding="gzip"), 502),
    "deflate": (says(zlib.compress(whole.encode()), content_encoding="deflate"), 502),
    "said to be gzip, and is not": (says(whole, content_encoding="gzip"), 502),
    "gzip that nobody tells of": (says(gzip.compress(whole.encode())), 502),
    "two encodings": (says(whole, content_encoding="identity, gzip"), 502),
    "text": (says(whole, content_type="text/plain"), 502),
    "html": (says(f"<p>{SECRET}", content_type="text/html"), 502),
    "events": (says(f"data: {whole}\n\n", content_type="text/event-stream"), 502),
    "lines of JSON": (says(f"{whole}\n{whole}\n", content_type="application/json"), 502),
    "not JSON": (says(SECRET), 502),
    "cut off": (says(whole[:-3]), 502),
    "more behind it": (says(whole + " " + SECRET), 502),
    "a comment": (says(f"/* {SECRET} */ {whole}"), 502),
    "single quotes": (says(whole.replace('"', "'")), 502),
    "a mark before it": (says(b"\xef\xbb\xbf" + whole.encode()), 502),
    "UTF-16": (says(whole.encode("utf-16")), 502),
    "no UTF-8": (says(whole.encode()[:-1] + b',"a":"\xff"}'), 502),
    "a zero byte": (says(whole + "\0"), 502),
    "a name that is not ended": (says(f'{{"secret:"{SECRET}"}}'), 502),
    "deeper than anybody reads": (says(DEEP), 502),
    "too large": (says(LARGE), 502),
    "too large, in chunks": (says(LARGE, pieces=20), 502),
    "partial content": (says(whole, 206, content_range="bytes 0-9/99"), 206),
    "not found": (says(whole, 404), 404),
    "a conflict, in chunks": (says(whole, 409, pieces=7), 409),
    "an error, encoded": (says(gzip.compress(whole.encode()), 500, content_encoding="gzip"), 500),
    "an error that is text": (says(SECRET, 400, content_type="text/plain"), 400),
    "a large error": (says(LARGE, 503), 503),
    "a large error, in chunks": (says(LARGE, 503, pieces=9), 503),
    "a redirection": (says(whole, 302, location="/elsewhere"), 302),
    "choices": (says(whole, 300), 300),
    "a status that nobody knows": (says(whole, 799), 799),
}


def test_nothing_leaks(gateway: Gateway, upstream: Upstream) -> None:
    assert len(LEAKS) >= 40
    for name, (behaviour, status) in LEAKS.items():
        upstream.behaviour["/shaped"] = behaviour
        got = raw(gateway, "/shaped", "GET", "accept-encoding: gzip, br", "range: bytes=0-10")
        head, _, body = got.partition(b"\r\n\r\n")
        assert int(head.split(b" ")[1]) == status, (name, got)
        assert SECRET.encode() not in got, (name, got)
        assert b"content-encoding" not in head or b"identity" in head, (name, head)
        if not 200 <= status < 300:
            assert b"content-type: application/problem+json" in head, (name, head)
            assert json.loads(body)["status"] == status, (name, got)
    assert int(gateway.running.stat("http.public.downstream_rq_active")) == 0


def test_an_answer_that_breaks_off_or_never_ends(gateway: Gateway, upstream: Upstream) -> None:
    def breaks_off(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", "10000")
        request.end_headers()
        request.wfile.write(whole.encode())
        request.wfile.flush()
        request.connection.close()

    def breaks_off_in_a_chunk(request: BaseHTTPRequestHandler) -> None:
        request.send_response(404)
        request.send_header("content-type", "application/json")
        request.send_header("transfer-encoding", "chunked")
        request.end_headers()
        request.wfile.write(f"{len(whole) + 50:x}\r\n{whole}".encode())
        request.wfile.flush()
        request.connection.close()

    for behaviour in (breaks_off, breaks_off_in_a_chunk):
        upstream.behaviour["/shaped"] = behaviour
        assert SECRET.encode() not in raw(gateway, "/shaped")
    upstream.behaviour["/shaped"] = says(whole)
    assert gateway.call("GET", "/shaped").json == KEPT, "the gateway goes on"


def test_head_and_bodies_that_are_not_there(gateway: Gateway, upstream: Upstream) -> None:
    upstream.behaviour["/shaped"] = says(whole, etag='"1"')
    reply = gateway.call("HEAD", "/shaped")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["etag"] is None
    assert reply.headers["content-length"] is None, "it would tell how long the unchanged body is"
    for status in (204, 304):
        upstream.behaviour["/shaped"] = empty(status)
        reply = gateway.call("GET", "/shaped")
        assert (reply.status, reply.body) == (status, b"")
    for pieces in (None, 1):
        upstream.behaviour["/shaped"] = says("", pieces=pieces)
        reply = gateway.call("GET", "/shaped")
        assert (reply.status, reply.body) == (200, b"")


def test_errors_that_are_passed_on(gateway: Gateway, upstream: Upstream) -> None:
    upstream.behaviour["/passing"] = says('{"detail": "no such order"}', 404, "application/problem+json", etag="x")
    reply = gateway.call("GET", "/passing")
    assert (reply.status, reply.json, reply.headers["etag"]) == (404, {"detail": "no such order"}, "x")
    upstream.behaviour["/passing"] = says(whole)
    assert gateway.call("GET", "/passing").json == KEPT


def test_answers_of_the_gateway_itself_stay(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(made(replace(upstream, port=1), shaped=shape()))  # where nobody listens
    reply = gateway.call("GET", "/shaped")
    assert reply.status == 503
    assert reply.json == {"type": "about:blank", "title": "Service Unavailable", "status": 503}


def test_the_largest_body_that_is_changed(gateway: Gateway, upstream: Upstream) -> None:
    frame = json.dumps({"secret": SECRET, "a": ""})
    for pieces in (None, 5):
        for extra, status in ((0, 200), (1, 502)):
            text = json.dumps({"secret": SECRET, "a": "x" * (2 * KIB - len(frame) + extra)})
            upstream.behaviour["/small"] = says(text, pieces=pieces)
            reply = gateway.call("GET", "/small")
            assert reply.status == status, (pieces, extra)
            assert SECRET.encode() not in reply.body


def test_the_largest_body_that_the_client_takes(gateway: Gateway, upstream: Upstream) -> None:
    for size, status in ((200, 200), (201, 502)):
        text = json.dumps({"secret": SECRET * 100, "a": "x" * (size - len('{"a":""}'))})
        upstream.behaviour["/bounded"] = says(text)
        assert gateway.call("GET", "/bounded").status == status
    for status in (200, 404):
        for pieces in (None, 3):
            upstream.behaviour["/measured"] = says("x" * KIB, status, "text/plain", pieces=pieces)
            reply = gateway.call("GET", "/measured")
            assert (reply.status, len(reply.body)) == (status, KIB)
            upstream.behaviour["/measured"] = says("x" * KIB + "y", status, "text/plain", pieces=pieces)
            reply = gateway.call("GET", "/measured")
            assert (reply.status, reply.json["status"]) == (502, 502)


def read(said: str) -> Computed:
    template = parse(said)
    assert isinstance(template, Template)
    assert template.single is not None
    return Computed(template.single)


def test_values_that_are_put_in(serve: Serve, upstream: Upstream) -> None:
    tree = Tree(
        False,
        (),
        (
            ("asked", read("${request.query.limit}")),
            ("id", read("${request.path.id}")),
            ("kind", Constant('{"a":[1]}')),
            ("own", read('${response.headers["x-own"]}')),
            ("total", read("${response.body.total}")),
        ),
    )
    parameters = (Parameter("path", "id", ("string",), True), Parameter("query", "limit", ("integer",), False))
    one = Shape(tree, "replace", 64 * KIB, None, parameters)
    rules = by_path([served("/orders/{id}", action=forward(shape=one))])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),)))
    upstream.behaviour["/orders/o%201?limit=7"] = says('{"total": 5.50}', x_own='a"b')
    reply = gateway.call("GET", "/orders/o%201?limit=7")
    assert reply.body == b'{"total":5.50,"asked":7,"id":"o 1","kind":{"a":[1]},"own":"a\\"b","total":5.50}'
    upstream.behaviour["/orders/x"] = says("{}")
    assert gateway.call("GET", "/orders/x").body == b'{"id":"x","kind":{"a":[1]}}'
    refused = gateway.call("GET", "/orders/x?limit=many")
    assert (refused.status, refused.json["status"]) == (400, 400)
    assert len(upstream.seen) == 2, "what cannot be read does not reach the service"


def test_compression_towards_clients_comes_after_it(serve: Serve, upstream: Upstream) -> None:
    action = forward(shape=shape(), policies=Policies(compression=("gzip",)))
    rules = by_path([served("/shaped", action=action)])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),), policies=Policies(compression=("gzip",))))
    upstream.behaviour["/shaped"] = says(json.dumps({**GOOD, "a": "x" * 4 * KIB}))
    reply = gateway.call("GET", "/shaped", {"accept-encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body)) == {**KEPT, "a": "x" * 4 * KIB}


def test_headers_of_policies_apply_to_changed_answers(serve: Serve, upstream: Upstream) -> None:
    action = forward(shape=shape(), response_headers=HeaderChanges((("x-set", "1"),), ("x-own",)))
    gateway = serve(deployable(rules=by_path([served("/shaped", action=action)]), clusters=(upstream.cluster(),)))
    upstream.behaviour["/shaped"] = says(whole, x_own="2")
    reply = gateway.call("GET", "/shaped")
    assert (reply.headers["x-set"], reply.headers["x-own"]) == ("1", None)


class Framed:
    """An HTTP/2 service that answers every request with JSON and trailers behind it (RFC 9113)."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as read:
            read.read(24)  # the preface
            connection.sendall(_frame(4, 0, 0, b""))
            while len(head := read.read(9)) == 9:
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big")
                read.read(int.from_bytes(head[:3], "big"))
                if kind == 4 and not flags & 1:
                    connection.sendall(_frame(4, 1, 0, b""))
                if kind == 1:
                    fields = b"\x88" + _literal("content-type", "application/json")  # 200 (RFC 7541, appendix A)
                    connection.sendall(_frame(1, 4, stream, fields) + _frame(0, 0, stream, self.body))
                    connection.sendall(_frame(1, 5, stream, _literal("x-trailer", "1")))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _literal(name: str, value: str) -> bytes:
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


@pytest.mark.parametrize(("body", "status"), [(whole, 200), (SECRET, 502), (LARGE[: 15 * KIB], 502)])
def test_trailers_behind_a_body(serve: Serve, upstream: Upstream, body: str, status: int) -> None:
    service = Framed(body.encode())
    cluster = replace(upstream.cluster(), protocol="http2", endpoints=(Endpoint("127.0.0.1", service.port, None),))
    rules = by_path([served("/shaped", action=forward(shape=shape()))])
    gateway = serve(deployable(rules=rules, clusters=(cluster,)))
    reply = gateway.call("GET", "/shaped")
    assert reply.status == status
    assert SECRET.encode() not in reply.body
    assert status != 200 or reply.json == KEPT
    service.socket.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda one: (
        st.dictionaries(st.sampled_from(["id", "secret", "items", "orders", "by", "x", "é"]), one, max_size=4)
        | st.lists(one, max_size=3)
    ),
    max_leaves=12,
)


def test_the_module_does_what_the_compiler_says(gateway: Gateway, upstream: Upstream) -> None:
    tree = tree_of(include=["id", "items.id"], rename={"items": "orders"}, set={"by": "edge"})

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(json_values, st.booleans(), st.booleans())
    def holds(value: Any, ascii_only: bool, spaced: bool) -> None:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=1 if spaced else None)
        upstream.behaviour["/only"] = says(text)
        assert gateway.call("GET", "/only").json == changed(value, tree, constant)

    holds()


def test_the_largest_answer_of_an_aggregate(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    made = aggregated(tmp_path, upstream)
    rules = tuple(
        replace(rule, action=replace(rule.action, max_response=60)) if isinstance(rule.action, Compose) else rule
        for rule in made.rules
    )
    gateway = serve(replace(made, rules=rules))
    for name, status in (("Ada", 200), ("Ada" * 30, 502)):
        upstream.behaviour["/customers/c-1"] = says(json.dumps({"name": name}))
        reply = gateway.call("GET", "/v1/overview/c-1")
        assert (reply.status, "Ada" in reply.body.decode()) == (status, status == 200)


@pytest.mark.parametrize("default", [None, "1", "2"])
@pytest.mark.parametrize("key", [VersionKey("query", "v"), VersionKey("header", "x-v"), VersionKey("media_type", None)])
def test_a_changed_answer_is_of_the_version_that_was_asked_for(
    serve: Serve, upstream: Upstream, key: VersionKey, default: str | None
) -> None:
    """The module takes headers off the request, for which Envoy chooses its route again."""
    action = forward(shape=shape(said={"remove": ["body"]}))
    operations = [
        served("/orders", label=at, name=at, default=at == default, action=replace(action, prepend=f"/s{at}"))
        for at in "12"
    ]
    gateway = serve(deployable(rules=by_version(operations, key), clusters=(upstream.cluster(),), version_key=key))
    for at in "12":
        asked = {"x-v": at, "accept": f"application/vnd.orders.v{at}+json", "if-none-match": "*"}
        reply = gateway.call("GET", f"/orders?a=1&v={at}&b=2", asked)
        assert reply.status == 200, reply.body
        assert reply.json["path"] == f"/s{at}/orders?a=1" + ("&b=2" if key.source == "query" else f"&v={at}&b=2")
        assert "body" not in reply.json
