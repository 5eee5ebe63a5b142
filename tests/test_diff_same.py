"""What is written in another way is the same: order of files, keys and includes, and where things stand."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.cli import gatewright
from tests.diffs import changes, laid, rich, write

SECTIONS = ("contracts", "services", "policies", "gateways", "aggregators")
CHANGED = {
    "project": {
        "policies": {"usual": {"timeout": "3s"}, "partners": {"body_limit": "2MiB"}},
        "services": {"orders-v2": {"connect_timeout": "250ms"}, "customers": {"protocol": "http2"}},
        "gateways": {"partners": {"hosts": ["b2b.shop.example"]}, "public": {"listen": {"port": 9443}}},
        "aggregators": {"overview": {"deadline": "1500ms"}},
    },
    "files": {
        "orders-2.yaml": {"components": {"schemas": {"Order": {"properties": {"note": {"maxLength": 9}}}}}},
        "customers-3.yaml": {"paths": {"/customers": {"get": {"responses": {"200": {"description": "All."}}}}}},
    },
}


def shuffled(value: Any, order: random.Random) -> Any:
    """The same mappings with their keys in another order."""
    if isinstance(value, list):
        return [shuffled(one, order) for one in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    return {key: shuffled(value[key], order) for key in keys}


def cut(side: dict[str, Any], order: random.Random) -> dict[str, Any]:
    """The same project over several files, which includes in some order name."""
    project = dict(side["project"])
    parts: dict[str, dict[str, Any]] = {}
    for section in SECTIONS:
        for name, thing in list(project.get(section, {}).items()):
            if order.random() < 0.6:
                part = f"{order.choice('abc')}/{order.choice('xyz')}.yaml"
                parts.setdefault(part, {}).setdefault(section, {})[name] = thing
                project[section] = {key: one for key, one in project[section].items() if key != name}
    project = {key: value for key, value in project.items() if value != {}}
    globs = sorted({f"{part[0]}/*.yaml" for part in parts})
    order.shuffle(globs)
    files = dict(side["files"])
    for part, sections in parts.items():  # paths count from the file that they stand in
        for contract in sections.get("contracts", {}).values():
            for version in contract["versions"].values():
                if not version["openapi"].startswith("../"):
                    version["openapi"] = f"../{version['openapi']}"
        for policy in sections.get("policies", {}).values():
            keys = policy.get("auth", {}).get("api_key", {}).get("keys", {})
            if not keys.get("digests", "../").startswith("../"):
                keys["digests"] = f"../{keys['digests']}"
        files[part] = sections
    return {"project": project | ({"include": globs} if globs else {}), "files": files}


def report(old: Path, new: Path, form: str) -> str:
    return CliRunner().invoke(gatewright, ["diff", str(old), str(new), "--format", form]).stdout


def without_places(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.strip().startswith(('"file"', '"line"', '"column"')))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_another_spelling_is_no_change(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    order, folder = random.Random(seed), tmp_path_factory.mktemp("same")
    plain = write(folder / "plain", rich())
    other = write(folder / "other", cut(shuffled(rich(), order), order))
    assert changes(plain, other) == ()
    assert changes(other, plain) == ()
    assert changes(other, other) == ()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_the_same_changes_whatever_the_order(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    order, folder = random.Random(seed), tmp_path_factory.mktemp("order")
    old, new = write(folder / "old", rich()), write(folder / "new", laid(rich(), CHANGED))
    other_old = write(folder / "other-old", cut(shuffled(rich(), order), order))
    other_new = write(folder / "other-new", cut(shuffled(laid(rich(), CHANGED), order), order))
    expected = report(old, new, "json")
    assert expected.count('"level"') > 8
    assert without_places(report(other_old, other_new, "json")) == without_places(expected)
    assert report(other_old, new, "json") == expected  # the places are those of the new side alone


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", rich()), write(tmp_path / "new", laid(rich(), CHANGED))
    for form in ("text", "json", "markdown", "github", "gitlab", "sarif"):
        assert report(old, new, form) == report(old, new, form)
