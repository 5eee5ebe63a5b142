"""Scratch repositories of git, with commits that depend on nothing of the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_FIXED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@shop.example",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@shop.example",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


def environment() -> dict[str, str]:
    """The environment of this process, without what it says of another repository."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GIT_")}, **_FIXED}


def git(folder: Path, *arguments: str) -> str:
    """What git prints. Raises CalledProcessError where it fails."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, env=environment()
    )
    return done.stdout.strip()


def new(folder: Path) -> Path:
    """An empty repository with the branch `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(folder: Path, message: str = "a change") -> str:
    """Commit all that is there; gives the commit's name."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")
