"""What aggregates do when services are slow, dead, wrong or huge, on a running Envoy."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from compiler import dataplane
from compiler.composed import Balanced, Parameter, Relied
from compiler.local.ports import free_port
from compiler.plan import Cluster, Endpoint
from tests.dataplane.by_hand import Behaviour, aggregate, breaks_off, gateway_of, says, step
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.plans import SPAN

pytestmark = pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")

KIB = 1 << 10
READ = (Relied(("id",), ("string",), False),)


def refused() -> Cluster:
    """A service whose port nobody listens on."""
    return Cluster("dead", (Endpoint("127.0.0.1", free_port(), None),), 1000, SPAN)


class TestFailures:
    """One step that fails in one way, as one that the whole needs, and as one that may be missing."""

    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        upstream.behaviour["/other"] = says({"n": 1})
        part = step("part", timeout=300, max_body=64 * KIB, relied=READ)
        other = step("other")
        body = {"part": "${part.body}", "n": "${other.body.n}"}
        made = [
            aggregate("needed", body, part, other),
            aggregate("spared", body, replace(part, optional=True, fallback='{"id":"none"}'), other),
        ]
        dead = replace(part, targets=(Balanced("dead", 1),))
        made.append(aggregate("refused", body, dead, other))
        made.append(aggregate("refused-spared", body, replace(dead, optional=True), other))
        return serve(gateway_of(*made, clusters=(upstream.cluster(), refused())))

    @pytest.mark.parametrize(
        ("behaviour", "status"),
        [
            pytest.param(says(b"<html>"), 502, id="html"),
            pytest.param(says(b'{"id": "a"'), 502, id="half"),
            pytest.param(says(b'{"id": "a"} x'), 502, id="more"),
            pytest.param(says(b'{"id": "a", "n": NaN}'), 502, id="nan"),
            pytest.param(says(b'{"id": "\xff"}'), 502, id="not-utf8"),
            pytest.param(says(b'{"id": "\xed\xa0\x80"}'), 502, id="surrogate"),
            pytest.param(says(b"[" * 200 + b"]" * 200), 502, id="deep"),
            pytest.param(says(b"[" * 60_000), 502, id="abyss"),
            pytest.param(says(b""), 502, id="empty"),
            pytest.param(says({"id": 5}), 502, id="type"),
            pytest.param(says({}), 502, id="lacks"),
            pytest.param(says({"id": "a" * 70_000}), 502, id="large"),
            pytest.param(says({"id": "a"}, short=10), 502, id="truncated"),
            pytest.param(says(gzip.compress(b'{"id": "a"}'), headers={"content-encoding": "gzip"}), 502, id="gzip"),
            pytest.param(says({"id": "a"}, 202), 502, id="undeclared"),
            pytest.param(says({"id": "a"}, 301, headers={"location": "/other"}), 502, id="moved"),
            pytest.param(says({"id": "a"}, 500), 502, id="500"),
            pytest.param(says({"id": "a"}, 503), 502, id="503"),
            pytest.param(says({"secret": "a"}, 404), 404, id="404"),
            pytest.param(says({"secret": "a"}, 422), 422, id="422"),
            pytest.param(says({"id": "a"}, delay=0.6), 504, id="slow"),
            pytest.param(breaks_off, 502, id="reset"),
        ],
    )
    def test_one_step(self, behaviour: Behaviour, status: int, gateway: Gateway, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = behaviour
        needed = gateway.call("GET", "/needed")
        assert (needed.status, needed.json["status"], needed.json["step"]) == (status, status, "part")
        assert needed.headers["content-type"] == "application/problem+json"
        assert b"secret" not in needed.body
        spared = gateway.call("GET", "/spared")
        assert (spared.status, spared.json) == (200, {"part": {"id": "none"}, "n": 1})
        assert spared.headers["x-gatewright-partial"] == "part"

    def test_nobody_listens(self, gateway: Gateway) -> None:
        needed = gateway.call("GET", "/refused")
        assert (needed.status, needed.json["step"]) == (502, "part")
        spared = gateway.call("GET", "/refused-spared")
        assert (spared.status, spared.json) == (200, {"part": None, "n": 1})

    @pytest.mark.parametrize(("status", "name"), [(429, "retry-after"), (401, "www-authenticate"), (503, None)])
    def test_headers_that_belong_to_a_status(
        self, status: int, name: str | None, gateway: Gateway, upstream: Upstream
    ) -> None:
        upstream.behaviour["/part"] = says(
            {}, status, headers={"retry-after": "7", "www-authenticate": "7", "x-a": "7"}
        )
        reply = gateway.call("GET", "/needed")
        passed = {n for n in ("retry-after", "www-authenticate", "x-a") if reply.headers[n] == "7"}
        assert passed == ({"retry-after", "www-authenticate"} if name is not None else set())


class TestBodies:
    @pytest.mark.parametrize(
        "text",
        [
            "123456789012345678901234567890.123456789012345678901234567890",
            "-0.0",
            "1E+400",
            '"\\ud83d\\ude00 \\u00e4 \U0001f600 \\/ \\""',
            '"\\ud83d"',
            '{"a": 1, "a": 2}',
            "[ 1 ,\t2 ]",
            '{"": {"\\u0000": null}}',
            "[" * 120 + "]" * 120,
        ],
    )
    def test_what_a_service_wrote_is_passed_on_as_it_wrote_it(
        self, text: str, serve: Serve, upstream: Upstream
    ) -> None:
        upstream.behaviour["/part"] = says(f'{{"v": {text}}}'.encode())
        gateway = serve(
            gateway_of(aggregate("whole", {"v": "${part.body.v}"}, step("part")), clusters=(upstream.cluster(),))
        )
        assert gateway.call("GET", "/whole").body == f'{{"v":{text}}}'.encode()

    def test_the_last_one_of_a_name_counts(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = says(b'{"a": 1, "\\u0061": 2}')
        made = aggregate("whole", {"a": "${part.body.a}"}, step("part"))
        assert serve(gateway_of(made, clusters=(upstream.cluster(),))).call("GET", "/whole").json == {"a": 2}

    def test_large_answers(self, serve: Serve, upstream: Upstream) -> None:
        large = {"items": [{"id": str(i), "text": "x" * 200} for i in range(20_000)]}
        upstream.behaviour["/part"] = says(large)
        part = step("part", max_body=16 << 20)
        made = aggregate("whole", {"ids": "${part.body.items.map(x, x.id)}", "all": "${part.body}"}, part)
        reply = serve(gateway_of(made, clusters=(upstream.cluster(),))).call("GET", "/whole")
        assert reply.json == {"ids": [str(i) for i in range(20_000)], "all": large}

    def test_work_without_end_is_a_failure(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = says({"ids": list(range(100_000))})
        body = {"n": "${part.body.ids.map(x, x in part.body.ids)}"}
        gateway = serve(gateway_of(aggregate("whole", body, step("part")), clusters=(upstream.cluster(),)))
        assert gateway.call("GET", "/whole").status == 502

    def test_head(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = says({"v": 1})
        gateway = serve(gateway_of(aggregate("whole", "${part.body}", step("part")), clusters=(upstream.cluster(),)))
        reply = gateway.call("HEAD", "/whole")
        assert (reply.status, reply.body, upstream.seen) == (200, b"", ["GET /part"])
        assert reply.headers["content-type"] == "application/json"


class TestInputs:
    """What clients and services say never leaves its place in a request."""

    @pytest.fixture
    def gateway(self, serve: Serve, upstream: Upstream) -> Gateway:
        text = Parameter("query", "q", ("string",), False)
        inputs = {
            "path_inputs": {"id": "${request.query.q}"},
            "query": {"q": "${request.query.q}", "none": "${request.query.none}"},
        }
        none = Parameter("query", "none", ("string",), False)
        made = [
            aggregate("get", "${part.body.path}", step("part", "/of/{id}/x", **inputs), parameters=(text, none)),
            aggregate(
                "headers",
                "${part.body}",
                step("first"),
                step("part", headers={"x-in": "${first.body.v}"}, after=("first",)),
            ),
            aggregate(
                "forward", "${part.body.headers}", step("part"), forward=("authorization",), parameters=(text, none)
            ),
            aggregate(
                "typed",
                "${request.query.n}",
                step("part"),
                parameters=(Parameter("query", "n", ("integer",), True),),
            ),
            aggregate(
                "posted",
                {"sent": "${part.body.body}", "type": "${part.body.headers['content-type']}"},
                step("part", method="POST", body={"name": "${request.body.name}", "more": [1, "${request.body.x}"]}),
                takes_body=True,
                body_required=True,
                max_body=4 * KIB,
            ),
        ]
        return serve(gateway_of(*made, clusters=(upstream.cluster(),)))

    @pytest.mark.parametrize(
        ("sent", "segment"),
        [
            ("a%2Fb", "a%2Fb"),
            ("..%2F..%2Fadmin", "..%2F..%2Fadmin"),
            ("a%3Fb%3D1%26c%23d", "a%3Fb%3D1%26c%23d"),
            ("%0D%0Ahost:%20evil", "%0D%0Ahost%3A%20evil"),
            ("%25", "%25"),
            ("a+b", "a%20b"),
            ("%C3%A4%F0%9F%98%80", "%C3%A4%F0%9F%98%80"),
            ("null", "null"),
            ("...", "..."),
            ("%22%5C", "%22%5C"),
        ],
    )
    def test_texts_in_paths_and_queries(self, sent: str, segment: str, gateway: Gateway) -> None:
        reply = gateway.call("GET", f"/get?q={sent}")
        assert (reply.status, reply.json) == (200, f"/of/{segment}/x?q={segment}")

    @pytest.mark.parametrize("sent", ["", ".", "..", "%2e%2E"])
    def test_texts_that_are_no_segment(self, sent: str, gateway: Gateway, upstream: Upstream) -> None:
        assert gateway.call("GET", f"/get?q={sent}").status == 502
        assert upstream.seen == []

    @pytest.mark.parametrize("sent", ["%", "%g1", "%+1", "%1", "%ff", "%1_"])
    def test_what_cannot_be_decoded(self, sent: str, gateway: Gateway, upstream: Upstream) -> None:
        reply = gateway.call("GET", f"/get?q={sent}")
        assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
        assert upstream.seen == []

    @pytest.mark.parametrize(("value", "status"), [("fine", 200), ("a\r\nx-evil: 1", 502), ("\x7f", 502), ("", 200)])
    def test_texts_in_headers(self, value: str, status: int, gateway: Gateway, upstream: Upstream) -> None:
        upstream.behaviour["/first"] = says({"v": value})
        reply = gateway.call("GET", "/headers")
        assert reply.status == status
        if status == 200:
            assert reply.json["headers"].get("x-in", "") == value

    def test_only_named_headers_go_on(self, gateway: Gateway) -> None:
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        sent = {
            "authorization": "Bearer x",
            "cookie": "a=1",
            "traceparent": trace,
            "x-request-id": "r",
            "accept": "*/*",
        }
        got = {name.lower(): value for name, value in gateway.call("GET", "/forward", sent).json.items()}
        assert (got["authorization"], got["traceparent"], got["accept"]) == ("Bearer x", trace, "application/json")
        assert "x-request-id" in got
        assert "cookie" not in got

    @pytest.mark.parametrize(
        ("query", "status"),
        [("?n=12", 200), ("?n=1.0", 200), ("?n=1.5", 400), ("?n=a", 400), ("?n=", 400), ("", 400), ("?n=[1]", 400)],
    )
    def test_parameters_have_types(self, query: str, status: int, gateway: Gateway) -> None:
        reply = gateway.call("GET", f"/typed{query}")
        assert reply.status == status
        assert reply.headers["content-type"] == f"application/{'json' if status == 200 else 'problem+json'}"

    def test_bodies(self, gateway: Gateway) -> None:
        reply = gateway.call("POST", "/posted", body='{"name": "\\u00e4\\"", "x": 1.50}')
        assert reply.status == 200
        assert reply.json == {"sent": '{"name":"\\u00e4\\"","more":[1,1.50]}', "type": "application/json"}

    @pytest.mark.parametrize(
        ("body", "status"), [("{", 400), ("", 400), (None, 400), (json.dumps({"name": "x" * 5000}), 413), ("[]", 502)]
    )
    def test_bodies_that_are_refused(self, body: str | None, status: int, gateway: Gateway, upstream: Upstream) -> None:
        reply = gateway.call("POST", "/posted", body=body)
        assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
        assert upstream.seen == []


class TestTime:
    def test_steps_that_do_not_wait_for_each_other_run_beside_each_other(
        self, serve: Serve, upstream: Upstream
    ) -> None:
        meeting = threading.Barrier(3, timeout=2)

        def meets(request: BaseHTTPRequestHandler) -> None:
            meeting.wait()
            says({"v": 1})(request)

        for name in "abc":
            upstream.behaviour[f"/{name}"] = meets
        made = aggregate("whole", {n: f"${{{n}.body.v}}" for n in "abc"}, *(step(n) for n in "abc"))
        reply = serve(gateway_of(made, clusters=(upstream.cluster(),))).call("GET", "/whole")
        assert (reply.status, reply.json) == (200, {"a": 1, "b": 1, "c": 1})

    def test_another_try(self, serve: Serve, upstream: Upstream) -> None:
        answers = iter([says({}, 503), breaks_off, says({"v": 1})])

        def next_one(request: BaseHTTPRequestHandler) -> None:
            next(answers)(request)

        upstream.behaviour["/part"] = next_one
        made = aggregate("whole", "${part.body}", step("part", retries=2))
        reply = serve(gateway_of(made, clusters=(upstream.cluster(),))).call("GET", "/whole")
        assert (reply.status, reply.json, len(upstream.seen)) == (200, {"v": 1}, 3)

    @pytest.mark.parametrize(("status", "tries"), [(500, 1), (404, 1), (501, 1), (502, 3), (503, 3), (504, 3)])
    def test_only_some_failures_are_worth_another(
        self, status: int, tries: int, serve: Serve, upstream: Upstream
    ) -> None:
        upstream.behaviour["/part"] = says({}, status)
        gateway = serve(
            gateway_of(aggregate("whole", "${part.body}", step("part", retries=2)), clusters=(upstream.cluster(),))
        )
        assert gateway.call("GET", "/whole").status == (404 if status == 404 else 502)
        assert len(upstream.seen) == tries

    def test_no_try_begins_behind_the_deadline(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = says({}, 503)
        made = aggregate("whole", "${part.body}", step("part", retries=1000), deadline=400)
        reply = serve(gateway_of(made, clusters=(upstream.cluster(),))).call("GET", "/whole")
        assert (reply.status, reply.json["step"]) in ((502, "part"), (504, "part"))
        assert 2 <= len(upstream.seen) < 10

    def test_a_deadline_with_only_optional_steps_pending(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/fast"] = says({"v": 1})
        upstream.behaviour["/slow"] = says({"v": 2}, delay=1.5)
        slow = step("slow", timeout=2000, optional=True, fallback='{"v":0}')
        late = step("late", timeout=2000, optional=True, fallback='{"v":0}', after=("slow",))
        body = {"fast": "${fast.body.v}", "slow": "${slow.body.v}", "late": "${late.body.v}"}
        made = [
            aggregate("partial", body, step("fast"), slow, late, deadline=300),
            aggregate("failed", body, step("fast"), replace(slow, optional=False), late, deadline=300),
        ]
        gateway = serve(gateway_of(*made, clusters=(upstream.cluster(),)))
        partial = gateway.call("GET", "/partial")
        assert (partial.status, partial.json) == (200, {"fast": 1, "slow": 0, "late": 0})
        assert partial.headers["x-gatewright-partial"] == "slow, late"
        failed = gateway.call("GET", "/failed")
        assert (failed.status, failed.json["step"]) == (504, "slow")

    def test_no_more_than_so_many_at_a_time(self, serve: Serve, upstream: Upstream) -> None:
        go_on = threading.Event()

        def waits(request: BaseHTTPRequestHandler) -> None:
            go_on.wait(5)
            says({"v": 1})(request)

        upstream.behaviour["/part"] = waits
        made = aggregate("whole", "${part.body}", step("part", timeout=5000), max_concurrent=2, deadline=6000)
        gateway = serve(gateway_of(made, clusters=(upstream.cluster(),)))
        replies: list[Reply] = []
        threads = [threading.Thread(target=lambda: replies.append(gateway.call("GET", "/whole"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert gateway.eventually(lambda: len(upstream.seen) == 2)
        refused = gateway.call("GET", "/whole")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        go_on.set()
        for thread in threads:
            thread.join()
        assert [reply.status for reply in replies] == [200, 200]
        assert gateway.call("GET", "/whole").status == 200

    def test_a_client_that_left(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/part"] = says({"v": 1}, delay=0.3)
        made = aggregate("whole", "${part.body}", step("part"), max_concurrent=1)
        gateway = serve(gateway_of(made, clusters=(upstream.cluster(),)))
        with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
            connection.sendall(b"GET /whole HTTP/1.1\r\nhost: a\r\n\r\n")
            assert gateway.eventually(lambda: len(upstream.seen) == 1)
        assert gateway.eventually(lambda: gateway.call("GET", "/whole").status == 200)


class TestConditionsAndLists:
    @pytest.fixture
    def active(self, upstream: Upstream) -> list[int]:
        """How many calls were under way whenever one began; each path of ``/item/`` answers with its last part."""
        lock = threading.Lock()
        counts: list[int] = []
        now = [0]

        def item(request: BaseHTTPRequestHandler) -> None:
            with lock:
                now[0] += 1
                counts.append(now[0])
            name = request.path.rpartition("/")[2]
            last = name == "9"
            answer = says({"id": name}, 500 if name == "bad" else 200, delay=0.02 if last else 0.06)
            answer(request)
            with lock:
                now[0] -= 1

        for name in ("bad", *map(str, range(10))):
            upstream.behaviour[f"/item/{name}"] = item
        return counts

    def gateway(self, serve: Serve, upstream: Upstream, **fields: object) -> Gateway:
        each = step(
            "each", "/item/{id}", path_inputs={"id": "${item}"}, for_each="list.body", after=("list",), **fields
        )
        body = {"ids": "${each.map(x, x.body.id)}"}
        made = aggregate("whole", body, step("list"), each)
        return serve(gateway_of(made, clusters=(upstream.cluster(),)))

    def test_in_order_and_no_more_at_a_time(self, serve: Serve, upstream: Upstream, active: list[int]) -> None:
        upstream.behaviour["/list"] = says(["9", "3", "5", "1", "9", "0", "2"])
        reply = self.gateway(serve, upstream, max=7, concurrency=3).call("GET", "/whole")
        assert (reply.status, reply.json) == (200, {"ids": ["9", "3", "5", "1", "9", "0", "2"]})
        assert reply.headers["x-gatewright-partial"] is None
        assert max(active) == 3

    def test_more_than_so_many_are_cut(self, serve: Serve, upstream: Upstream, active: list[int]) -> None:
        upstream.behaviour["/list"] = says(["1", "2", "3"])
        reply = self.gateway(serve, upstream, max=2).call("GET", "/whole")
        assert (reply.status, reply.json) == (200, {"ids": ["1", "2"]})
        assert reply.headers["x-gatewright-partial"] == "each"
        assert len(active) == 2

    def test_more_than_so_many_fail(self, serve: Serve, upstream: Upstream, active: list[int]) -> None:
        upstream.behaviour["/list"] = says(["1", "2", "3"])
        reply = self.gateway(serve, upstream, max=2, cut=False).call("GET", "/whole")
        assert (reply.status, reply.json["step"]) == (502, "each")
        assert active == []

    @pytest.mark.parametrize(("listed", "status"), [([], 200), ({}, 502), (None, 502), (["1", {}], 502), ([None], 502)])
    def test_lists_that_are_odd(
        self, listed: object, status: int, serve: Serve, upstream: Upstream, active: list[int]
    ) -> None:
        upstream.behaviour["/list"] = says(listed)
        reply = self.gateway(serve, upstream, max=5).call("GET", "/whole")
        assert reply.status == status
        if status == 200:
            assert reply.json == {"ids": []}

    def test_an_element_that_fails(self, serve: Serve, upstream: Upstream, active: list[int]) -> None:
        upstream.behaviour["/list"] = says(["1", "bad", "2"])
        optional = self.gateway(serve, upstream, max=5, optional=True, fallback='{"id":"none"}').call("GET", "/whole")
        assert (optional.status, optional.json) == (200, {"ids": ["1", "none", "2"]})
        assert optional.headers["x-gatewright-partial"] == "each"

    def test_an_element_that_fails_and_is_needed(self, serve: Serve, upstream: Upstream, active: list[int]) -> None:
        upstream.behaviour["/list"] = says(["1", "bad", "2"])
        reply = self.gateway(serve, upstream, max=5).call("GET", "/whole")
        assert (reply.status, reply.json["step"]) == (502, "each")

    def test_a_condition(self, serve: Serve, upstream: Upstream) -> None:
        upstream.behaviour["/first"] = says({"go": False})
        upstream.behaviour["/then"] = says({"v": 1})
        then = step("then", when="first.body.go", after=("first",), optional=True, fallback='{"v":0}')
        made = aggregate("whole", {"v": "${then.body.v}", "there": "${has(then.status)}"}, step("first"), then)
        gateway = serve(gateway_of(made, clusters=(upstream.cluster(),)))
        reply = gateway.call("GET", "/whole")
        assert (reply.status, reply.json) == (200, {"v": 0, "there": False})
        assert reply.headers["x-gatewright-partial"] is None
        upstream.behaviour["/first"] = says({"go": True})
        assert gateway.call("GET", "/whole").json == {"v": 1, "there": True}
        upstream.behaviour["/first"] = says({"go": "yes"})
        assert gateway.call("GET", "/whole").headers["x-gatewright-partial"] == "then"
