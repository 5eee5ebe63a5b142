"""``gatewright contract import``: an OpenAPI document as a contract of a project, with a service that implements it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import options

if TYPE_CHECKING:  # `contract diff` is done sooner without
    from compiler.adopt import Adoption


@click.command("import")
@click.argument("document", metavar="DOC", type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="NAME", help="The contract's name; a known one gets a new version.")
@click.option("--version", metavar="VERSION", help="Its version, unless it is the document's own.")
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=".",
    metavar="DIR",
    help="The project; by default this folder.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(document: Path, name: str, version: str | None, project: Path, dry_run: bool) -> None:
    """Add the OpenAPI document DOC to a project as a contract, with a service that implements it.

    A document from elsewhere is copied to contracts/. Nothing that is there is overwritten.

    Example: gatewright contract import ~/payments.yaml --name payments
    """
    from compiler.adopt import CannotAdopt, Unsound, adopt
    from compiler.report import text

    if not (project / "gatewright.yaml").is_file():
        options.stop(f"there is no gatewright.yaml in `{project}`", "name the folder of a project with --project")
    if not document.is_file():
        options.stop(f"the file `{document}` does not exist")
    try:
        made = adopt(project, document, name, version)
    except CannotAdopt as problem:
        options.stop(str(problem), problem.hint)
    except Unsound as problem:
        click.echo(text.render(problem.diagnostics, color=options.coloured(sys.stdout)), nl=False, color=True)
        sys.exit(1)
    if not dry_run:
        try:
            _write(project, made)
        except OSError as error:
            options.stop(f"`{error.filename}` cannot be written: {error.strerror}")
    did = "would add" if dry_run else "added"
    if made.copy is not None:
        click.echo(f"{did} {made.copy[0]}")
    click.echo(f"{did} to {made.file}:")
    for line in made.added:
        click.echo(f"  {line}")
    major = made.version.partition(".")[0]
    click.echo(f"next: say where the service `{made.service}` is, and expose it at a gateway:")
    click.echo(f"  - {{contract: {made.contract}, versions: ^{major if major != '0' else made.version}}}")


def _write(project: Path, made: Adoption) -> None:
    """The document first, then the file that names it; each is whole or not there."""
    if made.copy is not None:
        place = project / made.copy[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        _replace(place, made.copy[1])
    _replace(project / made.file, made.text.encode())


def _replace(place: Path, data: bytes) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(data)
    os.replace(beside, place)
