"""Checks: what must hold of a workspace before a plan is made of it. A file a check, all of them in ``CHECKS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import InitVar, dataclass

from compiler import rules
from compiler.checks import (
    aggregates,
    auth,
    clients,
    cors,
    defaults,
    headers,
    lifetimes,
    listeners,
    majors,
    mirrors,
    names,
    needs,
    prefixes,
    promised,
    published,
    rate_limits,
    references,
    requests,
    routes,
    secrets,
    shapes,
    sharing,
    steps,
    streaming,
    timeouts,
    unused,
    upstreams,
    versioning,
    weights,
)
from compiler.diagnostics import Finding, Severity
from compiler.workspace import Workspace

Check = Callable[[Workspace], Iterator[Finding]]
"""A check looks at the whole workspace, of which parts may be missing (``Exposure.api``), and yields what is wrong."""

CHECKS: tuple[Check, ...] = (
    names.check,
    references.check,
    unused.check,
    lifetimes.check,
    majors.check,
    steps.check,
    published.check,
    clients.check,
    promised.check,
    versioning.check,
    defaults.check,
    prefixes.check,
    routes.check,
    timeouts.check,
    needs.check,
    listeners.check,
    headers.check,
    cors.check,
    mirrors.check,
    weights.check,
    upstreams.check,
    sharing.check,
    shapes.check,
    secrets.check,
    aggregates.check,
    requests.check,
    auth.check,
    rate_limits.check,
    streaming.check,
)

_MADE_HERE = object()


@dataclass(frozen=True, slots=True)
class Checked:
    """A workspace without errors. Only this module makes one, so whoever is given one need not look again."""

    workspace: Workspace
    token: InitVar[object] = None

    def __post_init__(self, token: object) -> None:
        if token is not _MADE_HERE:
            raise TypeError("only compiler.checks makes a Checked")


def run(workspace: Workspace, earlier: Sequence[Finding] = ()) -> tuple[Checked | None, list[Finding]]:
    """All findings, the earlier ones first, and the proof that none of them is an error; None where one is."""
    findings = [*earlier, *(finding for check in CHECKS for finding in check(workspace))]
    wrong = any(rules.severity(finding.rule) is Severity.ERROR for finding in findings)
    return (None if wrong else accept(workspace)), findings


def accept(workspace: Workspace) -> Checked:
    """The proof for a workspace whose errors, if any, were all suppressed with a reason.

    A rule can be suppressed only where a plan can be made all the same (``Rule.suppressible``).
    """
    return Checked(workspace, _MADE_HERE)
