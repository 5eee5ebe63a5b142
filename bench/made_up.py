"""The payload module, natively, against made-up plans, requests and answers: more of them than tests try."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from compiler.dataplane.building import build

_OPTIONS = ("-O", "ReleaseSafe")


def tried(number: int) -> str:
    """Try so many, on all processors; a sentence. Raises RuntimeError with the first one that fails."""
    with tempfile.TemporaryDirectory() as folder:
        trial = build("trial.zig", Path(folder, "trial"), _OPTIONS)
        parts = os.cpu_count() or 1
        each = -(-number // parts)
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [trial, str(1_000_000 + part * each), str(each)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for part in range(parts)
        ]
        composed = 0
        for process in running:
            said, complaint = process.communicate()
            if process.returncode != 0:
                raise RuntimeError(complaint)
            composed += int(said.split()[0])
    took = time.perf_counter() - began
    return (
        f"{each * parts:,} plans in {took:.0f} s, none of which ended the module; {composed:,} gave an answer of 200."
    )
