"""What stays the same of a finding while lines move above it, so that a CI server knows it again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from compiler.diagnostics import Diagnostic


def fingerprints(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """A digest for each diagnostic, of its rule, file, message and the text of its line, but no line number.

    Where several have all that in common, they are told apart by their order.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for diagnostic in diagnostics:
        finding = diagnostic.finding
        whole = finding.where.end == 0  # an empty place at the start stands for the file
        line = "" if whole else finding.where.source.line(finding.where.line).strip()
        key = (finding.rule, finding.where.file, finding.message, line)
        seen[key] += 1
        made.append(hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "replace")).hexdigest())
    return made
