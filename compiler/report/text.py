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
from compiler.records import frozen
from compiler.report.excerpt import WIDTH, excerpt, visible
from compiler.source import Span

_RED, _YELLOW, _BLUE, _BOLD, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_LEAST = 20
"""Columns of a source line that are shown on a terminal however narrow."""


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, columns: int | None = None) -> str:
    """All diagnostics in the given order, and a summary line. What is secret is masked wherever it would be shown.

    Lines of the source are cut so that they fit a terminal of ``columns``, if it is one.
    """
    masked = [d.finding.where for d in diagnostics if d.finding.rule == "plaintext-secret"]
    parts = ["\n".join(_lines(diagnostic, _Look(masked, color, columns))) + "\n\n" for diagnostic in diagnostics]
    return "".join(parts) + summary(diagnostics) + "\n"


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``; ``no problems found`` where there are none."""
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    counts = [(errors, "error"), (len(diagnostics) - errors, "warning")]
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(said) or "no problems found"


@frozen
class _Look:
    """How things are shown: what is masked, whether in colour, and in how many columns, if that matters."""

    masked: Sequence[Span]
    color: bool
    columns: int | None

    def tinted(self, text: str, tint: str) -> str:
        return f"{tint}{text}{_OFF}" if self.color else text

    def width(self, gutter: int) -> int:
        """The columns for a line of the source, beside line numbers of ``gutter`` digits."""
        return WIDTH if self.columns is None else max(_LEAST, min(WIDTH, self.columns - gutter - 7))


def _lines(diagnostic: Diagnostic, look: _Look) -> Iterator[str]:
    finding = diagnostic.finding
    tint = _RED if diagnostic.severity is Severity.ERROR else _YELLOW
    kind = look.tinted(f"{diagnostic.severity.value}[{finding.rule}]", _BOLD + tint)
    yield f"{look.tinted(visible(str(finding.where)), _BOLD)}: {kind}: {visible(finding.message)}"
    gutter = max(len(str(place.line)) for place in (finding.where, *(note.where for note in finding.notes)))
    yield from _excerpt(finding.where, gutter, tint, look)
    for note in finding.notes:
        yield f"  {look.tinted('note', _BOLD + _BLUE)}: {visible(str(note.where))}: {visible(note.message)}"
        yield from _excerpt(note.where, gutter, _BLUE, look)
    if finding.help:
        yield f"  {look.tinted('help', _BOLD)}: {visible(finding.help)}"


def _excerpt(span: Span, gutter: int, tint: str, look: _Look) -> Iterator[str]:
    if not span.source.text:
        return
    number, line, carets = excerpt(span, look.masked, look.width(gutter))
    yield f"  {number:>{gutter}} | {line}".rstrip()
    yield f"  {'':>{gutter}} | {look.tinted(carets, tint)}"
