"""Bodies of an edge beside those that were promised: clients understand the answers of now, and their requests are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from compiler.checks.bodies.publishing import witness
from compiler.compat.schemas import Contained, NotContained, View, contained
from compiler.compositions.calls import json_schema
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.versions import label, precedence
from compiler.decode import decode
from compiler.lock import LOCK_FILE, Promise
from compiler.model.kinds import Where
from compiler.model.shapes import BodyChanges, BodyShape
from compiler.reader import read_yaml
from compiler.shaping.exposures import Shaped, effective_alone, json_answers, shape_by, shape_of
from compiler.shaping.requests import RequestShape
from compiler.shaping.schemas import TooInvolvedError
from compiler.shaping.tree import Path, Tree
from compiler.source import Source
from compiler.workspace import Exposure, Workspace

_ANSWERS, _TAKES = "answers otherwise", "takes other requests"


def why_broken(workspace: Workspace, edge: str, before: Promise, now: Promise) -> tuple[str, str] | None:
    """What the changes of now do otherwise than was promised, and why that counts, as parts of a sentence; or None.

    Both changes are laid over the version that is served now, which satisfies the one that was promised.
    """
    if (before.shape == now.shape and before.publish in (None, now.publish)) or _published_on(before, now):
        return None
    found = _exposing(workspace, edge, now)
    if found is None or found[0].api is None:
        return None
    exposure, operation = found
    former = _former(exposure, before)
    try:
        old_shape = shape_by(exposure, former, closed=False) if former is not None else None
        if old_shape is not None and old_shape.findings:
            return _ANSWERS, "the changes that were promised cannot be made any more"
        new_shape = shape_of(exposure)
        old = effective_alone(exposure, old_shape.reshape if old_shape is not None else None)
        new = effective_alone(exposure, new_shape.reshape if new_shape is not None else None)
    except TooInvolvedError:
        return _ANSWERS, "its schemas are too involved to be compared"
    promised = dict(json_answers(old, old.alike(operation)))
    for status, schema in json_answers(new, new.alike(operation)):
        if status not in promised:
            continue
        inner = View(schema, new.scope, new.dialect, "response", sender=True)
        verdict = contained(inner, View(promised[status], old.scope, old.dialect, "response"))
        if isinstance(verdict, NotContained):
            return _ANSWERS, f"it may answer {witness(verdict.witness)} now"
        if not isinstance(verdict, Contained):
            return _ANSWERS, f"whether clients understand its answers cannot be decided: {verdict.reason}"
    why = _why_not_taken(_request(old_shape, operation), _request(new_shape, operation), old, new, operation)
    return (_TAKES, why) if why is not None else None


def _request(shape: Shaped | None, operation: Operation) -> RequestShape | None:
    return shape.operations[operation.key].request if shape is not None else None


def _why_not_taken(
    before: RequestShape | None, now: RequestShape | None, old: Api, new: Api, operation: Operation
) -> str | None:
    """Why what clients were promised to be able to send is not taken any more, or is dropped."""
    if before is None and now is None:
        return None
    names: dict[Path, set[str]] = {}
    for shaping in (s for one in (before, now) if one is not None for s in one.shapings):
        for path, declared in shaping.names.items():
            names.setdefault(path, set()).update(declared)
    trees = (before.tree if before is not None else Tree()), (now.tree if now is not None else Tree())
    for path, name in _not_taken(*trees, names, ()):
        return f"clients cannot send `{name}` for `{'.'.join(path)}` any more"
    bodies = old.request_body(old.alike(operation)), new.request_body(new.alike(operation))
    if bodies[0] is None or bodies[1] is None:
        return None
    promised = json_schema(old, bodies[0])
    asked = json_schema(new, bodies[1])
    if promised is None or asked is None:
        return None
    inner = View(promised, old.scope, old.dialect, "request", sender=True)
    verdict = contained(inner, View(asked, new.scope, new.dialect, "request"))
    if isinstance(verdict, NotContained):
        return f"it does not take {witness(verdict.witness)} any more"
    return None if isinstance(verdict, Contained) else f"whether it takes them cannot be decided: {verdict.reason}"


def _not_taken(old: Tree, new: Tree, names: Mapping[Path, set[str]], path: Path) -> Iterator[tuple[Path, str]]:
    """Fields, by the service's names, that clients sent under a name under which they do not reach it any more."""
    for own in sorted({*old.fields, *new.fields, *names.get(path, ())}):
        former = _sent_as(old, own)
        if former is None:
            continue
        if _sent_as(new, own) != former:
            yield (*path, own), former
        elif own in old.fields or own in new.fields:
            yield from _not_taken(old.fields.get(own, Tree()), new.fields.get(own, Tree()), names, (*path, own))


def _sent_as(tree: Tree, own: str) -> str | None:
    """The name under which clients send a field; None where they do not."""
    node = tree.fields.get(own)
    if own in tree.puts or (node is None and tree.only) or (node is not None and not node.kept):
        return None
    return (node.name if node is not None else None) or own


def _published_on(before: Promise, now: Promise) -> bool:
    """Whether the contract that was published still is, in that version or a later one of its major."""
    if before.publish is None or now.publish is None:
        return False
    (contract, _, number), (other, _, later) = before.publish.partition("@"), now.publish.partition("@")
    return contract == other and label(number) == label(later) and precedence(later) >= precedence(number)


def _former(exposure: Exposure, before: Promise) -> BodyShape | None:
    if before.shape is None:
        return None
    try:
        said = json.loads(before.shape)
    except ValueError:
        return None
    request = said.pop("request", None) if isinstance(said, dict) else None
    answers = _changes(said) if said or request is None else None
    asked = _changes(request) if request is not None else None
    where = exposure.expose.where.span
    return BodyShape(Where(None, where), answers, asked) if (answers, asked) != (None, None) else None


def _changes(said: object) -> BodyChanges | None:
    document, _ = read_yaml(Source(LOCK_FILE, json.dumps(said)))
    made, _ = decode(BodyChanges, document.root, document.top) if document is not None else (None, [])
    return made if isinstance(made, BodyChanges) else None


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
