"""What does not go together with `streaming`: whatever must see a body end, or an answer within a time."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.edges import Edge, body_shape
from compiler.model.gateways import Expose, Gateway
from compiler.policies import effective
from compiler.workspace import Workspace, entries


def check(workspace: Workspace) -> Iterator[Finding]:
    """Exposures with `streaming` that ask for something that a stream cannot have."""
    for _, gateway in workspace.project.deployables:
        for expose in gateway.expose:
            if expose.streaming:
                yield from _bodies(gateway, expose)
                yield from _policies(workspace, gateway, expose)


def _bodies(gateway: Gateway, expose: Expose) -> Iterator[Finding]:
    """Bodies that must be read as a whole."""
    said = Note("the stream", expose.where.key("streaming"))
    if expose.aggregator is not None:
        message = "an aggregate composes one whole answer, and streams nothing"
        yield Finding("schema", message, expose.where.key("streaming"), "remove `streaming`")
    if expose.validate == "request":
        message = "a request is held against the contract as a whole, and a stream has no end"
        help = "remove `validate`, or expose the operations that stream in an entry of their own"
        yield Finding("schema", message, expose.where.key("validate"), help, (said,))
    if body_shape(expose) is not None:
        key = "decorate" if expose.decorate is not None else "shape"
        message = "a body is changed as a whole, and a stream has no end"
        help = f"remove `{key}`, or expose the operations that stream in an entry of their own"
        yield Finding("schema", message, expose.where.key(key), help, (said,))
    needs = gateway.client.needs if isinstance(gateway, Edge) else None
    if needs is not None and (needs.max_response is not None or needs.max_latency is not None):
        message = "the client needs answers of a bounded size or within a time, and a stream has no end"
        help = "remove `streaming`, or what the client needs"
        yield Finding("schema", message, expose.where.key("streaming"), help, (Note("its needs", needs.where.span),))


def _policies(workspace: Workspace, gateway: Gateway, expose: Expose) -> Iterator[Finding]:
    """Policies that say something else of just these operations; a gateway's own timeout is meant for the others."""
    listed = [(expose.policies, expose.where)]
    listed += [(settings.policies, settings.where) for _, settings, _ in entries(expose) if settings is not None]
    for names, where in listed:
        for index, name in enumerate(names):
            policy = workspace.project.policies.get(name)
            if policy is not None and policy.timeout is not None:
                yield Finding(
                    "schema",
                    f"`{name}` says how long an answer may take, and a stream goes on until somebody ends it",
                    where["policies", index],
                    "take a policy without `timeout` here",
                    (Note("the timeout", policy.where["timeout"]), Note("the stream", expose.where.key("streaming"))),
                )
    settings_here = {None, *(settings for _, settings, _ in entries(expose))}
    found = {effective(workspace.project, gateway, expose, settings).mirror for settings in settings_here}
    for mirror in sorted((m for m in found if m is not None), key=lambda m: m.where.span.start):
        yield Finding(
            "schema",
            "a stream cannot be copied",
            mirror.where.span,
            "mirror other operations alone",
            (Note("the stream", expose.where.key("streaming")),),
        )
