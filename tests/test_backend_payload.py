"""The payload module's place in Envoy's configuration, and its plan."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler import pipeline
from compiler.backends.envoy import payload, render, static
from compiler.backends.envoy.payload_plan import plan_text
from compiler.plan import Deployable
from tests.aggregates import judged

MODULE = b"\0asm not really"
FILE = f"payload-{sha256(MODULE).hexdigest()[:12]}.wasm"


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "module", lambda: MODULE)


def deployable(folder: Path, *changes: tuple[str, str]) -> Deployable:
    outcome = judged(folder, *changes)
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    (made,) = pipeline.plan(outcome).deployables
    return made


def plan(folder: Path, *changes: tuple[str, str]) -> Any:
    return json.loads(plan_text(deployable(folder, *changes)))


def test_the_module_is_a_file_of_the_build(tmp_path: Path) -> None:
    made = deployable(tmp_path)
    for layout in ("xds", "static"):
        files = render(made, layout, "/srv/gw")
        assert files[FILE] == MODULE
        assert json.loads(files["manifest.json"])["files"][FILE] == f"sha256:{sha256(MODULE).hexdigest()}"
    listener = yaml.safe_load(render(made, "xds", "/srv/gw")["listeners.yaml"])["resources"][0]
    filters = listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
    (composing,) = [f for f in filters if f["name"] == payload.FILTER]
    assert composing["disabled"] is True
    (served,) = yaml.safe_load(render(made, "xds", "/srv/gw")["payload.yaml"])["resources"]
    config = served["typed_config"]["config"]
    assert config["vm_config"]["code"]["local"]["filename"] == f"/srv/gw/{FILE}"
    assert json.loads(config["configuration"]["value"])["version"] == 1
    assert [f["name"] for f in filters][-1] == "envoy.filters.http.router"


def test_only_routes_of_aggregates_switch_it_on(tmp_path: Path) -> None:
    exposed = ("expose: [{aggregator", "expose: [{contract: customers}, {aggregator")
    text = json.dumps(static(deployable(tmp_path, exposed))["static_resources"]["listeners"])
    assert text.count('"typed_per_filter_config"') == text.count(f'"cluster": "{payload.NOWHERE}"') == 1


def test_a_gateway_without_aggregates_has_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "module", lambda: pytest.fail("nobody needs it"))
    unexposed = ("expose: [{aggregator: overview}]", "expose: [{contract: customers}, {contract: loyalty}]")
    outcome = judged(tmp_path, unexposed)
    (made,) = pipeline.plan(outcome).deployables
    files = render(made, "xds", "/etc/envoy")
    assert not any(name.startswith("payload") for name in files)
    assert payload.NOWHERE.encode() not in files["clusters.yaml"]


def test_requests_with_a_body_are_held_as_a_whole(tmp_path: Path) -> None:
    assert payload.buffered(deployable(tmp_path), 32768) == 32768


def test_the_plan_names_routes_and_steps(tmp_path: Path) -> None:
    made = plan(tmp_path)
    assert made["routes"] == {
        "overview@1.getOverview": {
            "aggregate": "overview",
            "without": [],
            "path": [["v1"], ["overview"], ["", "id", ""]],
        }
    }
    customer, points = made["aggregates"]["overview"]["steps"]
    assert customer["path"] == [["customers"], ["", "id", ""]]
    assert customer["inputs"]["path"] == {"id": ["get", "request", "path", "id"]}
    assert points["when"] == ["has", ["get", "customer", "body", "card"]]
    assert (points["after"], points["fallback"]) == (["customer"], {"total": 0})


NAME = ["get", "customer", "body", "name"]
CARD = ["get", "customer", "body", "card"]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("${customer.body.name}", NAME),
        ("Hi ${customer.body.name}!", ["text", ["json", "Hi "], NAME, ["json", "!"]]),
        ("${customer.body.card == 5 ? 'a' : null}", ["?", ["==", CARD, ["json", 5]], ["json", "a"], ["json", None]]),
        ("${!has(customer.body.card)}", ["!", ["has", CARD]]),
        ("${size(customer.body.name) > 2}", [">", ["size", NAME], ["json", 2]]),
        ("${'a' + 'b'}", ["+", ["json", "a"], ["json", "b"]]),
        ('[1, "${customer.status}"]', ["list", ["json", 1], ["get", "customer", "status"]]),
        ("{a: {b: 1}}", ["json", {"a": {"b": 1}}]),
    ],
)
def test_values(written: str, wanted: Any, tmp_path: Path) -> None:
    scalar = written if written.startswith(("[", "{")) else json.dumps(written)
    added = ('        points: "${points', f'        more: {scalar}\n        points: "${{points')
    body = plan(tmp_path, added)["aggregates"]["overview"]["response"]["body"]
    assert dict(body[1:])["more"] == wanted
