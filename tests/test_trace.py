"""What is said of a request: where it comes to, with which policies, and why; test_trace_live holds it to Envoy."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from compiler import pipeline
from compiler.cli import gatewright
from compiler.trace import Traced, trace
from compiler.trace.arrival import normalized
from compiler.trace.asked import CannotAsk, asked
from compiler.trace.render import as_text

SHOP = Path(__file__).parent.parent / "examples" / "shop"
ORDER = "https://api.shop.example:8443/v1/orders/o-17"


def traced(method: str, url: str, *headers: str, project: Path = SHOP) -> Traced | None:
    outcome = pipeline.validate(project, date(2026, 12, 1))
    assert outcome.checked is not None
    return trace(outcome.checked.workspace, pipeline.plan(outcome), asked(method, url, headers))


def found(method: str, url: str, *headers: str, project: Path = SHOP) -> Traced:
    one = traced(method, url, *headers, project=project)
    assert one is not None
    return one


def run(*arguments: str) -> Result:
    return CliRunner().invoke(gatewright, ["trace", *arguments])


def test_what_serves_a_request() -> None:
    one = found("GET", ORDER)
    assert (one.matched, one.status, one.deployable.name) == (True, None, "public")
    assert one.forward is not None
    assert (one.forward.contract, one.forward.version, one.forward.operation) == ("orders", "1.4.2", "getOrder")
    assert one.where is not None
    assert (one.where.file, one.where.line) == ("gatewright.yaml", 37)


def test_settings_say_which_policy_they_come_from() -> None:
    usual = {s.key: (s.value, s.policy) for s in found("GET", ORDER).settings}
    assert usual["timeout"] == ("5s", "public-default")
    assert usual["headers.request.x-served-by"] == ("public", "public-default")
    assert usual["headers.response.x-powered-by"] == (None, "public-default")
    export = {s.key: s for s in found("GET", "https://api.shop.example/v2/orders/export").settings}
    assert (export["timeout"].value, export["timeout"].policy) == ("30s", "slow-export")
    assert export["timeout"].where is not None
    assert export["timeout"].where.line == 20
    assert export["headers.request.x-served-by"].policy == "public-default"


def test_policies_merge_as_the_language_says(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "Orders", "version": "1"},
                "paths": {"/orders": {"get": {"operationId": "list", "responses": {"200": {"description": "All."}}}}},
            }
        )
    )
    (tmp_path / "gatewright.yaml").write_text(
        """\
gatewright: 1
contracts: {orders: {versions: {1.0.0: {openapi: orders.json}}}}
services: {orders: {implements: orders@1.0.0, endpoints: [{host: orders.internal, port: 80}]}}
policies:
  one: {deny_ips: [192.0.2.0/24], headers: {request: {set: {X-A: one, x-b: one}, remove: [x-c]}}}
  two: {deny_ips: [198.51.100.0/24, 192.0.2.0/24], headers: {request: {set: {x-a: two, x-c: back}, remove: [x-b]}}}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    policies: [one]
    expose: [{contract: orders, policies: [two]}]
"""
    )
    settings = {s.key: (s.value, s.policy) for s in found("GET", "/v1/orders", project=tmp_path).settings}
    assert settings == {
        "deny_ips": (["192.0.2.0/24", "198.51.100.0/24"], "two"),
        "headers.request.x-a": ("two", "two"),
        "headers.request.x-b": (None, "two"),
        "headers.request.x-c": ("back", "two"),
        "timeout": ("15s", None),
    }


@pytest.mark.parametrize(
    ("method", "url", "status", "why"),
    [
        ("GET", "https://api.shop.example/v9/orders", 404, "no exposed path matches `/v9/orders`"),
        (
            "GET",
            "https://api.shop.example/v2/orders/",
            404,
            "`/v2/orders` would: a slash at the end makes another path",
        ),
        ("GET", "https://api.shop.example/V2/orders", 404, "`/v2/orders` would: paths are case-sensitive"),
        ("GET", "https://api.shop.example/v2/order", 404, "the nearest is `/v2/orders`"),
        ("PUT", "https://api.shop.example/v2/orders", 405, "there is GET, HEAD, OPTIONS, POST"),
        ("get", "https://api.shop.example/v2/orders", 400, "written in capitals"),
        ("GET", "https://api.shop.example/v2/orders/a%2fb", 400, "escaped slash, `%2f`"),
        ("GET", "https://api.shop.example/v2/orders/%00", 400, "the path has `%00`"),
        ("GET", "https://other.example:8443/v2/orders", 404, "other.example:8443 is none of its hosts"),
    ],
)
def test_what_nothing_serves(method: str, url: str, status: int, why: str) -> None:
    one = found(method, url)
    assert (one.matched, one.status, one.settings) == (False, status, ())
    assert any(why in sentence for sentence in one.why), one.why


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (("x-api-version: 1",), "the header x-api-version asks for 1, which is orders 1.4.2"),
        ((), "the request names no version; the default is 2, which is orders 2.1.0"),
    ],
)
def test_why_a_version_serves(headers: tuple[str, ...], why: str) -> None:
    one = found("GET", "https://partners.shop.example:8445/orders", *headers)
    assert any(sentence.startswith(why) for sentence in one.why), one.why


def test_versions_that_there_are_not_are_listed() -> None:
    one = found("GET", "https://partners.shop.example:8445/orders", "X-API-Version: 7")
    assert one.status == 400
    assert one.why[-1].endswith("name one of the versions in the header x-api-version, of 1, 2")


def test_the_gateway_answers_options_itself() -> None:
    one = found("OPTIONS", "https://api.shop.example/v2/orders")
    assert (one.matched, one.status, one.forward) == (True, 204, None)


def test_what_a_service_is_asked_for() -> None:
    assert found("GET", "https://api.shop.example/v2/./orders//7").why == (
        "gateway/public answers for the host api.shop.example",
        "the path `/v2/./orders//7` is read as `/v2/orders/7`",
        "`/v2/orders/{id}` matches the path",
        "GET there is the operation getOrder",
        "`/v2` in the path asks for version 2, which is orders 2.1.0, the highest of `^1.4 || ^2` in that major that a"
        " service implements",
        "orders-v2 gets it, as GET /api/orders/7",
    )
    export = found("GET", "https://api.shop.example/v2/orders/export").why
    assert "`/v2/orders/export` is the most specific path that matches; `/v2/orders/{id}` would, too" in export


def test_a_path_alone_asks_every_gateway_and_one_that_serves_it_is_meant() -> None:
    one = found("GET", "/orders")
    assert (one.deployable.name, one.status) == ("partners", None)
    assert one.why[-1] == "gateway/public could be meant, too: --only public asks that one"
    assert found("GET", "/orders", "host: api.shop.example").deployable.name == "public"
    assert traced("GET", "https://nobody.example/orders") is None


def test_a_scheme_that_the_port_does_not_speak_is_told() -> None:
    said = "its port 8443 speaks TLS, so a client told http fails"
    assert found("GET", "http://api.shop.example:8443/v2/orders").why[1] == said
    for url in ("https://api.shop.example:8443/v2/orders", "http://api.shop.example/v2/orders", "/v2/orders"):
        assert not any("TLS" in sentence for sentence in found("GET", url).why)


def test_an_upgrade_is_refused_where_there_is_a_route() -> None:
    upgrade = ("connection: keep-alive, Upgrade", "upgrade: websocket")
    assert found("GET", ORDER, *upgrade).status == 403
    assert found("GET", ORDER, "upgrade: websocket").status is None
    assert found("GET", "https://api.shop.example/none", *upgrade).status == 404


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/a/../b", "/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/../a", "/a"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a//../b", "/a/b"),
        ("//a///b//", "/a/b/"),
        ("/a\\b", "/a/b"),
        ("/%41%7e%2d%5f", "/A~-_"),
        ("/%c3%a9%20", "/%c3%a9%20"),
        ('/{a}|"<>^`', "/%7Ba%7D%7C%22%3C%3E%5E%60"),
        ("/...", "/..."),
        ("/a%zz%", "/a%zz%"),
        ("/%252e", "/%252e"),
    ],
)
def test_paths_are_normalized(path: str, read: str) -> None:
    assert normalized(path) == read


@given(st.text(st.sampled_from("/.%2eEa\\"), max_size=12).map(lambda text: f"/{text}"))
def test_a_normalized_path_has_neither_dots_nor_double_slashes(path: str) -> None:
    read = normalized(path)
    assert read.startswith("/")
    assert "//" not in read
    assert not {".", ".."} & set(read.split("/"))


@pytest.mark.parametrize(
    ("method", "url", "headers", "message"),
    [
        ("G T", "/a", (), "is not a method"),
        ("GET", "/a b", (), "a URL has no spaces"),
        ("GET", "a/b", (), "is neither a URL such as"),
        ("GET", "ftp://a/b", (), "is neither a URL such as"),
        ("GET", "https:///b", (), "is neither a URL such as"),
        ("GET", "https://a:x/b", (), "is not a URL"),
        ("GET", "https://a:99999/b", (), "is not a URL"),
        ("GET", "https://[a/b", (), "is not a URL"),
        ("GET", "https://me:secret@a/b", (), "a URL has no user here"),
        ("GET", "/a", ("x",), "`x` is not a header"),
        ("GET", "/a", ("x y: z",), "`x y: z` is not a header"),
        ("GET", "/a", ("host: a", "Host: b"), "a request has one host"),
    ],
)
def test_what_is_no_request(method: str, url: str, headers: tuple[str, ...], message: str) -> None:
    with pytest.raises(CannotAsk, match=message):
        asked(method, url, headers)
    result = run(str(SHOP), *(part for header in headers for part in ("-H", header)), method, url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_request_as_it_is_sent() -> None:
    one = asked("GET", "https://A.test/caf\u00e9?x=\u00e9&y=%2F#part", ["X-A: 1", "x-a:2", "Accept: \u00e9"])
    assert (one.scheme, one.host, one.port) == ("https", "A.test", 443)
    assert (one.path, one.query) == ("/caf%C3%A9", "x=%C3%A9&y=%2F")
    assert one.headers == {"x-a": "1,2", "accept": "\u00e9"}
    assert asked("GET", "http://a.test?x").path == "/"
    assert asked("GET", "http://[::1]:81/").port == 81
    assert asked("GET", "http://a.test/b", ["Host: c.test"]).host == "c.test"


def test_json() -> None:
    result = run(str(SHOP), "GET", ORDER, "--format", "json", "--as-of", "2026-12-01")
    assert result.exit_code == 0
    said: dict[str, Any] = json.loads(result.stdout)
    assert {key: said[key] for key in said if key not in ("policies", "why")} == {
        "matched": True,
        "deployable": "gateway/public",
        "route": "orders@1.getOrder",
        "contract": "orders",
        "version": "1.4.2",
        "operation": "getOrder",
        "service": "orders-v1",
        "services": {"orders-v1": 1},
        "aggregator": None,
        "status": None,
        "where": {"file": "gatewright.yaml", "line": 37, "column": 13},
    }
    assert said["policies"]["timeout"] == {
        "value": "5s",
        "policy": "public-default",
        "where": {"file": "gatewright.yaml", "line": 12, "column": 14},
    }
    assert all(isinstance(sentence, str) for sentence in said["why"])
    nobody = run(str(SHOP), "GET", "https://nobody.example/", "--format", "json")
    assert nobody.exit_code == 1
    assert json.loads(nobody.stdout).keys() == said.keys()


def test_several_services_share_the_requests(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "x", "version": "1"},'
        ' "paths": {"/orders": {"get": {"responses": {"200": {"description": "x"}}}}}}'
    )
    (tmp_path / "gatewright.yaml").write_text(
        """\
gatewright: 1
contracts: {orders: {versions: {1.0.0: {openapi: orders.json}}}}
services:
  new: {implements: orders@1.0.0, weight: 10, base_path: /api, endpoints: [{host: new.internal, port: 80}]}
  old: {implements: orders@1.0.0, weight: 90, endpoints: [{host: old.internal, port: 80}]}
gateways: {public: {listen: {address: 127.0.0.1, port: 8080}, expose: [{contract: orders}]}}
"""
    )
    one = found("GET", "/v1/orders", project=tmp_path)
    assert one.why[-2:] == (
        "new gets 10 of 100 such requests, as GET /api/orders",
        "old gets 90 of 100 such requests, as GET /orders",
    )
    assert "  service    new (10), old (90)\n" in as_text(one)
    said = json.loads(run(str(tmp_path), "GET", "/v1/orders", "--format", "json").stdout)
    assert (said["service"], said["services"]) == (None, {"new": 10, "old": 90})


def test_text_for_what_serves_and_for_what_does_not() -> None:
    served = run(str(SHOP), "GET", ORDER)
    assert served.exit_code == 0
    assert served.stdout.startswith("orders@1.getOrder\n\n  gateway    public\n  contract   orders 1.4.2\n")
    assert "\npolicies\n" in served.stdout
    refused = run(str(SHOP), "PUT", "https://api.shop.example/v2/orders")
    assert refused.exit_code == 1
    assert refused.stdout.startswith("405 Method Not Allowed\n\n  gateway  public\n")
    nobody = run(str(SHOP), "GET", "https://nobody.example/")
    assert (nobody.exit_code, nobody.stdout) == (1, "404 Not Found\n\nwhy\n  no gateway bears this host\n")


def test_one_gateway_alone_can_be_asked() -> None:
    result = run(str(SHOP), "GET", "/orders", "--only", "public")
    assert result.exit_code == 1
    assert "could be meant" not in result.stdout
    assert run(str(SHOP), "GET", "/orders", "--only", "nobody").exit_code == 2


@pytest.mark.parametrize("words", [(), ("GET",), ("a", "GET", "/b", "c")])
def test_words_that_are_too_few_or_too_many(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_project_with_errors_is_not_traced(tmp_path: Path) -> None:
    (tmp_path / "gatewright.yaml").write_text("gatewright: 1\nnothing: {}\n")
    result = run(str(tmp_path), "GET", "/a")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "unknown key `nothing`" in result.stderr


def test_changes_of_answers_are_told() -> None:
    said = found("GET", "https://mobile.shop.example/orders", "x-api-version: 2").why
    assert any("the JSON of a good answer is changed (`shape` or `decorate`)" in why for why in said)
    assert "an answer of more than 65,536 bytes becomes a 502 (`needs: max_response`)" in said
