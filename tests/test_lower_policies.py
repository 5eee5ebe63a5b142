"""What protects, from a project to the plan: auth, rate limits, the services and files that they name."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from compiler import pipeline
from compiler.backends.envoy import static
from compiler.backends.envoy.secrets import host_secrets
from compiler.plan import Answer, Deployable, Plan, Secret
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls, RateLimit, RemoteKeys
from compiler.throwaway import key_set
from compiler.trace import trace
from compiler.trace.asked import asked
from tests.projects import write_project

DAY = date(2026, 11, 1)
SERVICES = """\
  idp: {endpoints: [{host: id.internal, port: 443}], base_path: /oauth, tls: {server_name: id.example, ca: system}}
  authz: {endpoints: [{host: authz.internal, port: 9000}], protocol: http2}
  limiter: {endpoints: [{host: "2001:db8::1", port: 8081}], protocol: http2}
"""


def planned(folder: Path, policies: dict[str, Any], names: str, *, exposed: str = "") -> tuple[Deployable, Any]:
    """The gateway of a project with these policies, and its workspace."""
    write_project(folder)
    text = (folder / "gatewright.yaml").read_text()
    text = text.replace("gateways:\n", f"{SERVICES}policies: {json.dumps(policies)}\ngateways:\n")
    tls = "tls: {certificate: {file: /etc/a.crt}, key: {file: /etc/a.key}}"
    text = text.replace("port: 8080}\n    expose", f"port: 8080, {tls}}}\n    policies: [{names}]\n    expose")
    text = text.replace("- {contract: orders}", f"- {{contract: orders, policies: [{exposed}]}}")
    (folder / "gatewright.yaml").write_text(text)
    (folder / "jwks.json").write_text(key_set())
    (folder / "keys.txt").write_text(f"b:{'B' * 64}\n# a comment\na:{'a' * 64} # another\n")
    outcome = pipeline.validate(folder, DAY)
    assert outcome.checked is not None, outcome.diagnostics
    (made,) = pipeline.plan(outcome).deployables
    return made, outcome.checked.workspace


TOKEN = {"issuer": "https://id.example", "audiences": ["b", "a"], "require_scopes": ["y", "x"], "clock_skew": "1500ms"}
WAYS: dict[str, tuple[dict[str, Any], Any]] = {
    "jwt": (
        {**TOKEN, "jwks": {"service": "idp", "path": "/jwks.json"}},
        Jwt("https://id.example", ("a", "b"), RemoteKeys("idp", "https://id.example/oauth/jwks.json"), ("x", "y"), 2),
    ),
    "basic": ({"users": {"file": "/etc/users"}}, Basic(Secret("file", "/etc/users"))),
    "mtls": (
        {"ca": "/etc/ca.pem", "subjects": ["spiffe://b", "spiffe://a/*"]},
        Mtls(Secret("file", "/etc/ca.pem"), "URI", ("spiffe://a/*", "spiffe://b")),
    ),
    "external": ({"service": "authz"}, External("authz", "grpc", 200, "http://authz.internal")),
    "api_key": (
        {"in": "header", "name": "X-Key", "keys": {"digests": "keys.txt"}},
        ApiKey("header", "x-key", (("a", "a" * 64), ("b", "b" * 64))),
    ),
}
SCHEMES = {
    "jwt": ({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, ["x", "y"]),
    "basic": ({"type": "http", "scheme": "basic"}, []),
    "mtls": ({"type": "mutualTLS"}, []),
    "api_key": ({"type": "apiKey", "in": "header", "name": "X-Key"}, []),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_reaches_the_plan(tmp_path: Path, way: str) -> None:
    written, expected = WAYS[way]
    made, workspace = planned(tmp_path, {"who": {"auth": {way: written}}}, "who")
    assert made.policies.auth == Auth("who", expected)
    (rule,) = [rule for rule in made.rules if not isinstance(rule.action, Answer)]
    assert not isinstance(rule.action, Answer)
    assert rule.action.policies == made.policies, "so that the route need not say it again"
    called = {"jwt": {"idp"}, "external": {"authz"}}.get(way, set())
    assert {cluster.name for cluster in made.clusters} == {"orders"} | called
    said = made.api["paths"]["/v1/orders/{id}"]["get"]["security"]
    if way in SCHEMES:
        scheme, scopes = SCHEMES[way]
        assert made.api["components"]["securitySchemes"] == {"who": scheme}
        assert said == [{"who": scopes}]
    found = trace(workspace, Plan((made,)), asked("GET", "/v1/orders/1"))
    assert found is not None
    assert any(sentence.startswith("`who` asks for ") for sentence in found.why)
    assert found.status is None, "whether a caller has what is asked for, nobody knows here"


def test_a_key_set_becomes_part_of_what_is_built(tmp_path: Path) -> None:
    made, _ = planned(tmp_path, {"who": {"auth": {"jwt": {**TOKEN, "jwks_file": "jwks.json"}}}}, "who")
    way = made.policies.auth.way if made.policies.auth else None
    assert isinstance(way, Jwt)
    assert isinstance(way.keys, str)
    assert json.loads(way.keys) == json.loads(key_set())


def test_the_strongest_word_counts(tmp_path: Path) -> None:
    policies = {
        "who": {"auth": {"basic": {"users": {"file": "/u"}}}},
        "all": {"auth": "none"},
        "slow": {"timeout": "9s"},
    }
    made, _ = planned(tmp_path, policies, "who, slow", exposed="slow, all")
    assert made.policies.auth is not None
    actions = [rule.action for rule in made.rules if not isinstance(rule.action, Answer)]
    assert [action.policies.auth for action in actions] == [None]
    assert "security" not in made.api["paths"]["/v1/orders/{id}"]["get"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"requests": 5, "per": "1s"}, RateLimit("few", 5, 1000, "client_ip", 500)),
        ({"requests": 5, "per": "1s", "overall": 7}, RateLimit("few", 5, 1000, "client_ip", 7)),
        ({"requests": 5, "per": "1s", "by": "global"}, RateLimit("few", 5, 1000, "global", 5)),
        (
            {"requests": 2**30, "per": "1s", "by": "header:X-Ten"},
            RateLimit("few", 2**30, 1000, "header:x-ten", 2**32 - 1),
        ),
        (
            {"requests": 5, "per": "1m", "by": "global", "distributed": {"service": "limiter"}},
            RateLimit("few", 5, 60_000, "global", 500, "limiter"),
        ),
    ],
    ids=str,
)
def test_rate_limits(tmp_path: Path, written: dict[str, Any], expected: RateLimit) -> None:
    made, workspace = planned(tmp_path, {"few": {"rate_limit": written}}, "few")
    assert made.policies.rate_limit == expected
    assert {c.name for c in made.clusters} == {"orders"} | ({"limiter"} if expected.cluster else set())
    found = trace(workspace, Plan((made,)), asked("GET", "/v1/orders/1"))
    assert found is not None
    assert any(f"`few` lets {expected.requests} requests" in sentence for sentence in found.why)


def test_secrets_are_references(tmp_path: Path) -> None:
    policies = {name: {"auth": {name: WAYS[name][0]}} for name in ("basic", "mtls")}
    made, _ = planned(tmp_path, policies, "basic", exposed="mtls")
    assert {(s.secret.value, s.use) for s in host_secrets(made)} == {
        ("/etc/a.crt", "certificate"),
        ("/etc/a.key", "key"),
        ("/etc/users", "users"),
        ("/etc/ca.pem", "authority"),
    }


def test_certificates_are_asked_for_where_only_some_want_one(tmp_path: Path) -> None:
    def asked_for(folder: str, names: str, exposed: str) -> Any:
        policies = {"staff": {"auth": {"mtls": WAYS["mtls"][0]}}, "all": {"auth": "none"}}
        made, _ = planned(tmp_path / folder, policies, names, exposed=exposed)
        (chain,) = static(made)["static_resources"]["listeners"][0]["filter_chains"]
        return chain["transport_socket"]["typed_config"].get("require_client_certificate")

    assert asked_for("everywhere", "staff", "") is True
    assert asked_for("some", "staff", "all") is False
    assert asked_for("others", "all", "staff") is False
    assert asked_for("nowhere", "all", "") is None
