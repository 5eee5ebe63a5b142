"""One revision of a project, read as far as it can be compared: its plan, or why parts of it have none.

Errors that leave a plan possible do not matter here, dates least of all: two revisions are compared, not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date

from compiler import checks, environments, rules, suppressions
from compiler.diagnostics import Finding, Severity
from compiler.files import Library
from compiler.lock import Lock
from compiler.lock.text import open_lock
from compiler.lower import lower
from compiler.model.gateways import Gateway
from compiler.model.project import Project
from compiler.pipeline import read_project, used_contracts
from compiler.plan import Deployable
from compiler.records import frozen
from compiler.workspace import Workspace
from compiler.workspace import build as build_workspace

_ANY_DAY = date(2000, 1, 1)
_OF_CALLS = frozenset(("unknown-operation", "version-not-served", "version-unsatisfied"))
"""What is wrong with exposures leaves a plan without them; with steps of aggregators, none."""


@frozen
class Revision:
    """A revision that could be decoded."""

    project: Project
    workspace: Workspace
    lock: Lock
    deployables: Mapping[str, Deployable]
    """By name, those of which there is a plan."""
    broken: Mapping[str, Finding] = field(default_factory=dict)
    """By name, the others, each with its first error."""

    def gateway(self, name: str) -> Gateway:
        """The gateway or edge of a name."""
        return dict(self.project.deployables)[name]


def read(
    library: Library, environment: str | None = None, *, documents: bool = False, locked: bool = False
) -> tuple[Revision | None, list[Finding]]:
    """The revision in the root of a library, and the errors that leave it, or a part of it, without a plan.

    It is None where it cannot even be decoded. The plans have their effective APIs only with ``documents``; with
    ``locked``, what the lock does not know is in the way, too. Raises FileNotFoundError without a root file, and
    UnknownEnvironment.
    """
    if not (library.root / "gatewright.yaml").is_file():
        raise FileNotFoundError(f"{library.root} has no gatewright.yaml")
    if environment is not None:
        environments.require(library.root, environment)
    project, findings = read_project(library)
    lock, more = open_lock(library)
    findings += more
    if project is not None and environment is not None:
        project, _, faults = environments.lay(library, environment, project)
        findings += [fault for fault in faults if not rules.RULES[fault.rule].suppressible]
    errors = [finding for finding in findings if rules.severity(finding.rule) is Severity.ERROR]
    if project is None or lock is None or errors:
        return None, [*findings, *library.findings]
    workspace, wrong = _workspace(project, library, lock, locked=locked)
    if not wrong:
        made = lower(checks.accept(workspace), documents=documents)
        return Revision(project, workspace, lock, {one.name: one for one in made.deployables}), []
    return _in_parts(workspace, documents=documents), wrong


def _in_parts(workspace: Workspace, *, documents: bool) -> Revision:
    """A revision with errors: the plan of each gateway and edge that has one by itself."""
    project, library, lock = workspace.project, workspace.library, workspace.history.lock
    deployables: dict[str, Deployable] = {}
    broken: dict[str, Finding] = {}
    for name, _ in project.deployables:
        alone, wrong = _workspace(_restricted(project, name), library, lock, alone=True)
        if wrong:
            broken[name] = min(wrong, key=lambda f: (f.where.file, f.where.start, f.rule, f.message))
        else:
            deployables |= {one.name: one for one in lower(checks.accept(alone), documents=documents).deployables}
    return Revision(project, workspace, lock, deployables, broken)


def _workspace(
    project: Project, library: Library, lock: Lock, *, alone: bool = False, locked: bool = False
) -> tuple[Workspace, list[Finding]]:
    """The workspace, and the errors that leave no plan; if ``alone``, of documents only those that are used."""
    workspace, of_documents = build_workspace(project, library, _ANY_DAY, lock, None if locked else frozenset())
    of_documents += library.findings
    if alone and not _lacks_documents(workspace):
        of_documents = []
    _, findings = checks.run(workspace, of_documents)
    told = suppressions.apply(findings, library.sources, complete=False)
    uncomposed = _uncomposed(workspace)
    return workspace, [
        f
        for f in told
        if _in_the_way(f)
        or (locked and f.rule == "lock-outdated")
        or (uncomposed and rules.severity(f.rule) is Severity.ERROR and f.rule in _OF_CALLS)
    ]


def _uncomposed(workspace: Workspace) -> bool:
    """Whether an aggregator that is exposed calls something that is not there."""
    exposed = {exposure.aggregator for exposure in workspace.exposures if exposure.aggregator is not None}
    if not exposed:
        return False
    from compiler.compositions.compose import compose

    return any(compose(workspace, name)[0] is None for name in exposed)


def _lacks_documents(workspace: Workspace) -> bool:
    """Whether a document is broken that something exposed needs."""
    used, contracts = used_contracts(workspace.project), workspace.project.contracts
    needed = {key for key in workspace.served if key[0] in used}
    needed |= {(a.implements.contract, a.implements.version) for a in workspace.project.aggregators.values()}
    return any(
        key not in workspace.apis
        for key in needed
        if key[0] in used and key[0] in contracts and key[1] in contracts[key[0]].versions
    )


def _in_the_way(finding: Finding) -> bool:
    rule = rules.RULES[finding.rule]
    if rule.severity is not Severity.ERROR or rule.name == "suppression-invalid":
        return False
    return not rule.suppressible


def _restricted(project: Project, name: str) -> Project:
    gateway = dict(project.deployables)[name]
    exposed = {expose.aggregator for expose in gateway.expose}
    return replace(
        project,
        gateways={key: one for key, one in project.gateways.items() if key == name},
        edges={key: one for key, one in project.edges.items() if key == name},
        aggregators={key: one for key, one in project.aggregators.items() if key in exposed},
    )
