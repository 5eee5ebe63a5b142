"""What is rendered, and where Envoy's own refusals are shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.backends.envoy import render, static
from compiler.backends.envoy.filters import http_filters
from compiler.backends.envoy.verify import check
from compiler.local.envoy import find_envoy
from compiler.plan import (
    Addresses,
    Answer,
    Cluster,
    Endpoint,
    Forward,
    HeaderChanges,
    Listener,
    Policies,
    Retry,
    Secret,
    ServerTls,
)
from compiler.source import Source
from compiler.tables import by_path
from compiler.yaml_text import dump
from tests.plans import SPAN, deployable, forward, served

ECHO = Cluster("echo", (Endpoint("127.0.0.1", 9, None),), 250, SPAN)
PLAN = deployable(rules=by_path([served("/orders/{id}"), served("/orders")]), clusters=(ECHO,))


@pytest.fixture(scope="module")
def envoy() -> Path:
    found = find_envoy()
    assert found is not None
    return found


def test_files_of_both_layouts() -> None:
    assert sorted(render(PLAN, "xds", "/etc/envoy")) == [
        "clusters.yaml",
        "envoy.yaml",
        "listeners.yaml",
        "manifest.json",
        "openapi.yaml",
        "routes.yaml",
    ]
    assert sorted(render(PLAN, "static", "/etc/envoy")) == ["envoy.yaml", "manifest.json", "openapi.yaml"]


def test_same_bytes_every_time() -> None:
    assert render(PLAN, "xds", "/etc/envoy") == render(PLAN, "xds", "/etc/envoy")


def test_manifest_says_what_is_inside() -> None:
    files = render(PLAN, "xds", "/etc/envoy")
    manifest = json.loads(files["manifest.json"])
    assert manifest["deployable"] == "gateway/public"
    assert [r["path"] for r in manifest["routes"]] == ["/orders", "/orders/{id}"]
    for name, digest in manifest["files"].items():
        assert digest == "sha256:" + hashlib.sha256(files[name]).hexdigest()
    assert set(manifest["files"]) == set(files) - {"manifest.json"}


def test_config_dir_is_where_files_are_followed() -> None:
    bootstrap = yaml.safe_load(render(PLAN, "xds", "/srv/gw")["envoy.yaml"])
    source = bootstrap["dynamic_resources"]["lds_config"]["path_config_source"]
    assert source == {"path": "/srv/gw/listeners.yaml", "watched_directory": {"path": "/srv/gw"}}


def test_one_more_route_changes_only_its_own_lines() -> None:
    more = replace(PLAN, rules=by_path([served("/orders/{id}"), served("/orders"), served("/customers/{id}")]))
    before = render(PLAN, "xds", "/etc/envoy")["routes.yaml"].decode().splitlines()
    after = render(more, "xds", "/etc/envoy")["routes.yaml"].decode().splitlines()
    rest = iter(after)
    assert all(line in rest for line in before), "a line that has nothing to do with the new route changed"
    for name in ("listeners.yaml", "clusters.yaml", "envoy.yaml"):
        assert render(PLAN, "xds", "/etc/envoy")[name] == render(more, "xds", "/etc/envoy")[name]


def test_addresses_and_names() -> None:
    named = replace(ECHO, endpoints=(Endpoint("orders.internal", 80, 3), Endpoint("::1", 81, None)))
    clusters = static(replace(PLAN, clusters=(ECHO, named)))["static_resources"]["clusters"]
    assert [c["type"] for c in clusters] == ["STATIC", "STRICT_DNS"]
    endpoints = clusters[1]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoints[0]["load_balancing_weight"] == 3
    assert endpoints[1]["endpoint"]["address"]["socket_address"]["address"] == "::1"


def test_secrets_are_references() -> None:
    tls = ServerTls(Secret("file", "/etc/certs/tls.crt"), Secret("env", "TLS_KEY"), SPAN)
    made = replace(PLAN, listener=Listener("0.0.0.0", 8443, tls, 0, False, SPAN))
    text = dump(static(made))
    assert "filename: /etc/certs/tls.crt" in text
    assert "environment_variable: TLS_KEY" in text


def test_envoy_takes_it_without_the_secrets(envoy: Path) -> None:
    tls = ServerTls(Secret("file", "/does/not/exist.crt"), Secret("env", "NOT_SET"), SPAN)
    assert check(envoy, replace(PLAN, listener=Listener("127.0.0.1", 8443, tls, 0, True, SPAN))) == []


def test_a_refused_route_is_shown_at_its_line(envoy: Path) -> None:
    source = Source("gatewright.yaml", "one\ntwo\nthree\n")
    bad = served("/bad", action=forward(timeout=-5), where=source.span(4, 7))
    fine = [served(f"/fine{n}", where=source.span(0, 3)) for n in range(9)]
    (finding,) = check(envoy, replace(PLAN, rules=by_path([*fine, bad])))
    assert finding.rule == "envoy-rejected"
    assert str(finding.where) == "gatewright.yaml:2:1"
    assert "uration" in finding.message
    assert "/tmp/" not in finding.message


@pytest.mark.parametrize(
    "action",
    [
        forward(request_headers=HeaderChanges((("x-a", "line\nbreak"),), ())),
        forward(response_headers=HeaderChanges((), (":status",))),
        forward(retry=Retry(1, ("connect-failure",), -1)),
        Answer(999, (), ""),
    ],
    ids=["header value", "header name", "retry", "status"],
)
def test_whatever_is_refused_of_a_route_is_shown_at_its_line(envoy: Path, action: Forward | Answer) -> None:
    source = Source("gatewright.yaml", "one\ntwo\nthree\n")
    bad = served("/bad", action=action, where=source.span(4, 7))
    fine = [served(f"/fine{n}", where=source.span(0, 3)) for n in range(3)]
    (finding,) = check(envoy, replace(PLAN, rules=by_path([*fine, bad])))
    assert (finding.rule, str(finding.where)) == ("envoy-rejected", "gatewright.yaml:2:1")
    assert len(finding.message) > len("Envoy refuses what this becomes: ")


def test_a_refused_service_is_shown_at_its_line(envoy: Path) -> None:
    source = Source("gatewright.yaml", "one\ntwo\nthree\n")
    bad = Cluster("bad", (Endpoint("127.0.0.1", 99_999, None),), 250, source.span(8, 13))
    (finding,) = check(envoy, replace(PLAN, clusters=(ECHO, bad)))
    assert str(finding.where) == "gatewright.yaml:3:1"


def test_an_envoy_that_is_none(tmp_path: Path) -> None:
    script = tmp_path / "envoy"
    script.write_text("#!/bin/sh\necho 'no such library' >&2\nexit 1\n")
    script.chmod(0o755)
    (finding,) = check(script, PLAN)
    assert "no such library" in finding.message


def test_any_address_means_both_families() -> None:
    for address, both in (("::", True), ("::1", None), ("0.0.0.0", None)):
        made = replace(PLAN, listener=Listener(address, 8080, None, 0, False, SPAN))
        socket = static(made)["static_resources"]["listeners"][0]["address"]["socket_address"]
        assert (socket["address"], socket.get("ipv4_compat")) == (address, both)


def test_a_policy_of_the_gateway_costs_no_line_of_a_route() -> None:
    strict = Policies(body_limit=1024, compression=("gzip",), addresses=Addresses(deny=("192.0.2.0/24",)))
    rules = by_path([served("/orders", action=forward(policies=strict)), served("/usual")])
    for usual, marked in ((strict, "/usual"), (Policies(), "/orders")):
        made = deployable(rules=rules, clusters=(ECHO,), policies=usual)
        routes = yaml.safe_load(render(made, "xds", "/etc/envoy")["routes.yaml"])
        text = dump(routes)
        assert text.count("typed_per_filter_config") == 1
        bearing = [r for r in found(routes, "routes") for r in r if "typed_per_filter_config" in r]
        assert [route["match"]["path"] for route in bearing] == [marked]


def found(data: object, key: str) -> Iterator[Any]:
    """Every value under a key, at any depth."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key:
                yield value
            yield from found(value, key)
    elif isinstance(data, list):
        for item in data:
            yield from found(item, key)


def test_filters_that_nobody_wants_are_not_there() -> None:
    names = [one["name"] for one in http_filters(PLAN, "/etc/envoy", followed=True)]
    usual = ["gatewright.door", "gatewright.body_limit.1048576"]
    assert names == [*usual, "envoy.filters.http.header_mutation", "envoy.filters.http.router"]
