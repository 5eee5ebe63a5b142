"""What the compiler has to say: findings, and the order in which they are said.

A stage yields :class:`Finding` values; the severity comes from the rule's entry in :mod:`compiler.rules`,
so that a rule weighs the same wherever it is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from os.path import commonprefix

from compiler.records import frozen
from compiler.source import Span


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@frozen
class Note:
    """A second place that explains a finding."""

    message: str
    where: Span


@frozen
class Finding:
    """One thing that is wrong: the rule, what is wrong in one sentence, where, and how to mend it."""

    rule: str
    message: str
    where: Span
    help: str | None = None
    notes: tuple[Note, ...] = ()
    firm: bool = False
    """Whether nothing can be built before it is mended, so that no comment allows it, whatever its rule."""


@frozen
class Diagnostic:
    """A finding together with its severity: what reports are made of."""

    severity: Severity
    finding: Finding


_MOST_COMPARED = 200


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by file, line, column, rule and message; identical ones are folded."""
    keyed = {
        (f.where.source.name, f.where.start, f.rule, f.message): f
        for f in sorted(findings, key=lambda f: (len(f.notes), f.help or ""))
    }
    return [keyed[key] for key in sorted(keyed)]


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean `x`?`` where a known word is close, ``None`` where none is."""
    close = closest(word, known)
    return f"did you mean `{close}`?" if close is not None else None


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like a word, if one is like it at all.

    Comparing costs some microseconds a word, so where many are known only those are looked at that begin or end alike.
    """
    from difflib import get_close_matches  # where nothing is misspelt, nothing is compared

    words = sorted(set(known))
    if len(word) > 200:
        return None
    if len(words) > _MOST_COMPARED:
        likely = [w for w in words if w[:2] == word[:2] or w[-3:] == word[-3:]]
        words = sorted(likely, key=lambda w: (-len(commonprefix((w, word))), w))[:_MOST_COMPARED]  # noqa: RUF071
    close = get_close_matches(word, words, n=1, cutoff=0.6) or [
        w for w in words if w.lower().replace("_", "-") == word.lower().replace("_", "-")
    ]
    return close[0] if close else None


def one_of(known: Iterable[str], most: int = 8) -> str:
    """``one of a, b, c`` for a message; long lists are cut with the number that is left out."""
    words = sorted(set(known))
    if not words:
        return "there is none"
    shown = ", ".join(f"`{w}`" for w in words[:most])
    return f"one of {shown}" + (f" and {len(words) - most} more" if len(words) > most else "")
