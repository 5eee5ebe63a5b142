"""What shells are given to complete."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import run

ROOT = Path(__file__).parent.parent


def completed(*words: str) -> set[str]:
    """What is offered for the last of the words, as bash asks for it."""
    said = run(
        cwd=ROOT,
        _GATEWRIGHT_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("gatewright", *words)),
        COMP_CWORD=str(len(words)),
    ).stdout
    return {line.partition(",")[2] for line in said.splitlines()}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["va"], {"validate"}),
        (["explain", "timeout-"], {"timeout-inversion"}),
        (["validate", "examples/shop", "-e", "st"], {"staging"}),
        (["validate", "--fail-on", "w"], {"warning"}),
        (["graph", "--form"], {"--format"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_commands_options_rules_and_environments(words: list[str], offered: set[str]) -> None:
    assert completed(*words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert f"_GATEWRIGHT_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell) is not None:
        assert subprocess.run([shell, "-n"], input=done.stdout, text=True, check=False, timeout=60).returncode == 0


def test_bash_takes_it(tmp_path: Path) -> None:
    command = tmp_path / "gatewright"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m compiler "$@"\n')
    command.chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"; source <(gatewright completion bash); COMP_WORDS=(gatewright bu); COMP_CWORD=1\n'
        "_gatewright_completion gatewright; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("build\n", "")
