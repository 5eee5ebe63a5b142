"""``gatewright trace``: what becomes of a request, without running anything."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from compiler import pipeline
from compiler.cli import options


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[PROJECT] METHOD URL")
@click.option("-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request; any number.")
@click.option("--only", metavar="NAME", help="Ask this gateway or edge alone.")
@options.environment
@options.as_of
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
def command(
    words: tuple[str, ...],
    headers: tuple[str, ...],
    only: str | None,
    environment: str | None,
    as_of: date | None,
    form: str,
) -> None:
    """Say which gateway, route, version and service a request comes to, with which policies, and why.

    Exits with 1 where nothing matches. URL may be a path alone.

    Example: gatewright trace examples/shop GET https://api.shop.example:8443/v2/orders/o-17
    """
    from compiler.trace.asked import CannotAsk, asked

    if not 2 <= len(words) <= 3:
        raise click.UsageError("a method and a URL are needed, with the project's folder before them or without")
    *before, method, url = words
    try:
        request = asked(method, url, headers)
    except CannotAsk as problem:
        raise click.UsageError(str(problem)) from None
    outcome = options.outcome_of(Path(before[0]) if before else Path(), as_of, only, environment)
    if outcome.checked is None:
        options.show(outcome, "text", err=True)
        sys.exit(1)
    from compiler.trace import render, trace

    found = trace(outcome.checked.workspace, pipeline.plan(outcome), request)
    click.echo(render.as_json(found) if form == "json" else render.as_text(found), nl=False)
    sys.exit(0 if found is not None and found.matched else 1)
