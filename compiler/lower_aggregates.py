"""Aggregators of a checked project as aggregates of the plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from compiler.checks.aggregators.statuses import failures
from compiler.composed import (
    Aggregate,
    Balanced,
    Composed,
    Computed,
    Constant,
    Joined,
    ListOf,
    ObjectOf,
    Parameter,
    Relied,
    StepCall,
)
from compiler.compositions.calls import asked, fallback_of, good_statuses
from compiler.compositions.compose import Part, compose
from compiler.compositions.inputs import plain
from compiler.compositions.relied import relied
from compiler.compositions.values import ObjectValue, Value, Written, read
from compiler.contracts.openapi import Api, Operation
from compiler.expressions.types import KINDS, member
from compiler.model.aggregators import Aggregator
from compiler.workspace import Workspace


def lower_aggregate(workspace: Workspace, name: str) -> Aggregate:
    """An aggregator of a project in which nothing is wrong."""
    made, _ = compose(workspace, name)
    assert made is not None  # errors do not get here
    aggregator = made.aggregator
    read_of = relied(made)
    implements = aggregator.implements
    body = made.api.request_body(made.operation)
    return Aggregate(
        name=name,
        contract=implements.contract,
        version=implements.version,
        operation=made.operation.key,
        deadline=aggregator.deadline,
        max_concurrent=aggregator.max_concurrent,
        max_body=aggregator.max_body,
        forward=tuple(sorted(aggregator.forward)),
        parameters=parameters_of(made.api, made.operation),
        takes_body=body is not None,
        body_required=body is not None and body.value.get("required") is True,
        steps=tuple(
            _step(workspace, aggregator, part, [Relied(*found) for found in read_of[part.name]]) for part in made.parts
        ),
        status=aggregator.response.status,
        headers=tuple(sorted(aggregator.response.headers.items())),
        body=composed(made.body),
        where=aggregator.where.span,
    )


def failures_of(workspace: Workspace, name: str) -> dict[str, str]:
    """The statuses of an aggregate that are not its own answer, each in a sentence."""
    aggregator = workspace.project.aggregators[name]
    found = failures(workspace, aggregator)
    return {status: f"{HTTPStatus(int(status)).phrase}: {why}." for status, why in found.items()}


def parameters_of(api: Api, operation: Operation) -> tuple[Parameter, ...]:
    """What clients send with a request for an operation, by place and name."""
    (request,) = asked(api, operation).variants
    found: list[Parameter] = []
    for place in ("path", "query", "headers"):
        fields = member(request, place)
        assert fields is not None
        for name, given in sorted((fields.variants[0].fields or {}).items()):
            kinds = tuple(kind for kind in KINDS if kind in given.kinds)
            found.append(Parameter(place, name, kinds, required=not given.absent))
    return tuple(found)


def _step(workspace: Workspace, aggregator: Aggregator, part: Part, reads: list[Relied]) -> StepCall:
    step, call = part.step, part.called
    services = {name: workspace.project.services[name] for name in call.services}
    weights = {name: 1 if len(services) == 1 or s.weight is None else s.weight for name, s in services.items()}
    base_paths = {name: s.base_path.rstrip("/") for name, s in services.items()}
    usual = min(base_paths.values())
    given: Mapping[str, list[tuple[str, Composed]]] = {"path": [], "query": [], "headers": []}
    for one in part.inputs:
        given[one.place].append((one.name, composed(one.value)))
    optional = fallback_of(step)
    most = step.max or 1
    return StepCall(
        name=part.name,
        contract=call.contract,
        version=call.version,
        operation=call.operation.key,
        targets=tuple(
            Balanced(name, weight, None if base_paths[name] == usual else base_paths[name])
            for name, weight in weights.items()
            if weight > 0
        ),
        method=call.operation.method,
        prepend=usual,
        path=call.operation.path,
        path_inputs=tuple(given["path"]),
        query=tuple(given["query"]),
        headers=tuple(sorted(given["headers"], key=lambda item: item[0].lower())),
        body=composed(part.body) if part.body is not None else None,
        good=good_statuses(call),
        timeout=step.timeout,
        retries=step.retry.attempts if step.retry is not None else 0,
        max_body=step.max_body or aggregator.max_body,
        after=part.waits,
        when=part.when.single if part.when is not None else None,
        for_each=part.each.single if part.each is not None else None,
        max=most,
        cut=step.on_excess == "cut",
        concurrency=min(step.concurrency or most, most),
        optional=step.optional is not None,
        fallback=compact(plain(read(optional.fallback, step.where.span, []))) if optional is not None else "null",
        relied=tuple(reads),
    )


def composed(value: Value) -> Composed:
    """A value as the plan has it; what holds no expression is one constant."""
    if isinstance(value, Written):
        if value.template is None or all(isinstance(part, str) for part in value.template.parts):
            return Constant(compact(value.literal))
        single = value.single
        return Computed(single) if single is not None else Joined(value.template.parts)
    if isinstance(value, ObjectValue):
        fields = tuple((name, composed(inner)) for name, inner in value.fields)
        constant = all(isinstance(inner, Constant) for _, inner in fields)
        return Constant(compact(plain(value))) if constant else ObjectOf(fields)
    items = tuple(composed(inner) for inner in value.items)
    return Constant(compact(plain(value))) if all(isinstance(i, Constant) for i in items) else ListOf(items)


def compact(value: object) -> str:
    """JSON without white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
