"""``gatewright build``: check, render, have Envoy check it, write."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from compiler import pipeline
from compiler.cli import options, progress


@click.command()
@options.project
@options.environment
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, metavar="OUT", help="The folder to write."
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when OUT is not what the project gives.")
@click.option("--only", metavar="NAME", help="Write one gateway or edge alone; the others' files stay as they are.")
@click.option(
    "--layout",
    type=click.Choice(["xds", "static"]),
    default="xds",
    show_default=True,
    help="Files that a running Envoy follows, or one self-contained file.",
)
@click.option(
    "--config-dir",
    default="/etc/envoy",
    show_default=True,
    metavar="DIR",
    help="Where the files of a gateway lie on its host.",
)
@click.option("--no-envoy-check", is_flag=True, help="Do not have Envoy check the result.")
@options.locked
@options.as_of
@options.fail_on
@options.report_format("json")
def command(
    project: Path,
    environment: str | None,
    out: Path,
    check: bool,
    only: str | None,
    layout: str,
    config_dir: str,
    no_envoy_check: bool,
    locked: bool,
    as_of: date | None,
    fail_on: str,
    report_format: str,
) -> None:
    """Check PROJECT (default: this folder) and write one folder for each gateway and edge into OUT.

    Example: gatewright build examples/shop -o out/shop
    """
    if not config_dir.startswith("/"):
        raise click.BadParameter("an absolute path on the gateway's host is needed", param_hint="--config-dir")
    outcome = options.outcome_of(project, as_of, only, environment, locked=locked)
    if outcome.checked is None or options.exit_code(outcome, fail_on):
        options.show(outcome, report_format)
        sys.exit(1)
    with progress.shown("planning"):
        plan, outcome = pipeline.plan(outcome), outcome.told()
    if not no_envoy_check:
        binary = options.envoy_binary()
        try:
            with progress.shown("having Envoy check the result"):
                outcome = pipeline.envoy_checked(outcome, plan, binary)
        except OSError as error:
            options.stop(f"`{binary}` cannot be run: {error.strerror}", "name another in GATEWRIGHT_ENVOY")
        if outcome.errors:
            options.show(outcome, report_format)
            sys.exit(1)
    with progress.shown("rendering"):
        files = pipeline.artifacts(plan, "static" if layout == "static" else "xds", config_dir.rstrip("/") or "/")
    options.show(outcome, report_format)
    sys.exit(_compare(files, out, only) if check else _write(files, out, only))


def _compare(files: dict[str, bytes], out: Path, only: str | None) -> int:
    """Say how ``out`` differs from what the project gives; 1 where it does."""
    from compiler.artifacts import WriteProblem, compare

    try:
        differences = compare(files, out, only=only)
    except WriteProblem as problem:
        options.stop(str(problem))
    for difference in differences:
        click.echo(f"{difference.kind}: {out / difference.path}", err=True)
    if differences:
        click.echo(f"{out} is not what the project gives; build it again", err=True)
    return int(bool(differences))


def _write(files: dict[str, bytes], out: Path, only: str | None) -> int:
    from compiler.artifacts import WriteProblem, write

    try:
        differences = write(files, out, only=only)
    except WriteProblem as problem:
        options.stop(str(problem))
    changed = f"{len(differences)} changed" if differences else "nothing changed"
    click.echo(f"wrote {out}: {len(files)} files, {changed}", err=True)
    return 0
