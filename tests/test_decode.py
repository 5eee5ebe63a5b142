"""Documents to model objects: what is made of each kind of value, and how its refusal reads."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from compiler.decode import decode
from compiler.diagnostics import Finding
from compiler.model.contracts import Contract
from compiler.model.edges import Edge
from compiler.model.gateways import Expose, Gateway, Listen
from compiler.model.kinds import Where, duration_text, milliseconds
from compiler.model.policies import Policy
from compiler.model.project import RootFile
from compiler.model.references import Implements
from compiler.model.secrets import SecretRef
from compiler.model.services import Endpoint, Service, UpstreamTls
from compiler.reader import read_yaml
from compiler.source import Source

ENDPOINTS = "endpoints: [{host: a.internal, port: 80}]"


def decoded(target: type, text: str) -> tuple[Any, list[Finding]]:
    document, findings = read_yaml(Source("gatewright.yaml", text))
    assert document is not None
    value, more = decode(target, document.root, document.top)
    assert (value is None) == bool(more)
    return value, findings + more


def good(target: type, text: str) -> Any:
    value, findings = decoded(target, text)
    assert findings == []
    return value


def bad(target: type, text: str) -> list[str]:
    """Each finding as ``line:column rule message | help``."""
    value, findings = decoded(target, text)
    assert value is None
    return [f"{f.where.line}:{f.where.column} {f.rule} {f.message} | {f.help}" for f in findings]


def one(target: type, text: str) -> str:
    [said] = bad(target, text)
    return said


def test_values_are_converted() -> None:
    service = good(Service, f"implements: orders@2.1.0\nconnect_timeout: 250ms\n{ENDPOINTS}\n")
    assert service.implements == Implements("orders", "2.1.0", None)
    assert service.connect_timeout == 250
    assert (service.endpoints[0].host, service.endpoints[0].port) == ("a.internal", 80)
    assert service.base_path == "/"
    contract = good(Contract, "versions: {1.0.0: {openapi: a.yaml, deprecated: 2027-03-31}}")
    assert contract.versions["1.0.0"].deprecated == date(2027, 3, 31)
    assert good(Policy, "body_limit: 64KiB").body_limit == 65536
    assert good(Policy, "allow_ips: [10.0.0.0/8]").allow_ips == ("10.0.0.0/8",)
    assert good(Gateway, "listen: {port: 80}\nexpose: [{contract: a}]\nhosts: [API.example]").hosts == ("api.example",)


def test_names_of_headers_are_compared_without_case() -> None:
    policy = good(Policy, "headers: {request: {set: {X-Tag: 1.10}, remove: [X-Other]}}")
    assert policy.headers.request.set == {"x-tag": "1.10"}
    assert policy.headers.request.remove == ("x-other",)
    assert one(Policy, "headers: {request: {set: {X-A: b, x-a: c}}}").startswith("1:35 duplicate-key")


def test_words_of_python_are_keys_of_yaml() -> None:
    gateway = good(Gateway, "listen: {port: 80}\nversioning: {in: header, name: x-v}\nexpose: [{contract: a}]")
    assert gateway.versioning.in_ == "header"


def test_a_number_keeps_its_text_where_a_text_is_meant() -> None:
    assert good(Expose, "contract: a\nversions: 1.10").versions == "1.10"
    assert good(Expose, "contract: a\nversions: 2").versions == "2"


@pytest.mark.parametrize(
    ("text", "value"), [("250ms", 250), ("5s", 5000), ("2m", 120_000), ("1h", 3_600_000), ("90d", 7_776_000_000)]
)
def test_durations(text: str, value: int) -> None:
    assert milliseconds(text) == value
    assert duration_text(value) == text


@pytest.mark.parametrize("text", ["3651d", "99999999999999999999d", "9999999999999h"])
def test_durations_are_bounded(text: str) -> None:
    assert "longer than ten years" in one(Policy, f"timeout: {text}")


def test_places_are_kept_and_do_not_count() -> None:
    text = f"implements: orders@2.1.0\nweight: 5\n{ENDPOINTS}\n"
    service = good(Service, text)
    assert str(service.where["weight"]) == "gatewright.yaml:2:9"
    assert str(service.where.key("weight")) == "gatewright.yaml:2:1"
    assert str(service.where["endpoints", 0, "port"]) == "gatewright.yaml:3:38"
    assert "weight" in service.where
    assert "base_path" not in service.where
    assert service == good(Service, "\n\n" + text)
    assert "where" not in repr(service)


def test_a_named_object_stands_at_its_name() -> None:
    root = good(RootFile, "gatewright: 1\npolicies:\n  default: {timeout: 5s}\n")
    policy = root.policies["default"]
    assert str(policy.where.span) == "gatewright.yaml:3:3"
    assert str(policy.where.value) == "gatewright.yaml:3:12"
    assert str(policy.where["retry"]) == "gatewright.yaml:3:3"  # absent: the nearest place above


def test_an_edge_has_what_a_gateway_has() -> None:
    assert {f.name for f in fields(Gateway)} < {f.name for f in fields(Edge)}


WRONG = [
    (Service, ENDPOINTS + "\nbase_pat: /", "2:1 schema unknown key `base_pat` | did you mean `base_path`?"),
    (Endpoint, "host: a", "1:1 schema the key `port` is missing | add `port:`"),
    (Endpoint, "host: a\nprot: 80", "2:1 schema unknown key `prot` | did you mean `port`?"),
    (
        Endpoint,
        "host: a\nport: '80'",
        "2:7 schema expected a whole number from 1 to 65535, found `80` | write a whole number from 1 to 65535",
    ),
    (
        Endpoint,
        "host: a\nport: 80.0",
        "2:7 schema expected a whole number from 1 to 65535, found the number 80.0"
        " | write a whole number from 1 to 65535",
    ),
    (
        Endpoint,
        "host: a\nport: true",
        "2:7 schema expected a whole number from 1 to 65535, found `true` | write a whole number from 1 to 65535",
    ),
    (Endpoint, "host: a\nport:", "2:1 schema expected a whole number from 1 to 65535, found nothing | "),
    (Endpoint, "host: 10.0.0.256\nport: 1", "1:7 schema `10.0.0.256`: not an IPv4 or IPv6 address"),
    (
        Endpoint,
        "host: 1.5\nport: 1",
        '1:7 schema expected a host name or an IP address, found the number 1.5 | quote it: `"1.5"`',
    ),
    (
        Endpoint,
        "[a]",
        "1:1 schema expected a mapping with `host`, `port`, `weight`, found a list"
        " | write a mapping with `host`, `port`, `weight`",
    ),
    (Service, "endpoints: []", "1:12 schema expected at least one item, found an empty list | name at least one"),
    (Service, "endpoints: {host: a, port: 1}", "1:12 schema expected a list, found a mapping | write it as `[...]`"),
    (Listen, "address: localhost\nport: 1", "1:10 schema `localhost`: not an IPv4 or IPv6 address; a listener binds"),
    (
        Listen,
        "port: 1\nproxy_protocol: on",
        "2:17 schema expected `true` or `false`, found `on` | write `true` or `false`",
    ),
    (
        Contract,
        "versions: {1.0: {openapi: a}}",
        "1:12 version-invalid expected a semantic version such as `2.1.0`, found `1.0`",
    ),
    (
        Contract,
        "versions: {1.0.0: {openapi: [a]}}",
        "1:29 schema expected a text, or any mapping, found a list | write a text, or any mapping",
    ),
    (Expose, "contract: a\nversions: newest", "2:11 version-invalid `newest`: `newest` is not a range that npm reads"),
    (Expose, "at: /", "1:1 schema expected one of `aggregator`, `contract` | keep exactly one"),
    (Expose, "aggregator: a\nversions: ^1", "2:1 schema `versions` goes with `contract` | remove it"),
    (
        Expose,
        "contract: a\noperations: [{b: {}, c: {}}]",
        "2:14 schema expected exactly one entry, found 2 | keep one of them",
    ),
    (
        Policy,
        "auth: nobody",
        "1:7 schema expected a mapping with `jwt`, `api_key`, `basic`, `mtls`, ..., or `none`, found `nobody`",
    ),
    (Policy, "timeout: 5 s", "1:10 schema expected a duration above zero, such as"),
    (Policy, "compression: [zip]", "1:15 schema expected one of `gzip`, `brotli`, found `zip` | did you mean `gzip`?"),
    (
        Policy,
        "mirror: {service: a, percent: 101}",
        "1:31 schema expected a number from 0 to 100, found the number 101 | write a number from 0 to 100",
    ),
    (
        UpstreamTls,
        "ca: certs/ca.pem",
        "1:5 schema expected `system`, or an absolute path on the gateway's host, found `certs/ca.pem`",
    ),
    (
        RootFile,
        "",
        "1:1 schema expected a mapping with `contracts`, `services`, `policies`, `gateways`, ..., found nothing",
    ),
]


@pytest.mark.parametrize(("target", "text", "expected"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_wrong_and_where(target: type, text: str, expected: str) -> None:
    said = one(target, text)
    assert said.startswith(expected), said


def test_everything_wrong_is_found_in_one_pass() -> None:
    text = "endpoints: [{port: 0}, {host: '!', port: x}]\nweight: -1\ntls: 5\nx: 1"
    assert sorted(said.split()[0] for said in bad(Service, text)) == [
        "1:14",
        "1:20",
        "1:31",
        "1:42",
        "2:9",
        "3:6",
        "4:1",
    ]


def test_a_missing_key_is_not_asked_for_where_it_is_misspelled() -> None:
    assert len(bad(Endpoint, "hots: a\nport: 80")) == 1


@pytest.mark.parametrize("text", ["hunter2", "{value: hunter2}", "{path: 12}"])
def test_a_literal_secret_is_refused_and_never_shown(text: str) -> None:
    [said] = bad(SecretRef, text if text.startswith("{") else f"'{text}'")[:1]
    assert "plaintext-secret" in said
    assert "hunter2" not in said


def test_a_secret_is_a_file_or_a_variable() -> None:
    assert good(SecretRef, "{file: /etc/certs/tls.key}").file == "/etc/certs/tls.key"
    assert good(SecretRef, "{env: TLS_KEY}").env == "TLS_KEY"
    assert "exclude each other" in one(SecretRef, "{file: /a, env: B}")


def test_an_object_made_by_hand_has_no_places() -> None:
    span = Source("gatewright.yaml", "").span(0, 0)
    where = Where(None, span)
    assert where["anything"] == span
    assert where.key("anything") == span
    assert "anything" not in where
    assert where.written("anything") == ()
