"""Which policies apply, and what they come to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.plan import Addresses, Answer, Deployable, Forward, HeaderChanges, Mirror, Policies
from tests.projects import write_project

POLICIES = """\
policies:
  a:
    timeout: 5s
    retry: {attempts: 2, on: [gateway-error, connect-failure], per_try_timeout: 1s}
    headers: {request: {set: {x-one: a, x-two: a}, remove: [x-gone]}, response: {set: {x-out: a}}}
  b:
    timeout: 7s
    headers: {request: {set: {x-two: b, X-Gone: back}, remove: [x-one]}}
  c: {retry: {attempts: 1, on: [connect-failure]}}
  twice: {retry: {attempts: 1, on: [gateway-error], unsafe: true}}
  never: {retry: {attempts: 1, on: [gateway-error]}}
"""


FILTERS = """\
  limits:
    {body_limit: 64KiB, compression: [gzip, brotli], allow_ips: [192.0.2.0/24, 10.0.0.0/8], deny_ips: [10.9.0.0/16]}
  others: {body_limit: 1KiB, compression: [], allow_ips: ["2001:db8::/32", 10.1.0.0/16], deny_ips: [192.0.2.1]}
  cross: {cors: {origins: [https://b.example, https://a.example], headers: [Authorization], expose_headers: [x-total]}}
  copies: {mirror: {service: orders, percent: 0.5}}
"""


def planned(folder: Path, gateway: str, expose: str, method: str = "get", versioning: str = "path") -> Deployable:
    project = write_project(folder)
    (project / "orders.yaml").write_text((project / "orders.yaml").read_text().replace("    get:", f"    {method}:"))
    text = (project / "gatewright.yaml").read_text()
    head = f"    policies: [{gateway}]\n    versioning: {{in: {versioning}}}\n    expose:"
    text = text.replace("    expose:", head).replace("{contract: orders}", expose)
    (project / "gatewright.yaml").write_text(text + POLICIES + FILTERS)
    outcome = pipeline.validate(project, date(2026, 11, 1))
    assert outcome.checked is not None, outcome.diagnostics
    return pipeline.plan(outcome).deployables[0]


def forward(folder: Path, gateway: str, expose: str, method: str = "get") -> Forward:
    rule = next(r for r in planned(folder, gateway, expose, method).rules if not isinstance(r.action, Answer))
    assert isinstance(rule.action, Forward)
    return rule.action


def test_defaults(tmp_path: Path) -> None:
    action = forward(tmp_path, "", "{contract: orders}")
    assert (action.timeout, action.retry) == (15_000, None)
    assert action.request_headers == action.response_headers == HeaderChanges()


def test_later_wins_and_headers_merge(tmp_path: Path) -> None:
    action = forward(tmp_path, "a, c", "{contract: orders, policies: [b]}")
    assert action.timeout == 7_000
    assert action.retry is not None
    assert (action.retry.attempts, action.retry.per_try_timeout) == (1, None), "a key is replaced whole"
    assert action.request_headers == HeaderChanges((("x-gone", "back"), ("x-two", "b")), ("x-one",))
    assert action.response_headers == HeaderChanges((("x-out", "a"),))


def test_operation_is_the_last_level(tmp_path: Path) -> None:
    action = forward(tmp_path, "b", "{contract: orders, operations: [{getOrder: {policies: [a]}}]}")
    assert action.timeout == 5_000
    assert action.request_headers.set == (("x-one", "a"), ("x-two", "a"))
    assert action.request_headers.remove == ("x-gone",)


def test_filters(tmp_path: Path) -> None:
    assert forward(tmp_path, "", "{contract: orders}").policies == Policies(1 << 20, (), Addresses(None, ()))
    made = forward(tmp_path, "limits", "{contract: orders}").policies
    assert made.body_limit == 64 << 10
    assert made.compression == ("brotli", "gzip")
    assert made.addresses == Addresses(("10.0.0.0/8", "192.0.2.0/24"), ("10.9.0.0/16",))
    made = forward(tmp_path, "limits", "{contract: orders, policies: [others]}").policies
    assert (made.body_limit, made.compression) == (1 << 10, ())
    assert made.addresses.allow == ("10.1.0.0/16", "2001:db8::/32"), "the stronger policy's alone"
    assert made.addresses.deny == ("10.9.0.0/16", "192.0.2.1/32"), "those of both"


def test_the_gateway_as_a_whole(tmp_path: Path) -> None:
    made = planned(tmp_path, "limits", "{contract: orders, policies: [others]}")
    assert made.policies.body_limit == 64 << 10
    assert made.policies.addresses.deny == ("10.9.0.0/16",)


def test_mirror(tmp_path: Path) -> None:
    assert forward(tmp_path, "copies", "{contract: orders}").mirror == Mirror("orders", 5_000)


@pytest.mark.parametrize("versioning", ["path", "header, name: X-Version"])
def test_cors(tmp_path: Path, versioning: str) -> None:
    made = planned(tmp_path, "cross", "{contract: orders}", versioning=versioning)
    (preflight, refused) = [rule for rule in made.rules if rule.preflight is not None]
    cors = preflight.cors
    assert cors is not None
    assert cors.origins == preflight.preflight == ("https://a.example", "https://b.example")
    assert cors.headers == (("authorization",) if versioning == "path" else ("authorization", "x-version"))
    assert set(cors.expose_headers) > {"x-total", "deprecation", "sunset", "link", "x-ratelimit-remaining"}
    assert (refused.cors, refused.preflight) == (None, ("*",))
    assert {rule.cors for rule in made.rules if isinstance(rule.action, Forward)} == {cors}


@pytest.mark.parametrize(
    ("policy", "method", "conditions"),
    [
        ("a", "get", ("connect-failure", "gateway-error")),
        ("a", "post", ("connect-failure",)),
        ("a", "put", ("connect-failure", "gateway-error")),
        ("never", "patch", None),
        ("twice", "post", ("gateway-error",)),
    ],
)
def test_posts_are_not_carried_out_twice(
    tmp_path: Path, policy: str, method: str, conditions: tuple[str, ...] | None
) -> None:
    retry = forward(tmp_path, policy, "{contract: orders}", method).retry
    assert (retry.on if retry else None) == conditions
