"""Which policies apply, and what they come to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.plan import Answer, Forward, HeaderChanges
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


def forward(folder: Path, gateway: str, expose: str, method: str = "get") -> Forward:
    project = write_project(folder)
    (project / "orders.yaml").write_text((project / "orders.yaml").read_text().replace("    get:", f"    {method}:"))
    text = (project / "gatewright.yaml").read_text()
    text = text.replace("    expose:", f"    policies: [{gateway}]\n    expose:").replace("{contract: orders}", expose)
    (project / "gatewright.yaml").write_text(text + POLICIES)
    outcome = pipeline.validate(project, date(2026, 11, 1))
    assert outcome.checked is not None, outcome.diagnostics
    rule = next(r for r in pipeline.plan(outcome).deployables[0].rules if not isinstance(r.action, Answer))
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
