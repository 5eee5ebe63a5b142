"""The changes of bodies held against the contracts: which fields there are, and whether clients still get what they may
expect. Everything that cannot be decided counts as broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from compiler.checks.bodies.fields import named_fields
from compiler.checks.bodies.publishing import published, why_outside
from compiler.checks.bodies.requests import Whole, check_requests
from compiler.compat.schemas import View
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.model.edges import EdgeExpose, body_shape
from compiler.model.gateways import Expose
from compiler.shaping.exposures import (
    OperationShape,
    Shaped,
    effective_alone,
    shape_of,
)
from compiler.shaping.schemas import TooInvolvedError
from compiler.shaping.sets import schema_of
from compiler.shaping.tree import Path, puts_of, walk
from compiler.source import Span
from compiler.workspace import Exposure, Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with the changes of each entry of ``expose``, over all versions that it comes to."""
    entries: dict[tuple[str, int], list[Exposure]] = {}
    for exposure in workspace.exposures:
        entries.setdefault((exposure.gateway, exposure.index), []).append(exposure)
    for exposures in entries.values():
        expose = exposures[0].expose
        publishes = isinstance(expose, EdgeExpose) and expose.publish is not None
        if (publishes or body_shape(expose) is not None) and all(e.api is not None for e in exposures):
            yield from _entry(workspace, exposures)


def _entry(workspace: Workspace, exposures: Sequence[Exposure]) -> Iterator[Finding]:
    made = [(exposure, shape_of(exposure)) for exposure in exposures]
    shaped = [(exposure, shape) for exposure, shape in made if shape is not None]
    found = list({(f.rule, f.message, f.where): f for _, shape in shaped for f in shape.findings}.values())
    yield from found
    documents: list[tuple[Exposure, Shaped | None, Api]] = []
    try:
        for exposure, shape in made:
            documents.append((exposure, shape, effective_alone(exposure, shape.reshape if shape else None)))
    except TooInvolvedError:
        where, message = exposures[0].expose.where.span, "the schemas are too involved to be changed"
        yield Finding("shape-breaks-contract", message, where, "name fewer fields", firm=True)
        return
    if shaped and not found:
        yield from _fields(shaped)
        whole = _whole()
        yield from _put(shaped, whole)
        yield from check_requests(shaped, whole)
    expose = exposures[0].expose
    if isinstance(expose, EdgeExpose) and expose.publish is not None:
        yield from published(workspace, expose, expose.publish, documents)


# Which fields there are.


def _fields(shaped: Sequence[tuple[Exposure, Shaped]]) -> Iterator[Finding]:
    operations = [(exposure, one) for exposure, shape in shaped for one in shape.operations.values() if one.answers]
    if not operations:
        return
    for exposure, one in operations:
        yield from _without_fields(exposure, one)
    shapings = [shaping for _, one in operations for shaping in one.shapings]
    if not shapings:
        if not any(one.without_fields for _, one in operations):
            first = shaped[0][0]
            message = "no operation here answers with a body, so nothing is changed"
            yield Finding("shape-unknown-field", message, _place(first.expose), "expose it without these changes")
        return
    if len(operations) == 1:
        whose = f"`{operations[0][1].operation.key}` answers with no field"
    else:
        whose = f"none of the {len(operations)} operations answers with a field"
    yield from named_fields(operations[0][1].tree, shapings, whose)
    yield from _nothing_left(operations)


def _without_fields(exposure: Exposure, one: OperationShape) -> Iterator[Finding]:
    if one.without_fields:
        media = ", ".join(f"`{name}`" for name in dict.fromkeys(one.without_fields))
        version = f"`{exposure.contract}@{exposure.version}`"
        yield Finding(
            "shape-unknown-field",
            f"`{one.operation.key}` of {version} answers with {media}, which has no fields",
            _place(exposure.expose),
            "expose it by an entry of its own, without these changes",
        )


def _nothing_left(operations: Sequence[tuple[Exposure, OperationShape]]) -> Iterator[Finding]:
    for exposure, one in operations:
        included = [path for path, node in walk(one.tree) if node.whole is not None]
        if included and one.shapings and not any(path in s.seen for path in included for s in one.shapings):
            version = f"`{exposure.contract}@{exposure.version}`"
            message = f"of what `{one.operation.key}` of {version} answers, nothing is included"
            first = one.tree.fields[included[0][0]]
            where = next(said for _, node in walk(first) for said in node.asked)
            yield Finding("shape-unknown-field", message, where, "expose it by an entry of its own")


def _place(expose: Expose) -> Span:
    key = "shape" if isinstance(expose, EdgeExpose) and expose.shape is not None else "decorate"
    return expose.where.key(key)


# What is put in, and the contract's own schema of the field.


def _whole() -> Whole:
    """The documents of exposed versions without changes, which have all that the contracts' own schemas refer to."""
    made: dict[int, Api] = {}

    def whole(exposure: Exposure) -> Api:
        if id(exposure) not in made:
            made[id(exposure)] = effective_alone(exposure, None)
        return made[id(exposure)]

    return whole


def _put(shaped: Sequence[tuple[Exposure, Shaped]], whole: Whole) -> Iterator[Finding]:
    done: set[Path] = set()
    for exposure, shape in shaped:
        for one in shape.operations.values():
            for path, put in puts_of(one.tree):
                schemas = [schema for shaping in one.shapings for schema in shaping.found.get(path, ())]
                if not schemas or path in done:
                    continue
                api = whole(exposure)
                why = why_outside(
                    _virtual(api, schema_of(one.puts[path]), ("~put", *path)),
                    _virtual(api, {"anyOf": schemas}, ("~there", *path)),
                )
                if why is not None:
                    done.add(path)
                    version = f"`{exposure.contract}@{exposure.version}`"
                    yield Finding(
                        "shape-breaks-contract",
                        f"`{'.'.join(path)}` of {version} is set to what its schema does not surely allow: {why}",
                        put.where,
                        "set it to a value of the contract's schema, or give the field another name",
                    )


def _virtual(api: Api, schema: Any, path: tuple[str, ...]) -> View:
    """A schema that refers to components of a document, as a service's answer."""
    return View(Node(schema, api.document, path), api.scope, api.dialect, "response", sender=True)
