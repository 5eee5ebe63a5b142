"""Whatever a comment allows, what can then be built is built: no command ends in an exception.

Every broken project of tests/cases/reject gets the comments that allow what is wrong with it, as far as there are such.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline, rules
from compiler.diagnostics import Severity
from compiler.diff.projects import compare
from compiler.diff.revisions import read
from compiler.files import Library
from compiler.graph import dot
from compiler.graph.content import graph_of
from compiler.local import curl, stubs
from compiler.pipeline import Outcome
from compiler.trace import trace
from compiler.trace.asked import asked
from tests.test_reject import cases, day, judged, named, project

TRIES = 3
"""A comment may lead to a finding that another hid."""


def allow(root: Path, outcome: Outcome) -> bool:
    """Write the comments that allow the findings, each above its line; whether there was any to write."""
    wanted: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for diagnostic in outcome.diagnostics:
        finding = diagnostic.finding
        if rules.RULES[finding.rule].suppressible and finding.where.file.endswith(".yaml"):
            wanted[finding.where.file].add((finding.where.line, finding.rule))
    for name, places in wanted.items():
        lines = (root / name).read_text(encoding="utf-8").split("\n")
        for line, rule in sorted(places, reverse=True):
            indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip(" "))]
            lines.insert(line - 1, f"{indent}# gatewright: allow {rule} -- it is tried here")
        (root / name).write_text("\n".join(lines), encoding="utf-8")
    return bool(wanted)


def allowed(case: Path, folder: Path) -> tuple[Path, Outcome]:
    """A case with its comments, and what is still wrong with it."""
    root = project(case, folder)
    outcome = judged(root)
    for _ in range(TRIES):
        if outcome.checked is not None or not allow(root, outcome):
            break
        outcome = judged(root)
    return root, outcome


@pytest.mark.parametrize("case", cases(), ids=named)
def test_what_is_allowed_can_be_built(case: Path, tmp_path: Path) -> None:
    root, outcome = allowed(case, tmp_path)
    if outcome.checked is None:
        assert any(d.severity is Severity.ERROR for d in outcome.diagnostics)
        return
    plan = pipeline.plan(outcome)
    for layout in ("xds", "static"):
        assert pipeline.artifacts(plan, layout, "/etc/gatewright")
    workspace = outcome.checked.workspace
    assert dot.render(graph_of(workspace))
    for deployable in plan.deployables:
        for exposed in deployable.exposed:
            api = workspace.apis[exposed.contract, exposed.version]
            for made in curl.calls(deployable, exposed, api):
                assert made.method
                url = curl.base(deployable, exposed) + made.target
                trace(workspace, plan, asked(made.method, url, [f"{n}: {v}" for n, v in made.headers.items()]))
    assert stubs.stubbed(workspace, {c.name for d in plan.deployables for c in d.clusters}) is not None
    pipeline.renew_lock(root, day(root))
    environment = re.search(r"^# environment: (\S+)$", (root / "gatewright.yaml").read_text(encoding="utf-8"), re.M)
    side, _ = read(Library(root), environment.group(1) if environment else None)
    assert side is not None
    assert compare(side, side, date(2026, 1, 1)) == (), "a project does not differ from itself"


def test_something_is_built_for_most_rules_that_can_be_allowed(tmp_path: Path) -> None:
    """The test above says nothing about a rule that no comment ever led past."""
    passed: set[str] = set()
    for index, case in enumerate(cases()):
        (tmp_path / str(index)).mkdir()
        _, outcome = allowed(case, tmp_path / str(index))
        if outcome.checked is not None:
            text = "".join(s.text for s in outcome.library.sources if s.name.endswith(".yaml"))
            passed |= set(re.findall(r"gatewright: allow ([a-z-]+) -- it is tried here", text))
    errors = {name for name, rule in rules.RULES.items() if rule.suppressible and rule.severity is Severity.ERROR}
    assert errors - passed <= {"changes-nothing"}, "which stands in an environment that is not laid over the project"
