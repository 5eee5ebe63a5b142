"""``gatewright contract``: documents by themselves, without a project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import options
from compiler.cli.contract_import import command as import_command

if TYPE_CHECKING:
    from compiler.compat.changes import Comparison
    from compiler.contracts.openapi import Api


@click.group()
def command() -> None:
    """Compare OpenAPI documents, or add one to a project.

    Example: gatewright contract diff orders-1.4.yaml orders-1.5.yaml
    """


command.add_command(import_command)


@command.command()
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("revision", type=click.Path(path_type=Path))
@options.report_format("json", "markdown", "github", "sarif")
@options.levels
def diff(base: Path, revision: Path, report_format: str, fail_on: str) -> None:
    """Say what changed from BASE to REVISION, two OpenAPI documents, whom it breaks, and which step it needs.

    Both may be YAML or JSON, of OpenAPI 3.0 or 3.1. A document that is broken is not compared: what is wrong with it is
    printed, and the exit code is 2.

    Example: gatewright contract diff orders-1.4.yaml orders-1.5.yaml
    """
    import gc

    from compiler.compat.contracts import compare

    gc.disable()  # documents are large and have no circles: collecting would only look at them again and again
    old, new = _load(base), _load(revision)
    if old is None or new is None:
        sys.exit(2)
    comparison = compare(old, new)
    click.echo(_rendered(comparison, report_format, color=options.coloured(sys.stdout)), nl=False, color=True)
    sys.exit(options.level_exit_code((change.level for change in comparison.changes), fail_on))


def _load(path: Path) -> Api | None:
    """The API of a file; None where it is broken, which was then said on stderr."""
    from compiler.contracts.openapi import load
    from compiler.diagnostics import Diagnostic, Finding, Severity, in_order
    from compiler.files import Library
    from compiler.report import text
    from compiler.source import Source, Span

    if not path.is_file():
        options.stop(f"`{path}` is a folder" if path.is_dir() else f"the file `{path}` does not exist")
    # References may lead to files beside the document and below; names are shown as they were given.
    root = Path.cwd().resolve()
    full = path.resolve()
    if not full.is_relative_to(root):
        root = full.parent
    library = Library(root)
    name = full.relative_to(root).as_posix()
    document = library.document(name, "", Span(Source(name, ""), 0, 0))
    api: Api | None = None
    findings = list(library.findings)
    if isinstance(document, Finding):
        findings.append(document)
    elif document is not None:
        api, wrong = load(document, (), library)
        findings = [*wrong, *library.findings]
    findings = in_order(findings)
    if findings:
        diagnostics = [Diagnostic(Severity.ERROR, finding) for finding in findings]
        click.echo(text.render(diagnostics, color=options.coloured(sys.stderr)), nl=False, err=True, color=True)
        return None
    return api


def _rendered(comparison: Comparison, form: str, *, color: bool) -> str:
    if form == "json":
        from compiler.report.changes import json

        return json.render(comparison)
    if form == "markdown":
        from compiler.report.changes import markdown

        return markdown.render(comparison)
    if form == "github":
        from compiler.report.changes import github

        return github.render(comparison)
    if form == "sarif":
        from importlib.metadata import version

        from compiler.report.changes import sarif

        return sarif.render(comparison, version("gatewright"))
    from compiler.report.changes import text

    return text.render(comparison, color=color)
