"""Diagnostics as text, for people: headline, excerpt, carets, related places, help.

::

    gatewright.yaml:12:20: error[unknown-reference]: no contract is named `ordes`
      12 |       - {contract: ordes}
         |                    ^^^^^
      help: did you mean `orders`?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.diagnostics import Diagnostic, Severity
from compiler.report.excerpt import excerpt, visible
from compiler.source import Span

_RED, _YELLOW, _BLUE, _BOLD, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """All diagnostics in the given order, and a summary line. What is secret is masked wherever it would be shown."""
    masked = [d.finding.where for d in diagnostics if d.finding.rule == "plaintext-secret"]
    parts = ["\n".join(_lines(diagnostic, masked, color)) + "\n\n" for diagnostic in diagnostics]
    return "".join(parts) + summary(diagnostics) + "\n"


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``; ``no problems found`` where there are none."""
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    counts = [(errors, "error"), (len(diagnostics) - errors, "warning")]
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(said) or "no problems found"


def _lines(diagnostic: Diagnostic, masked: Sequence[Span], color: bool) -> Iterator[str]:
    finding = diagnostic.finding
    tint = _RED if diagnostic.severity is Severity.ERROR else _YELLOW
    kind = _tinted(f"{diagnostic.severity.value}[{finding.rule}]", _BOLD + tint, color)
    yield f"{_tinted(visible(str(finding.where)), _BOLD, color)}: {kind}: {visible(finding.message)}"
    gutter = max(len(str(place.line)) for place in (finding.where, *(note.where for note in finding.notes)))
    yield from _excerpt(finding.where, masked, gutter, tint, color)
    for note in finding.notes:
        yield f"  {_tinted('note', _BOLD + _BLUE, color)}: {visible(str(note.where))}: {visible(note.message)}"
        yield from _excerpt(note.where, masked, gutter, _BLUE, color)
    if finding.help:
        yield f"  {_tinted('help', _BOLD, color)}: {visible(finding.help)}"


def _excerpt(span: Span, masked: Sequence[Span], gutter: int, tint: str, color: bool) -> Iterator[str]:
    if not span.source.text:
        return
    number, line, carets = excerpt(span, masked)
    yield f"  {number:>{gutter}} | {line}".rstrip()
    yield f"  {'':>{gutter}} | {_tinted(carets, tint, color)}"


def _tinted(text: str, tint: str, color: bool) -> str:
    return f"{tint}{text}{_OFF}" if color else text
