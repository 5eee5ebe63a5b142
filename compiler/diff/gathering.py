"""What is found of single operations, gathered: one change for one cause, with all operations that it reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from compiler.diff.changes import Change
from compiler.diff.entries import Found
from compiler.diff.judging import Verdict
from compiler.records import mutable
from compiler.source import Span

Cause = tuple[str, Verdict, str, str | None, Span | None]


@mutable
class Gathered:
    """What was found of one deployable so far: operations by their change; none for what concerns it as a whole."""

    deployable: str
    found: dict[Cause, set[str]] = field(default_factory=dict)
    was: dict[Cause, Span | None] = field(default_factory=dict)

    def add(
        self,
        found: Found,
        where: Span | None,
        operations: Iterable[str] = (),
        *,
        owner: str | None = None,
        was: Span | None = None,
    ) -> None:
        """Note a change of some operations, or of the whole deployable."""
        key = (found.rule, found.verdict, found.message, owner, where)
        self.found.setdefault(key, set()).update(operations)
        self.was.setdefault(key, was)

    def changes(self, everything: Iterable[str]) -> list[Change]:
        """All that was found; ``everything`` are the operations of the deployable.

        What holds for some operations and for the deployable as a whole is said of the operations.
        """
        complete = frozenset(everything)
        particular = {(rule, message) for (rule, _, message, _, _), names in self.found.items() if names}
        made = []
        for key, names in self.found.items():
            rule, verdict, message, owner, where = key
            if not names and (rule, message) in particular:
                continue
            made.append(
                Change(
                    level=verdict.level,
                    rule=rule,
                    deployable=self.deployable,
                    message=message,
                    clients=(self.deployable,),
                    operations=tuple(sorted(names)),
                    everywhere=len(names) > 1 and names >= complete,
                    weakened=verdict.weakened,
                    owner=owner,
                    where=where,
                    was=self.was[key],
                )
            )
        return made
