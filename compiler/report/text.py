"""Findings for people: the place, what is wrong, the line with a caret under it, and how to mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from compiler.diagnostics import Diagnostic, Severity
from compiler.source import Span

_COLOURS = {"error": "31", "warning": "33", "help": "36", "dim": "2", "bold": "1"}
_WIDEST = 120
"""Longer lines are cut around what the caret points at."""
_TAB = "    "


def render(diagnostics: Iterable[Diagnostic], *, color: bool) -> str:
    """All findings, and a last line that counts them."""
    shown = list(diagnostics)
    blocks = [_block(d, color) for d in shown]
    errors = sum(d.severity is Severity.ERROR for d in shown)
    return "".join(f"{block}\n" for block in blocks) + _summary(errors, len(shown) - errors) + "\n"


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "no problems found"
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(parts)


def _block(diagnostic: Diagnostic, color: bool) -> str:
    finding = diagnostic.finding
    kind = diagnostic.severity.value
    head = f"{_paint(str(finding.where), 'bold', color)}: {_paint(f'{kind}[{finding.rule}]', kind, color)}: {finding.message}"
    lines = [head, *_excerpt(finding.where, kind, color, masked=finding.rule == "plaintext-secret")]
    for note in finding.notes:
        lines.append(f"  {_paint('note:', 'help', color)} {note.where}: {note.message}")
        lines += _excerpt(note.where, "help", color, masked=False)
    if finding.help:
        lines.append(f"  {_paint('help:', 'help', color)} {finding.help}")
    return "\n".join(lines) + "\n"


def _paint(text: str, name: str, color: bool) -> str:
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if color else text


def _excerpt(where: Span, kind: str, color: bool, *, masked: bool) -> list[str]:
    """The first line of a span with its number and carets under it. Secrets are never shown."""
    if not where.source.text:
        return []
    number, column = where.source.position(where.start)
    line = where.source.line(number)
    last = where.end_column - 1 if where.end_line == number else len(line)
    start = min(column - 1, len(line))
    end = max(start, min(last, len(line.rstrip())))
    if masked:
        line = line[:start] + "*" * min(end - start, 12) + ("" if where.end_line == number else " ...") + line[end:]
        end = start + min(end - start, 12)
    before, marked, after = _cut(line, start, end)
    gutter = " " * len(str(number))
    carets = "^" * max(1, _width(_printable(marked)))
    return [
        f"  {_paint(f'{number} |', 'dim', color)} {_printable(before + marked + after)}".rstrip(),
        f"  {_paint(f'{gutter} |', 'dim', color)} {' ' * _width(_printable(before))}{_paint(carets, kind, color)}",
    ]


def _cut(line: str, start: int, end: int) -> tuple[str, str, str]:
    """The line in three parts: before the span, the span, behind it; cut where it is too long to read."""
    before, marked, after = line[:start], line[start:end], line[end:]
    if len(line) <= _WIDEST:
        return before, marked, after
    marked = marked if len(marked) <= _WIDEST // 2 else marked[: _WIDEST // 2] + "..."
    room = _WIDEST - len(marked)
    if len(before) > room // 2:
        before = "..." + before[len(before) - room // 2 :]
    room = max(0, _WIDEST - len(marked) - len(before))
    return before, marked, after if len(after) <= room else after[:room] + "..."


def _printable(text: str) -> str:
    """Text with tabs as spaces and anything that would steer a terminal made visible."""
    text = text.replace("\t", _TAB)
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") else f"<U+{ord(c):04X}>" for c in text)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )
