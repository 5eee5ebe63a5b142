"""The changes of requests held against the contracts: what clients send must reach the service as it wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from compiler.checks.bodies.fields import named_fields
from compiler.checks.bodies.publishing import why_outside, witness
from compiler.compat.schemas import Contained, NotContained, View, contained
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.model.shapes import BodyChanges
from compiler.shaping.exposures import OperationShape, Shaped
from compiler.shaping.requests import RequestShape
from compiler.shaping.sets import schema_of
from compiler.shaping.tree import Path, puts_of, walk
from compiler.source import Span
from compiler.workspace import Exposure

Whole = Callable[[Exposure], Api]
"""The document of an exposed version without changes."""


def check_requests(shaped: Sequence[tuple[Exposure, Shaped]], whole: Whole) -> Iterator[Finding]:
    """What is wrong with the changes of requests of one entry of ``expose``, over all versions that it comes to."""
    changes = shaped[0][1].changes.request
    if changes is None:
        return
    place = shaped[0][1].changes.where.key("request")
    found = [
        (exposure, one, one.request)
        for exposure, shape in shaped
        for one in shape.operations.values()
        if one.request is not None
    ]
    for exposure, one, request in found:
        if request.without_fields:
            media = ", ".join(f"`{name}`" for name in dict.fromkeys(request.without_fields))
            yield Finding(
                "shape-unknown-field",
                f"{_named(exposure, one)} takes {media}, which has no fields",
                place,
                "expose it by an entry of its own, without these changes",
            )
    shapings = [shaping for _, _, request in found for shaping in request.shapings]
    if not shapings:
        if not any(request.without_fields for _, _, request in found):
            message = "no operation here takes a body, so nothing is changed"
            yield Finding("shape-unknown-field", message, place, "expose it without these changes")
        return
    if len(found) == 1:
        whose = f"`{found[0][1].operation.key}` takes no field"
    else:
        whose = f"none of the {len(found)} operations that take a body takes a field"
    yield from named_fields(found[0][2].tree, shapings, whose)
    seen = {path for shaping in shapings for path in shaping.seen} | {
        path for shaping in shapings for path, schemas in shaping.found.items() if schemas
    }
    unknown = [(path, put) for path, put in puts_of(found[0][2].tree) if path not in seen]
    for path, put in unknown:
        yield Finding("shape-unknown-field", f"{whose} `{'.'.join(path)}`", put.where, "set what the contract has")
    if not unknown:
        for exposure, one, request in found:
            yield from _kept(exposure, one, request, changes, place, whole)


def _kept(
    exposure: Exposure, one: OperationShape, request: RequestShape, changes: BodyChanges, place: Span, whole: Whole
) -> Iterator[Finding]:
    """Whether what the service gets satisfies its contract, whatever clients send that keep to theirs."""
    missing = sorted({path for shaping in request.shapings for path in shaping.missing})
    for path in missing:
        help = "`set` it, or let clients send it"
        message = f"{_named(exposure, one)} requires `{'.'.join(path)}`, which clients may not send"
        yield Finding("shape-breaks-contract", message, _said(request, path, changes, place), help)
    if missing:
        return
    api = whole(exposure)
    body = api.request_body(api.alike(one.operation))
    assert body is not None
    schemas = {name: media["schema"] for name, media in api.content(body) if "schema" in media.value}

    def sent(schema: object, path: tuple[str, ...]) -> View:
        return View(Node(schema, api.document, path), api.scope, api.dialect, "request")

    for path, put in puts_of(request.tree):
        there = [schema for shaping in request.shapings for schema in shaping.found.get(path, ())]
        asked = Node({"anyOf": there}, api.document, ("~asked", *path))
        why = why_outside(
            sent(schema_of(request.puts[path]), ("~put", *path)), View(asked, api.scope, api.dialect, "request")
        )
        if why is not None:
            message = f"`{'.'.join(path)}` is set to what {_named(exposure, one)} does not surely allow: {why}"
            yield Finding("shape-breaks-contract", message, put.where, "set it to a value of the contract's schema")
            return
    for name, made in request.sent:
        verdict = contained(sent(made, ("~sent", name)), View(schemas[name], api.scope, api.dialect, "request"))
        if isinstance(verdict, Contained):
            continue
        if isinstance(verdict, NotContained):
            message = f"{_named(exposure, one)} would get {witness(verdict.witness)}, which its contract does not allow"
        else:
            message = f"whether {_named(exposure, one)} gets what it allows cannot be decided: {verdict.reason}"
        yield Finding("shape-breaks-contract", message, place, "change fewer fields, or `set` what is needed")


def _named(exposure: Exposure, one: OperationShape) -> str:
    return f"`{one.operation.key}` of `{exposure.contract}@{exposure.version}`"


def _said(request: RequestShape, path: Path, changes: BodyChanges, place: Span) -> Span:
    """Where it is said that a field is not sent."""
    node = next((node for at, node in walk(request.tree) if at == path), None)
    if node is not None and node.asked:
        return node.asked[-1]
    return changes.where.key("include") if changes.include is not None else place
