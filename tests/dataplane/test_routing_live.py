"""Routing on a running Envoy: what clients get, and what services are asked."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import pytest

from compiler.plan import Answer, Retry, Target, VersionKey
from compiler.routing import Request, answer
from compiler.tables import Served, by_path, by_version
from tests.dataplane.conftest import Serve, Upstream
from tests.plans import deployable, forward, served
from tests.test_tables import METHODS, PATHS


def test_path_prefix_is_taken_off_and_base_path_put_on(serve: Serve, upstream: Upstream) -> None:
    made = served("/orders/{id}", under="/v2/shop", action=forward(strip="/v2/shop", prepend="/api"))
    gateway = serve(deployable(rules=by_path([made]), clusters=(upstream.cluster(),)))
    reply = gateway.call("GET", "/v2/shop/orders/7?x=1&y=%2F")
    assert reply.status == 200
    assert reply.json["path"] == "/api/orders/7?x=1&y=%2F"


def test_base_path_alone(serve: Serve, upstream: Upstream) -> None:
    made = served("/orders", action=forward(prepend="/api\\1"))
    gateway = serve(deployable(rules=by_path([made]), clusters=(upstream.cluster(),)))
    assert gateway.call("GET", "/orders?a=b").json["path"] == "/api\\1/orders?a=b"


def test_literal_beats_template_and_no_template_takes_a_slash(serve: Serve, upstream: Upstream) -> None:
    table = by_path([served("/orders/{id}"), served("/orders/export", action=forward(prepend="/export"))])
    gateway = serve(deployable(rules=table, clusters=(upstream.cluster(),)))
    assert gateway.call("GET", "/orders/export?now").json["path"] == "/export/orders/export?now"
    assert gateway.call("GET", "/orders/exports").json["path"] == "/orders/exports"
    assert gateway.call("GET", "/orders/1/2").status == 404
    assert gateway.call("GET", "/orders/").status == 404
    assert gateway.call("GET", "/orders").status == 404
    assert gateway.call("GET", "/Orders/1").status == 404


def test_own_answers_are_problem_json(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(
        deployable(rules=by_path([served("/orders"), served("/orders", "POST")]), clusters=(upstream.cluster(),))
    )
    for method, target, status, allow in (
        ("GET", "/none", 404, None),
        ("PUT", "/orders", 405, "GET, HEAD, OPTIONS, POST"),
    ):
        reply = gateway.call(method, target)
        assert reply.status == status
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["status"] == status
        assert reply.json["type"] == "about:blank"
        assert reply.headers["allow"] == allow
    options = gateway.call("OPTIONS", "/orders")
    assert (options.status, options.headers["allow"], options.body) == (204, "GET, HEAD, OPTIONS, POST", b"")
    head = gateway.call("HEAD", "/orders")
    assert (head.status, head.body) == (200, b"")
    assert upstream.seen == ["HEAD /orders"]


def test_unknown_host_is_a_problem_too(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(
        deployable(
            rules=by_path([served("/orders")]),
            clusters=(upstream.cluster(),),
            hosts=("api.shop.example", "*.shop.test"),
        )
    )
    for host, status in (
        ("api.shop.example", 200),
        ("api.shop.example:9999", 200),
        ("API.shop.example", 200),
        ("a.shop.test", 200),
        ("shop.test", 404),
        ("other.example", 404),
    ):
        reply = gateway.call("GET", "/orders", {"host": host})
        assert reply.status == status, host
        assert status == 200 or reply.headers["content-type"] == "application/problem+json"


def test_header_versioning(serve: Serve, upstream: Upstream) -> None:
    operations = [
        served("/orders", label=label, name=f"orders@{label}", action=forward(prepend=f"/s{label}"))
        for label in ("1", "2", "0.3")
    ]
    table = by_version(operations, VersionKey("header", "x-api-version"))
    gateway = serve(
        deployable(rules=table, clusters=(upstream.cluster(),), version_key=VersionKey("header", "x-api-version"))
    )
    for version, path in (("1", "/s1/orders"), ("v2", "/s2/orders"), ("0.3", "/s0.3/orders")):
        reply = gateway.call("GET", "/orders", {"x-api-version": version})
        assert reply.json["path"] == path
        assert "x-api-version" not in {name.lower() for name in reply.json["headers"]}
        assert reply.headers["vary"] == "x-api-version"
    for headers in (
        {},
        {"x-api-version": "3"},
        {"x-api-version": "013"},
        {"x-api-version": "v"},
        {"x-api-version": "1,2"},
    ):
        reply = gateway.call("GET", "/orders", headers)
        assert reply.status == 400
        assert reply.json["versions"] == ["0.3", "1", "2"]
        assert reply.headers["vary"] == "x-api-version"
        assert reply.headers["content-type"] == "application/problem+json"


def test_headers_of_policies(serve: Serve, upstream: Upstream) -> None:
    from compiler.plan import HeaderChanges

    action = forward(
        request_headers=HeaderChanges((("x-added", "100%REQ(x)%"), ("x-replaced", "new")), ("x-removed",)),
        response_headers=HeaderChanges((("server", "mine"), ("x-also", "y")), ("content-type",)),
    )
    gateway = serve(deployable(rules=by_path([served("/orders", action=action)]), clusters=(upstream.cluster(),)))
    reply = gateway.call("GET", "/orders", {"x-removed": "1", "x-replaced": "old"})
    asked = {name.lower(): value for name, value in reply.json["headers"].items()}
    assert (asked["x-added"], asked["x-replaced"]) == ("100%REQ(x)%", "new")
    assert "x-removed" not in asked
    assert (reply.headers["server"], reply.headers["x-also"], reply.headers["content-type"]) == ("mine", "y", None)


def test_timeout_and_dead_service(serve: Serve, upstream: Upstream) -> None:
    hold = threading.Event()
    upstream.behaviour["/slow"] = lambda request: None if hold.wait(3) else None  # noqa: RUF034, a pause as a lambda
    gone = replace(upstream.cluster("gone"), endpoints=(replace(upstream.cluster().endpoints[0], port=1),))
    table = by_path(
        [
            served("/slow", action=forward(timeout=200)),
            served("/gone", action=forward(targets=(Target("gone", 1),))),
        ]
    )
    gateway = serve(deployable(rules=table, clusters=(upstream.cluster(), gone)))
    for target, status in (("/slow", 504), ("/gone", 503)):
        reply = gateway.call("GET", target)
        assert reply.status == status
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(reply.json) == {"type", "title", "status"}
    hold.set()


def test_a_service_keeps_its_own_errors(serve: Serve, upstream: Upstream) -> None:
    def teapot(request: object) -> None:
        request.send_response(404)  # type: ignore[attr-defined]
        request.send_header("content-length", "3")  # type: ignore[attr-defined]
        request.send_header("content-type", "text/x-own")  # type: ignore[attr-defined]
        request.end_headers()  # type: ignore[attr-defined]
        request.wfile.write(b"own")  # type: ignore[attr-defined]

    upstream.behaviour["/orders"] = teapot
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),)))
    reply = gateway.call("GET", "/orders")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (404, b"own", "text/x-own")


def test_retries(serve: Serve, upstream: Upstream) -> None:
    def fail(request: object) -> None:
        request.send_response(503)  # type: ignore[attr-defined]
        request.send_header("content-length", "0")  # type: ignore[attr-defined]
        request.end_headers()  # type: ignore[attr-defined]

    upstream.behaviour["/flaky"] = fail
    table = by_path(
        [
            served("/flaky", action=forward(retry=Retry(2, ("gateway-error",), 500))),
            served("/flaky", "POST", action=forward(retry=Retry(2, ("connect-failure",), None))),
        ]
    )
    gateway = serve(deployable(rules=table, clusters=(upstream.cluster(),)))
    assert gateway.call("GET", "/flaky").status == 503
    assert upstream.seen == ["GET /flaky"] * 3
    assert gateway.call("POST", "/flaky", {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "5"}, "{}").status == 503
    assert upstream.seen == ["GET /flaky"] * 3 + ["POST /flaky"]


def test_weights(serve: Serve, upstream: Upstream) -> None:
    action = forward(targets=(Target("a", 3), Target("b", 1)))
    gateway = serve(
        deployable(
            rules=by_path([served("/orders", action=action)]),
            clusters=(upstream.cluster("a"), upstream.cluster("b")),
        )
    )
    for _ in range(120):
        assert gateway.call("GET", "/orders").status == 200
    share = gateway.running.stat("cluster.a.upstream_rq_total") / 120
    assert 0.55 < share < 0.92


def test_renamed_files_reconfigure_without_a_restart(serve: Serve, upstream: Upstream) -> None:
    gateway = serve(deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),)))
    process = gateway.running.process.pid
    assert gateway.call("GET", "/late").status == 404
    table = by_path([served("/orders"), served("/late", action=forward(targets=(Target("late", 1),)))])
    gateway.rewrite(deployable(rules=table, clusters=(upstream.cluster(), upstream.cluster("late"))))
    assert gateway.eventually(lambda: gateway.call("GET", "/late").status == 200)
    assert gateway.call("GET", "/orders").status == 200
    assert gateway.running.process.pid == process
    for name in ("listener_manager.lds", "cluster_manager.cds", "http.public.rds.public"):
        assert gateway.running.stat(f"{name}.update_rejected") == 0


ACCEPTS = [
    "",
    "*/*",
    "application/json",
    "application/vnd.orders.v1+json",
    "application/vnd.orders.2+json",
    "text/html;q=0.9 , Application/Vnd.Orders.V2+Json ;q=0.1,*/*",
    "application/vnd.orders.v2+json,application/vnd.orders.v1+json",
    "application/vnd.orders.v3+json",
    "application/vnd.orders.v3+json, application/vnd.orders.v1+json",
    "application/vnd.orders.v1+xml",
    "application/vnd.orders.v1",
    "application/vnd.customers.v1+json",
    "application/vnd.orders-old.v1+json",
    "x/application/vnd.orders.v1+json",
]
QUERIES = [
    "",
    "v=1",
    "v=v2",
    "v=3",
    "v=",
    "v",
    "v=1&v=2",
    "v=3&v=1",
    "v=&v=1",
    "x=1&v=2&y=%26v=1",
    "vv=1",
    "w=?v=1",
    "V=1",
    "%76=1",
    "v=%31",
    "&&v=2&",
    "a=/orders/export",
]
HOSTS = ["a.test", "v1.a.test", "V2.A.test:8080", "v3.a.test", "2.a.test", "b.a.test", "v1.b.a.test", "v1.v1.a.test"]


def asking(chance: random.Random, key: VersionKey, method: str, path: str) -> Request:
    """A request that names a version in a usual or an odd way, or none."""
    match key.source:
        case "header":
            version = chance.choice(["", "1", "2", "v2", "3"])
            query = chance.choice(["", "a=/orders/export"])
            return Request(method, "any", path, {"x-api-version": version} if version else {}, query)
        case "query":
            return Request(method, "any", path, {}, chance.choice(QUERIES))
        case "host":
            return Request(method, chance.choice(HOSTS), path, {})
        case _:
            accept = chance.choice(ACCEPTS)
            return Request(method, "any", path, {"accept": accept} if accept else {})


@pytest.mark.parametrize(
    "key",
    [
        VersionKey("header", "x-api-version"),
        VersionKey("query", "v"),
        VersionKey("media_type", None),
        VersionKey("host", None, ("a.test", "b.a.test")),
    ],
    ids=lambda key: key.source,
)
def test_envoy_answers_as_the_table_says(serve: Serve, key: VersionKey) -> None:
    """A table with every kind of path in two versions, and requests that try its corners."""
    chance = random.Random(20260901)
    operations: list[Served] = []
    for label in ("1", "2"):
        for path in PATHS:
            for method in chance.sample(METHODS, 2):
                name = f"{label} {method} {path}"
                said = Answer(200, (("x-rule", name),), name)
                operations.append(served(path, method, label=label, name=name, default=label == "2", action=said))
    hosts = ("*",) if key.source != "host" else (*key.hosts, *(f"v{n}.{host}" for n in "12" for host in key.hosts))
    made = deployable(rules=by_version(operations, key), version_key=key, hosts=hosts)
    gateway = serve(made)
    pieces = ["orders", "export", "7", "7.json", "lines", "", "x", "a.json", "%41", "%C3%A9", "a%20b", "%7Bid%7D", "*"]
    pieces += ["+", ";v=1"]
    for _ in range(400):
        path = "/" + "/".join(chance.choice(pieces) for _ in range(chance.randint(1, 3)))
        request = asking(chance, key, chance.choice([*METHODS, "DELETE"]), path.replace("//", "/"))
        query = f"?{request.query}" if request.query else chance.choice(["", "?"])
        sent = {**request.headers, "host": request.host}
        reply = gateway.call(request.method, request.path + query, sent)
        rule = answer(made, request)
        expected = 404 if rule is None else rule.action.status if isinstance(rule.action, Answer) else 200
        assert reply.status == expected, request
        if rule is not None and isinstance(rule.action, Answer):
            for name, value in rule.action.headers:
                assert reply.headers[name] == value, request
            assert reply.body.decode() == (rule.action.body if request.method != "HEAD" else ""), request
        varies = {"header": "x-api-version", "media_type": "accept"}.get(key.source)
        assert reply.headers["vary"] == varies


def test_the_version_is_taken_off_the_query_and_nothing_else(serve: Serve, upstream: Upstream) -> None:
    key = VersionKey("query", "api-version")
    operations = [served("/orders", label=label, name=f"orders@{label}", default=label == "1") for label in "12"]
    made = deployable(rules=by_version(operations, key), clusters=(upstream.cluster(),), version_key=key)
    gateway = serve(made)
    for sent, received in (
        ("", ""),
        ("?", "?"),
        ("?api-version=2", ""),
        ("?api-version=2&api-version=1", ""),
        ("?a=1&api-version=2", "?a=1"),
        ("?api-version=2&a=1", "?a=1"),
        ("?b=%26api-version=1&api-version=v2&a=b+c&flag", "?b=%26api-version=1&a=b+c&flag"),
        ("?api-version=v2&e=&d=%20%2F%zz", "?e=&d=%20%2F%zz"),
        ("?a=1?api-version=2", "?a=1?api-version=2"),
        ("?xapi-version=1&api-versions=2", "?xapi-version=1&api-versions=2"),
        ("?&&api-version=2&", "?&&"),
    ):
        reply = gateway.call("GET", "/orders" + sent)
        assert reply.status == 200, sent
        assert reply.json["path"] == "/orders" + received, sent


def test_services_get_plain_json_asked_for(serve: Serve, upstream: Upstream) -> None:
    key = VersionKey("media_type", None)
    operations = [
        served("/orders", label=label, name=label, default=label == "1", action=forward(prepend=f"/s{label}"))
        for label in "12"
    ]
    made = deployable(rules=by_version(operations, key), clusters=(upstream.cluster(),), version_key=key)
    gateway = serve(made)
    for accept, path, received in (
        ("application/vnd.orders.v2+json;q=0.3, text/html", "/s2/orders", "application/json"),
        ("application/vnd.orders.v1+json", "/s1/orders", "application/json"),
        ("text/csv", "/s1/orders", "text/csv"),
    ):
        reply = gateway.call("GET", "/orders", {"accept": accept})
        assert reply.json["path"] == path
        assert {name.lower(): value for name, value in reply.json["headers"].items()}["accept"] == received
        assert reply.headers["vary"] == "accept"
