"""How long the commands take that do little, against an interpreter that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "gatewright --help": ("-m", "compiler", "--help"),
    "gatewright explain route-conflict": ("-m", "compiler", "explain", "route-conflict"),
    "gatewright validate examples/shop": ("-m", "compiler", "validate", "examples/shop", "--as-of", "2027-03-31"),
}


def measure(rounds: int) -> dict[str, float]:
    """Seconds from start to end by command, the median of rounds in which all take their turn."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            took = _timed(arguments)
            if number:  # the first round compiles bytecode and warms caches
                seconds[name].append(took)
    return {name: median(all_) for name, all_ in seconds.items()}


def _timed(arguments: Sequence[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment, cwd=ROOT)
    return time.perf_counter() - began


def table(measured: Mapping[str, float]) -> str:
    """The commands as a Markdown table."""
    nothing = measured["python -c pass"]
    lines = ["| command | time | to `python -c pass` |", "|---|---|---|"]
    lines += [f"| `{name}` | {took * 1000:.0f} ms | {took / nothing:.1f} |" for name, took in measured.items()]
    return "\n".join(lines)
