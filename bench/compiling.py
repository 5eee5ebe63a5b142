"""How long a build takes, against what reading its input and printing its output must cost at the least."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.projects import OPERATIONS, Form, write_project
from compiler.records import frozen

_FLOOR = """
import glob, json, sys, time, yaml
inputs, outputs = sys.argv[1:]
texts = [open(path, encoding="utf-8").read() for path in sorted(glob.glob(inputs + "/*.yaml"))]
as_json = [json.dumps(yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts]
data = [json.loads(open(path).read()) if path.endswith(".json") else yaml.load(open(path), Loader=yaml.CSafeLoader)
        for path in sorted(glob.glob(outputs + "/*/*"))]
times = [time.process_time()]
for text in texts:
    yaml.load(text, Loader=yaml.CSafeLoader)
times.append(time.process_time())
for text in as_json:
    json.loads(text)
times.append(time.process_time())
for one in data:
    json.dumps(one)
times.append(time.process_time())
print(*(after - before for before, after in zip(times, times[1:])))
"""


@frozen
class Compiled:
    """One size: seconds of CPU for the floor and for the commands in each round, and peak memory, in bytes."""

    form: Form
    operations: int
    size: int
    floors: tuple[float, ...]
    validates: tuple[float, ...]
    builds: tuple[float, ...]
    memory: int


def measure(sizes: Sequence[int], rounds: int) -> list[Compiled]:
    """Projects of some hundreds of operations with documents in YAML, and the same in JSON.

    In each round all sizes, commands and floors take their turn, so that whatever else the machine does meets all.
    """
    forms: tuple[Form, ...] = ("yaml", "json")
    with tempfile.TemporaryDirectory() as folder:
        places = {(n, form): Path(folder, f"{n}-{form}") for n in sizes for form in forms}
        written = {(n, form): write_project(place, n, form) for (n, form), place in places.items()}
        floors: dict[int, list[float]] = {n: [] for n in sizes}
        builds: dict[tuple[int, Form], list[float]] = {key: [] for key in places}
        validates: dict[tuple[int, Form], list[float]] = {key: [] for key in places}
        memory = dict.fromkeys(places, 0)
        for number in range(rounds + 1):
            for n in sizes:
                out = Path(folder, f"{n}-out")
                for form in forms:
                    place = places[n, form]
                    seconds, peak, _ = child(
                        ("-m", "compiler", "build", str(place), "-o", str(out), "--no-envoy-check")
                    )
                    memory[n, form] = max(memory[n, form], peak)
                    validated, _, _ = child(("-m", "compiler", "validate", str(place)))
                    if number:  # the first round makes bytecode, and an output to print
                        builds[n, form].append(seconds)
                        validates[n, form].append(validated)
                if number:
                    found = child(("-c", _FLOOR, str(places[n, "yaml"]), str(out)))[2].split()
                    floors[n].append(sum(float(one) for one in found))
        return [
            Compiled(
                form,
                n * OPERATIONS,
                written[n, form],
                tuple(floors[n]),
                tuple(validates[n, form]),
                tuple(builds[n, form]),
                memory[n, form],
            )
            for n in sizes
            for form in forms
        ]


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of what is measured in each round to what is measured beside it."""
    return median(a / b for a, b in zip(one, other, strict=True))


def child(arguments: Sequence[str]) -> tuple[float, int, str]:
    """A Python process: its seconds of CPU, its peak memory in bytes, and what it printed.

    Raises RuntimeError where it fails.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)[:200]} ended with {process.returncode}: {printed[-500:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts in bytes there
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, printed


def table(measured: Sequence[Compiled]) -> str:
    """The sizes as a Markdown table."""
    columns = "documents | operations | input | floor | validate | build | build : floor | build : a quarter | memory"
    lines = [f"| {columns} | memory : input |", "|---" * 10 + "|"]
    before: dict[str, Compiled] = {}
    for one in sorted(measured, key=lambda m: (m.form != "yaml", m.operations)):
        smaller = before.get(one.form)
        quarter = smaller is not None and smaller.operations * 4 == one.operations
        cells = (
            one.form.upper(),
            f"{one.operations:,}",
            f"{one.size / 1e6:.1f} MB",
            f"{median(one.floors):.2f} s",
            f"{median(one.validates):.2f} s",
            f"{median(one.builds):.2f} s",
            f"**{ratio(one.builds, one.floors):.2f}**",
            f"{ratio(one.builds, smaller.builds):.2f}" if quarter and smaller is not None else "",
            f"{one.memory / 1e6:.0f} MB",
            f"{one.memory / one.size:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
        before[one.form] = one
    return "\n".join(lines)
