"""Why a rule decides a request, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator

from compiler.diagnostics import closest
from compiler.model.kinds import duration_text
from compiler.plan import Answer, Compose, Deployable, Forward, Policies, Rule, Target
from compiler.plan_policies import ApiKey, Auth, Basic, External, Jwt, Mtls
from compiler.routing import Request, holds_host, requested_versions, version_holds
from compiler.workspace import Exposure


def reasons(deployable: Deployable, request: Request, rule: Rule | None, exposure: Exposure | None) -> Iterator[str]:
    """Why a request is decided as it is; ``exposure`` is the one that the rule was made from, if it was."""
    if rule is None:
        yield from _nothing(deployable, request)
    elif isinstance(rule.action, Answer):
        yield from _path(deployable, request, rule)
        yield _answered(request, rule, rule.action)
    else:
        yield from _path(deployable, request, rule)
        yield _method(request, rule.action)
        if exposure is not None:
            yield _version(deployable, request, rule, exposure)
            yield from _lifetime(exposure)
        yield from _protected(deployable, rule.action.policies)
        if rule.action.asks is not None:
            yield "the gateway holds parameters and body against the contract first (`validate: request`)"
        if isinstance(rule.action, Compose):
            yield from _composed(deployable, rule.action)
        else:
            yield from _services(request, rule.action)
        yield from _changed(rule.action)


def _changed(action: Forward | Compose) -> Iterator[str]:
    """What becomes of the answer."""
    shape = action.shape if isinstance(action, Forward) else None
    if shape is not None and shape.tree is not None:
        others = "the body of any other is replaced by a problem" if shape.errors == "replace" else "any other stays"
        yield f"the JSON of a good answer is changed (`shape` or `decorate`); {others}"
    if shape is not None and shape.request is not None:
        yield "the JSON of the request is changed (`shape` or `decorate`); a body of another kind gets 415"
    most = shape.max_response if shape is not None else action.max_response if isinstance(action, Compose) else None
    if most is not None:
        yield f"an answer of more than {most:,} bytes becomes a 502 (`needs: max_response`)"


def _nothing(deployable: Deployable, request: Request) -> Iterator[str]:
    if not holds_host(deployable, request.host):
        yield f"{request.host} is none of its hosts"
        return
    paths = {rule.path for rule in deployable.rules if rule.path is not None}
    yield f"no exposed path matches `{request.path}`"
    alike = request.path.rstrip("/") if request.path.endswith("/") else f"{request.path}/"
    near = next((path for path in sorted(paths, key=str) if path.matches(alike)), None)
    if near is not None:
        yield f"`{near}` would: a slash at the end makes another path"
        return
    lowered = next((path for path in sorted(paths, key=str) if path.matches(request.path.lower())), None)
    if lowered is not None:
        yield f"`{lowered}` would: paths are case-sensitive"
        return
    guess = closest(request.path, map(str, paths))
    if guess is not None:
        yield f"the nearest is `{guess}`"


def _path(deployable: Deployable, request: Request, rule: Rule) -> Iterator[str]:
    if rule.path is None:
        return
    others = {
        str(other.path): None
        for other in deployable.rules
        if other.path is not None
        and other.path.shape != rule.path.shape
        and version_holds(other.version, deployable.version_key, request)
        and other.path.matches(request.path)
    }
    if others:
        named = ", ".join(f"`{path}`" for path in others)
        yield f"`{rule.path}` is the most specific path that matches; {named} would, too"
    else:
        yield f"`{rule.path}` matches the path"


def _method(request: Request, action: Forward | Compose) -> str:
    if request.method == "HEAD" and not action.operation.startswith("HEAD "):
        return f"HEAD is served where GET is: {action.operation}"
    return f"{request.method} there is the operation {action.operation}"


def _answered(request: Request, rule: Rule, given: Answer) -> str:
    """Why the gateway answers by itself."""
    allowed = dict(given.headers).get("allow", "")
    if rule.preflight is not None or rule.cors is not None:
        origin = request.headers.get("origin", "")
        return f"it is a browser's question, and {origin} is {'an' if rule.cors else 'no'} origin that `cors` names"
    if given.status == 405:
        return f"{request.method} is no operation of this path; there is {allowed}"
    if given.status == 400:
        said = json.loads(given.body)
        return f"the request names no version that has this path: {said['detail']}, of {', '.join(said['versions'])}"
    if given.status == 404:
        return "the version that is meant does not have this path"
    return f"the gateway answers {request.method} itself: this path has {allowed}"


def _version(deployable: Deployable, request: Request, rule: Rule, exposure: Exposure) -> str:
    key = deployable.version_key
    label, chosen = exposure.label, f"{exposure.contract} {exposure.version}"
    named = requested_versions(key, request, (exposure.contract,))
    wanted = exposure.expose.versions
    highest = f"the highest{f' of `{wanted}`' if wanted else ''} in that major that a service implements"
    in_path = key.source == "path" and rule.path is not None and f"{rule.path}/".startswith(f"/v{label}/")
    if in_path and not rule.name.endswith(" by default"):
        return f"`/v{label}` in the path asks for version {label}, which is {chosen}, {highest}"
    if named:
        said = " and ".join(named)
        where = f"the {key.source} {key.name}" if key.name else f"the {key.source.replace('_', ' ')}"
        return f"{where} asks for {said}, which is {chosen}, {highest}"
    return f"the request names no version; the default is {label}, which is {chosen}, {highest}"


def _lifetime(exposure: Exposure) -> Iterator[str]:
    declared = exposure.declared
    if declared.deprecated is not None:
        end = f", and ends after {declared.sunset}" if declared.sunset is not None else ""
        yield f"{exposure.contract} {exposure.version} is deprecated from {declared.deprecated} on{end}"


def _protected(deployable: Deployable, policies: Policies) -> Iterator[str]:
    """What is asked of a caller before a service hears of it; whether he satisfies it, nobody here knows."""
    auth, limit = policies.auth, policies.rate_limit
    if auth is not None:
        yield f"`{auth.policy}` asks for {_credential(auth)} first; a request without gets {_refusal(auth)}"
    if limit is not None:
        whose = {"client_ip": " from one address", "consumer": " of one consumer", "global": ""}.get(limit.by)
        whose = f" for one value of {limit.by.removeprefix('header:')}" if whose is None else whose
        lets = f"lets {limit.requests} requests{whose} through in {duration_text(limit.per)}"
        yield f"`{limit.policy}` {lets}; others get 429"


def _credential(auth: Auth) -> str:
    way = auth.way
    if isinstance(way, Jwt):
        scopes = f" with {' and '.join(way.scopes)}" if way.scopes else ""
        return f"a token of {way.issuer}{scopes}"
    if isinstance(way, Basic):
        return "a user and a password"
    if isinstance(way, Mtls):
        return f"a certificate for {' or '.join(way.subjects)}"
    if isinstance(way, ApiKey):
        return f"a key in the {way.place} {way.name}"
    return f"the consent of {way.cluster}"


def _refusal(auth: Auth) -> str:
    return {Mtls: "403", External: "what that service says"}.get(type(auth.way), "401 or 403")


def _services(request: Request, forward: Forward) -> Iterator[str]:
    whole = sum(target.weight for target in forward.targets)
    for target in forward.targets:
        path = sent_path(forward, target, request)
        share = f"{target.weight} of {whole} such requests" if len(forward.targets) > 1 else "it"
        yield f"{target.cluster} gets {share}, as {request.method} {path}"


def _composed(deployable: Deployable, compose: Compose) -> Iterator[str]:
    made = next(aggregate for aggregate in deployable.aggregates if aggregate.name == compose.aggregate)
    yield f"{compose.aggregate} composes the answer within {made.deadline} ms"
    for step in made.steps:
        services = " or ".join(sorted(target.cluster for target in step.targets))
        waits = f", after {' and '.join(step.after)}" if step.after else ""
        yield f"its step {step.name} asks {services} for {step.operation}{waits}"


def sent_path(forward: Forward, target: Target, request: Request) -> str:
    """The path that a service is asked for, without query."""
    prepend = forward.prepend if target.prepend is None else target.prepend
    return (prepend + request.path.removeprefix(forward.strip)) or "/"
