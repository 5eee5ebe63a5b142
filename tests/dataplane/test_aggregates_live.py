"""Aggregates on a running Envoy: what runs when, what goes up, what comes back, and services that lie."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from compiler import dataplane
from compiler.backends.envoy import payload
from compiler.backends.envoy.routes import route_configuration
from compiler.dataplane.building import build
from compiler.plan import Endpoint
from compiler.yaml_text import dump
from tests.dataplane.composing import Behaviour, aggregate, says, step
from tests.dataplane.conftest import Gateway, Serve, Upstream

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

WHOLE = "/v1/whole"


def together(many: int, answer: Behaviour) -> Behaviour:
    """An answer that is given only when so many requests are there at once."""
    barrier = threading.Barrier(many, timeout=4)

    def behave(request: BaseHTTPRequestHandler) -> None:
        barrier.wait()
        answer(request)

    return behave


def test_independent_steps_run_beside_each_other(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    each = together(3, says({"name": "x"}))
    upstream.behaviour |= {"/a/1": each, "/b": each, "/c": each}
    steps = {"a": step("a", "4s"), "b": step("b", "4s"), "c": step("c", "4s")}
    body = ["${a.body.name}", "${b.body.name}", "${c.body.name}"]
    reply = serve(aggregate(tmp_path / "p", upstream, steps, body)).call("GET", WHOLE)
    assert (reply.status, reply.json) == (200, ["x", "x", "x"])


def test_data_is_the_order(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour |= {"/b": says({"name": "7"}), "/a/7": says({"name": "seven"})}
    steps = {"b": step("b"), "a": step("a", given={"path": {"id": "${b.body.name}"}})}
    gateway = serve(aggregate(tmp_path / "p", upstream, steps, "${a.body.name}"))
    assert gateway.call("GET", WHOLE).json == "seven"
    assert upstream.seen == ["GET /b", "GET /a/7"]


def test_another_try_helps(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    tries: list[float] = []

    def moody(request: BaseHTTPRequestHandler) -> None:
        tries.append(time.monotonic())
        says({"name": "x"} if len(tries) == 3 else {}, 200 if len(tries) == 3 else 503)(request)

    upstream.behaviour["/b"] = moody
    steps = {"b": step("b", retry={"attempts": 2})}
    gateway = serve(aggregate(tmp_path / "p", upstream, steps, "${b.body.name}"))
    assert gateway.call("GET", WHOLE).json == "x"
    assert len(tries) == 3
    assert tries[1] - tries[0] >= 0.02
    upstream.behaviour["/b"] = says({}, 503)
    before = len(upstream.seen)
    assert gateway.call("GET", WHOLE).status == 502
    assert len(upstream.seen) - before == 3
    upstream.behaviour["/b"] = says({}, 409)
    before = len(upstream.seen)
    assert gateway.call("GET", WHOLE).status == 409
    assert len(upstream.seen) - before == 1, "a refusal is an answer"


OPTIONAL: dict[str, Any] = {"optional": {"fallback": {"name": "nobody"}}}


def test_the_deadline_gives_what_there_is(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour |= {"/a/1": says({"name": "x"}), "/b": says({"name": "y"}, delay=3)}
    steps = {"a": step("a", "300ms"), "b": step("b", "400ms", **OPTIONAL)}
    body = ["${a.body.name}", "${b.body.name}"]
    gateway = serve(aggregate(tmp_path / "p", upstream, steps, body, deadline="400ms"))
    reply = gateway.call("GET", WHOLE)
    assert (reply.status, reply.json, reply.headers["x-gatewright-partial"]) == (200, ["x", "nobody"], "b")
    upstream.behaviour["/a/1"] = says({"name": "x"}, delay=3)
    reply = gateway.call("GET", WHOLE)
    assert (reply.status, reply.json["step"]) == (504, "a")


def test_more_than_may_run_at_once_are_refused(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = says({"name": "x"}, delay=0.7)
    made = aggregate(tmp_path / "p", upstream, {"b": step("b", "3s")}, "${b.body.name}", max_concurrent=2)
    gateway = serve(made)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(gateway.call("GET", WHOLE))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted({reply.status for reply in found})
    assert statuses == [200, 503]
    refused = next(reply for reply in found if reply.status == 503)
    assert refused.headers["retry-after"] == "1"
    assert gateway.eventually(lambda: gateway.call("GET", WHOLE).status == 200), "each that ends makes room"


def test_refusals_pass_with_what_clients_need(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    told: dict[str, Any] = {"retry_after": "9", "www_authenticate": 'Bearer realm="x"', "x_secret": "1"}
    gateway = serve(aggregate(tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}"))
    for status in (400, 401, 403, 404, 409, 429):
        upstream.behaviour["/b"] = says({"secret": 1}, status, **told)
        reply = gateway.call("GET", WHOLE)
        assert (reply.status, reply.json["status"], reply.json["step"]) == (status, status, "b")
        assert (reply.headers["retry-after"], reply.headers["www-authenticate"]) == ("9", 'Bearer realm="x"')
        assert reply.headers["x-secret"] is None
        assert b"secret" not in reply.body
    for status in (301, 500, 501):
        upstream.behaviour["/b"] = says({"secret": 1}, status, location="/elsewhere")
        assert gateway.call("GET", WHOLE).status == 502


def test_headers_that_go_along(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def note(request: BaseHTTPRequestHandler) -> None:
        seen.update({name.lower(): value for name, value in request.headers.items()})
        says({"name": "x"})(request)

    upstream.behaviour["/b"] = note
    made = aggregate(
        tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}", forward=["authorization", "X-Tenant"]
    )
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {
        "authorization": "Bearer t",
        "x-tenant": "t1",
        "cookie": "s=1",
        "traceparent": trace,
        "host": "shop.example",
    }
    assert serve(made).call("GET", WHOLE, sent).status == 200
    assert (seen["authorization"], seen["x-tenant"], seen["traceparent"]) == ("Bearer t", "t1", trace)
    assert seen["host"] == "shop.example"
    assert "x-request-id" in seen
    assert "cookie" not in seen


def test_head_has_the_headers_alone(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = says({"name": "x"})
    gateway = serve(aggregate(tmp_path / "p", upstream, {"b": step("b")}, {"n": "${b.body.name}"}))
    reply = gateway.call("HEAD", WHOLE)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", str(len('{"n":"x"}')))


@pytest.mark.parametrize(
    "written", ["../b", "b%2F..", "x?q=2", "x&r=3", "x#y", "a b", "%00", "\u00e4\u20ac\U0001f600", "a\nb", "'\"<>;="]
)
def test_no_input_leaves_its_place(written: str, serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    from urllib.parse import parse_qsl, quote, unquote, urlsplit

    upstream.behaviour["/b"] = says({"name": written})
    steps = {
        "b": step("b"),
        "a": step("a", given={"path": {"id": "${b.body.name}"}, "query": {"q": "${b.body.name}"}}),
    }
    gateway = serve(aggregate(tmp_path / "p", upstream, steps, "${a.status}"))
    gateway.call("GET", WHOLE)
    (_, target) = upstream.seen
    parts = urlsplit(target.removeprefix("GET "))
    assert parts.path == "/a/" + quote(written, safe="")
    assert unquote(parts.path.removeprefix("/a/")) == written
    assert parse_qsl(parts.query) == [("q", written)]


@pytest.mark.parametrize("written", ["", ".", ".."])
def test_segments_that_mean_something_else_are_not_sent(
    written: str, serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.behaviour["/b"] = says({"name": written})
    steps = {"b": step("b"), "a": step("a", given={"path": {"id": "${b.body.name}"}})}
    reply = serve(aggregate(tmp_path / "p", upstream, steps, "${a.status}")).call("GET", WHOLE)
    assert (reply.status, reply.json["step"]) == (502, "a")
    assert upstream.seen == ["GET /b"]


def test_headers_take_no_line_break(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = says({"name": "x\r\nx-evil: 1"})
    steps = {"b": step("b"), "c": step("c", given={"headers": {"X-Given": "${b.body.name}"}})}
    reply = serve(aggregate(tmp_path / "p", upstream, steps, "${c.status}")).call("GET", WHOLE)
    assert (reply.status, reply.json["step"]) == (502, "c")


def test_a_body_is_an_input(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def take(request: BaseHTTPRequestHandler) -> None:
        says({"name": "x"})(request)

    upstream.behaviour["/made"] = take
    steps = {"make": step("make", given={"body": {"all": "${request.body}", "fixed": [1]}})}
    made = aggregate(tmp_path / "p", upstream, steps, "${make.body.name}", method="post", max_body="64KiB")
    gateway = serve(made)
    sent = {"content-type": "application/json"}
    assert gateway.call("POST", WHOLE, sent, '{"n": 123456789012345678901234567890.10}').json == "x"
    assert gateway.call("POST", WHOLE, sent, "{").status == 400
    assert gateway.call("POST", WHOLE, sent).status == 400
    assert gateway.call("POST", WHOLE, sent, json.dumps("x" * 70_000)).status == 413
    assert bodies == []


NUMBER = "123456789012345678901234567890.123456789e-5"


def raw(data: bytes, length: int | None = None) -> Behaviour:
    """An answer whose length may be a lie."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "application/json")
        request.send_header("content-length", str(len(data) if length is None else length))
        request.end_headers()
        request.wfile.write(data)
        request.wfile.flush()
        request.close_connection = True

    return answer


def reset(request: BaseHTTPRequestHandler) -> None:
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    request.connection.close()
    request.close_connection = True


LIES: dict[str, Behaviour] = {
    "not JSON": raw(b"<html>"),
    "half of JSON": raw(b'{"name": "x"'),
    "truncated": raw(b'{"name": "x"}', 1000),
    "too large": raw(json.dumps({"name": "x" * 200_000}).encode()),
    "not UTF-8": raw(b'{"name": "\xff"}'),
    "deep": raw(b'{"name": "x", "any": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "deep and open": raw(b"[" * 60_000),
    "another type": raw(b'{"name": 5}'),
    "no such field": raw(b"{}"),
    "null": raw(b"null"),
    "nothing": raw(b""),
    "control characters": raw(b'{"name": "a\nb"}'),
    "reset": reset,
    "an undeclared status": says({"name": "x"}, 201),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_service_that_lies_is_left_out(lie: str, serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour |= {"/b": LIES[lie], "/c": says({"name": "fine"})}
    steps = {"b": step("b", **OPTIONAL), "c": step("c")}
    made = aggregate(tmp_path / "p", upstream, steps, ["${b.body.name}", "${c.body.name}"], max_body="100KiB")
    reply = serve(made).call("GET", WHOLE)
    assert (reply.status, reply.json, reply.headers["x-gatewright-partial"]) == (200, ["nobody", "fine"], "b")


def test_a_service_that_is_not_there(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    made = aggregate(tmp_path / "p", upstream, {"b": step("b", **OPTIONAL)}, "${b.body.name}")
    nobody = replace(made.clusters[0], endpoints=(Endpoint("127.0.0.1", 1, None),))
    reply = serve(replace(made, clusters=(nobody,))).call("GET", WHOLE)
    assert (reply.status, reply.json, reply.headers["x-gatewright-partial"]) == (200, "nobody", "b")


def test_values_are_copied_as_they_stand(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    text = (
        '{ "name" : "x", "number":' + NUMBER + ', "any": {"\\u00e9": "\\ud83d\\ude00 \\u0000 \\/", "b":[1,2.0,1E400]}}'
    )
    upstream.behaviour["/b"] = raw(text.encode())
    body = {"n": "${b.body.number}", "any": "${b.body.any}", "t": "<${b.body.name}>"}
    steps = {"b": step("b")}
    reply = serve(aggregate(tmp_path / "p", upstream, steps, body)).call("GET", WHOLE)
    said = reply.body.decode()
    assert f'"n":{NUMBER}' in said
    assert '{"\\u00e9": "\\ud83d\\ude00 \\u0000 \\/", "b":[1,2.0,1E400]}' in said
    assert json.loads(said)["t"] == "<x>"


def test_of_a_name_that_stands_twice_the_last_counts(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = raw(b'{"name": "first", "\\u006eame": "last"}')
    gateway = serve(aggregate(tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}"))
    assert gateway.call("GET", WHOLE).json == "last"


def test_an_answer_without_a_body_is_a_success(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    def nothing(request: BaseHTTPRequestHandler) -> None:
        request.send_response(204)
        request.end_headers()

    upstream.behaviour["/maybe"] = nothing
    body = {"there": "${has(m.body.name)}", "status": "${m.status}"}
    reply = serve(aggregate(tmp_path / "p", upstream, {"m": step("maybe")}, body)).call("GET", WHOLE)
    assert (reply.status, reply.json) == (200, {"there": False, "status": 204})
    assert reply.headers["x-gatewright-partial"] is None


def each(**more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"for_each": "${list.body.items}", "max": 5, **more}
    return {"list": step("list"), "each": step("item", given={"path": {"id": "${item.id}"}}, **given)}


RESULTS = "${each.map(x, has(x.body.text) ? x.body.text : '-')}"


def items(*names: str) -> Behaviour:
    return says({"name": "x", "items": [{"id": name} for name in names]})


def test_a_call_for_each_element(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    under_way = 0
    most = 0
    lock = threading.Lock()

    def one(name: str, delay: float) -> Behaviour:
        def answer(request: BaseHTTPRequestHandler) -> None:
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(delay)
            with lock:
                under_way -= 1
            says({"id": name, "text": name.upper()})(request)

        return answer

    upstream.behaviour["/list"] = items("a", "b", "c", "d", "e")
    upstream.behaviour |= {f"/items/{n}": one(n, 0.3 if n in "ac" else 0.05) for n in "abcde"}
    steps = each(concurrency=2, optional={"fallback": {"id": "none"}})
    gateway = serve(aggregate(tmp_path / "p", upstream, steps, RESULTS))
    reply = gateway.call("GET", WHOLE)
    assert reply.json == ["A", "B", "C", "D", "E"], "in the order of the elements, whichever ended first"
    assert most == 2
    upstream.behaviour["/items/c"] = says({}, 500)
    reply = gateway.call("GET", WHOLE)
    assert (reply.json, reply.headers["x-gatewright-partial"]) == (["A", "B", "-", "D", "E"], "each")
    upstream.behaviour["/list"] = items()
    reply = gateway.call("GET", WHOLE)
    assert (reply.json, reply.headers["x-gatewright-partial"]) == ([], None)


def test_more_elements_than_there_may_be(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour |= {"/list": items("a", "b", "c")} | {f"/items/{n}": says({"id": n, "text": n}) for n in "abc"}
    gateway = serve(aggregate(tmp_path / "p", upstream, each(max=2), RESULTS))
    reply = gateway.call("GET", WHOLE)
    assert (reply.json, reply.headers["x-gatewright-partial"]) == (["a", "b"], "each")
    failing = serve(replace(aggregate(tmp_path / "q", upstream, each(max=2, on_excess="fail"), RESULTS), name="other"))
    reply = failing.call("GET", WHOLE)
    assert (reply.status, reply.json["step"]) == (502, "each")


def test_numbers_for_each_step(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour |= {"/b": says({"name": "x"}), "/c": says({}, 500)}
    steps = {"b": step("b"), "c": step("c", **OPTIONAL), "d": step("c", when="${b.body.name == 'y'}", optional=True)}
    made = aggregate(tmp_path / "p", upstream, steps, ["${b.body.name}", "${c.body.name}", "${has(d.body.name)}"])
    gateway = serve(replace(made, metrics_port=1))
    assert gateway.call("GET", WHOLE).status == 200
    upstream.behaviour["/b"] = says({}, 404)
    assert gateway.call("GET", WHOLE).status == 404
    found = dict(re.findall(r"^(gatewright_(?:aggregate|step)_\w+\{.*\}) (\d+)$", prometheus(gateway), re.MULTILINE))
    whole = 'gatewright_aggregator="whole"'
    gateway_label = 'gatewright_gateway="public"'

    def value(name: str, step_name: str = "") -> int:
        own = f',gatewright_step="{step_name}"' if step_name else ""
        return int(found[f"gatewright_{name}{{{gateway_label},{whole}{own}}}"])

    assert (value("aggregate_partial"), value("aggregate_failed"), value("aggregate_complete")) == (1, 1, 0)
    assert (value("step_calls", "b"), value("step_failures", "b")) == (2, 1)
    assert value("step_failures", "c") >= 1
    assert value("step_calls", "d") == 0
    took = f"gatewright_aggregate_duration_ms_count{{{gateway_label},{whole}}} 2"
    assert gateway.eventually(lambda: took in prometheus(gateway), 15), "histograms come with the next flush"


def prometheus(gateway: Gateway) -> str:
    connection = HTTPConnection("127.0.0.1", gateway.deployable.metrics_port or 0, timeout=10)
    try:
        connection.request("GET", "/stats/prometheus")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_other_routes_do_without_the_filter(upstream: Upstream, tmp_path: Path) -> None:
    made = aggregate(tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}")
    text = dump(route_configuration(made))
    assert text.count(payload.FILTER) == 1
    (filter_,) = payload.payload_filters(made, "/etc/envoy", followed=True)
    assert filter_["disabled"] is True


def test_another_plan_drains_no_connection(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = says({"name": "x"})
    gateway = serve(aggregate(tmp_path / "p", upstream, {"b": step("b")}, {"old": "${b.body.name}"}))
    kept = HTTPConnection("127.0.0.1", gateway.port, timeout=10)

    def answer() -> Any:
        kept.request("GET", WHOLE)
        return json.loads(kept.getresponse().read())

    assert answer() == {"old": "x"}
    gateway.rewrite(aggregate(tmp_path / "q", upstream, {"b": step("b")}, {"new": "${b.body.name}"}))
    assert gateway.eventually(lambda: answer() == {"new": "x"}), "on the connection that was there before"
    stats = gateway.running.stats(
        r"^listener_manager\.(listener_(modified|in_place_updated)|total_listeners_draining)$"
    )
    assert set(stats.values()) == {0}
    kept.close()


def test_a_client_that_leaves(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    upstream.behaviour["/b"] = says({"name": "x"}, delay=0.3)
    made = aggregate(tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}", max_concurrent=1)
    gateway = serve(made)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
            connection.sendall(b"GET /v1/whole HTTP/1.1\r\nhost: a\r\n\r\n")
            time.sleep(0.05)
    assert gateway.eventually(lambda: gateway.call("GET", WHOLE).status == 200)


TRAP = """
extern "env" fn proxy_get_header_map_value(u32, [*]const u8, usize, *?[*]u8, *usize) u32;
extern "env" fn proxy_send_local_response(u32, [*]const u8, usize, [*]const u8, usize, [*]const u8, usize, i32) u32;
var room: [65536]u8 = undefined;
var used: usize = 0;
export fn proxy_abi_version_0_2_1() void {}
export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    used = if (used + size > room.len) 0 else used;
    defer used += size;
    return room[used..].ptr;
}
export fn proxy_on_context_create(_: u32, _: u32) void {}
export fn proxy_on_request_headers(_: u32, _: u32, _: u32) u32 {
    var found: ?[*]u8 = null;
    var size: usize = 0;
    if (proxy_get_header_map_value(0, "x-trap", 6, &found, &size) == 0 and size > 0) @trap();
    _ = proxy_send_local_response(200, "gatewright.composed", 19, "fine", 4, "\\x00\\x00\\x00\\x00", 4, -1);
    return 1;
}
"""


def test_a_trap_in_the_module_takes_no_other_request_down(
    serve: Serve, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the configuration that the compiler makes, and in the place of our module one that fails when asked to."""
    source = tmp_path / "trap.zig"
    source.write_text(TRAP)
    data = build(str(source), tmp_path / "trap.wasm").read_bytes()
    monkeypatch.setattr(payload, "module", lambda: data)
    upstream.behaviour["/b"] = says({"name": "x"}, delay=1.0)
    gateway: Gateway = serve(aggregate(tmp_path / "p", upstream, {"b": step("b")}, "${b.body.name}"))
    slow: list[int] = []
    under_way = threading.Thread(target=lambda: slow.append(gateway.call("GET", "/v1/b").status))
    under_way.start()
    time.sleep(0.3)
    assert gateway.call("GET", WHOLE).body == b"fine"
    assert gateway.call("GET", WHOLE, {"x-trap": "1"}).status in (500, 503)
    assert gateway.call("GET", "/v1/c").status == 200, "a route without the filter"
    assert gateway.eventually(lambda: gateway.call("GET", WHOLE).body == b"fine"), "the module is loaded anew"
    under_way.join()
    assert slow == [200]
