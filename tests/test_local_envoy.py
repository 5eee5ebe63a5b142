"""Finding Envoy, and one process of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compiler.local.envoy import EnvoyProblem, envoy_version, find_envoy, launch, start
from tests.processes import alive, eventually

ADMIN_ALONE = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"


def test_find_envoy_takes_the_named_one_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = find_envoy()
    assert found is not None
    assert (envoy_version(found) or "").startswith("1.40.")
    monkeypatch.setenv("GATEWRIGHT_ENVOY", str(tmp_path / "none"))
    assert find_envoy() is None
    monkeypatch.setenv("GATEWRIGHT_ENVOY", str(found))
    assert find_envoy() == found


def test_an_envoy_that_does_not_start_says_why(tmp_path: Path) -> None:
    binary = find_envoy()
    assert binary is not None
    (tmp_path / "envoy.yaml").write_text("admin: 12\n")
    with pytest.raises(EnvoyProblem, match=r"Envoy of public ended with code 1:\n.*admin"):
        start(binary, "public", tmp_path / "envoy.yaml", tmp_path)


def test_a_program_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "envoy").write_text("")
    (tmp_path / "envoy").chmod(0o700)
    with pytest.raises(EnvoyProblem, match=r"cannot be run: Exec format error"):
        launch(tmp_path / "envoy", "public", tmp_path / "envoy.yaml", tmp_path)


def test_a_running_envoy_answers_and_leaves_nothing_in_shared_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # which is not asked for loopback
    binary = find_envoy()
    assert binary is not None
    (tmp_path / "envoy.yaml").write_text(ADMIN_ALONE)
    lines: list[tuple[str, str]] = []
    running = start(binary, "public", tmp_path / "envoy.yaml", tmp_path, on_line=lambda *line: lines.append(line))
    try:
        assert running.stat("server.live") == 1
        assert running.stat("server.no_such_thing") == 0
        opened = subprocess.run(
            ["ls", "-l", f"/proc/{running.process.pid}/fd"], capture_output=True, text=True, check=False
        )
        maps = Path(f"/proc/{running.process.pid}/maps")
        assert "envoy_shared_memory" not in opened.stdout + (maps.read_text() if maps.exists() else "")
    finally:
        running.stop()
    assert running.ended
    running.stop()
    assert "ENVOY_SIGTERM" in running.last_words()
    assert {name for name, _ in lines} == {"public"}
    with pytest.raises(EnvoyProblem, match="Envoy of public does not answer"):
        running.get("/ready")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_an_envoy_whose_starter_is_gone_before_it_runs_ends(tmp_path: Path) -> None:
    (tmp_path / "envoy.yaml").write_text(ADMIN_ALONE)
    script = (
        "import os, sys; from pathlib import Path; from compiler.local.envoy import find_envoy, launch;"
        f"running = launch(find_envoy(), 'public', Path({str(tmp_path / 'envoy.yaml')!r}), Path({str(tmp_path)!r}));"
        "print(running.process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert eventually(lambda: not alive([int(done.stdout)]))
