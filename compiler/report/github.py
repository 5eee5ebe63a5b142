"""Diagnostics as workflow commands of GitHub Actions, which shows them at their lines.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.diagnostics import Diagnostic


def render(diagnostics: Sequence[Diagnostic], prefix: str = "") -> str:
    """A line for each diagnostic; ``prefix`` stands before every file name (with its slash, if it has one)."""
    return "".join(_command(d, prefix) for d in diagnostics)


def _command(diagnostic: Diagnostic, prefix: str) -> str:
    finding = diagnostic.finding
    where = finding.where
    properties = {
        "file": prefix + where.file,
        "line": str(where.line),
        "endLine": str(where.end_line),
        "col": str(where.column),
        "endColumn": str(where.end_column),
        "title": finding.rule,
    }
    if where.end_line != where.line:  # columns belong to one line
        del properties["col"], properties["endColumn"]
    said = ",".join(f"{name}={property_text(value)}" for name, value in properties.items())
    notes = "".join(f"\n{note.where}: {note.message}" for note in finding.notes)
    message = finding.message + notes + (f"\nhelp: {finding.help}" if finding.help else "")
    return f"::{diagnostic.severity.value} {said}::{data(message)}\n"


def data(text: str) -> str:
    """Text as a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """Text as the value of a command's property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")
