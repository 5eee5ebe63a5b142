"""``gatewright completion``: what a shell needs to complete commands, options, rules and environments."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script with which SHELL completes commands, options, rules and environments.

    To have it always, put it into the shell's start-up:

    \b
    bash  echo 'eval "$(gatewright completion bash)"' >> ~/.bashrc
    zsh   echo 'eval "$(gatewright completion zsh)"' >> ~/.zshrc
    fish  gatewright completion fish > ~/.config/fish/completions/gatewright.fish

    Example: eval "$(gatewright completion bash)"
    """
    from click.shell_completion import get_completion_class

    from compiler.cli import gatewright

    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(gatewright, {}, "gatewright", "_GATEWRIGHT_COMPLETE").source())
