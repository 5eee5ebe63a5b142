"""``gatewright init``: a small project that validates, builds and runs."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.options import stop

_PROJECT = """\
# What each line means: docs/language.md of gatewright; an editor completes it from schemas/gatewright.schema.json.
gatewright: 1

contracts:
  greetings:
    versions:
      1.0.0: {openapi: contracts/greetings-1.0.0.yaml}

services:
  greeter:
    implements: greetings@1.0.0
    endpoints: [{host: greeter.internal, port: 8080}]

policies:
  default:
    timeout: 5s
    retry: {attempts: 1, on: [connect-failure]}

gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    policies: [default]
    expose:
      - {contract: greetings, versions: ^1}
"""
_CONTRACT = """\
openapi: 3.1.0
info: {title: Greetings, version: 1.0.0}
paths:
  /greetings/{name}:
    parameters:
      - {name: name, in: path, required: true, schema: {type: string, minLength: 1}, example: ada}
    get:
      operationId: greet
      summary: A greeting for somebody.
      responses:
        "200":
          description: The greeting.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Greeting"}
              example: {text: "Hello, ada!"}
components:
  schemas:
    Greeting:
      type: object
      required: [text]
      properties:
        text: {type: string}
"""
_FILES = {"gatewright.yaml": _PROJECT, "contracts/greetings-1.0.0.yaml": _CONTRACT}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]")
def command(folder: Path) -> None:
    """Write a small project into DIR (default: this folder). Nothing that is there is overwritten.

    Example: gatewright init shop
    """
    there = [name for name in _FILES if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        stop(f"`{folder / there[0]}` is there already", "name another folder; init overwrites nothing")
    try:
        for name, text in _FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        stop(f"`{error.filename or folder}` cannot be written: {error.strerror}")
    click.echo(f"wrote {folder}: {', '.join(_FILES)}")
    shown = "" if str(folder) == "." else f" {folder}"
    click.echo(f"next: gatewright validate{shown}, then gatewright up{shown}")
    click.echo(f"once clients rely on it: gatewright lock{shown}")
