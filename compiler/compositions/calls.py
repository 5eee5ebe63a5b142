"""What a step calls: a range resolved to one version, its operation, and what that takes and answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compiler.contracts.examples import is_json
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import Node
from compiler.contracts.versions import resolve
from compiler.diagnostics import Finding, Note, did_you_mean, one_of
from compiler.expressions.types import NULL, TEXT, WHOLE, Type, listed, record, schema_type, union
from compiler.model.aggregators import Optional, Step
from compiler.model.contracts import ContractVersion
from compiler.records import frozen
from compiler.serving import canaries, reachable
from compiler.workspace import Workspace, takers


@frozen(eq=False)
class Called:
    """An operation of one version, and the services that serve it, sorted."""

    contract: str
    version: str
    declared: ContractVersion
    api: Api
    operation: Operation
    services: tuple[str, ...]


def called(workspace: Workspace, step: Step) -> tuple[Called | None, list[Finding]]:
    """What a step's ``call`` comes to, or None; an unknown contract and a broken document have findings elsewhere."""
    call = step.call
    contract = workspace.project.contracts.get(call.contract)
    if contract is None:
        return None, []
    where = step.where["call"]
    served = {version for (name, version) in workspace.served if name == call.contract}
    reached = reachable(call.contract, call.range, served, canaries(workspace.project))
    found = resolve(call.range, contract.versions, reached)
    findings = [
        Finding(
            "version-unsatisfied",
            f"no version of `{call.contract}` matches `{branch}`",
            where,
            f"declared are {', '.join(f'`{v}`' for v in contract.versions)}",
        )
        for branch in found.unmatched
    ]
    findings += [
        Finding(
            "version-not-served",
            f"no service implements `{call.contract}@{version}`",
            where,
            f"add a service with `implements: {call.contract}@{version}`, or narrow the range",
            (Note("declared here", contract.versions[version].where.span),),
        )
        for version in found.unserved
    ]
    if len(found.chosen) > 1:
        majors = ", ".join(f"`{version}`" for _, version in found.chosen)
        message = f"`{call.range}` comes to several majors, {majors}, and a step calls one"
        findings.append(Finding("version-unsatisfied", message, where, "narrow the range to one major"))
    if findings or not found.chosen:
        return None, [replace(finding, firm=True) for finding in findings]
    version = found.chosen[0][1]
    api = workspace.apis.get((call.contract, version))
    if api is None:
        return None, []
    operation = api.find(call.operation)
    if operation is None:
        names = api.names()
        return None, [
            Finding(
                "unknown-operation",
                f"`{call.contract}@{version}` has no operation `{call.operation}`",
                where,
                did_you_mean(call.operation, names) or f"it has {one_of(names)}",
                firm=True,
            )
        ]
    services = takers(workspace, call.contract, version, workspace.served[call.contract, version])(operation)
    return Called(call.contract, version, contract.versions[version], api, operation, services), []


def good_statuses(call: Called) -> tuple[str, ...]:
    """The declared statuses with which the operation succeeds: ``200``, or ``2XX`` for all of them."""
    declared = [status for status, _ in call.api.responses(call.operation)]
    good = tuple(sorted(s.upper() for s in declared if s.startswith("2")))
    return good or (("2XX",) if "default" in declared else ())


def good_responses(call: Called) -> list[tuple[str, Node]]:
    """The responses of these statuses."""
    responses = call.api.responses(call.operation)
    good = [(status, node) for status, node in responses if status.startswith("2")]
    return good or [(status, node) for status, node in responses if status == "default"]


def json_schema(api: Api, holder: Node) -> Node | None:
    """The schema of a response's or a request body's JSON; None where there is none."""
    for name, media in sorted(api.content(holder), key=lambda item: item[0] != "application/json"):
        if is_json(name) or name in ("*/*", "application/*"):
            return media["schema"] if "schema" in media.value else Node({}, media.document, media.path)
    return None


def has_content(api: Api, holder: Node) -> bool:
    """Whether a response or a request body has a body at all."""
    return bool(api.content(holder))


def body_type(call: Called) -> Type:
    """The type of the body of a good answer; null where it is empty."""
    types = []
    for status, response in good_responses(call):
        schema = json_schema(call.api, response)
        if status in ("204", "205") or not has_content(call.api, response):
            types.append(NULL)
        elif schema is not None:
            types.append(schema_type(call.api, [schema], "response"))
    return union(types) if types else NULL


def readable(call: Called) -> bool:
    """Whether there is a good answer that a composition can read: JSON, or nothing."""
    return any(
        status in ("204", "205") or not has_content(call.api, node) or json_schema(call.api, node) is not None
        for status, node in good_responses(call)
    )


def answered(step: Step, call: Called | None) -> Type:
    """The type of a step's name: status, headers and body; a list of them where it calls for each element."""
    optional = fallback_of(step)
    can_lack = step.optional is not None or (step.when is not None and step.for_each is None)
    if call is None:
        return Type((), wrong=True)
    body = body_type(call)
    if can_lack and (optional is None or optional.fallback is None):
        body = union([body, NULL])
    headers: dict[str, Type] = {}
    responses = good_responses(call)
    for name in sorted({name.lower() for _, response in responses for name, _ in call.api.headers(response)}):
        always = all(_always(call.api, response, name) for _, response in responses)
        headers[name] = replace(TEXT, absent=can_lack or not always)
    made = record(
        {
            "status": replace(WHOLE, absent=can_lack),
            "headers": record(headers),
            "body": body,
        }
    )
    return listed(made, most=step.max) if step.for_each is not None else made


def fallback_of(step: Step) -> Optional | None:
    """What ``optional`` says besides that the step is so."""
    return step.optional if isinstance(step.optional, Optional) else None


def _always(api: Api, response: Node, name: str) -> bool:
    return any(n.lower() == name and header.value.get("required") is True for n, header in api.headers(response))


def parameters(call: Called, place: str) -> Iterator[tuple[str, Node]]:
    """Parameters of one place by name, but for the headers that OpenAPI leaves to other parts."""
    for parameter in call.api.parameters(call.operation):
        name: str = parameter.value["name"]
        ignored = place == "header" and name.lower() in ("accept", "authorization", "content-type")
        if parameter.value["in"] == place and not ignored:
            yield name, parameter


def parameter_schema(api: Api, parameter: Node) -> Node | None:
    """The schema of a parameter; None where its value is the text of a media type."""
    return parameter["schema"] if "schema" in parameter.value else None


def asked(api: Api, operation: Operation) -> Type:
    """The type of ``request``: what an aggregate's own operation declares that its clients send."""
    places: dict[str, dict[str, Type]] = {"path": {}, "query": {}, "header": {}}
    for parameter in api.parameters(operation):
        place, name = parameter.value["in"], parameter.value["name"]
        if place not in places:
            continue
        schema = parameter_schema(api, parameter)
        made = TEXT
        if schema is not None:
            plain = schema_type(api, [schema], "request").of_kind("string", "integer", "number", "boolean")
            made = Type(plain) if plain else TEXT
        needed = place == "path" or parameter.value.get("required") is True
        places[place][name.lower() if place == "header" else name] = replace(made, absent=not needed)
    fields = {
        "path": record(places["path"]),
        "query": record(places["query"]),
        "headers": record(places["header"]),
    }
    body = api.request_body(operation)
    schema = json_schema(api, body) if body is not None else None
    if body is not None and schema is not None:
        needed = body.value.get("required") is True
        fields["body"] = replace(schema_type(api, [schema], "request"), absent=not needed)
    return record(fields)
