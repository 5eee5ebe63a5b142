"""The files for CI: their own commands, run in scratch repositories with real commits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.report.differences.markdown import MARK
from tests.projects import PROJECT, write_project
from tests.repositories import commit, environment, git, new

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "templates" / "gatewright.gitlab-ci.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GH = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  *--jq*) cat "$COMMENTS" ;;
  *) for word in "$@"; do case "$word" in body=@*) cp "${word#body=@}" "$BODY" ;; esac; done ;;
esac
"""
CURL = """#!/bin/sh
echo "$@" >> "$CALLS"
for word in "$@"; do case "$word" in body@*) cp "${word#body@}" "$BODY" ;; esac; done
"""


@dataclass(frozen=True)
class Place:
    """A clone of a repository, and programs of CI servers that write down what they are asked."""

    folder: Path
    outer: Path
    base: str
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script as CI servers do: the first command that fails ends it."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**environment(), **self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @property
    def calls(self) -> str:
        path = self.outer / "calls"
        return path.read_text() if path.exists() else ""

    @property
    def body(self) -> str:
        return (self.outer / "body").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A shallow clone, as `actions/checkout` makes it, whose last commit moves the port."""
    origin = new(tmp_path / "origin")
    write_project(origin / "shop")
    programs = tmp_path / "bin"
    programs.mkdir()
    text = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m compiler "$@"\n'
    for name, content in (("gatewright", text), ("gh", GH), ("curl", CURL)):
        (programs / name).write_text(content)
        (programs / name).chmod(0o755)
    (tmp_path / "comments").write_text("")
    variables = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "BODY": str(tmp_path / "body"),
        "COMMENTS": str(tmp_path / "comments"),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_REPOSITORY": "shop/shop",
    }
    lock = subprocess.run([programs / "gatewright", "lock", "shop"], cwd=origin, check=False, capture_output=True)
    assert lock.returncode == 0, lock.stderr
    built = subprocess.run(
        [programs / "gatewright", "build", "shop", "-o", "out/shop", "--no-envoy-check"], cwd=origin, check=False
    )
    assert built.returncode == 0
    base = commit(origin, "first")
    (origin / "shop" / "gatewright.yaml").write_text(PROJECT.replace("PORT", "9090"))
    commit(origin, "second")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "clone")
    return Place(tmp_path / "clone", tmp_path, base, variables)


def act(place: Place, inputs: Mapping[str, str]) -> tuple[int, str]:
    """Run the steps of the action that are for these inputs; the code of the first that fails, and all that is printed.

    Steps that install are left out: what they install is here already.
    """
    context = {
        "github.event.pull_request.base.sha": place.base,
        "github.event.pull_request.number": "7",
        "github.token": "t",
    }
    given = {f"inputs.{name}": value["default"] for name, value in ACTION["inputs"].items()}
    unknown = inputs.keys() - ACTION["inputs"].keys()
    assert not unknown, f"action.yml has no input {unknown}"
    context |= {name: filled(value, context) for name, value in given.items()}
    context |= {f"inputs.{name}": value for name, value in inputs.items()}
    printed = ""
    for step in ACTION["runs"]["steps"]:
        if "uses" in step or step["name"] == "Install" or not holds(step.get("if", ""), context):
            continue
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "what users write must not become a part of a script"
        done = place.run(step["run"], {name: filled(value, context) for name, value in step.get("env", {}).items()})
        printed += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, printed
    return 0, printed


def filled(text: str, context: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: context[match[1]], text)


def holds(condition: str, context: Mapping[str, str]) -> bool:
    match = re.fullmatch(r"(\S+) == '(\w+)'", condition)
    assert match or not condition
    return match is None or context[match[1]] == match[2]


def steps_of_the_docs() -> dict[str, dict[str, str]]:
    """What the page gives to the action, by job."""
    (workflow,) = [block for block in documented("yaml") if "jobs" in block]
    found = {}
    for name, job in workflow["jobs"].items():
        (used,) = [step for step in job["steps"] if "gatewright@" in step["uses"]]
        found[name] = used["with"]
    return found


def documented(language: str) -> list[Any]:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(text) for text in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)]


def test_the_jobs_of_the_page_are_those_of_the_action(place: Place) -> None:
    assert list(steps_of_the_docs()) == ["validate", "diff", "out"]
    for name, given in steps_of_the_docs().items():
        assert given["job"] == name


def test_the_action_validates(place: Place) -> None:
    given = steps_of_the_docs()["validate"]
    assert act(place, given)[0] == 0
    root = place.folder / "shop" / "gatewright.yaml"
    root.write_text(root.read_text().replace("contract: orders", "contract: ordres"))
    code, printed = act(place, given)
    assert code == 1
    assert "::error file=shop/gatewright.yaml,line=14" in printed


def test_the_action_refuses_versions_that_nobody_locked(place: Place) -> None:
    (place.folder / "shop" / "gatewright.lock").unlink()
    code, printed = act(place, steps_of_the_docs()["validate"])
    assert code == 1
    assert "title=lock-outdated" in printed


def test_the_action_comments_and_fails_on_what_breaks(place: Place) -> None:
    given = steps_of_the_docs()["diff"]
    code, printed = act(place, given)
    assert code == 1
    assert "::error file=shop/gatewright.yaml,line=12,endLine=12,title=listener-moved::" in printed
    assert "--method POST repos/shop/shop/issues/7/comments" in place.calls
    assert place.body.startswith(MARK)
    assert "8080 -> 9090" in place.body
    assert (place.outer / "summary").read_text() == place.body
    assert act(place, given | {"fail-on": "never"})[0] == 0


def test_the_action_renews_its_comment(place: Place) -> None:
    (place.outer / "comments").write_text("41\n42\n")
    act(place, steps_of_the_docs()["diff"])
    assert "--method PATCH repos/shop/shop/issues/comments/41" in place.calls
    assert "--method POST" not in place.calls
    assert f'startswith("{MARK}")' in place.calls


def test_a_comment_that_cannot_be_made_is_a_warning(place: Place) -> None:
    (place.outer / "bin" / "gh").write_text("#!/bin/sh\nexit 1\n")
    code, printed = act(place, steps_of_the_docs()["diff"] | {"fail-on": "never"})
    assert code == 0
    assert "::warning title=gatewright::" in printed


def test_the_first_pull_request_of_a_project_passes(place: Place) -> None:
    git(place.folder, "mv", "shop", "shop2")
    code, printed = act(place, steps_of_the_docs()["diff"] | {"project": "shop2"})
    assert code == 0
    assert "all of it is new" in printed


def test_the_action_refuses_a_stale_build(place: Place) -> None:
    given = steps_of_the_docs()["out"]
    code, printed = act(place, given)
    assert code == 1, printed
    git(place.folder, "fetch", "--quiet", "--depth=1", "origin", place.base)
    git(place.folder, "checkout", "--quiet", place.base)
    code, printed = act(place, given)
    assert code == 0, printed


def gitlab(place: Place, job: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a job of the template with the variables of the page."""
    (included,) = [block for block in documented("yaml") if "include" in block]
    assert included["include"][0]["remote"].endswith("templates/gatewright.gitlab-ci.yml")
    set_there = {**GITLAB["variables"], **GITLAB[job].get("variables", {}), **included["variables"]}
    assert included["variables"].keys() <= GITLAB["variables"].keys()
    script = "\n".join(GITLAB[job]["script"])
    server = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": place.base,
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        "GATEWRIGHT_TOKEN": "",
    }
    return place.run(script, {**set_there, **server, **variables})


def test_the_jobs_for_gitlab(place: Place) -> None:
    git(place.folder, "fetch", "--quiet", "--unshallow")
    assert gitlab(place, "gatewright-validate").returncode == 0
    assert json.loads((place.folder / "gatewright-validate.json").read_text()) == []
    done = gitlab(place, "gatewright-diff")
    assert done.returncode == 1, done.stderr
    (change,) = json.loads((place.folder / "gatewright-diff.json").read_text())
    assert change["location"] == {"path": "shop/gatewright.yaml", "lines": {"begin": 12, "end": 12}}
    assert place.calls == ""
    assert gitlab(place, "gatewright-diff", GATEWRIGHT_FAIL_ON="never", GATEWRIGHT_TOKEN="t").returncode == 0
    assert "https://gitlab.example/api/v4/projects/3/merge_requests/7/notes" in place.calls
    assert place.body.startswith(MARK)
    assert gitlab(place, "gatewright-out").returncode == 1
    for job in ("gatewright-validate", "gatewright-diff", "gatewright-out"):
        assert GITLAB[job]["extends"] == ".gatewright"


def test_the_hooks_of_pre_commit(place: Place) -> None:
    (configured,) = [block for block in documented("yaml") if "repos" in block]
    hooks = {hook["id"]: hook for hook in HOOKS}
    used = {hook["id"]: hook.get("args", []) for hook in configured["repos"][0]["hooks"]}
    assert used.keys() == hooks.keys()
    codes = {}
    for name, arguments in used.items():
        assert hooks[name]["language"] == "python"
        assert hooks[name]["pass_filenames"] is False
        for changed in ("shop/gatewright.yaml", "shop/gatewright.lock", "out/shop/public/routes.yaml", "a.json"):
            assert re.search(hooks[name]["files"], changed)
        codes[name] = place.run(" ".join([hooks[name]["entry"], *arguments]), {}).returncode
    assert codes == {"gatewright-validate": 0, "gatewright-out": 1}


def test_the_plain_commands_of_the_page(place: Place) -> None:
    git(place.folder, "fetch", "--quiet", "--unshallow")
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    codes = [place.run(line, {"BASE": place.base}).returncode for line in script.splitlines()]
    assert codes == [0, 1, 1]
