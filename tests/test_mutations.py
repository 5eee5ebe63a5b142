"""The example with any one thing changed gives a sound build, or findings with a place; never a traceback.

GATEWRIGHT_MUTATIONS says how many changes are tried, 2,000 if it says nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.cli import build, validate
from compiler.source import decode_text
from tests.mutations import Text, mutated, read_text

EXAMPLE = Path(__file__).parent.parent / "examples" / "shop"
FILES = {
    path.relative_to(EXAMPLE).as_posix(): read_text(path.name, path.read_text(encoding="utf-8"))
    for path in sorted(EXAMPLE.rglob("*.yaml"))
}
DAY = ("--as-of", "2026-12-01")
MANY = int(os.environ.get("GATEWRIGHT_MUTATIONS", "2000"))


@dataclass(frozen=True, slots=True)
class Place:
    """A copy of the example, and a former build of it."""

    project: Path
    out: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("mutations")
    shutil.copytree(EXAMPLE, folder / "shop")
    made = Place(folder / "shop", folder / "out")
    assert (
        run(build.command, str(made.project), "-o", str(made.out), "--no-envoy-check", "--as-of", "2026-12-01")[0] == 0
    )
    return made


def run(command: Any, *words: str) -> tuple[int, str]:
    """The exit code of a command and what it printed on stdout; in this process, since there are many."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        try:
            command.main(words, standalone_mode=False)
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def built(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def is_whole(files: dict[str, bytes]) -> bool:
    """Whether every file is the one that its deployable's manifest speaks of, and no other is there."""
    folders = {name.partition("/")[0] for name in files}
    expected: dict[str, str] = {}
    for folder in folders:
        digests = json.loads(files[f"{folder}/manifest.json"])["files"]
        expected |= {f"{folder}/{name}": digest.removeprefix("sha256:") for name, digest in digests.items()}
    found = {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if not name.endswith("manifest.json")
    }
    return found == expected


def check_place(project: Path, at: dict[str, Any]) -> None:
    text = decode_text((project / at["file"]).read_bytes()) or ""
    lines = text.split("\n")
    ends = [("line", "column"), *([("end_line", "end_column")] if "end_line" in at else [])]
    for line, column in ends:
        assert 1 <= at[line] <= len(lines), at
        assert 1 <= at[column] <= len(lines[at[line] - 1]) + 1, at
    if "end_line" in at:
        assert (at["line"], at["column"]) <= (at["end_line"], at["end_column"]), at


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(FILES)))
    sound: Text = FILES[name]
    return name, draw(mutated(sound))


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(change=changes(), in_staging=st.booleans(), form=st.sampled_from(["json", "json", "text"]))
def test_any_change_gives_a_sound_build_or_findings_with_a_place(
    place: Place, change: tuple[str, bytes], in_staging: bool, form: str
) -> None:
    name, data = change
    file = place.project / name
    before = built(place.out)
    sound = file.read_bytes()
    try:
        file.write_bytes(data)
        words = [
            str(place.project),
            "--as-of",
            "2026-12-01",
            "--format",
            form,
            *(["-e", "staging"] if in_staging else []),
        ]
        code, said = run(build.command, *words, "-o", str(place.out), "--no-envoy-check")
        if name.startswith("environments/") and not in_staging:
            _, said = run(validate.command, *words)
        assert code in (0, 1)
        if form == "json":
            for found in json.loads(said)["diagnostics"]:
                check_place(place.project, found)
                for note in found["related"]:
                    check_place(place.project, note)
    finally:
        file.write_bytes(sound)
    after = built(place.out)
    assert is_whole(after) if code == 0 else after == before
