"""examples/shop: sound on every day before its sunset, and out/shop is what it gives."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.dataplane import module
from tests.contracts import loaded

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "shop"
SUNSET = date(2027, 3, 31)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python of ours in the repository's folder, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.mark.parametrize("day", [date(2026, 8, 31), date(2026, 9, 1), date(2027, 1, 1), SUNSET])
def test_it_is_sound_before_its_sunset(day: date) -> None:
    outcome = pipeline.validate(EXAMPLE, day)
    assert outcome.checked is not None
    assert not outcome.diagnostics


def test_the_day_after_its_sunset_is_too_late() -> None:
    outcome = pipeline.validate(EXAMPLE, SUNSET + timedelta(days=1))
    assert {d.finding.rule for d in outcome.diagnostics} == {"version-sunset"}
    assert outcome.checked is None


def test_dates_change_no_bytes() -> None:
    def built(day: date) -> dict[str, bytes]:
        return pipeline.artifacts(pipeline.plan(pipeline.validate(EXAMPLE, day)), "xds", "/etc/envoy")

    assert built(date(2026, 8, 31)) == built(SUNSET)


def test_the_committed_output_is_what_it_gives(tmp_path: Path) -> None:
    """But for the payload module, which is built and not committed."""
    shutil.copytree(ROOT / "out" / "shop", tmp_path / "out")
    for manifest in sorted(tmp_path.glob("out/*/manifest.json")):
        for name in json.loads(manifest.read_text())["files"]:
            if name.endswith(".wasm"):
                manifest.with_name(name).write_bytes(module())
    done = run("compiler", "build", "examples/shop", "-o", str(tmp_path / "out"), "--check", "--as-of", str(SUNSET))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("gateway", ["public", "partners"])
def test_the_effective_api_is_a_sound_contract_itself(gateway: str) -> None:
    path = ROOT / "out" / "shop" / gateway / "openapi.yaml"
    api, findings = loaded(path.read_text(encoding="utf-8"))
    assert findings == []
    assert api is not None
    operations = {(o.method, o.path_text) for o in api.operations}
    prefix = "/v2" if gateway == "public" else ""
    assert {("GET", f"{prefix}/orders"), ("GET", f"{prefix}/orders/{{id}}")} <= operations


def test_the_output_names_no_place_of_this_machine() -> None:
    for path in sorted((ROOT / "out" / "shop").rglob("*.*")):
        if path.suffix == ".wasm":
            continue
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert not re.search(r"/tmp/|/home/|/root/", text), path


@pytest.mark.slow
def test_the_demo_tells_its_story_and_ends() -> None:
    done = run("compiler.demo")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert said.count("$ curl ") == len(re.findall(r"(?m)^[245]\d\d [A-Z]", said)) >= 10
    for line in ("200 OK", "404 Not Found", "405 Method Not Allowed", "400 Bad Request", "allow: GET, HEAD, OPTIONS"):
        assert re.search(rf"(?m)^{line}$", said), line
    assert "x-gatewright-stub: orders-v1\n" in said
    assert "x-gatewright-stub: orders-v2\n" in said
    folder = re.search(r"--cacert (\S+)/authority\.pem", said)
    assert folder is not None
    assert not Path(folder[1]).exists(), "the demo leaves nothing behind"
