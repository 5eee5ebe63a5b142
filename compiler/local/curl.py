"""Requests that a person can paste: a few for each contract version that a gateway exposes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from compiler.contracts.examples import sample_request
from compiler.contracts.openapi import Api, Operation
from compiler.plan import Deployable, Exposed

_EACH = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a gateway; ``target`` is path and query, ``headers`` by name."""

    method: str
    target: str
    headers: dict[str, str]
    body: str | None


def calls(deployable: Deployable, exposed: Exposed, api: Api, most: int = _EACH) -> Iterator[Call]:
    """Calls of the exposed operations, those that only read first."""
    chosen = [o for o in api.operations if o.key in exposed.operations]
    for operation in sorted(chosen, key=lambda o: (o.method != "GET", o.path.parameters != (), o.path_text))[:most]:
        yield call(deployable, exposed, api, operation)


def call(deployable: Deployable, exposed: Exposed, api: Api, operation: Operation) -> Call:
    """A call of one operation with what its contract requires."""
    path, query, headers, body, media_type = sample_request(api, operation)
    target = exposed.prefix + filled(operation, path) + (f"?{urlencode(query)}" if query else "")
    sent = {name: str(value) for name, value in headers.items()}
    if deployable.version_key.source == "header" and deployable.version_key.name is not None:
        sent[deployable.version_key.name] = exposed.label
    if body is not None and media_type is not None:
        sent["content-type"] = media_type
    return Call(operation.method, target, sent, body)


def filled(operation: Operation, values: Mapping[str, str]) -> str:
    """The path with its parameters filled in, percent-encoded."""
    done = []
    for segment in operation.path.segments:
        parts = list(segment.parts)
        parts[1::2] = [quote(values.get(name, "1"), safe="") or "1" for name in parts[1::2]]
        done.append("/" + "".join(parts))
    return "".join(done)


def line(base: str, made: Call, options: tuple[str, ...]) -> str:
    """The call as a curl command. ``base`` is scheme, host and port; ``options`` come first."""
    words = ["curl", "-i", *options]
    if made.method != "GET":
        words += ["-X", made.method]
    for name, value in sorted(made.headers.items()):
        words += ["-H", f"{name}: {value}"]
    if made.body is not None:
        words += ["-d", made.body]
    return shlex.join([*words, base + made.target])
