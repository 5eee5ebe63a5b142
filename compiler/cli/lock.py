"""``gatewright lock``: what is new in a project becomes published."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from compiler import pipeline
from compiler.cli import options
from compiler.contracts.versions import label
from compiler.lock import LOCK_FILE, LockedEdge, LockedVersion


@click.command()
@options.project
@options.as_of
def command(project: Path, as_of: date | None) -> None:
    """Record what is new in PROJECT (default: this folder) in gatewright.lock: commit that file.

    A recorded version is published: its meaning stays, and its dates move only to later days. The lock of a project
    with errors is left as it is. A lock that git left in conflict gets what both sides added.

    Example: gatewright lock examples/shop
    """
    from compiler.artifacts import WriteProblem, write_file
    from compiler.lock.text import render

    folder = options.folder_of(project)
    with options.where_there_is_one(folder):
        outcome, renewal = pipeline.renew_lock(folder, as_of or options.today())
    known = set(outcome.checked.workspace.history.lock.edges) if outcome.checked is not None else set()
    if outcome.diagnostics:
        options.show(outcome, "text", err=renewal is not None)
    if renewal is None:
        click.echo(f"{LOCK_FILE} is left as it was", err=True)
        sys.exit(1)
    text, old = render(renewal.lock), renewal.lock.source
    if old is not None and old.text.replace("\r\n", "\n") == text:
        click.echo(f"{LOCK_FILE} is up to date", err=True)
        return
    try:
        write_file(folder / LOCK_FILE, text.encode("ascii"))
    except WriteProblem as problem:
        options.stop(str(problem))
    for contract, number in renewal.added:
        click.echo(f"added {contract}@{number}{_step(renewal.lock.versions[contract, number])}")
    for said, keys in (("removed", renewal.removed), ("dates of", renewal.moved)):
        for contract, number in keys:
            click.echo(f"{said} {contract}@{number}")
    for name in renewal.edges:
        click.echo(_edge(name, renewal.lock.edges[name], old=name in known))
    click.echo(f"wrote {folder / LOCK_FILE}", err=True)


def _edge(name: str, edge: LockedEdge, *, old: bool) -> str:
    """What became of an edge."""
    if edge.removed:
        return f"removed edge {name}"
    count = f"{len(edge.promises)} operation{'' if len(edge.promises) == 1 else 's'}"
    return f"{'renewed' if old else 'added'} edge {name} ({count} for {edge.client} until {edge.supported_until})"


def _step(entry: LockedVersion) -> str:
    """What a version is to the one before it."""
    if entry.after is None or entry.bump is None:
        return ""
    before, _ = entry.after
    if entry.bump == "none":
        return f" (nothing changed since {before})"
    return " (a new major)" if label(before) != label(entry.number) else f" ({entry.bump} change since {before})"
