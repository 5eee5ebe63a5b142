"""What the containment engine says of two schemas, for one direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compiler.compat.changes import ABSENT
from compiler.compat.pairs import Comparing, Flow
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether what is sent is still understood, and whether it was before; None where it cannot be decided."""

    kept: bool | None
    back: bool | None
    witness: Any = ABSENT
    reason: str = ""


def judge(comparing: Comparing, flow: Flow, base: Node, revision: Node) -> Verdict:
    """Ask about two schemas: old requests in the new schema, new responses in the old one."""
    old, new = (base, comparing.base), (revision, comparing.revision)
    sender, reader = (old, new) if flow == "request" else (new, old)
    kept, witness, reason = holds(flow, sender, reader)
    back, other, _ = holds(flow, reader, sender)
    return Verdict(kept, back, witness if witness is not ABSENT else other, reason)


def holds(flow: Flow, sender: tuple[Node, Api], reader: tuple[Node, Api]) -> tuple[bool | None, Any, str]:
    """Whether all that a sender may send is understood, a value that is not, and why it cannot be decided."""
    try:
        from compiler.compat.schemas import Contained, NotContained, View, contained
    except ImportError:
        return None, ABSENT, ""
    answer = contained(_view(View, *sender, flow, True), _view(View, *reader, flow, False))
    if isinstance(answer, Contained):
        return True, ABSENT, ""
    if isinstance(answer, NotContained):
        return False, answer.witness, ""
    return None, ABSENT, answer.reason


def _view(view: Any, node: Node, api: Api, flow: Flow, sender: bool) -> Any:
    return view(node, api.scope, api.dialect, flow, sender)
