"""The contract that changed operations are published as: they pair by operationId, take its requests, answer by it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from compiler.compat.sameness import Sameness
from compiler.compat.schemas import Contained, NotContained, View, contained
from compiler.contracts.openapi import Api, Operation
from compiler.diagnostics import Finding, Note
from compiler.model.edges import EdgeExpose
from compiler.model.references import Published
from compiler.shaping.exposures import Shaped, json_answers
from compiler.source import Span
from compiler.workspace import Exposure, Workspace

_LONGEST = 120


def published(
    workspace: Workspace,
    expose: EdgeExpose,
    publish: Published,
    documents: Sequence[tuple[Exposure, Shaped | None, Api]],
) -> Iterator[Finding]:
    """What of an entry's operations does not satisfy the contract that `publish` names."""
    public = workspace.apis.get((publish.contract, publish.version))
    if public is None:
        return  # unknown or broken, which has a finding of its own
    where = expose.where["publish"]
    for exposure, _, api in documents:
        pairs = []
        for exposed in exposure.operations:
            operation = exposed.operation
            other = _pair(public, operation)
            if isinstance(other, str):
                version = f"`{exposure.contract}@{exposure.version}`"
                message = f"`{operation.key}` of {version} {other} `{publish.contract}@{publish.version}`"
                help = "its operations pair by operationId, and have the same method and path"
                yield Finding("shape-breaks-contract", message, where, help, (Note("the operation", exposed.where),))
            else:
                pairs.append((api.alike(operation), other))
        yield from _requests(public, api, pairs, where)
        for own, other in pairs:
            yield from _answers(exposure, public, other, api, own, where)


def _pair(public: Api, operation: Operation) -> Operation | str:
    """The published operation of an exposed one, or why there is none, in words."""
    if operation.operation_id is None:
        return "has no operationId, by which it would be found in"
    other = public.by_key.get(operation.operation_id)
    if other is None:
        return "is not in"
    if (other.method, other.path.shape) != (operation.method, operation.path.shape):
        return f"is `{other.method} {other.path_text}` in"
    return other


def _requests(public: Api, api: Api, pairs: Sequence[tuple[Operation, Operation]], where: Span) -> Iterator[Finding]:
    """What clients of the published contract send must be accepted."""
    same = Sameness(public, api)
    if all(_asks_no_more(same, operation, other) for operation, other in pairs):
        return
    from compiler.compat.contracts import compare  # takes time to load

    named = {f"{other.method} {other.path_text}" for _, other in pairs}
    for change in compare(public, api).changes:
        if change.direction == "request" and change.level == "breaking" and named & set(change.operations):
            place = (Note("published here", change.base.span(key=True)),) if change.base is not None else ()
            operations = ", ".join(f"`{o}`" for o in sorted(named & set(change.operations)))
            message = f"{operations}: requests by the published contract are not surely accepted: {change.message}"
            yield Finding("shape-breaks-contract", message, where, "publish what the service takes", place)


def _asks_no_more(same: Sameness, operation: Operation, other: Operation) -> bool:
    """Whether an operation surely takes what the published one does: the same, and options at most."""
    public = {(node.value["in"], node.value["name"]): node for node in same.base.parameters(other)}
    api = {(node.value["in"], node.value["name"]): node for node in same.revision.parameters(operation)}
    if any(node.value.get("required") is True for key, node in api.items() if key not in public):
        return False
    if not all(key in api and same.of(node, api[key]) for key, node in public.items()):
        return False
    bodies = same.base.request_body(other), same.revision.request_body(operation)
    return bodies == (None, None) or (bodies[0] is not None and bodies[1] is not None and same.of(bodies[0], bodies[1]))


def _answers(
    exposure: Exposure, public: Api, other: Operation, api: Api, operation: Operation, where: Span
) -> Iterator[Finding]:
    promised = dict(json_answers(public, other))
    responses = dict(public.responses(other))
    for status, schema in json_answers(api, operation):
        key = next((k for k in (status, "2XX", "default") if k in responses), None)
        if key is None:
            message = f"`{operation.key}` answers with {status}, which the published contract does not declare"
            note = Note("the published operation", public.where(other))
            yield Finding("shape-breaks-contract", message, where, f"declare {status} there", (note,))
            continue
        if key not in promised:
            continue  # no schema: anything will do
        inner = View(schema, api.scope, api.dialect, "response", sender=True)
        outer = View(promised[key], public.scope, public.dialect, "response")
        verdict = contained(inner, outer)
        if isinstance(verdict, Contained):
            continue
        if isinstance(verdict, NotContained):
            message = f"{witness(verdict.witness)} of `{operation.key}` does not satisfy the published contract"
        else:
            message = f"whether `{operation.key}` satisfies the published contract cannot be decided: {verdict.reason}"
        yield Finding(
            "shape-breaks-contract",
            message,
            where,
            "change the shape, or what is published",
            (Note("the published schema", promised[key].span()),),
        )


def why_outside(inner: View, outer: View) -> str | None:
    """Why not all that satisfies one schema surely satisfies the other; None if it does."""
    verdict = contained(inner, outer)
    if isinstance(verdict, Contained):
        return None
    return witness(verdict.witness) if isinstance(verdict, NotContained) else verdict.reason


def witness(value: Any) -> str:
    """A value that gives it away, for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}`"
