"""Changed requests on a running Envoy: what clients may not send reaches the service by no encoding and no chunking."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from compiler import dataplane
from compiler.lower_shapes import lower_tree
from compiler.plan import Deployable, Mirror, Retry
from compiler.shaped import Shape
from compiler.shaping.requests import backwards
from compiler.shaping.values import changed
from compiler.tables import by_path
from tests.dataplane.conftest import Gateway, Serve, Upstream
from tests.dataplane.test_shapes_live import json_values
from tests.plans import deployable, forward, served
from tests.test_shaping import constant, tree_of

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

KIB = 1 << 10
JSON = {"content-type": "application/json"}
FORGED = "forged"
SAID: dict[str, Any] = {
    "remove": ["status", "items.status", "internal"],
    "rename": {"customer_id": "customer", "items.count": "n"},
    "set": {"channel": "mobile", "items.by": "edge"},
}
ONLY: dict[str, Any] = {"include": ["id", "items.id"], "rename": {"items": "orders"}, "set": {"by": "edge"}}


def asked(said: dict[str, Any], **fields: Any) -> Shape:
    """A shape of requests alone."""
    given: dict[str, Any] = {"errors": "pass", "max_body": 64 * KIB, "max_response": None}
    return Shape(None, request=lower_tree(backwards(tree_of(**said))), **{**given, **fields})


@dataclass
class Bodies:
    """The bodies that reached a service, as they came, and the headers with each."""

    came: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.take(request)
        request.send_response(200)
        request.send_header("content-length", "0")
        request.end_headers()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.headers.append(headers)
        self.came.append(request.body)  # type: ignore[attr-defined]


def made(upstream: Upstream, **shapes: Shape) -> Deployable:
    actions = {name: forward(shape=one) for name, one in shapes.items()}
    methods = ("GET", "POST", "PUT", "DELETE")
    rules = by_path([served(f"/{name}", m, action=a) for name, a in actions.items() for m in methods])
    return deployable(rules=rules, clusters=(upstream.cluster(),))


@pytest.fixture(scope="module")
def service() -> Iterator[Upstream]:
    from tests.dataplane.conftest import upstream

    yield from upstream.__wrapped__()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def gateway(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    from tests.dataplane.conftest import serve

    starting = serve.__wrapped__(tmp_path_factory.mktemp("requests"))  # type: ignore[attr-defined]
    begin: Serve = next(starting)
    yield begin(made(service, orders=asked(SAID), only=asked(ONLY), small=asked(SAID, max_body=2 * KIB)))
    next(starting, None)


def sent(gateway: Gateway, service: Upstream, path: str, body: Any, **headers: str) -> Any:
    """What the service gets for a body that is let through."""
    got = echo(gateway, path, json.dumps(body), **headers)
    return json.loads(got["body"])


def echo(gateway: Gateway, path: str, text: str, method: str = "POST", **headers: str) -> Any:
    reply = gateway.call(method, path, JSON | {name.replace("_", "-"): v for name, v in headers.items()}, text)
    assert reply.status == 200, reply.body
    return reply.json


def test_names_are_turned_back_and_what_is_not_the_clients_is_dropped(gateway: Gateway, service: Upstream) -> None:
    body = {
        "customer": "c-1",
        "customer_id": FORGED,
        "status": FORGED,
        "channel": FORGED,
        "items": [{"n": 1, "count": FORGED, "status": FORGED, "by": FORGED, "id": 1.50}, [{"n": 2}], 7],
        "note": "ä",
    }
    expected = {
        "customer_id": "c-1",
        "items": [{"count": 1, "id": 1.50, "by": "edge"}, [{"count": 2, "by": "edge"}], 7],
        "note": "ä",
        "channel": "mobile",
    }
    assert sent(gateway, service, "/orders", body) == expected
    assert sent(gateway, service, "/only", {"id": 1, "x": 2, "orders": [{"id": 3, "y": 4}], "items": 5, "by": 6}) == {
        "id": 1,
        "items": [{"id": 3}],
        "by": "edge",
    }
    for value in ([], "text", 5, None, [{"status": 1}]):
        assert sent(gateway, service, "/orders", value) == changed(value, backwards(tree_of(**SAID)), constant)


def test_headers_that_speak_of_the_body(gateway: Gateway, service: Upstream) -> None:
    text = json.dumps({"status": FORGED, "customer": "c-1"})
    told = {
        "content_md5": "x",
        "digest": "x",
        "content_digest": "x",
        "repr_digest": "x",
    }
    got = echo(gateway, "/orders", text, **told, x_other="y")
    names = {name.lower(): value for name, value in got["headers"].items()}
    assert int(names["content-length"]) == len(got["body"].encode())
    assert "transfer-encoding" not in names
    assert not names.keys() & {name.replace("_", "-") for name in told}
    assert names["x-other"] == "y"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_body_at_all(gateway: Gateway, service: Upstream, method: str) -> None:
    for headers in ({}, {"content-length": "0"}, JSON):
        reply = gateway.call(method, "/orders", headers)
        assert (reply.status, reply.json["body"]) == (200, ""), "nothing is put in where nothing is"
    lines = [f"{method} /orders HTTP/1.1", "host: a", "content-type: application/json", "transfer-encoding: chunked"]
    assert b" 200 OK" in gateway.raw("\r\n".join([*lines, "connection: close", "", "0", "", ""]).encode())


REFUSED = {
    "other type": (415, {"content-type": "text/plain"}, "{}"),
    "form": (415, {"content-type": "application/x-www-form-urlencoded"}, "status=forged"),
    "no type": (415, {}, '{"status": "forged"}'),
    "empty type": (415, {"content-type": ""}, '{"status": "forged"}'),
    "JSON in an odd charset": (415, {"content-type": "application/json; charset=utf-7"}, '{"+AHM-tatus": "forged"}'),
    "JSON in UTF-16": (415, {"content-type": "application/json;charset=UTF-16"}, '{"status": "forged"}'),
    "two types": (415, {"content-type": "application/json, text/xml"}, '{"status": "forged"}'),
    "gzip by name": (415, JSON | {"content-encoding": "gzip"}, '{"status": "forged"}'),
    "identity and gzip": (415, JSON | {"content-encoding": "identity, gzip"}, '{"status": "forged"}'),
    "odd encoding": (415, JSON | {"content-encoding": "x"}, '{"status": "forged"}'),
    "no JSON": (400, JSON, "status=forged"),
    "only blanks": (400, JSON, "  "),
    "two values": (400, JSON, '{} {"status": "forged"}'),
    "comment": (400, JSON, '{/**/"status": "forged"}'),
    "comma at the end": (400, JSON, '{"status": "forged",}'),
    "single quotes": (400, JSON, "{'status': 'forged'}"),
    "byte order mark": (400, JSON, '\ufeff{"status": "forged"}'),
    "zero byte behind": (400, JSON, '{}\0{"status": "forged"}'),
    "deep": (400, JSON, "[" * 200 + '{"status": "forged"}' + "]" * 200),
    "twice": (400, JSON, '{"status": "forged", "status": "forged"}'),
    "twice, one escaped": (400, JSON, '{"customer": "c-1", "\\u0063ustomer": "forged"}'),
    "twice, further down": (400, JSON, '{"items": [[{"a": 1, "a": 2}]]}'),
    "new and old name twice": (400, JSON, '{"customer": 1, "customer_id": 2, "customer": 3}'),
    "control character in a name": (400, JSON, '{"sta\ntus": "forged"}'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_changed_is_refused_before_the_service_hears_of_it(
    gateway: Gateway, service: Upstream, name: str
) -> None:
    status, headers, text = REFUSED[name]
    service.seen.clear()
    reply = gateway.call("POST", "/orders", headers, text)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), reply.body
    assert reply.json["status"] == status
    assert service.seen == []


DROPPED = {
    "plain": '{"status": "forged"}',
    "escaped": '{"\\u0073tatus": "forged"}',
    "all escaped": '{"\\u0073\\u0074\\u0061\\u0074\\u0075\\u0073": "forged"}',
    "capital escapes": '{"\\u0073TATUS": "kept", "stat\\u0075s": "forged"}',
    "blanks around": '\t{ \r\n"status"\n:\t"forged"}',
    "nested lists": '{"items": [[[{"status": "forged"}]]]}',
    "an object where a list was": '{"items": {"status": "forged"}}',
    "a renamed name as it was": '{"customer_id": "forged"}',
    "escaped, as it was": '{"customer\\u005fid": "forged"}',
    "the name before, in a list": '{"items": [{"count": "forged"}]}',
    "what is set": '{"channel": "forged"}',
    "what is set, escaped": '{"chann\\u0065l": "forged"}',
    "what is set, further down": '{"items": [{"by": "forged"}]}',
    "below what is removed": '{"status": {"a": ["forged"]}}',
    "a list of bodies": '[{"status": "forged"}, [{"internal": "forged"}]]',
    "behind a quote": '{"a\\"": 1, "status": "forged"}',
    "behind a backslash": '{"a\\\\": 1, "status": "forged"}',
    "in a text": '{"note": "x", "status": "forged", "more": "\\""}',
}


@pytest.mark.parametrize("name", DROPPED)
def test_what_is_dropped_is_dropped_however_it_is_written_and_cut(
    gateway: Gateway, service: Upstream, name: str
) -> None:
    text = DROPPED[name].encode()
    assert json.loads(text) is not None
    bodies = Bodies()
    service.behaviour["/orders"] = bodies
    head = "POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n"
    for size in (1, 2, 7, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
        data = f"{head}transfer-encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"
        assert b" 200 OK" in gateway.raw(data)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(f"{head}content-length: {len(text)}\r\n\r\n".encode())
        for at in range(len(text)):
            connection.sendall(text[at : at + 1])
        assert b" 200 OK" in connection.recv(KIB)
    del service.behaviour["/orders"]
    assert len(bodies.came) == 5
    for body, headers in zip(bodies.came, bodies.headers, strict=True):
        assert FORGED.encode() not in body, body
        assert json.loads(body) == changed(json.loads(text), backwards(tree_of(**SAID)), constant)
        assert headers["content-length"] == str(len(body))
        assert "transfer-encoding" not in headers


def test_an_encoded_body(gateway: Gateway, service: Upstream) -> None:
    data = gzip.compress(b'{"status": "forged"}')
    for encoding, status in (("gzip", b" 415 "), ("", b" 400 ")):
        service.seen.clear()
        more = f"content-encoding: {encoding}\r\n" if encoding else ""
        head = f"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{more}connection: close\r\n"
        assert status in gateway.raw(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data).split(b"\r\n")[0]
        assert service.seen == []


def test_the_largest_body_that_is_changed(gateway: Gateway, service: Upstream) -> None:
    bodies = Bodies()
    service.behaviour["/small"] = bodies
    frame = json.dumps({"status": FORGED, "a": ""})
    head = b"POST /small HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n"
    for extra, status in ((0, 200), (1, 413), (100 * KIB, 413), (4 * KIB * KIB, 413)):
        text = json.dumps({"status": FORGED, "a": "x" * (2 * KIB - len(frame) + extra)})
        try:
            reply = gateway.call("POST", "/small", JSON, text)
        except ConnectionError:  # refused while it was still being sent
            assert status == 413
        else:
            assert (reply.status, reply.json["status"] if status == 413 else 413) == (status, 413)
        half = len(text) // 2
        chunks = b"".join(f"{len(p):x}\r\n{p}\r\n".encode() for p in (text[:half], text[half:])) + b"0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
            try:
                connection.sendall(head + b"transfer-encoding: chunked\r\n\r\n" + chunks)
                assert f" {status} ".encode() in connection.recv(KIB)
            except ConnectionError:
                assert status == 413
    del service.behaviour["/small"]
    assert len(bodies.came) == 2
    assert not any(FORGED.encode() in body for body in bodies.came)


def test_a_body_that_breaks_off(gateway: Gateway, service: Upstream) -> None:
    service.seen.clear()
    head = b"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    for data in (
        head + b'content-length: 100\r\n\r\n{"status": "forged"}',
        head + b'transfer-encoding: chunked\r\n\r\n14\r\n{"status": "forged"}\r\n',
    ):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(KIB)
    assert sent(gateway, service, "/orders", {}) == {"channel": "mobile"}
    assert service.seen == ["POST /orders"], "what did not come whole never got there"


def _frame(kind: int, flags: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + (1).to_bytes(4, "big") + payload


def _literal(name: str, value: str) -> bytes:
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


@pytest.mark.parametrize("trailers", [False, True])
@pytest.mark.parametrize("size", [1, 1000])
def test_http2(gateway: Gateway, service: Upstream, trailers: bool, size: int) -> None:
    text = b'{"\\u0073tatus": "forged", "customer": "c-1", "items": [{"n": 1}]}'
    bodies = Bodies()
    service.behaviour["/orders"] = bodies
    head = b"\x83\x86" + _literal(":path", "/orders") + _literal(":authority", "a")
    head += _literal("content-type", "application/json")
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    last = len(pieces) - 1
    data = b"".join(_frame(0, int(at == last and not trailers), piece) for at, piece in enumerate(pieces))
    behind = _frame(1, 5, _literal("x-trailer", "1")) if trailers else b""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + (0).to_bytes(3, "big") + b"\x04\x00" + bytes(4)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(preface + _frame(1, 4, head) + data + behind)
        assert gateway.eventually(lambda: bool(bodies.came))
    del service.behaviour["/orders"]
    assert [json.loads(body) for body in bodies.came] == [
        {"customer_id": "c-1", "items": [{"count": 1, "by": "edge"}], "channel": "mobile"}
    ]
    assert bodies.headers[0]["content-length"] == str(len(bodies.came[0]))


@pytest.mark.parametrize("what", ["retries", "a mirror"])
def test_retries_and_mirrors_get_the_changed_body(serve: Serve, upstream: Upstream, what: str) -> None:
    bodies, answers = Bodies(), [503, 503, 200] if what == "retries" else [200, 200]
    many = len(answers)

    def answer(request: BaseHTTPRequestHandler) -> None:
        bodies.take(request)
        request.send_response(answers.pop(0))
        request.send_header("content-length", "0")
        request.end_headers()

    upstream.behaviour["/orders"] = answer
    how: dict[str, Any] = {"retry": Retry(2, ("5xx",), None)}
    if what == "a mirror":
        how = {"mirror": Mirror("echo", 1_000_000)}
    action = forward(shape=asked(SAID), **how)
    gateway = serve(
        deployable(rules=by_path([served("/orders", "POST", action=action)]), clusters=(upstream.cluster(),))
    )
    text = json.dumps({"status": FORGED, "customer": "c-1", "a": "x" * 20 * KIB})
    assert gateway.call("POST", "/orders", JSON | {"host": "a"}, text).status == 200
    assert gateway.eventually(lambda: len(bodies.came) == many)
    expected = {"customer_id": "c-1", "a": "x" * 20 * KIB, "channel": "mobile"}
    assert all(json.loads(body) == expected for body in bodies.came)


def test_answers_stay_as_they_are(gateway: Gateway, service: Upstream) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        Bodies().take(request)
        request.send_response(404)
        request.send_header("content-type", "text/plain")
        request.send_header("etag", "x")
        request.send_header("content-length", "4")
        request.end_headers()
        request.wfile.write(b"gone")

    service.behaviour["/orders"] = answer
    reply = gateway.call("POST", "/orders", JSON | {"range": "bytes=0-1"}, "{}")
    del service.behaviour["/orders"]
    assert (reply.status, reply.body, reply.headers["etag"]) == (404, b"gone", "x")


@pytest.mark.parametrize("said", [SAID, ONLY])
def test_the_module_does_what_the_compiler_says(gateway: Gateway, service: Upstream, said: dict[str, Any]) -> None:
    tree, path = backwards(tree_of(**said)), "/orders" if said is SAID else "/only"

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(json_values)
    def holds(value: Any) -> None:
        assert sent(gateway, service, path, value) == changed(value, tree, constant)

    holds()
