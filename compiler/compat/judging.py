"""What the containment engine says of two schemas, for one direction."""

from __future__ import annotations

from typing import Any

from compiler.compat.changes import ABSENT
from compiler.compat.pairs import Comparing, Flow
from compiler.compat.schemas import Contained, NotContained, View, contained
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.records import frozen

BUDGET = 200
"""Branches that one question may open: what takes more is undecided, since large documents ask hundreds."""


@frozen
class Verdict:
    """Whether what is sent is still understood, and whether it was before; None where it cannot be decided."""

    kept: bool | None
    back: bool | None
    witness: Any = ABSENT
    reason: str = ""


def made(value: Any, near: Node) -> Node:
    """A schema that no document holds as such. It has a path of its own, since schemas go by their paths."""
    return Node(value, near.document, (*near.path, "~part"))


def judge(
    comparing: Comparing, flow: Flow, base: Node, revision: Node, readers: tuple[Node, Node] | None = None
) -> Verdict:
    """Ask about two schemas: old requests in the new schema, new responses in the old one.

    ``readers`` are what the two are where they are read, if that is less than where they are sent.
    """
    sent = (base, comparing.base), (revision, comparing.revision)
    read = sent if readers is None else ((readers[0], comparing.base), (readers[1], comparing.revision))
    old, new = (0, 1) if flow == "request" else (1, 0)
    kept, witness, reason = holds(flow, sent[old], read[new])
    back, other, _ = holds(flow, sent[new], read[old])
    return Verdict(kept, back, witness if witness is not ABSENT else other, reason)


def holds(flow: Flow, sender: tuple[Node, Api], reader: tuple[Node, Api]) -> tuple[bool | None, Any, str]:
    """Whether all that a sender may send is understood, a value that is not, and why it cannot be decided."""
    inner = View(sender[0], sender[1].scope, sender[1].dialect, flow, True)
    outer = View(reader[0], reader[1].scope, reader[1].dialect, flow, False)
    answer = contained(inner, outer, budget=BUDGET)
    if isinstance(answer, Contained):
        return True, ABSENT, ""
    if isinstance(answer, NotContained):
        return False, answer.witness, ""
    return None, ABSENT, answer.reason
