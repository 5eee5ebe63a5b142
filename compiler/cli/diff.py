"""``gatewright diff``: two revisions of a project."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from compiler.cli import options, progress

if TYPE_CHECKING:
    from compiler.diagnostics import Finding
    from compiler.diff.changes import Difference
    from compiler.diff.revisions import Revision
    from compiler.files import Library


@click.command()
@click.argument("old")
@click.argument("new")
@options.environment
@options.locked
@options.as_of
@options.levels
@click.option("--artifacts", is_flag=True, help="Say too what changes in the files that are built.")
@options.report_format("json", "markdown", "github", "gitlab", "sarif")
def command(
    old: str,
    new: str,
    environment: str | None,
    locked: bool,
    as_of: date | None,
    fail_on: str,
    artifacts: bool,
    report_format: str,
) -> None:
    """Say what changes from OLD to NEW, two revisions of a project, and for which clients.

    Each is a folder, or REV:PATH of git: a revision, and the project's folder from the root of the repository (or from
    this folder, with ./). Errors that leave a plan possible play no part, and dates only where the lock promised
    something to an edge's client until a day that is over.

    \b
    Example: gatewright diff origin/main:examples/shop examples/shop
    Example: gatewright diff HEAD~1:./ .
    """
    import gc

    from compiler.diff.changes import Difference
    from compiler.diff.projects import compare

    gc.disable()  # what was read lives until the end: collecting would only look at it again and again
    with ExitStack() as stack, progress.shown(f"comparing {old} and {new}"):
        here = stack.enter_context(_library(old, None))
        before, wrong = _revision(here, old, environment, documents=artifacts)
        if before is None:
            _refuse(old, wrong)
        there = stack.enter_context(_library(new, here))
        after, wrong = _revision(there, new, environment, documents=artifacts, locked=locked)
        if after is None or wrong:
            _refuse(new, wrong)
        files = None
        if artifacts:
            from compiler.diff.artifacts import differences

            files = differences(before, after)
        difference = Difference(compare(before, after, as_of or options.today()), files)
    click.echo(_rendered(difference, report_format, _prefix(new, there)), nl=False, color=True)
    sys.exit(options.level_exit_code((change.level for change in difference.changes), fail_on))


@contextmanager
def _library(text: str, earlier: Library | None) -> Iterator[Library]:
    """The files of one side; ends with exit code 2 where they cannot be had."""
    from compiler.diff import git
    from compiler.files import Library

    named = git.parse(text)
    if named is None or Path(text).is_dir():
        if named is None and not Path(text).exists():
            options.stop(f"the folder `{text}` does not exist", f"a revision of git is written `{text}:PATH`")
        folder = options.folder_of(Path(text))
        yield Library(folder.resolve(), earlier=earlier)
        return
    try:
        with git.opened(named, Path.cwd(), earlier) as library:
            yield library
    except git.GitTrouble as trouble:
        options.stop(str(trouble), trouble.hint)


def _revision(
    library: Library, text: str, environment: str | None, *, documents: bool, locked: bool = False
) -> tuple[Revision | None, list[Finding]]:
    """One side, and the errors that leave it without a plan; ends with exit code 2 where there is no project."""
    from compiler.diff.revisions import read
    from compiler.environments import UnknownEnvironment

    try:
        return read(library, environment, documents=documents, locked=locked)
    except FileNotFoundError:
        options.stop(f"there is no gatewright.yaml in `{text}`", "name the folder of a project, or REV:PATH of git")
    except UnknownEnvironment as error:
        options.stop(f"`{text}`: {error}")
    except PermissionError as error:
        options.stop(f"`{error.filename}` cannot be read: {error.strerror}")


def _refuse(text: str, findings: Sequence[Finding]) -> NoReturn:
    """Say what is wrong with a side that cannot be compared, and end with exit code 2."""
    from compiler.diagnostics import Diagnostic, Severity, in_order
    from compiler.report import text as report

    diagnostics = [Diagnostic(Severity.ERROR, finding) for finding in in_order(findings)]
    click.echo(report.render(diagnostics, color=options.coloured(sys.stderr)), nl=False, err=True, color=True)
    options.stop(f"`{text}` cannot be compared, as nothing could be built of it")


def _prefix(text: str, library: Library) -> str:
    """What leads from the root of a repository, or from this folder, to the files of the new revision."""
    from compiler.diff import git

    named = git.parse(text)
    if named is not None and not Path(text).is_dir():
        return git.prefix(named, Path.cwd())
    return options.below_here(library.root)


def _rendered(difference: Difference, form: str, prefix: str) -> str:
    if form == "json":
        from compiler.report.differences import json

        return json.render(difference)
    if form == "markdown":
        from compiler.report.differences import markdown

        return markdown.render(difference)
    if form == "github":
        from compiler.report.differences import github

        return github.render(difference, prefix)
    if form == "gitlab":
        from compiler.report.differences import gitlab

        return gitlab.render(difference, prefix)
    if form == "sarif":
        from importlib.metadata import version

        from compiler.report.differences import sarif

        return sarif.render(difference, version("gatewright"), prefix)
    from compiler.report.differences import text

    return text.render(difference, color=options.coloured(sys.stdout))
