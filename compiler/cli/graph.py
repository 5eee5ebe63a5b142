"""``gatewright graph``: a picture of a project."""

from __future__ import annotations

import sys
from datetime import date
from importlib import import_module
from pathlib import Path

import click

from compiler.cli import options


@click.command()
@options.project
@options.environment
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="Mermaid for Markdown pages, dot for Graphviz, svg to look at.",
)
@options.as_of
def command(project: Path, environment: str | None, form: str, as_of: date | None) -> None:
    """Draw PROJECT (default: this folder): who calls what, in which version, and what serves it.

    Example: gatewright graph examples/shop --format svg > shop.svg
    """
    outcome = options.outcome_of(project, as_of, environment=environment)
    if outcome.checked is None:
        options.show(outcome, "text", err=True)
        sys.exit(1)
    from compiler.graph.content import graph_of

    click.echo(import_module(f"compiler.graph.{form}").render(graph_of(outcome.checked.workspace)), nl=False)
