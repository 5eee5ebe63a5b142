"""Answers of an edge beside those that were promised: whoever understood these must understand what is sent now."""

from __future__ import annotations

from compiler.checks.bodies.publishing import witness
from compiler.compat.schemas import Contained, NotContained, View, contained
from compiler.contracts.openapi import Operation
from compiler.contracts.versions import label, precedence
from compiler.decode import decode
from compiler.lock import LOCK_FILE, Promise
from compiler.model.kinds import Where
from compiler.model.shapes import BodyChanges, BodyShape
from compiler.reader import read_yaml
from compiler.shaping.exposures import effective_alone, json_answers, shape_by, shape_of
from compiler.shaping.schemas import TooInvolvedError
from compiler.source import Source
from compiler.workspace import Exposure, Workspace


def why_broken(workspace: Workspace, edge: str, before: Promise, now: Promise) -> str | None:
    """Why answers by the changes of now are not those that were promised, as the end of a sentence; None if they are.

    Both changes are laid over the version that is served now, which satisfies the one that was promised.
    """
    if (before.shape == now.shape and before.publish in (None, now.publish)) or _published_on(before, now):
        return None
    found = _exposing(workspace, edge, now)
    if found is None or found[0].api is None:
        return None
    exposure, operation = found
    former, key = _former(exposure, before), f"{operation.method} {operation.path_text}"
    try:
        old_shape = shape_by(exposure, former, closed=False) if former is not None else None
        if old_shape is not None and old_shape.findings:
            return "the changes that were promised cannot be made any more"
        new_shape = shape_of(exposure)
        old = effective_alone(exposure, old_shape.reshape if old_shape is not None else None)
        new = effective_alone(exposure, new_shape.reshape if new_shape is not None else None)
    except TooInvolvedError:
        return "its schemas are too involved to be compared"
    promised = dict(json_answers(old, old.by_key[key]))
    for status, schema in json_answers(new, new.by_key[key]):
        if status not in promised:
            continue
        inner = View(schema, new.scope, new.dialect, "response", sender=True)
        verdict = contained(inner, View(promised[status], old.scope, old.dialect, "response"))
        if isinstance(verdict, NotContained):
            return f"it may answer {witness(verdict.witness)} now"
        if not isinstance(verdict, Contained):
            return f"whether clients understand its answers cannot be decided: {verdict.reason}"
    return None


def _published_on(before: Promise, now: Promise) -> bool:
    """Whether the contract that was published still is, in that version or a later one of its major."""
    if before.publish is None or now.publish is None:
        return False
    (contract, _, number), (other, _, later) = before.publish.partition("@"), now.publish.partition("@")
    return contract == other and label(number) == label(later) and precedence(later) >= precedence(number)


def _former(exposure: Exposure, before: Promise) -> BodyShape | None:
    if before.shape is None:
        return None
    source = Source(LOCK_FILE, before.shape)
    document, _ = read_yaml(source)
    made, _ = decode(BodyChanges, document.root, document.top) if document is not None else (None, [])
    return BodyShape(Where(None, exposure.expose.where.span), made) if isinstance(made, BodyChanges) else None


def _exposing(workspace: Workspace, edge: str, now: Promise) -> tuple[Exposure, Operation] | None:
    """The exposure and the operation that a promise was made from."""
    found = [
        (exposure, exposed.operation)
        for exposure in workspace.exposures
        if (exposure.gateway, exposure.contract, exposure.version) == (edge, now.contract, now.number)
        for exposed in exposure.operations
        if exposed.where == now.where and exposed.operation.method == now.method
        if now.path.endswith(exposed.operation.path.text)
    ]
    return max(found, key=lambda one: len(one[1].path.text), default=None)
