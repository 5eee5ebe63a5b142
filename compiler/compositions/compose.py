"""An aggregator, resolved and judged: the calls, what they are given, the order, and the type of the answer.

``compose`` looks at one aggregator and says all that is wrong with its references, expressions and types. What it gives
back where nothing is wrong is what lowering starts from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.compositions import flow, values
from compiler.compositions.calls import (
    Called,
    answered,
    asked,
    called,
    json_schema,
    readable,
)
from compiler.compositions.inputs import Input, body_fits, bound, fallback_fits, mismatches
from compiler.compositions.texts import StepTexts, combination
from compiler.compositions.texts import waits as waits_for
from compiler.compositions.values import Value, Written
from compiler.contracts.openapi import Api, Operation
from compiler.diagnostics import Finding, did_you_mean, one_of
from compiler.expressions.judge import Facts, Judge
from compiler.expressions.satisfies import satisfies
from compiler.expressions.types import WRONG, Type, element, union
from compiler.model.aggregators import Aggregator, Step
from compiler.records import frozen
from compiler.workspace import Workspace


@frozen(eq=False)
class Part:
    """A step, resolved: its call, its inputs, and the steps that it waits for."""

    name: str
    step: Step
    called: Called
    inputs: tuple[Input, ...]
    body: Value | None
    when: Written | None
    each: Written | None
    waits: tuple[str, ...]


_MISMATCH = "composite-mismatch"


@frozen(eq=False)
class Composition:
    """An aggregator that can be composed; ``parts`` stand behind what they wait for."""

    name: str
    aggregator: Aggregator
    api: Api
    operation: Operation
    parts: tuple[Part, ...]
    body: Value


def compose(workspace: Workspace, name: str) -> tuple[Composition | None, list[Finding]]:
    """What an aggregator comes to; None together with at least one finding here or in another check.

    An answer that may not satisfy its contract can be composed, where somebody allows that.
    """
    aggregator = workspace.project.aggregators[name]
    out: list[Finding] = []
    own = _own(workspace, aggregator, out)
    calls: dict[str, Called | None] = {}
    for step_name, step in aggregator.steps.items():
        calls[step_name], wrong = called(workspace, step)
        out += wrong
        out += combination(step)
    read = {step_name: StepTexts.of(step, out) for step_name, step in aggregator.steps.items()}
    body = values.read(aggregator.response.body, aggregator.response.where["body"], out)
    waits = {step_name: waits_for(aggregator, step_name, read[step_name]) for step_name in aggregator.steps}
    out += _unknown_after(aggregator)
    out += _cycle(aggregator, waits)
    roots = {s: answered(step, calls[s]) for s, step in aggregator.steps.items()}
    roots["request"] = asked(*own) if own is not None else WRONG
    parts: dict[str, Part] = {}
    for step_name, step in aggregator.steps.items():
        made = _part(step_name, step, calls[step_name], read[step_name], roots, waits[step_name], aggregator, out)
        if made is not None:
            parts[step_name] = made
    out += _answer(aggregator, own, body, roots)
    if any(f.rule != _MISMATCH for f in out) or own is None or len(parts) < len(aggregator.steps):
        return None, out
    ordered = tuple(parts[step_name] for step_name in flow.in_order(waits))
    return Composition(name, aggregator, *own, ordered, body), out


def _own(workspace: Workspace, aggregator: Aggregator, out: list[Finding]) -> tuple[Api, Operation] | None:
    implements = aggregator.implements
    api = workspace.apis.get((implements.contract, implements.version))
    if api is None or implements.operation is None:
        return None
    operation = api.find(implements.operation)
    if operation is None:
        known = api.names()
        out.append(
            Finding(
                "unknown-operation",
                f"`{implements.contract}@{implements.version}` has no operation `{implements.operation}`",
                aggregator.where["implements"],
                did_you_mean(implements.operation, known) or f"it has {one_of(known)}",
                firm=True,
            )
        )
        return None
    return api, operation


def _unknown_after(aggregator: Aggregator) -> Iterator[Finding]:
    for step in aggregator.steps.values():
        for index, other in enumerate(step.after):
            if other not in aggregator.steps:
                yield Finding(
                    "unknown-reference",
                    f"no step is named `{other}`",
                    step.where["after", index],
                    did_you_mean(other, aggregator.steps) or f"there is {one_of(aggregator.steps)}",
                )


def _cycle(aggregator: Aggregator, waits: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    found = flow.circle(waits)
    if found is not None:
        chain = " waits for ".join(f"`{name}`" for name in [*found, found[0]])
        yield Finding(
            "step-cycle",
            f"{chain}, so none of them can begin",
            aggregator.steps[found[0]].where.span,
            "let one of them do without the other's data",
        )


def _part(
    name: str,
    step: Step,
    call: Called | None,
    read: StepTexts,
    roots: Mapping[str, Type],
    waits: frozenset[str],
    aggregator: Aggregator,
    out: list[Finding],
) -> Part | None:
    usable = {**roots, name: WRONG}  # a step that reads its own answer is a circle, which has been said
    hidden: dict[str, str] = {}
    facts: Facts = frozenset()
    if read.when is not None:
        facts = _condition(read.when, usable, hidden, out)
    hidden["item"] = "stands for an element, and only where there is `for_each`, in `with`"
    inner = dict(usable)
    if read.each is not None:
        inner["item"] = _item(read.each, usable, hidden, facts, out)
        del hidden["item"]
    inputs = []
    for place, parameter, value in read.inputs:
        made, wrong = values.type_of(value, inner, hidden, facts)
        out += wrong
        inputs.append((place, parameter, value, made))
    body_type = None
    if read.body is not None:
        body_type, wrong = values.type_of(read.body, inner, hidden, facts)
        out += wrong
    if call is None:
        return None
    if not readable(call):
        message = (
            f"`{call.operation.key}` of `{call.contract}@{call.version}` declares no 2xx answer that is JSON or empty"
        )
        out.append(Finding("type-mismatch", message, step.where["call"], "call an operation that answers with JSON"))
    given = tuple(bound(step, call, inputs, aggregator, out))
    body_fits(step, call, read.body, body_type, out)
    fallback_fits(step, call, out)
    return Part(name, step, call, given, read.body, read.when, read.each, tuple(sorted(waits)))


def _condition(when: Written, roots: Mapping[str, Type], hidden: Mapping[str, str], out: list[Finding]) -> Facts:
    if when.single is None:
        if when.template is not None and when.template.parts:
            help = "write one `${...}` and nothing else"
            out.append(Finding("type-mismatch", "`when` must be true or false, and this is a text", when.where, help))
        return frozenset()
    judge = Judge(roots, hidden=hidden)
    facts = judge.condition(when.single)
    out += [values.finding(problem, when.text, when.where) for problem in judge.problems]
    return facts


def _item(
    each: Written, roots: Mapping[str, Type], hidden: Mapping[str, str], facts: Facts, out: list[Finding]
) -> Type:
    if each.single is None:
        if each.template is not None and each.template.parts:
            help = "write one `${...}` and nothing else"
            out.append(Finding("type-mismatch", "`for_each` must be a list, and this is a text", each.where, help))
        return WRONG
    judge = Judge(roots, hidden=hidden)
    several = judge.needed(each.single, facts, ("array",), "for `for_each`")
    out += [values.finding(problem, each.text, each.where) for problem in judge.problems]
    return WRONG if several.wrong else union([element(variant) for variant in several.variants])


def _answer(
    aggregator: Aggregator, own: tuple[Api, Operation] | None, body: Value, roots: Mapping[str, Type]
) -> Iterator[Finding]:
    """The composed body against the aggregator's own contract."""
    hidden = {"item": "stands for an element of `for_each`, and only in that step"}
    made, wrong = values.type_of(body, roots, hidden, frozenset())
    yield from wrong
    status = aggregator.response.status
    if status in (204, 205):
        yield Finding("schema", f"an answer of {status} has no body", aggregator.response.where["status"], "use 200")
        return
    if own is None:
        return
    api, operation = own
    contract = f"`{aggregator.implements.contract}@{aggregator.implements.version}`"
    responses = dict(api.responses(operation))
    response = responses.get(str(status)) or responses.get("2XX") or responses.get("default")
    where = (
        aggregator.response.where["status"] if "status" in aggregator.response.where else aggregator.where["implements"]
    )
    schema = json_schema(api, response) if response is not None else None
    if schema is None:
        said = f"declares no {status}" if response is None else f"has no JSON in its answer {status}"
        yield Finding(
            _MISMATCH,
            f"`{operation.key}` of {contract} {said}",
            where,
            "declare the composed answer in the contract, as `application/json`",
        )
        return
    if made.absent and not made.wrong:
        yield Finding("optional-unguarded", "the body may be absent", body.where, "say what it is otherwise with `? :`")
        return
    found = satisfies(made, api, [schema], "response")
    yield from mismatches(_MISMATCH, f"the answer does not satisfy {contract}", found, body)
