"""``gatewright explain``: the page of a rule."""

from __future__ import annotations

import sys

import click

from compiler.diagnostics import did_you_mean
from compiler.rules import RULES


@click.command()
@click.argument(
    "rule",
    required=False,
    shell_complete=lambda ctx, param, incomplete: [name for name in sorted(RULES) if name.startswith(incomplete)],
)
def command(rule: str | None) -> None:
    """Say what RULE means, with an example that breaks it and one that keeps it. Without RULE: list the rules.

    Example: gatewright explain route-conflict
    """
    if rule is None:
        width = max(len(name) for name in RULES)
        for known in sorted(RULES.values(), key=lambda r: r.name):
            click.echo(f"{known.name:{width}}  {known.severity.value:7}  {known.says}")
        return
    if rule not in RULES:
        hint = did_you_mean(rule, RULES) or "`gatewright explain` lists the rules"
        click.echo(f"gatewright: no rule is named `{rule}`; {hint}", err=True)
        sys.exit(2)
    from compiler.rules.page import page

    known = RULES[rule]
    click.echo(f"{known.name} ({known.severity.value}): {known.says}\n")
    click.echo(page(rule).text, nl=False)
