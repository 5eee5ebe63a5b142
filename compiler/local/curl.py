"""Requests that a person can paste: a few for each contract version that a gateway exposes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlencode

from compiler.client_paths import client_prefix
from compiler.contracts.examples import sample_request
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.versions import media_type
from compiler.local.credentials import NOTHING, Credential
from compiler.local.ports import bracketed, reached_at
from compiler.model.edges import body_shape
from compiler.plan import Answer, Deployable, Exposed
from compiler.records import frozen
from compiler.workspace import Workspace

NOBODY: Mapping[str, Credential] = MappingProxyType({})
_EACH = 3
_LONGEST_BODY = 1_000
"""Nobody pastes a longer one; operations that need one are left out."""


@frozen
class Call:
    """One request to a gateway; ``target`` is path and query, ``headers`` by name."""

    method: str
    target: str
    headers: dict[str, str]
    body: str | None
    options: tuple[str, ...] = ()
    """Of curl, for this call alone."""


def api_of(workspace: Workspace, gateway: str, exposed: Exposed) -> Api:
    """The document by which clients call an exposed version: where their bodies are changed, what they send."""
    own = dict(workspace.project.deployables)[gateway]
    wanted = (gateway, exposed.contract, exposed.version, exposed.prefix, exposed.operations)
    for one in workspace.exposures:
        shape = body_shape(one.expose)
        if shape is None or shape.request is None:
            continue
        prefix = client_prefix(own, one.label, one.expose)
        operations = tuple(sorted(o.operation.key for o in one.operations))
        if (one.gateway, one.contract, one.version, prefix, operations) == wanted:
            from compiler.shaping.exposures import asked_api  # takes time to load

            return asked_api(one)
    return workspace.apis[exposed.contract, exposed.version]


def calls(
    deployable: Deployable,
    exposed: Exposed,
    api: Api,
    most: int = _EACH,
    credentials: Mapping[str, Credential] = NOBODY,
) -> Iterator[Call]:
    """Calls of the exposed operations: those that only read first, and one at least that does more, if there is any."""
    chosen = sorted(
        (o for o in api.operations if o.key in exposed.operations),
        key=lambda o: (o.method != "POST", o.path.parameters != (), o.path_text, o.method),
    )

    def short(operations: Iterable[Operation]) -> Iterator[Call]:
        made = (call(deployable, exposed, api, operation, credentials) for operation in operations)
        return islice((one for one in made if len(one.body or "") <= _LONGEST_BODY), most)

    others = list(short(o for o in chosen if o.method != "GET"))
    reading = list(short(o for o in chosen if o.method == "GET"))[: most - min(1, len(others))]
    yield from reading
    yield from others[: most - len(reading)]


def call(
    deployable: Deployable,
    exposed: Exposed,
    api: Api,
    operation: Operation,
    credentials: Mapping[str, Credential] = NOBODY,
) -> Call:
    """A call of one operation with what its contract requires, and who calls by policy."""
    path, query, headers, body, content_type = sample_request(api, operation)
    target = exposed.prefix + filled(operation, path) + (f"?{urlencode(query)}" if query else "")
    sent = {name: str(value) for name, value in headers.items()}
    key = deployable.version_key
    if key.source == "header" and key.name is not None:
        sent[key.name] = exposed.label
    elif key.source == "query" and key.name is not None:
        target += ("&" if query else "?") + urlencode({key.name: exposed.label})
    elif key.source == "media_type":
        sent["accept"] = media_type(exposed.contract, exposed.label)
    if body is not None and content_type is not None:
        sent["content-type"] = content_type
    who = credentials.get(_policy(deployable, exposed, operation), NOTHING)
    if who.query is not None:
        target += ("&" if "?" in target else "?") + urlencode([who.query])
    return Call(operation.method, target, {**sent, **who.headers}, body, who.options)


def _policy(deployable: Deployable, exposed: Exposed, operation: Operation) -> str:
    """The policy that says who may call an operation, or an empty text."""
    for rule in deployable.rules:
        action = rule.action
        if isinstance(action, Answer) or action.policies.auth is None:
            continue
        if (action.contract, action.version, action.operation) == (exposed.contract, exposed.version, operation.key):
            return action.policies.auth.policy
    return ""


def filled(operation: Operation, values: Mapping[str, str]) -> str:
    """The path with its parameters filled in, percent-encoded."""
    done = []
    for segment in operation.path.segments:
        parts = list(segment.parts)
        parts[1::2] = [quote(values.get(name, "1"), safe="") or "1" for name in parts[1::2]]
        done.append("/" + "".join(parts))
    return "".join(done)


def base(deployable: Deployable, exposed: Exposed | None = None) -> str:
    """Scheme, host and port under which clients find the gateway, or one version where the host names it.

    ``any`` stands in for a wildcard's star.
    """
    scheme = "https" if deployable.listener.tls else "http"
    return f"{scheme}://{bracketed(_host(deployable, exposed))}:{deployable.listener.port}"


def options(deployable: Deployable, authority: Path | None, exposed: Exposed | None = None) -> tuple[str, ...]:
    """What makes curl find the gateway under its own name, and trust the authority of a throwaway certificate."""
    found: list[str] = []
    host, listen = _host(deployable, exposed), deployable.listener
    if host != reached_at(listen.address):
        found += ["--resolve", f"{host}:{listen.port}:{bracketed(reached_at(listen.address))}"]
    if authority is not None:
        found += ["--cacert", str(authority)]
    return tuple(found)


def line(base: str, made: Call, options: tuple[str, ...]) -> str:
    """The call as a curl command. ``base`` is scheme, host and port; ``options`` come first."""
    words = ["curl", "-i", *options, *made.options]
    if made.method == "HEAD":
        words += ["--head"]  # with -X, curl would wait for a body
    elif made.method != "GET" or made.body is not None:
        words += ["-X", made.method]
    for name, value in sorted(made.headers.items()):
        words += ["-H", f"{name}: {value}" if value else f"{name};"]  # what curl wants for an empty one
    if made.body is not None:
        words += ["--data-raw", made.body]
    return shlex.join([*words, base + made.target])


def _host(deployable: Deployable, exposed: Exposed | None) -> str:
    if deployable.version_key.source == "host":
        own = deployable.version_key.hosts[0]
        return f"v{exposed.label}.{own}" if exposed else own
    named = [host.replace("*.", "any.") for host in deployable.hosts if host != "*"]
    return named[0] if named and "*" not in deployable.hosts else reached_at(deployable.listener.address)
