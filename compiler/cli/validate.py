"""``gatewright validate``: all checks, no output files."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from compiler.cli import options


@click.command()
@options.project
@options.environment
@options.locked
@options.as_of
@options.fail_on
@options.report_format("json", "github", "gitlab", "sarif", "markdown")
def command(
    project: Path, environment: str | None, locked: bool, as_of: date | None, fail_on: str, report_format: str
) -> None:
    """Check PROJECT (default: this folder) and print what is wrong with it.

    Without -e, it is also checked that the files of all environments still fit the project.

    Example: gatewright validate examples/shop --as-of 2027-01-01
    """
    outcome = options.outcome_of(project, as_of, environment=environment, every_environment=True, locked=locked)
    options.show(outcome, report_format)
    sys.exit(options.exit_code(outcome, fail_on))
