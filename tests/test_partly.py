"""A mistake of form in one place hides no unknown name in another, and makes up none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compiler.pipeline import validate

DOCUMENT = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths: {/orders: {get: {operationId: list, responses: {"200": {description: Fine.}}}}}
"""
PROJECT = """\
gatewright: 1
include: [teams/*.yaml]
contracts:
  orders: {versions: {1.0.0: {openapi: orders.yaml}}}
services:
  orders: {implements: orders@1.0.0, endpoints: [{host: orders.internal, port: 8080}]}
  shadow: {endpoints: [{host: shadow.internal, port: 8080}]}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    policies: [usual]
    expose: [{contract: orders}]
"""
TEAM = """\
policies:
  usual: {timeout: 5s, mirror: {service: shadow}}
"""


def found(folder: Path, *edits: tuple[str, str]) -> list[str]:
    """``place rule`` of what is wrong with the project after these edits, of which each must change something."""
    texts = {"gatewright.yaml": PROJECT, "teams/team.yaml": TEAM, "orders.yaml": DOCUMENT}
    for old, new in edits:
        (name,) = [name for name, text in texts.items() if old in text]
        texts[name] = texts[name].replace(old, new)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shown = validate(folder, date(2027, 1, 1)).diagnostics
    return [f"{d.finding.where.file}:{d.finding.where.line} {d.finding.rule}" for d in shown]


TYPO = ("timeout: 5s", "timeot: 5s")
TYPED = "teams/team.yaml:2 schema"


def test_sound(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("edit", "more"),
    [
        (("[{contract: orders}]", "[{contract: oders}]"), ["gatewright.yaml:12 unknown-reference"]),
        (("policies: [usual]", "policies: [usual, other]"), ["gatewright.yaml:11 unknown-reference"]),
        (("orders@1.0.0", "orders@1.0.1"), ["gatewright.yaml:6 unknown-reference"]),
        (("expose: [{contract: orders}]", "expose: [{contract: orders}]\n    admin: {port: 9901}"), []),
    ],
)
def test_unknown_names_beside_a_misspelt_key(tmp_path: Path, edit: tuple[str, str], more: list[str]) -> None:
    assert sorted(found(tmp_path, TYPO, edit)) == sorted([TYPED, *more])


@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        (("services:\n", "servces:\n"), "gatewright.yaml:5 schema"),
        (("policies:\n", "- policies:\n"), "teams/team.yaml:1 schema"),
        (("{versions: {1.0.0:", "{versions: {v1:"), "gatewright.yaml:4 version-invalid"),
        (("shadow: {endpoints:", "shadow: {endpoint:"), "gatewright.yaml:7 schema"),
        (("[teams/*.yaml]", "[team/*.yaml]"), "gatewright.yaml:2 include-not-found"),
        (("openapi: orders.yaml}}}", "openapi: orders.yaml}}}\nservices: {}"), "gatewright.yaml:6 duplicate-key"),
    ],
)
def test_nothing_is_made_up(tmp_path: Path, edit: tuple[str, str], wrong: str) -> None:
    assert found(tmp_path, edit) == [wrong]
