"""What is the same in two documents, told without walking them: equal values whose references lead to equal values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.records import mutable

Reference = tuple[int, int, str]
"""The documents in which a reference stands on both sides, by identity, and its text."""


@mutable
class Sameness:
    """Answers are sound: what is called the same is. ``told`` holds them by reference."""

    base: Api
    revision: Api
    told: dict[Reference, bool] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def of(self, base: Node, revision: Node) -> bool:
        """Whether two values are equal, with all that their references lead to."""
        if self.base.dialect != self.revision.dialect or base.value != revision.value:
            return False
        return all(self._reference(text, base, revision) for text in references(base.value))

    def _reference(self, text: str, base: Node, revision: Node) -> bool:
        """Whether a reference leads to the same on both sides.

        All that can be reached from it is looked at, and each target is judged once: what is found different is handed
        back along the references.
        """
        start = (id(base.document), id(revision.document), text)
        if start in self.told:
            return self.told[start]
        comers: dict[Reference, list[Reference]] = {start: []}
        waiting = [(start, base, revision)]
        different: list[Reference] = []
        while waiting:
            key, here, there = waiting.pop()
            one = self.base.scope.at_reference(key[2], here)
            other = self.revision.scope.at_reference(key[2], there)
            if isinstance(one, Finding) or isinstance(other, Finding) or one.value != other.value:
                different.append(key)
                continue
            self.kept += (one.document, other.document)
            for inner in references(one.value):
                below = (id(one.document), id(other.document), inner)
                if below in self.told:
                    if not self.told[below]:
                        different.append(key)
                elif below in comers:
                    comers[below].append(key)
                else:
                    comers[below] = [key]
                    waiting.append((below, one, other))
        while different:
            key = different.pop()
            if self.told.get(key) is not False:
                self.told[key] = False
                different += comers.get(key, ())
        for key in comers:
            self.told.setdefault(key, True)
        return self.told[start]


def references(value: Any) -> list[str]:
    """The texts of all references below a value, those of discriminators with them; examples are not looked into."""
    found: dict[str, None] = {}
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            for key, below in inner.items():
                if isinstance(below, str):
                    if key == "$ref":
                        found[below] = None
                elif key == "mapping" and isinstance(below, Mapping):
                    targets = (text for text in below.values() if isinstance(text, str))
                    found |= {t if "#" in t or "/" in t else f"#/components/schemas/{t}": None for t in targets}
                    waiting.append(below)
                elif key not in ("examples", "example", "required", "enum") or isinstance(below, dict):
                    waiting.append(below)
        elif isinstance(inner, list):
            waiting += inner
    return list(found)
