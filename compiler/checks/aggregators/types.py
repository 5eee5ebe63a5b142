"""Aggregators: references, expressions, types, and what the composed answer promises.

Rules: unknown-operation, unknown-reference, unknown-field, type-mismatch, optional-unguarded, missing-input,
composite-mismatch, step-cycle, version-unsatisfied, version-not-served, and schema for settings that go with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.headers import RESERVED
from compiler.checks.lifetimes import is_deprecated, is_past
from compiler.compositions.calls import called
from compiler.compositions.compose import compose
from compiler.diagnostics import Finding, Note
from compiler.model.aggregators import Aggregator
from compiler.workspace import Workspace

_ALWAYS = frozenset(("traceparent", "tracestate", "x-request-id"))
_OURS = frozenset(("content-type", "x-gatewright-partial"))


def check(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with each aggregator by itself."""
    for name, aggregator in workspace.project.aggregators.items():
        yield from compose(workspace, name)[1]
        yield from _lifetimes(workspace, aggregator)
        yield from _forwarded(aggregator)
        yield from _response_headers(aggregator)


def _lifetimes(workspace: Workspace, aggregator: Aggregator) -> Iterator[Finding]:
    """version-sunset and version-deprecated: an aggregator is to move on before the versions that it calls end."""
    for step in aggregator.steps.values():
        call, _ = called(workspace, step)
        if call is None:
            continue
        version = f"`{call.contract}@{call.version}`"
        where = step.where["call"]
        if is_past(call.declared, workspace.as_of):
            yield Finding(
                "version-sunset",
                f"{version} is called as of {workspace.as_of}, and its last day was {call.declared.sunset}",
                where,
                "call a later version, or move the sunset while it is called",
                (Note("the last day", call.declared.where["sunset"]),),
            )
        elif is_deprecated(call.declared, workspace.as_of):
            yield Finding(
                "version-deprecated",
                f"{version} is deprecated, and this step calls it",
                where,
                "call the version that takes its place",
                (Note("deprecated here", call.declared.where["deprecated"]),),
            )


def _forwarded(aggregator: Aggregator) -> Iterator[Finding]:
    for index, name in enumerate(aggregator.forward):
        where = aggregator.where["forward", index]
        if name in RESERVED or name.startswith("x-envoy-"):
            yield Finding("schema", f"`{name}` belongs to one connection and is not sent on", where, "remove it")
        elif name in _ALWAYS:
            yield Finding("schema", f"`{name}` always goes along", where, "remove it")


def _response_headers(aggregator: Aggregator) -> Iterator[Finding]:
    for name, value in aggregator.response.headers.items():
        written = next(w for w in aggregator.response.where.written("headers") if w.lower() == name)
        where = aggregator.response.where.key("headers", written)
        if name in RESERVED | _OURS or name.startswith("x-envoy-"):
            yield Finding("schema", f"the gateway itself writes `{name}`", where, "remove it")
        elif "${" in value:
            help = "write the value itself; values that differ belong into the body"
            yield Finding("schema", "a response header of an aggregate is fixed", where, help)
