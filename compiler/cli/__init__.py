"""The command line: arguments in, exit code out. One module a command, loaded when it is called.

Exit codes: 0 fine, 1 findings at or above ``--fail-on``, 2 could not run.
"""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "init": "Write a small project that validates, builds and runs.",
    "validate": "Check a project.",
    "build": "Check a project and write the gateways' configuration.",
    "lock": "Record new versions of contracts as published, in gatewright.lock.",
    "up": "Run a project on this machine, with stub services.",
    "diff": "Say what changes between two revisions, and for which clients.",
    "contract": "Compare two documents of a contract, or add one to a project.",
    "trace": "Say what becomes of a request, and why.",
    "graph": "Draw who calls what, in which version, and what serves it.",
    "completion": "Print what a shell needs to complete commands.",
    "explain": "Say what a rule means and how to mend what breaks it.",
}
"""Commands in the order of a project's life, with the line that ``--help`` shows."""


class Commands(click.Group):
    """Loads a command's module only when the command is called, so that ``--help`` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"compiler.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from compiler.diagnostics import did_you_mean, one_of

            hint = did_you_mean(args[0], _COMMANDS) or f"there is {one_of(_COMMANDS)}"
            raise click.UsageError(f"no command `{args[0]}`; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatewright", prog_name="gatewright", message="%(prog)s %(version)s")
def gatewright() -> None:
    """Compile a project of API contracts, services and gateways to configuration of Envoy.

    Begin with `gatewright init shop`, then `gatewright up shop`.
    """
