"""The payload module's own part, without Envoy: its units, made-up input, and a comparison with a plain evaluator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from compiler.dataplane import building
from tests.payload_reference import ABSENT, answer, read
from tests.random_plans import case, request

CASES = 3000


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return building.build("trial.zig", tmp_path_factory.mktemp("native") / "trial", building.NATIVE)


def test_units(tmp_path: Path) -> None:
    caches = {f"ZIG_{kind}_CACHE_DIR": str(tmp_path / kind) for kind in ("GLOBAL", "LOCAL")}
    command = [sys.executable, "-m", "ziglang", "test", "trial.zig"]
    done = subprocess.run(
        command, cwd=building.SOURCES, env=os.environ | caches, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_made_up_plans_and_answers(trial: Path) -> None:
    """More of them: ``python -m bench made-up``."""
    done = subprocess.run([trial, "1", "4000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    composed = int(done.stdout.split()[0])
    assert composed > 200, "hardly any of them are composed"


def test_the_same_as_a_plain_evaluator(trial: Path) -> None:
    cases = [case(Random(seed)) for seed in range(CASES)]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cases)
    done = subprocess.run([trial], input=lines, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == CASES
    composed = 0
    for seed, (made, got) in enumerate(zip(cases, answers, strict=True)):
        wanted = answer(made["plan"]["aggregates"]["whole"], _asked(made), made["answers"])
        assert got["status"] in wanted.statuses, seed
        if got["status"] == 200:
            composed += 1
            assert _shown(read(got["body"])) == _shown(wanted.body), seed
            assert got["partial"] == wanted.partial, seed
    assert CASES // 5 < composed < CASES


def _asked(made: dict[str, Any]) -> dict[str, Any]:
    texts = request(made)
    found: dict[str, Any] = {"path": {"id": read(str(texts["id"]))}, "query": {}, "headers": {}}
    if texts["n"] is not None:
        found["query"] = {"n": read(texts["n"])}
    if made["body"] is not None:
        found["body"] = read(made["body"])
    return found


def _shown(value: Any) -> Any:
    """With numbers by their text and told from texts, which Python's own comparison would not do."""
    assert value is not ABSENT
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return (type(value).__name__, value)
