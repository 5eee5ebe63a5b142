"""How long a diff of two revisions takes, against validating one of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.compiling import child
from bench.projects import OPERATIONS, write_project
from compiler.records import frozen

CHANGES = 20
"""Documents of the second revision in which something differs."""


@frozen
class Compared:
    """One size: seconds of CPU for the commands, and the changes that were told."""

    operations: int
    validate: float
    diff: float
    told: int


def measure(contracts: int, rounds: int) -> Compared:
    """Both commands in turn; the median of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        for revision in (old, new):
            write_project(revision, contracts)
        for number in range(CHANGES):
            _change(new / f"api{number % contracts}-{1 + number // contracts % 2}.0.0.yaml")
        compare = ("-m", "compiler", "diff", str(old), str(new), "--fail-on", "never", "--format", "github")
        validates, diffs, printed = [], [], ""
        for number in range(rounds + 1):
            validated, _, _ = child(("-m", "compiler", "validate", str(old)))
            compared, _, printed = child(compare)
            if number:  # the first round makes bytecode
                validates.append(validated)
                diffs.append(compared)
    return Compared(contracts * OPERATIONS, median(validates), median(diffs), printed.count("\n"))


def _change(path: Path) -> None:
    """Shorten one text that clients send and get."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("maxLength: 500", "maxLength: 400", 1), encoding="utf-8")


def table(measured: Sequence[Compared]) -> str:
    """The sizes as a Markdown table."""
    lines = ["| operations | changes told | validate | diff | diff : validate |", "|---" * 5 + "|"]
    for one in measured:
        cells = (
            f"{one.operations:,}",
            str(one.told),
            f"{one.validate:.2f} s",
            f"{one.diff:.2f} s",
            f"**{one.diff / one.validate:.2f}**",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
