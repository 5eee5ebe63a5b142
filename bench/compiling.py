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
class Floor:
    """Seconds of CPU that libraries in C need for the like: PyYAML's CSafeLoader and the json module."""

    load_yaml: float
    load_json: float
    dump: float

    @property
    def whole(self) -> float:
        return self.load_yaml + self.load_json + self.dump


@frozen
class Compiled:
    """One size: seconds of CPU for the floor and for the commands, and peak memory, in bytes."""

    form: Form
    operations: int
    size: int
    floor: Floor
    validate: float
    build: float
    memory: int


def measure(contracts: int, rounds: int) -> list[Compiled]:
    """One size with documents in YAML, and the same in JSON; the median of the rounds.

    Floor and commands take turns, so that whatever else the machine does meets all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        forms: tuple[Form, ...] = ("yaml", "json")
        sizes = {form: write_project(Path(folder, form), contracts, form) for form in forms}
        commands = {form: ("build", str(Path(folder, form)), "-o", str(out), "--no-envoy-check") for form in forms}
        floors: list[list[float]] = []
        builds: dict[Form, list[float]] = {form: [] for form in forms}
        validates: dict[Form, list[float]] = {form: [] for form in forms}
        memory = dict.fromkeys(forms, 0)
        for number in range(rounds + 1):
            for form in forms:
                seconds, peak, _ = child(("-m", "compiler", *commands[form]))
                memory[form] = max(memory[form], peak)
                validated, _, _ = child(("-m", "compiler", "validate", str(Path(folder, form))))
                if number:  # the first round makes bytecode, and an output to print
                    builds[form].append(seconds)
                    validates[form].append(validated)
            if number:
                floors.append(
                    [float(one) for one in child(("-c", _FLOOR, str(Path(folder, "yaml")), str(out)))[2].split()]
                )
        floor = Floor(*(median(times) for times in zip(*floors, strict=True)))
        operations = contracts * OPERATIONS
        return [
            Compiled(form, operations, sizes[form], floor, median(validates[form]), median(builds[form]), memory[form])
            for form in forms
        ]


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
            f"{one.floor.whole:.2f} s",
            f"{one.validate:.2f} s",
            f"{one.build:.2f} s",
            f"**{one.build / one.floor.whole:.2f}**",
            f"{one.build / smaller.build:.2f}" if quarter and smaller is not None else "",
            f"{one.memory / 1e6:.0f} MB",
            f"{one.memory / one.size:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
        before[one.form] = one
    return "\n".join(lines)
