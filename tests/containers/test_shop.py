"""The example's gateways in containers, called from outside: every operation of every version, and what is none."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from compiler.local.curl import call as sample_call

if TYPE_CHECKING:
    from tests.containers.conftest import Shop

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


def call(
    shop: Shop, gateway: str, method: str, target: str, headers: dict[str, str] | None = None, body: str | None = None
) -> Answer:
    """Call a gateway under its own host name, and believe no certificate but one for that name."""
    deployable = shop.deployable(gateway)
    host = deployable.hosts[0]
    raw = socket.create_connection(shop.address[gateway], timeout=20)
    if deployable.listener.tls is not None:
        trust = ssl.create_default_context(cadata=shop.authority.decode())
        raw = trust.wrap_socket(raw, server_hostname=host)
    connection = HTTPConnection(host)
    connection.sock = raw
    try:
        connection.request(method, target, body=body, headers={"host": host, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
    finally:
        connection.close()


@pytest.mark.parametrize("gateway", ["public", "partners"])
def test_every_operation_of_every_version_reaches_its_service(shop: Shop, gateway: str) -> None:
    deployable = shop.deployable(gateway)
    called = 0
    for exposed in deployable.exposed:
        api = shop.checked.workspace.apis[exposed.contract, exposed.version]
        for operation in api.operations:
            if operation.key not in exposed.operations:
                continue
            made = sample_call(deployable, exposed, api, operation, shop.credentials[gateway])
            answer = call(shop, gateway, made.method, made.target, made.headers, made.body)
            assert 200 <= answer.status < 300, (made, answer)
            if exposed.aggregator is None:  # what is composed bears no header of a service
                assert answer.headers["x-gatewright-operation"] == operation.key
                assert answer.headers["x-gatewright-stub"] in exposed.services
            assert ("deprecation" in answer.headers) == (exposed.version == "1.4.2")
            called += 1
    assert called == sum(len(exposed.operations) for exposed in deployable.exposed)


def test_the_version_in_the_path_decides(shop: Shop) -> None:
    first = call(shop, "public", "GET", "/v1/orders/o-17")
    second = call(shop, "public", "GET", "/v2/orders/o-17")
    assert (first.headers["x-gatewright-stub"], second.headers["x-gatewright-stub"]) == ("orders-v1", "orders-v2")
    assert first.headers["deprecation"] == "@1788220800"
    assert first.headers["sunset"] == "Wed, 31 Mar 2027 23:59:59 GMT"
    assert first.headers["link"] == '</v2/>; rel="successor-version"'
    assert json.loads(second.body)["total"] == {"amount": "59.90", "currency": "EUR"}


def test_the_version_in_a_header_decides(shop: Shop) -> None:
    stubs = [
        call(shop, "partners", "GET", "/orders", headers).headers["x-gatewright-stub"]
        for headers in ({"x-api-version": "1"}, {"x-api-version": "v1"}, {"x-api-version": "2"}, {})
    ]
    assert stubs == ["orders-v1", "orders-v1", "orders-v2", "orders-v2"]
    unknown = call(shop, "partners", "GET", "/orders", {"x-api-version": "7"})
    assert (unknown.status, unknown.headers["vary"]) == (400, "x-api-version")
    assert json.loads(unknown.body)["versions"] == ["1", "2"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v2/order", 404),
        ("GET", "/v2/orders/", 404),
        ("GET", "/orders", 404),
        ("GET", "/v3/orders", 404),
        ("DELETE", "/v2/orders/o-17", 405),
        ("DELETE", "/v3/customers/c-1", 405),
        ("GET", "/v2/orders/o-17%2Flines", 400),
    ],
)
def test_what_is_not_exposed_is_a_problem(shop: Shop, method: str, target: str, status: int) -> None:
    answer = call(shop, "public", method, target)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(answer.body)["status"] == status
    assert "x-gatewright-stub" not in answer.headers
    assert ("allow" in answer.headers) == (status == 405)


def test_an_exact_path_wins_over_a_template(shop: Shop) -> None:
    export = call(shop, "public", "GET", "/v2/orders/export?year=2026")
    assert export.headers["x-gatewright-operation"] == "exportOrders"
    assert export.headers["content-type"] == "text/csv"


def test_policies_change_headers(shop: Shop) -> None:
    assert call(shop, "public", "GET", "/v2/orders").headers["cache-control"] == "no-store"
    assert "cache-control" not in call(shop, "partners", "GET", "/orders").headers
