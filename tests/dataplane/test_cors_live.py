"""CORS on a running Envoy: preflights, answers to scripts, and what origins that are not let in get."""

from __future__ import annotations

from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from compiler.backends.envoy.routes import route_configuration
from compiler.plan import Addresses, Answer, Cors, Policies, VersionKey
from compiler.routing import Request, answer
from compiler.tables import by_path, by_version
from compiler.yaml_text import dump
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.plans import deployable, forward, served

SHOP = "https://shop.example"
EVIL = "https://evil.example"
LET_IN = Cors((SHOP,), ("GET", "POST"), ("authorization", "x-version"), ("link", "x-total"), False, 600)


def preflight(gateway: Gateway, path: str, origin: str = SHOP, method: str = "GET", **more: str) -> Reply:
    headers = {"origin": origin, "access-control-request-method": method, **more}
    return gateway.call("OPTIONS", path, headers)


def said(reply: Reply) -> dict[str, str]:
    """The headers that speak to browsers."""
    return {k.lower(): v for k, v in reply.headers.items() if k.lower().startswith("access-control-")}


def test_a_gateways_own_cors_costs_no_line_of_a_route(serve: Serve, upstream: Upstream) -> None:
    other = replace(LET_IN, origins=(EVIL,))
    rules = by_path(
        [
            served("/orders/{id}", cors=LET_IN),
            served("/other", cors=other),
            served("/own", "OPTIONS", cors=LET_IN),
        ]
    )
    made = deployable(rules=rules, clusters=(upstream.cluster(),), cors=LET_IN)
    assert dump(route_configuration(made)).count("typed_per_filter_config") == 1 + 2, "the host's, and two of /other"
    gateway = serve(made)
    assert said(preflight(gateway, "/orders/7"))["access-control-allow-origin"] == SHOP
    found = gateway.call("GET", "/orders/7", {"origin": SHOP})
    assert (said(found)["access-control-allow-origin"], found.headers["vary"]) == (SHOP, "origin")
    assert said(gateway.call("GET", "/orders/7", {"origin": EVIL})) == {}
    assert said(preflight(gateway, "/orders/7", EVIL)) == {}
    assert said(gateway.call("GET", "/other", {"origin": EVIL}))["access-control-allow-origin"] == EVIL
    assert said(gateway.call("GET", "/other", {"origin": SHOP})) == {}
    assert preflight(gateway, "/own").status == 200
    assert preflight(gateway, "/none").status == 404
    assert upstream.seen == ["GET /orders/7"] * 2 + ["GET /other"] * 2


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    rules = by_path(
        [
            served("/orders/{id}", under="/v1", cors=LET_IN),
            served("/orders/{id}", "DELETE", under="/v1", cors=LET_IN),
            served("/orders/latest", under="/v1"),
            served("/own", "OPTIONS", cors=LET_IN),
        ]
    )
    return serve(deployable(rules=rules, clusters=(upstream.cluster(),)))


def test_a_preflight_is_answered_without_a_service(gateway: Gateway, upstream: Upstream) -> None:
    reply = preflight(gateway, "/v1/orders/7?x=1", **{"access-control-request-headers": "authorization"})
    assert reply.status == 200
    assert said(reply) == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, x-version",
        "access-control-max-age": "600",
        "access-control-expose-headers": "link, x-total",
    }
    assert upstream.seen == []


def test_answers_to_scripts_are_marked(gateway: Gateway) -> None:
    reply = gateway.call("GET", "/v1/orders/7", {"origin": SHOP})
    assert reply.status == 200
    assert said(reply) == {"access-control-allow-origin": SHOP, "access-control-expose-headers": "link, x-total"}
    assert said(gateway.call("GET", "/v1/orders/7")) == {}


@pytest.mark.parametrize(
    "origin",
    [EVIL, "https://shop.example.evil.example", "https://shop.example:8443", "http://shop.example", "null", SHOP + "/"],
)
def test_other_origins_get_nothing(gateway: Gateway, upstream: Upstream, origin: str) -> None:
    refused = preflight(gateway, "/v1/orders/7", origin, "DELETE")
    assert (refused.status, said(refused)) == (403, {})
    assert refused.headers["content-type"] == "application/problem+json"
    assert upstream.seen == []
    assert said(gateway.call("GET", "/v1/orders/7", {"origin": origin})) == {}


def test_caches_keep_origins_apart(gateway: Gateway) -> None:
    for origin in (SHOP, EVIL):
        assert "origin" in gateway.call("GET", "/v1/orders/7", {"origin": origin}).headers["vary"].lower()
    assert "origin" in gateway.call("GET", "/v1/orders/7").headers["vary"].lower()
    assert "origin" not in (gateway.call("GET", "/v1/orders/latest", {"origin": SHOP}).headers["vary"] or "").lower()


def test_a_path_without_cors_is_not_let_in_by_one_with(gateway: Gateway) -> None:
    """/orders/latest is a path of its own: that /orders/{id} takes it, too, lets nobody in."""
    assert said(preflight(gateway, "/v1/orders/latest")) == {}
    assert said(gateway.call("GET", "/v1/orders/latest", {"origin": SHOP})) == {}
    assert said(preflight(gateway, "/v1/none")) == {}


def test_an_options_of_the_contract_is_no_preflight(gateway: Gateway, upstream: Upstream) -> None:
    assert gateway.call("OPTIONS", "/own").status == 501, "the service's own answer"
    assert preflight(gateway, "/own").status == 200
    plain = gateway.call("OPTIONS", "/v1/orders/7", {"origin": SHOP})
    assert (plain.status, plain.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")


def test_a_version_in_a_header_is_not_asked_for(serve: Serve, upstream: Upstream) -> None:
    key = VersionKey("header", "x-version")
    rules = by_version(
        [
            served("/orders/{id}", label="1", cors=LET_IN),
            served("/orders/{id}", label="2", cors=LET_IN),
            served("/orders/latest", label="2"),
        ],
        key,
    )
    made = deployable(rules=rules, clusters=(upstream.cluster(),), version_key=key)
    gateway = serve(made)
    assert preflight(gateway, "/orders/7").status == 200
    assert said(preflight(gateway, "/orders/latest")) == {}
    assert gateway.call("GET", "/orders/7", {"origin": SHOP}).status == 400
    found = gateway.call("GET", "/orders/7", {"origin": SHOP, "x-version": "2"})
    assert (found.status, said(found)["access-control-allow-origin"]) == (200, SHOP)
    varies = ", ".join(found.headers.get_all("vary") or ()).lower()
    assert "x-version" in varies
    assert "origin" in varies


def test_credentials_and_everybody(serve: Serve, upstream: Upstream) -> None:
    personal = replace(LET_IN, credentials=True)
    everybody = replace(LET_IN, origins=("*",))
    rules = by_path([served("/personal", cors=personal), served("/open", cors=everybody)])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),)))
    for reply in (preflight(gateway, "/personal"), gateway.call("GET", "/personal", {"origin": SHOP})):
        assert said(reply)["access-control-allow-credentials"] == "true"
        assert said(reply)["access-control-allow-origin"] == SHOP
    for reply in (preflight(gateway, "/open", EVIL), gateway.call("GET", "/open", {"origin": EVIL})):
        assert said(reply)["access-control-allow-origin"] in (EVIL, "*")
        assert "access-control-allow-credentials" not in said(reply)


def test_a_services_own_headers_do_not_let_anybody_in(serve: Serve, upstream: Upstream) -> None:
    def permissive(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("access-control-allow-origin", "*")
        request.send_header("content-length", "0")
        request.end_headers()

    upstream.behaviour["/orders"] = permissive
    gateway = serve(deployable(rules=by_path([served("/orders", cors=LET_IN)]), clusters=(upstream.cluster(),)))
    assert said(gateway.call("GET", "/orders", {"origin": EVIL})).get("access-control-allow-origin") is None
    assert said(gateway.call("GET", "/orders", {"origin": SHOP}))["access-control-allow-origin"] == SHOP


def test_addresses_come_first(serve: Serve, upstream: Upstream) -> None:
    closed = Policies(addresses=Addresses(deny=("127.0.0.0/8",)))
    rules = by_path([served("/orders", cors=LET_IN, action=forward(policies=closed))])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),), policies=closed))
    assert preflight(gateway, "/orders").status == 403


@pytest.mark.parametrize("path", ["/v1/orders/7", "/v1/orders/latest", "/own", "/none"])
@pytest.mark.parametrize("origin", [SHOP, EVIL, ""])
@pytest.mark.parametrize("method", ["GET", ""])
def test_the_table_says_the_same(gateway: Gateway, path: str, origin: str, method: str) -> None:
    headers = {"origin": origin, "access-control-request-method": method}
    rule = answer(gateway.deployable, Request("OPTIONS", "a", path, headers))
    status = gateway.call("OPTIONS", path, headers).status
    if rule is None:
        assert status == 404
    elif isinstance(rule.action, Answer):
        assert status == rule.action.status
    else:
        assert status == 501, "the service's own answer"


@pytest.mark.parametrize("missing", ["origin", "access-control-request-method"])
def test_half_a_preflight_is_none(gateway: Gateway, upstream: Upstream, missing: str) -> None:
    """Envoy's filter passes on what it does not take for a preflight; it must find the answer to OPTIONS there."""
    headers = {"origin": SHOP, "access-control-request-method": "GET"}
    assert gateway.call("OPTIONS", "/v1/orders/7", headers | {missing: ""}).status == 204
    del headers[missing]
    assert gateway.call("OPTIONS", "/v1/orders/7", headers).status == 204
    assert upstream.seen == []
