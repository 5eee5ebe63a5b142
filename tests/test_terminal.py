"""Transcripts: what people see when they type a command, on a terminal and off it, to the letter.

A transcript is a file of tests/cases/terminal. Its first line says where it is played: ``# terminal: 80`` (columns;
colours are shown as ``\\e[31m``) or ``# pipe``. Then come commands behind ``$ ``, for a shell in a folder with a copy
of examples/shop, each with all that it printed and ``[exit N]``. ``pytest --update tests/test_terminal.py`` plays them
anew and writes down what came.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases" / "terminal"
ROOT = Path(__file__).parent.parent
FIRST = re.compile(r"# (?:terminal: (?P<columns>\d+)|pipe)")


def transcripts() -> list[Path]:
    return sorted(CASES.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the example in it, and the command on PATH."""
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "here" / "shop")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "gatewright"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m compiler "$@"\n')
    command.chmod(0o755)
    return tmp_path / "here"


def play(command: str, folder: Path, columns: int | None) -> str:
    """What a command prints, and its exit code, as a transcript has them."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("NO_COLOR", "COLUMNS", "GATEWRIGHT"))
    }
    environment = {
        **kept,
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
    }
    if columns is None:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        said, code = done.stdout.decode(), done.returncode
    else:
        said, code = _on_terminal(command, folder, environment, columns)
    shown = said.replace("\r\n", "\n").replace("\x1b", "\\e")
    ended = shown if shown.endswith("\n") or not shown else f"{shown}\n"
    return f"$ {command}\n{ended}[exit {code}]\n"


def _on_terminal(command: str, folder: Path, environment: dict[str, str], columns: int) -> tuple[str, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:  # how Linux says that the other side has closed
        pass
    finally:
        os.close(ours)
    return said.decode(), process.wait(timeout=120)


@pytest.mark.parametrize("case", transcripts(), ids=lambda case: case.stem)
def test_transcript(case: Path, folder: Path, update: bool) -> None:
    written = case.read_text(encoding="utf-8")
    head, *_ = written.partition("\n")
    first = FIRST.fullmatch(head)
    assert first, f"{case.name} begins with neither `# terminal: COLUMNS` nor `# pipe`"
    columns = int(first["columns"]) if first["columns"] else None
    commands = re.findall(r"(?m)^\$ (.*)$", written)
    assert commands
    played = "\n".join([f"{head}\n", *(play(command, folder, columns) for command in commands)])
    if update:
        case.write_text(played, encoding="utf-8")
    assert case.read_text(encoding="utf-8") == played


def test_there_is_nothing_but_transcripts(update: bool) -> None:
    strange = [
        path for path in CASES.iterdir() if path.suffix != ".txt" or "\n$ " not in path.read_text(encoding="utf-8")
    ]
    if update:
        for path in strange:
            path.unlink()
    else:
        assert not strange, "run: pytest --update tests/test_terminal.py"


def test_a_terminal_and_a_pipe_say_the_same() -> None:
    """But for colour, and for lines that are cut where the terminal ends."""
    on, off = (
        (CASES / f"validate-{name}.txt").read_text(encoding="utf-8").split("\n", 1)[1] for name in ("terminal", "pipe")
    )
    assert re.sub(r"\\e\[\d+m", "", on) == off
