"""The metrics port of a running Envoy: what it serves, what it refuses, and how many series there are."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from compiler.backends.envoy import static
from compiler.backends.envoy.metrics import BUCKETS
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_ports
from compiler.plan import Answer
from compiler.tables import by_path
from compiler.yaml_text import dump
from tests.dataplane.conftest import Gateway, Reply, Serve, Upstream
from tests.plans import deployable, forward, served
from tests.processes import eventually

PROMETHEUS = "/stats/prometheus"
HISTOGRAM, SERVICE, GATEWAY = 17, 26, 25
"""The numbers of series that docs/observability.md names: of a histogram, of a service, of the gateway itself."""


def ask(port: int, target: str, method: str = "GET", **headers: str) -> Reply:
    """One request to the metrics port, its target sent as it stands."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def metrics_port(gateway: Gateway) -> int:
    assert gateway.deployable.metrics_port is not None
    return gateway.deployable.metrics_port


def series(gateway: Gateway) -> dict[str, float]:
    """What Prometheus would read: each series with its labels, to its value."""
    answer = ask(metrics_port(gateway), PROMETHEUS)
    assert answer.status == 200
    lines = [line for line in answer.body.decode().splitlines() if line and not line.startswith("#")]
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert len(found) == len(lines), "a series stands twice"
    return found


def labels(name: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', name))


def requests(gateway: Gateway) -> dict[tuple[str, ...], float]:
    """The requests that were counted, by contract, version, operation, service and class."""
    keys = ("contract", "version", "operation", "service", "status")
    found = {}
    for name, value in series(gateway).items():
        if name.startswith("envoy_gatewright_requests_total{"):
            given = labels(name)
            assert given["gatewright_gateway"] == "public"
            found[tuple(given[f"gatewright_{key}"] for key in keys)] = value
    return found


@pytest.fixture
def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    upstream.behaviour["/orders/bad"] = lambda request: request.send_error(500)
    rules = by_path([served("/orders/{id}", under="/v1"), served("/here", action=Answer(200, (), "here"))])
    return serve(deployable(rules=rules, clusters=(upstream.cluster(),), metrics_port=9902))


def test_requests_are_counted_in_the_projects_words(gateway: Gateway) -> None:
    for path in ("/v1/orders/1", "/v1/orders/2?key=secret", "/v1/orders/bad", "/v1/nothing", "/here"):
        gateway.call("GET", path)
    assert gateway.eventually(lambda: sum(requests(gateway).values()) == 5)
    order = ("orders", "1.0.0", "getOrder", "echo")
    assert requests(gateway) == {
        (*order, "2xx"): 2,
        (*order, "5xx"): 1,
        ("", "", "", "", "4xx"): 1,
        ("", "", "", "", "2xx"): 1,
    }


def test_durations_are_counted_by_version(gateway: Gateway) -> None:
    gateway.call("GET", "/v1/orders/1")
    name = (
        'envoy_gatewright_request_duration_ms_count{gatewright_gateway="public",'
        'gatewright_contract="orders",gatewright_version="1.0.0"}'
    )
    assert gateway.eventually(lambda: series(gateway).get(name) == 1, 10), "histograms are merged every few seconds"
    buckets = [n for n in series(gateway) if "request_duration_ms_bucket" in n and 'contract="orders"' in n]
    assert len(buckets) + 2 == HISTOGRAM
    assert [float(labels(n)["le"].replace("+Inf", "inf")) for n in buckets] == [*BUCKETS, float("inf")]


def test_services_connections_and_reloads_are_seen(gateway: Gateway) -> None:
    gateway.call("GET", "/v1/orders/1")
    found = series(gateway)
    for name, more in (
        ("envoy_cluster_membership_healthy", {"gatewright_service": "echo"}),
        ("envoy_cluster_upstream_rq_time_count", {"gatewright_service": "echo"}),
        ("envoy_http_downstream_cx_total", {"gatewright_listener": "public"}),
        ("envoy_listener_manager_lds_update_success", {}),
        ("envoy_server_live", {}),
    ):
        same = [n for n in found if n.startswith(name + "{") and labels(n) == {"gatewright_gateway": "public", **more}]
        assert len(same) == 1, (name, sorted(found))
    rejected = [name for name in found if "update_rejected" in name]
    assert len(rejected) == 3
    assert all(found[name] == 0 for name in rejected)


def test_only_the_two_requests_get_anything(gateway: Gateway) -> None:
    port = metrics_port(gateway)
    assert ask(port, "/ready").status == 200
    assert ask(port, "/ready").body.strip() == b"LIVE"
    for target in (
        "/",
        "/stats",
        "/clusters",
        "/config_dump",
        "/stats/prometheus/",
        "/stats/prometheus?filter=.*",
        "/stats/prometheus?",
        "/stats//prometheus",
        "/stats/./prometheus?usedonly",
        "/stats/prometheus;x",
        "/stats/prometheus/../../quitquitquit",
        "/STATS/prometheus",
        "/ready?x",
        "//ready/..//config_dump",
        "/quitquitquit",
        "http://admin/config_dump",
    ):
        assert ask(port, target).status == 404, target
    for target in ("/stats/prometheus%2f..%2f..%2fquitquitquit", "/stats%5cprometheus"):
        assert ask(port, target).status in (400, 404), target
    for method in ("POST", "PUT", "HEAD", "OPTIONS", "DELETE"):
        assert ask(port, "/ready", method).status == 404, method
    assert ask(port, "/ready", **{"x-envoy-original-path": "/quitquitquit"}).status == 200
    assert gateway.running.get("/ready").strip() == "LIVE"
    assert not [name for name in series(gateway) if "gatewright.metrics" in name or "gatewright.admin" in name]


def test_the_interface_itself_stays_inside(gateway: Gateway) -> None:
    """The admin port is on loopback, and the gateway does not lead there."""
    assert gateway.running.admin.startswith("127.0.0.1:")
    for path in ("/stats/prometheus", "/ready", "/config_dump"):
        assert gateway.call("GET", path).status == 404


def test_without_an_admin_port_it_has_no_port_at_all(tmp_path: Path, upstream: Upstream) -> None:
    port, metrics = free_ports(2)
    made = deployable(rules=by_path([served("/orders")]), clusters=(upstream.cluster(),), metrics_port=metrics)
    made = replace(made, listener=replace(made.listener, port=port))
    (tmp_path / "envoy.yaml").write_text(dump(static(made)))
    assert static(made)["admin"] == {"address": {"pipe": {"path": "@gatewright/public"}}}
    binary = find_envoy()
    assert binary is not None
    command = [str(binary), "-c", str(tmp_path / "envoy.yaml"), "--use-dynamic-base-id", "--log-level", "error"]
    process = subprocess.Popen(command)
    try:
        assert eventually(lambda: ask(metrics, "/ready").status == 200)
        assert b"envoy_server_live" in ask(metrics, PROMETHEUS).body
    finally:
        process.terminate()
        process.wait(10)


def test_the_number_of_series_is_bounded(serve: Serve, upstream: Upstream) -> None:
    """What docs/observability.md says of the number holds, whatever clients ask for."""
    operations = 50
    rules = by_path([served(f"/o{n}", action=forward(operation=f"o{n}")) for n in range(operations)])
    gateway = serve(deployable(rules=rules, clusters=(upstream.cluster(),), metrics_port=9902))
    before = len(series(gateway))
    assert before <= SERVICE + GATEWAY
    for n in range(2 * operations):
        for method in ("GET", "POST"):
            gateway.call(method, f"/o{n}?nonce={n}", {"x-nonce": str(n), "host": f"h{n}"})
    assert gateway.eventually(lambda: sum(requests(gateway).values()) == 4 * operations)
    counted = requests(gateway)
    assert len(counted) == operations + 1, "one class for each operation, and one series for all that has no operation"
    assert len(series(gateway)) <= SERVICE + GATEWAY + len(counted) + 2 * HISTOGRAM
