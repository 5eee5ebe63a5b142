"""The road from a folder to artifacts; the only module that knows every phase.

Every phase gives its value and its findings; the road stops behind a phase that found an error, so that one mistake is
not reported twice, but for names that are unknown whatever else is wrong. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from compiler import checks, environments, rules, suppressions
from compiler.checks import Checked, steps
from compiler.contracts.versions import is_prerelease
from compiler.decode import decode
from compiler.diagnostics import Diagnostic, Finding, Note, Severity, did_you_mean, in_order, one_of
from compiler.files import ROOT_FILE, Library
from compiler.lock import LOCK_FILE, Lock
from compiler.lock.text import open_lock
from compiler.model.edges import EdgeExpose
from compiler.model.kinds import Where
from compiler.model.project import Project, RootFile, Sections, VersioningSettings
from compiler.reader import Document, MapNode, read_yaml
from compiler.records import frozen
from compiler.source import Source, Span, inside, relative_name
from compiler.workspace import Workspace
from compiler.workspace import build as build_workspace

if TYPE_CHECKING:  # a validation ends before these, and is done sooner without them
    from compiler.backends.envoy import Layout
    from compiler.lock.renewal import Renewal
    from compiler.plan import Plan

SECTIONS = ("contracts", "services", "policies", "gateways", "aggregators", "edges")
_ROOT_ONLY = ("gatewright", "include", "settings")


@frozen
class Outcome:
    """What came of a project: diagnostics in their order, and the proof that nothing is wrong where nothing is."""

    diagnostics: tuple[Diagnostic, ...]
    checked: Checked | None
    library: Library
    """The files that were read and asked for."""

    @property
    def errors(self) -> int:
        return sum(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def warnings(self) -> int:
        return sum(d.severity is Severity.WARNING for d in self.diagnostics)

    def told(self) -> Outcome:
        """What is still to be told of a project whose plan is made: its documents take most of the memory."""
        return replace(self, checked=None, library=Library(self.library.root))


class UnknownDeployable(LookupError):
    """No gateway or edge bears the name that was asked for; the text says which there are."""


def validate(
    root: Path,
    as_of: date,
    only: str | None = None,
    environment: str | None = None,
    *,
    every_environment: bool = False,
    locked: bool = False,
    merging: bool = False,
) -> Outcome:
    """Read, decode and check the project in the folder ``root``.

    With ``only``, judge one gateway or edge alone; with ``environment``, the project with that laid over it. With
    ``every_environment``, say too what is wrong with the files of environments, without checking the project in each.
    With ``locked``, what the lock does not know is an error. With ``merging``, a lock that git left in conflict counts
    as what both sides say.

    Raises FileNotFoundError without a root file, UnknownDeployable, and UnknownEnvironment.
    """
    root = root.resolve()
    if not (root / ROOT_FILE).is_file():
        raise FileNotFoundError(f"{root / ROOT_FILE} does not exist")
    if environment is not None:
        environments.require(root, environment)
    library = Library(root)
    project, findings = read_project(library)
    lock, more = open_lock(library, merging=merging)
    findings += more
    if project is None or lock is None:
        return _unread(library, [*findings, *library.findings])
    asked = _Asked(as_of, lock, only, locked)
    if environment is not None:
        return _in_environment(library, project, environment, asked, findings)
    if every_environment:
        findings += environments.faults(library, project)
    if only is not None:
        project = _restricted(project, only)
    workspace, findings = _found(project, library, findings, asked)
    return _outcome(workspace, findings, asked, "project")


@frozen
class _Asked:
    """How a project is to be judged."""

    as_of: date
    lock: Lock
    only: str | None
    locked: bool


def _in_environment(
    library: Library, project: Project, name: str, asked: _Asked, earlier: Sequence[Finding]
) -> Outcome:
    """The outcome of a sound project with an environment laid over it."""
    laid, changes, faults = environments.lay(library, name, project)
    if any(not rules.RULES[fault.rule].suppressible for fault in faults):
        return _unread(library, faults)
    if asked.only is not None:
        project, laid = _restricted(project, asked.only), _restricted(laid, asked.only)
    workspace, findings = _found(laid, library, [*earlier, *faults], asked)
    if any(not environments.is_environment(finding.where.file) for finding in findings):
        _, elsewhere = _found(project, library, earlier, asked)
        findings = environments.placed(findings, name, changes, elsewhere)
    return _outcome(workspace, findings, asked, "environment")


def _unread(library: Library, findings: Iterable[Finding]) -> Outcome:
    return Outcome(diagnosed(suppressions.apply(findings, library.sources, complete=False)), None, library)


def _found(
    project: Project, library: Library, earlier: Sequence[Finding], asked: _Asked
) -> tuple[Workspace, list[Finding]]:
    """The workspace of a project, and all findings, the earlier ones among them."""
    judged, lock = None, asked.lock
    if asked.only is not None:
        judged = used_contracts(project)
        lock = replace(lock, edges={name: edge for name, edge in lock.edges.items() if name == asked.only})
    workspace, more = build_workspace(project, library, asked.as_of, lock, judged)
    releases = any(not is_prerelease(number) for _, number in workspace.history.editions)
    if asked.locked and asked.lock.source is None and (releases or project.edges):
        help = f"run `gatewright lock` and commit {LOCK_FILE}"
        more.append(Finding("lock-outdated", f"the project has no {LOCK_FILE}", project.where.span, help))
    _, findings = checks.run(workspace, [*earlier, *more, *library.findings])
    if asked.only is not None:  # what the others use is not in sight
        findings = [f for f in findings if f.rule != "unused"]
    return workspace, findings


def _outcome(
    workspace: Workspace, findings: list[Finding], asked: _Asked, whole: Literal["project", "environment"]
) -> Outcome:
    """The outcome, with what comments allow taken out. ``whole`` says of which files all findings are there."""
    complete = whole if asked.only is None else None
    of_environments = tuple(s for s in workspace.library.sources if environments.is_environment(s.name))
    of_project = tuple(s for s in workspace.library.sources if s not in of_environments)
    settled = steps.settled(workspace.history)
    findings = suppressions.apply(findings, of_project, complete=complete == "project", answered=settled)
    findings = suppressions.apply(findings, of_environments, complete=complete == "environment")
    shown = diagnosed(findings, locked=asked.locked)
    sound = not any(d.severity is Severity.ERROR for d in shown)
    return Outcome(shown, checks.accept(workspace) if sound else None, workspace.library)


def renew_lock(root: Path, as_of: date) -> tuple[Outcome, Renewal | None]:
    """The outcome of a project, and its lock together with what is new; None where something is wrong.

    What git left in conflict is taken together. Raises FileNotFoundError without a root file.
    """
    from compiler.lock.renewal import renewed
    from compiler.promises import promised

    outcome = validate(root, as_of, merging=True)
    others = tuple(d for d in outcome.diagnostics if d.finding.rule != "lock-outdated")  # which is mended here
    outcome = replace(outcome, diagnostics=others)
    if outcome.checked is None:
        return outcome, None
    workspace = outcome.checked.workspace
    return outcome, renewed(workspace.history, promised(workspace), as_of)


def used_contracts(project: Project) -> set[str]:
    """The contracts that the project's gateways and edges expose, by themselves or by their aggregators."""
    exposed = [expose for _, deployable in project.deployables for expose in deployable.expose]
    used = {expose.contract for expose in exposed if expose.contract is not None}
    for expose in exposed:
        if isinstance(expose, EdgeExpose) and expose.publish is not None:
            used.add(expose.publish.contract)
        aggregator = project.aggregators.get(expose.aggregator or "")
        if aggregator is not None:
            used |= {aggregator.implements.contract, *(step.call.contract for step in aggregator.steps.values())}
    return used


def _restricted(project: Project, only: str) -> Project:
    names = [name for name, _ in project.deployables]
    if only not in names:
        hint = did_you_mean(only, names) or f"there is {one_of(names)}"
        raise UnknownDeployable(f"no gateway or edge is named `{only}`; {hint}")
    return replace(
        project,
        gateways={name: gateway for name, gateway in project.gateways.items() if name == only},
        edges={name: edge for name, edge in project.edges.items() if name == only},
    )


def plan(outcome: Outcome) -> Plan:
    """The plan of a project without errors."""
    from compiler.lower import lower

    assert outcome.checked is not None
    return lower(outcome.checked)


def artifacts(made: Plan, layout: Layout, config_dir: str) -> dict[str, bytes]:
    """Every file of a build: ``<deployable>/<file>`` to its bytes."""
    from compiler.backends import envoy

    return {
        f"{deployable.name}/{name}": data
        for deployable in made.deployables
        for name, data in envoy.render(deployable, layout, config_dir).items()
    }


def envoy_checked(outcome: Outcome, made: Plan, binary: Path) -> Outcome:
    """The outcome together with what the real Envoy says of the plan."""
    from compiler.backends.envoy import verify

    refused = verify.check_all(binary, made)
    return replace(outcome, diagnostics=(*outcome.diagnostics, *diagnosed(refused))) if refused else outcome


def diagnosed(findings: Iterable[Finding], *, locked: bool = False) -> tuple[Diagnostic, ...]:
    """Findings in their order, each with the severity of its rule; ``locked`` makes an error of an outdated lock."""

    def severity(rule: str) -> Severity:
        return Severity.ERROR if locked and rule == "lock-outdated" else rules.severity(rule)

    return tuple(Diagnostic(severity(f.rule), f) for f in in_order(findings))


def read_project(library: Library) -> tuple[Project | None, list[Finding]]:
    """All files of a project as one model, or None together with at least one error."""
    start = Source(ROOT_FILE, "")
    source = library.source(ROOT_FILE, start.span(0, 0))
    if isinstance(source, Finding):
        return None, [source]
    document, findings = read_yaml(source)
    if document is None:
        return None, findings
    if document.root is None:
        where = source.span(0, 0)
        return None, [*findings, Finding("schema", "the file is empty", where, "begin with `gatewright: 1`")]
    root, more = decode(RootFile, document.root, document.top)
    findings += more
    parts: list[Sections] = [root] if root is not None else []
    includes, more = _includes(library, document)
    findings += more
    for name, where in includes:
        part, more = _read_part(library, name, where)
        findings += more
        parts += [part] if part is not None else []
    merged, more = _merge(parts)
    findings += more
    errors = any(rules.severity(f.rule) is Severity.ERROR for f in findings)
    if errors or root is None:
        from compiler.partly import unknown_names

        return None, [*findings, *unknown_names(library, findings, [ROOT_FILE, *(name for name, _ in includes)])]
    settings = root.settings.versioning if root.settings else None
    return (
        Project(
            where=root.where,
            settings=settings or VersioningSettings(where=root.where),
            **merged,  # type: ignore[arg-type]
        ),
        findings,
    )


def _includes(library: Library, document: Document) -> tuple[list[tuple[str, Span]], list[Finding]]:
    """Files that the root's globs match, sorted, each with the place of its first glob."""
    findings: list[Finding] = []
    found: dict[str, Span] = {}
    listed = document.root.get("include") if isinstance(document.root, MapNode) else None
    for index, pattern in enumerate(listed if isinstance(listed, list) else ()):
        where = document.span(("include", index))
        if not isinstance(pattern, str):
            continue  # decoding has said so
        parts = PurePosixPath(pattern).parts
        if not parts or PurePosixPath(pattern).is_absolute() or ".." in parts or "\0" in pattern:
            findings.append(
                Finding(
                    "path-outside-project", f"`{pattern}` leads out of the project", where, "name files below this one"
                )
            )
            continue
        try:
            matches = sorted(path for path in library.root.glob(pattern) if path.is_file() and path.name != "")
        except ValueError:  # pathlib takes `**` only alone
            findings.append(
                Finding(
                    "include-not-found",
                    f"`{pattern}` is no pattern: `**` stands for whole folders",
                    where,
                    "write `**/*.yaml`",
                )
            )
            continue
        except OSError as error:  # a name that is longer than any file's, for example
            message = f"`{pattern[:60]}` cannot be looked for: {error.strerror}"
            findings.append(Finding("include-not-found", message, where, "write a glob such as `teams/*.yaml`"))
            continue
        library.globs.append(pattern)
        names = []
        for path in matches:
            name = relative_name(library.root, path)
            if not inside(library.root, path):
                findings.append(
                    Finding("path-outside-project", f"`{name}` is a symlink that leads out of the project", where)
                )
            elif name != ROOT_FILE and not environments.is_environment(name):
                names.append(name)
        if not matches:
            findings.append(
                Finding("include-not-found", f"`{pattern}` matches no file", where, "paths are relative to this file")
            )
        elif all(environments.is_environment(relative_name(library.root, path)) for path in matches):
            message = f"`{pattern}` matches nothing but environments, which are no parts of the project"
            findings.append(Finding("include-not-found", message, where, "lay one over the project with `-e NAME`"))
        for name in names:
            found.setdefault(name, where)
    return sorted(found.items(), key=lambda item: item[0]), findings


def _read_part(library: Library, name: str, where: Span) -> tuple[Sections | None, list[Finding]]:
    source = library.source(name, where)
    if isinstance(source, Finding):
        return None, [source]
    document, findings = read_yaml(source)
    if document is None:
        return None, findings
    top = document.root
    if isinstance(top, MapNode) and ("openapi" in top or "swagger" in top):
        key = "openapi" if "openapi" in top else "swagger"
        findings.append(
            Finding(
                "schema",
                "this is an OpenAPI document, not a part of the project",
                top.key_span(key),
                "narrow the include, and name the document under `contracts: <name>: versions: <version>: openapi:`",
                (Note("included here", where),),
            )
        )
        return None, findings
    if isinstance(top, MapNode):
        misplaced = [key for key in _ROOT_ONLY if key in top]
        if misplaced:
            findings += [
                Finding(
                    "schema", f"`{key}` belongs into the root file alone", top.key_span(key), f"move it to {ROOT_FILE}"
                )
                for key in misplaced
            ]
            return None, findings
    part, more = decode(Sections, top, document.top)
    return part, findings + more


def _merge(parts: Iterable[Sections]) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    merged: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    findings: list[Finding] = []
    for part in parts:
        for section in SECTIONS:
            entries: Mapping[str, Any] = getattr(part, section)
            for name, entry in entries.items():
                if name in merged[section]:
                    findings.append(_duplicate(section, name, part.where, merged[section][name]))
                else:
                    merged[section][name] = entry
    return merged, findings


def _duplicate(section: str, name: str, where: Where, first: object) -> Finding:
    return Finding(
        "duplicate-name",
        f"`{name}` stands under `{section}` in two files",
        where.key(section, name),
        "names are unique over all files of a project; rename one of the two",
        (Note("the first one", first.where.span),),  # type: ignore[attr-defined]
    )
