"""What `shape` and `decorate` do to bodies: fields that are there, names that do not clash, what clients are promised.

Rules: shape-unknown-field, shape-collision, shape-breaks-contract. ``compiler.checks.bodies`` has all that takes time
to load; a project that changes no body does not need it.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.edges import EdgeExpose, body_shape
from compiler.model.gateways import Expose
from compiler.model.shapes import BodyShape
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with changes of bodies."""
    some = False
    for _, deployable in workspace.project.deployables:
        for expose in deployable.expose:
            yield from _combined(expose)
            some = (
                some
                or body_shape(expose) is not None
                or (isinstance(expose, EdgeExpose) and expose.publish is not None)
            )
    if some:
        from compiler.checks.bodies import changes

        yield from changes.check(workspace)


def _combined(expose: Expose) -> Iterator[Finding]:
    """Settings that say nothing, or that do not go together."""
    shape = expose.shape if isinstance(expose, EdgeExpose) else None
    if shape is not None and expose.decorate is not None:
        yield Finding(
            "schema",
            "`shape` and `decorate` change the same bodies",
            expose.where.key("decorate"),
            "write all changes under `shape`",
            (Note("the other one", expose.where.key("shape")),),
        )
    for key, asked in (("shape", shape), ("decorate", expose.decorate)):
        if asked is None:
            continue
        where = expose.where.key(key)
        if expose.aggregator is not None:
            help = "say it in the aggregator's `response`"
            yield Finding("schema", "an aggregator composes its answer itself", where, help)
        if expose.streaming:
            yield Finding("schema", "what is streamed is not held back to be changed", where, "remove one of the two")
        yield from _empty(asked, key)


def _empty(asked: BodyShape, key: str) -> Iterator[Finding]:
    changes = [c for c in (asked.response, asked.request) if c is not None]
    if not any(c.include is not None or c.remove or c.rename or c.set for c in changes):
        help = "say what to `include`, `remove`, `rename` or `set`, under `response`"
        yield Finding("schema", f"this `{key}` changes nothing", asked.where.span, help)
    for one in changes:
        if one.include is not None and not one.include:
            help = "name the fields to keep, or set `{}` in a service"
            yield Finding("schema", "nothing at all is included", one.where["include"], help)
