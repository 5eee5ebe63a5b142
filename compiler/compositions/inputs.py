"""What a step sends, held against what its operation takes; and the fallback that stands for its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.compositions import values
from compiler.compositions.calls import Called, fallback_of, good_responses, json_schema, parameter_schema, parameters
from compiler.compositions.values import ObjectValue, Value, Written
from compiler.contracts.fits import Judge as ValueJudge
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding, did_you_mean, one_of
from compiler.expressions.satisfies import Mismatch, satisfies
from compiler.expressions.types import Type
from compiler.model.aggregators import Aggregator, Step
from compiler.records import frozen
from compiler.source import Span


@frozen(eq=False)
class Input:
    """What a parameter of a step's operation is given; ``place`` is ``path``, ``query`` or ``headers``."""

    place: str
    name: str
    value: Value
    type: Type
    required: bool
    schema: Node | None


_PLACES = {"path": "path", "query": "query", "headers": "header"}


def bound(
    step: Step,
    call: Called,
    inputs: Sequence[tuple[str, str, Value, Type]],
    aggregator: Aggregator,
    out: list[Finding],
) -> Iterator[Input]:
    """The inputs by parameter; names that the operation does not have, and required ones that are not given."""
    title = f"`{call.operation.key}` of `{call.contract}@{call.version}`"
    for place, of_parameters in _PLACES.items():
        declared = {_spelled(place, name): (name, node) for name, node in parameters(call, of_parameters)}
        given: set[str] = set()
        for where, name, value, made in inputs:
            if where != place:
                continue
            key = _spelled(place, name)
            place_of_key = step.with_.where.key(place, name) if step.with_ is not None else step.where.span
            if key in given:
                out.append(Finding("schema", f"`{name}` is given twice", place_of_key, "keep one of the two"))
            given.add(key)
            if key not in declared:
                out.append(
                    Finding(
                        "unknown-field",
                        f"{title} has no {of_parameters} parameter `{name}`",
                        place_of_key,
                        did_you_mean(name, [n for n, _ in declared.values()])
                        or (f"it has {one_of(n for n, _ in declared.values())}" if declared else "it has none there"),
                    )
                )
                continue
            spelled, parameter = declared[key]
            required = place == "path" or parameter.value.get("required") is True
            schema = parameter_schema(call.api, parameter)
            out += _parameter(call.api, schema, spelled, made, value, required=required)
            yield Input(place, spelled, value, made, required, schema)
        for key, (name, parameter) in declared.items():
            needed = place == "path" or parameter.value.get("required") is True
            if needed and key not in given and not (place == "headers" and key in aggregator.forward):
                out.append(
                    Finding(
                        "missing-input",
                        f"{title} requires the {of_parameters} parameter `{name}`, and it is given none",
                        step.with_.where.key(place) if step.with_ is not None else step.where["call"],
                        f"add `{place}: {{{name}: ...}}` under `with`",
                    )
                )
    if any(p.value.get("required") is True for _, p in parameters(call, "cookie")):
        out.append(
            Finding(
                "missing-input", f"{title} requires a cookie, and a step sends none", step.where["call"], "call another"
            )
        )


def _spelled(place: str, name: str) -> str:
    return name.lower() if place == "headers" else name


def _parameter(
    api: Api, schema: Node | None, name: str, made: Type, value: Value, *, required: bool
) -> Iterator[Finding]:
    if made.wrong:
        return
    if made.kinds & {"object", "array"}:
        yield Finding(
            "type-mismatch",
            f"`{name}` is {made.says()}, and a parameter takes a text, a number, or true or false",
            value.where,
            "choose one value; lists and objects cannot be sent in a parameter",
        )
        return
    if required and made.optional:
        yield Finding(
            "optional-unguarded",
            f"`{name}` is required, and this may be {'absent' if made.absent else 'null'}",
            value.where,
            "say what is sent otherwise with `? :`, or call only `when` it is there",
        )
        return
    if schema is not None and made.present().variants:
        found = satisfies(made.present(), api, [schema], "request", as_text=True, loose=True)
        yield from mismatches("type-mismatch", f"`{name}` does not fit its parameter", found, value)


def body_fits(step: Step, call: Called, body: Value | None, made: Type | None, out: list[Finding]) -> None:
    """The request body against what the operation takes."""
    title = f"`{call.operation.key}` of `{call.contract}@{call.version}`"
    takes = call.api.request_body(call.operation)
    if takes is None:
        if body is not None:
            out.append(Finding("unknown-field", f"{title} takes no body", body.where, "remove `body`"))
        return
    schema = json_schema(call.api, takes)
    if body is None or made is None:
        if takes.value.get("required") is True:
            where = step.with_.where.span if step.with_ is not None else step.where["call"]
            out.append(
                Finding(
                    "missing-input", f"{title} requires a body, and it is given none", where, "add `body` under `with`"
                )
            )
        return
    if schema is None:
        media = one_of(name for name, _ in call.api.content(takes))
        out.append(
            Finding(
                "type-mismatch", f"{title} takes {media}, and a step sends JSON", body.where, "call another operation"
            )
        )
    elif made.absent:
        out.append(
            Finding("optional-unguarded", "the body may be absent", body.where, "say what is sent otherwise with `? :`")
        )
    else:
        found = satisfies(made, call.api, [schema], "request", loose=True)
        out += mismatches("type-mismatch", f"the body does not fit {title}", found, body)


def fallback_fits(step: Step, call: Called, out: list[Finding]) -> None:
    """The fallback stands for the body of a good answer, so it must be one."""
    optional = fallback_of(step)
    if optional is None or optional.fallback is None:
        return
    where = optional.where["fallback"]
    value = values.read(optional.fallback, where, out)
    if any(True for _ in values.expressions(value)):
        out.append(
            Finding("type-mismatch", "a fallback is fixed, and this has an expression", where, "write the value itself")
        )
        return
    schemas = [json_schema(call.api, response) for _, response in good_responses(call)]
    judge = ValueJudge(call.api.scope, call.api.dialect, "response")
    if not any(schema is not None and judge.fits(schema, plain(value)) for schema in schemas):
        out.append(
            Finding(
                "type-mismatch",
                f"the fallback is no answer of `{call.operation.key}` of `{call.contract}@{call.version}`",
                where,
                "write a body that satisfies the operation's schema, or leave it out for null",
            )
        )


def plain(value: Value) -> object:
    """A value without expressions as plain data."""
    if isinstance(value, Written):
        return value.literal
    if isinstance(value, ObjectValue):
        return {name: plain(inner) for name, inner in value.fields}
    return [plain(inner) for inner in value.items]


_MOST = 20


def mismatches(rule: str, says: str, found: Sequence[Mismatch], value: Value) -> Iterator[Finding]:
    for mismatch in found[:_MOST]:
        where = _at(value, mismatch.path)
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in mismatch.path).lstrip(".")
        inside = f" (`{path.replace('[0]', '[]')}`)" if path else ""
        yield Finding(rule, f"{says}: {mismatch.message}{inside}", where, _mend(rule))


def _mend(rule: str) -> str:
    if rule == "composite-mismatch":
        return "compose what the contract promises, or change the contract"
    return "send what the operation takes"


def _at(value: Value, path: Sequence[str | int]) -> Span:
    """The place of a path in a composed value, as far as the value is written out."""
    for step in path:
        inner = dict(value.fields).get(str(step)) if isinstance(value, ObjectValue) else None
        if inner is None:
            break
        value = inner
    return value.where
