"""What the payload module executes, as a plan: JSON, in the filter's configuration.

docs/payload-plan.md describes it. Nothing in it needs parsing beyond JSON; all of it was checked.
"""

from __future__ import annotations

import json
from typing import Any

from compiler.backends.envoy.types import Data
from compiler.backends.envoy.versions import route_names
from compiler.composed import Aggregate, Balanced, Composed, Computed, Constant, Joined, ObjectOf, Parameter, StepCall
from compiler.expressions.syntax import (
    Binary,
    Conditional,
    Each,
    Expression,
    Has,
    Index,
    Literal,
    Member,
    Name,
    Not,
    Size,
)
from compiler.paths import PathTemplate
from compiler.plan import Answer, Compose, Deployable, Rule
from compiler.requested import Automaton, RequestCheck
from compiler.shaped import Shape, Tree


def plan_text(deployable: Deployable) -> str:
    """The plan of a deployable: what is done on which routes, and all that this refers to."""
    data = {
        "version": 1,
        "routes": {
            name: made
            for rule in deployable.rules
            if (made := _route(rule)) is not None
            for name in route_names(rule, deployable.version_key)
        },
        "aggregates": {aggregate.name: _aggregate(aggregate) for aggregate in deployable.aggregates},
        "schemas": [dict(schema) for schema in deployable.tables.schemas],
        "patterns": [_pattern(pattern) for pattern in deployable.tables.patterns],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _route(rule: Rule) -> Data | None:
    """What the module does on the routes of a rule; None where it does nothing."""
    action = rule.action
    if isinstance(action, Answer) or rule.path is None or rule.preflight is not None:
        return None
    made: Data = {}
    if isinstance(action, Compose):
        made["aggregate"] = action.aggregate
        changed = action.response_headers
        made["without"] = sorted({*changed.remove, *(name for name, _ in changed.set)})
        if action.max_response is not None:
            made["max_response"] = action.max_response
    elif action.shape is not None:
        made["shape"] = _shape(action.shape)
    if action.asks is not None:
        made["check"] = _check(action.asks, action.policies.body_limit)
    return {**made, "path": _segments(rule.path)} if made else None


def _shape(shape: Shape) -> Data:
    return {
        "tree": _tree(shape.tree) if shape.tree is not None else None,
        "request": _tree(shape.request) if shape.request is not None else None,
        "errors": shape.errors,
        "max_body": shape.max_body,
        "max_response": shape.max_response,
        "parameters": _parameters(shape.parameters),
    }


def _tree(tree: Tree) -> Data:
    """By the service's names: null for a field that is left out, else its name and what becomes of what is in it."""
    return {
        "only": tree.only,
        "fields": {
            one.own: None if one.name is None else [one.name, _tree(one.tree) if one.tree is not None else None]
            for one in tree.fields
        },
        "put": [[name, _composed(value)] for name, value in tree.put],
    }


def _check(asks: RequestCheck, most: int) -> Data:
    return {
        "parameters": [
            {
                "in": p.place,
                "name": p.name,
                "required": p.required,
                "may_be_empty": p.may_be_empty,
                "style": p.style,
                "explode": p.explode,
                "scalar": list(p.reading.scalar) if p.reading.scalar is not None else None,
                "elements": list(p.reading.elements) if p.reading.elements is not None else None,
                "fields": {name: list(kinds) for name, kinds in p.reading.fields}
                if p.reading.fields is not None
                else None,
                "schema": p.schema,
            }
            for p in asks.parameters
        ],
        "body": {"required": asks.body.required, "media": [list(one) for one in asks.body.media]}
        if asks.body is not None
        else None,
        "max_body": most,
    }


def _pattern(pattern: Automaton) -> Data:
    return {
        "starts": list(pattern.starts),
        "classes": list(pattern.classes),
        "steps": [list(row) for row in pattern.steps],
        "good": sorted(pattern.good),
    }


def _segments(path: PathTemplate) -> list[list[str]]:
    """Literal texts and parameters' names in turn, for each segment."""
    return [list(segment.parts) for segment in path.segments]


def _aggregate(aggregate: Aggregate) -> Data:
    return {
        "deadline": aggregate.deadline,
        "max_concurrent": aggregate.max_concurrent,
        "max_body": aggregate.max_body,
        "forward": list(aggregate.forward),
        "parameters": _parameters(aggregate.parameters),
        "body": "required" if aggregate.body_required else "optional" if aggregate.takes_body else "none",
        "steps": [_step(step) for step in aggregate.steps],
        "response": {
            "status": aggregate.status,
            "headers": [list(header) for header in aggregate.headers],
            "body": _composed(aggregate.body),
        },
    }


def _parameters(parameters: tuple[Parameter, ...]) -> list[Data]:
    return [{"in": p.place, "name": p.name, "kinds": list(p.kinds), "required": p.required} for p in parameters]


def _step(step: StepCall) -> Data:
    return {
        "name": step.name,
        "clusters": [_target(target) for target in step.targets],
        "method": step.method,
        "prefix": step.prepend,
        "path": _segments(step.path),
        "inputs": {
            "path": {name: _composed(value) for name, value in step.path_inputs},
            "query": [[name, _composed(value)] for name, value in step.query],
            "headers": [[name.lower(), _composed(value)] for name, value in step.headers],
            "body": _composed(step.body) if step.body is not None else None,
        },
        "good": list(step.good),
        "timeout": step.timeout,
        "retries": step.retries,
        "max_body": step.max_body,
        "after": list(step.after),
        "when": _expression(step.when) if step.when is not None else None,
        "for_each": _expression(step.for_each) if step.for_each is not None else None,
        "max": step.max,
        "on_excess": "cut" if step.cut else "fail",
        "concurrency": step.concurrency,
        "optional": step.optional,
        "fallback": json.loads(step.fallback),
        "expect": [{"path": list(r.path), "kinds": list(r.kinds), "absent": r.absent} for r in step.relied],
    }


def _target(target: Balanced) -> Data:
    own = {} if target.prepend is None else {"prefix": target.prepend}
    return {"name": target.cluster, "weight": target.weight, **own}


def _composed(value: Composed) -> list[Any]:
    match value:
        case Constant():
            return ["json", json.loads(value.json)]
        case Computed():
            return _expression(value.expression)
        case Joined():
            return ["text", *(["json", p] if isinstance(p, str) else _expression(p) for p in value.parts)]
        case ObjectOf():
            return ["object", *([name, _composed(inner)] for name, inner in value.fields)]
    return ["list", *(_composed(inner) for inner in value.items)]


def _expression(expression: Expression) -> list[Any]:
    match expression:
        case Literal():
            return ["json", expression.value]
        case Name() | Member() | Index():
            return ["get", *_path(expression)]
        case Has():
            return ["has", _expression(expression.of)]
        case Size():
            return ["size", _expression(expression.of)]
        case Not():
            return ["!", _expression(expression.of)]
        case Binary():
            return [expression.operator, _expression(expression.left), _expression(expression.right)]
        case Conditional():
            return ["?", _expression(expression.test), _expression(expression.then), _expression(expression.otherwise)]
        case Each():
            return [expression.kind, _expression(expression.of), expression.variable, _expression(expression.body)]


def _path(expression: Expression) -> list[Any]:
    """A name and what is read of it, or the expression that something is read of."""
    match expression:
        case Name():
            return [expression.name]
        case Member():
            return [*_path(expression.of), expression.name]
        case Index():
            return [*_path(expression.of), expression.index]
    return [_expression(expression)]
