"""Aggregates of three steps on one Envoy worker: rates and latencies, against passing on one answer and other ways."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.composing import SIZES, gateway, late_service, services
from bench.load import Load, percentile, request, times
from bench.routing import running
from compiler.backends.envoy import static
from compiler.backends.envoy.payload import module_file
from compiler.local.ports import free_port, free_ports
from compiler.records import frozen

ROOT = Path(__file__).parent.parent
_CONNECTIONS = 16


@frozen
class Way:
    """One way to an answer, for one size of body: requests a second, and milliseconds at a quarter of the load."""

    name: str
    size: str
    rate: float
    half: float
    most: float


@frozen
class Faulty:
    """Many requests, of whose steps one in ten fails: answers by status, and Envoy's memory in MB on the way."""

    answers: Mapping[int, int]
    early: float
    late: float


def measure(seconds: float, rounds: int) -> tuple[list[Way], Mapping[str, float]]:
    """The ways in turn, medians of the rounds; and the median milliseconds of aggregates whose service takes 100 ms."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = _started(stack, folder)
        targets = {("passed on", size): Load(port.gateway, request(f"/v1/{size}"), _CONNECTIONS) for size in SIZES}
        for size in SIZES:
            targets["gatewright", size] = Load(port.gateway, request(f"/v1/whole/{size}"), _CONNECTIONS)
            targets["asyncio", size] = Load(port.asyncio, request(f"/{size}"), _CONNECTIONS)
            if port.krakend is not None:
                targets["KrakenD", size] = Load(port.krakend, request(f"/{size}"), _CONNECTIONS)
        rates: dict[tuple[str, str], list[float]] = {key: [] for key in targets}
        took: dict[tuple[str, str], list[float]] = {key: [] for key in targets}
        for number in range(rounds + 1):
            for key, load in targets.items():
                rate, each = load.rate(seconds), times(load, _CONNECTIONS // 4, seconds)
                if number:  # the first round opens connections and warms caches
                    rates[key].append(rate)
                    took[key] += each
        ways = [
            Way(name, size, median(rates[name, size]), *(percentile(took[name, size], part) for part in (0.5, 0.99)))
            for name, size in targets
        ]
        late = {
            name: percentile(times(Load(port.gateway, request(f"/v1/whole/{name}")), 1, max(seconds, 1.0)), 0.5)
            for name in ("parallel", "chain")
        }
    return ways, late


def endure(requests: int) -> Faulty:
    """So many requests for an aggregate whose steps fail now and then. Raises RuntimeError where one has no answer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = _started(stack, folder)
        load = Load(ports.gateway, request("/v1/whole/faulty"), 128)
        first = load.answers(requests // 10)
        early = _memory(ports.process)
        rest = load.answers(requests - requests // 10)
        answers = {status: first.get(status, 0) + rest.get(status, 0) for status in sorted({*first, *rest})}
        return Faulty(answers, early, _memory(ports.process))


@frozen
class _Ports:
    gateway: int
    process: int
    asyncio: int
    krakend: int | None


def _started(stack: ExitStack, folder: Path) -> _Ports:
    service, late, asyncio = free_ports(3)
    stack.enter_context(running(services(service), folder / "services", workers=1))
    stack.enter_context(late_service(late))
    made = gateway(folder / "project", service, late)
    file = module_file(made)
    assert file is not None
    (folder / "gateway").mkdir()
    (folder / "gateway" / file[0]).write_bytes(file[1])
    envoy = stack.enter_context(running(static(made, str(folder / "gateway")), folder / "gateway", workers=1))
    command = [sys.executable, "-m", "bench.asyncio_aggregator", str(asyncio), str(service)]
    stack.enter_context(_child(command, asyncio))
    return _Ports(made.listener.port, envoy.process.pid, asyncio, _krakend(stack, folder, service))


def _krakend(stack: ExitStack, folder: Path, service: int) -> int | None:
    """Its port, where there is a `krakend` on the PATH."""
    binary = shutil.which("krakend")
    if binary is None:
        return None
    port = free_port()
    file = folder / "krakend.json"
    file.write_text(json.dumps(krakend(port, service)), encoding="utf-8")
    stack.enter_context(_child([binary, "run", "-c", str(file)], port))
    return port


def krakend(port: int, service: int) -> dict[str, Any]:
    """The same aggregates as KrakenD has them."""
    host = [f"http://127.0.0.1:{service}"]
    return {
        "version": 3,
        "port": port,
        "timeout": "5s",
        "endpoints": [
            {
                "endpoint": f"/{size}",
                "backend": [{"host": host, "url_pattern": f"/{size}", "group": name} for name in "abc"],
            }
            for size in SIZES
        ],
    }


@contextmanager
def _child(command: Sequence[str], port: int) -> Iterator[None]:
    """A process that listens on a port."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _memory(process: int) -> float:
    """What a process holds, in MB (proc(5))."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def table(ways: Sequence[Way], late: Mapping[str, float]) -> str:
    """Rates and latencies as a Markdown table, and what the late service comes to."""
    passed = {way.size: way.rate for way in ways if way.name == "passed on"}
    lines = ["| bodies | way | requests/s | to passing on | p50 | p99 |", "|---" * 6 + "|"]
    for way in sorted(ways, key=lambda way: list(SIZES).index(way.size)):
        share = way.rate / passed[way.size]
        cells = (f"{SIZES[way.size]:,} B", way.name, f"{way.rate:,.0f}", f"**{share:.0%}**")
        lines.append("| " + " | ".join((*cells, f"{way.half:.1f} ms", f"{way.most:.1f} ms")) + " |")
    said = (
        f"Three steps of 100 ms beside each other: {late['parallel']:.1f} ms; two in a chain: {late['chain']:.1f} ms."
    )
    return "\n".join([*lines, "", f"{said} (Medians.)"])


def endured(faulty: Faulty) -> str:
    """The many requests as a sentence."""
    answers = ", ".join(f"{number:,} with {status}" for status, number in faulty.answers.items())
    total = sum(faulty.answers.values())
    return (
        f"{total:,} requests, of whose steps one in ten failed: {answers}. Envoy's memory: {faulty.early:.0f} MB "
        f"after the first tenth, {faulty.late:.0f} MB at the end ({faulty.late / faulty.early - 1:+.1%})."
    )
