"""not-built-yet: parts of the language that this version of the compiler does not build are refused, never ignored.

``UNBUILT`` is the whole list: a line is taken out when its feature is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from compiler.decode import field_key
from compiler.diagnostics import Finding
from compiler.model.kinds import Where
from compiler.model.shapes import BodyShape
from compiler.records import frozen
from compiler.workspace import Workspace


@frozen
class Part:
    """A field of the model that is not built: what it would do, and the values of it that are (beside its default)."""

    owner: type
    attribute: str
    what: str
    built: tuple[object, ...] = ()


UNBUILT = (Part(BodyShape, "request", "the shaping of requests is"),)


def check(workspace: Workspace) -> Iterator[Finding]:
    """Everything that is written in the project and stands in ``UNBUILT``."""
    yield from _walk(workspace.project)


def _walk(value: object) -> Iterator[Finding]:
    """The findings in a model value and below it; nothing is looked at below what is refused."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif is_dataclass(value) and hasattr(value, "where"):
        where: Where = value.where
        parts = {part.attribute: part for part in UNBUILT if isinstance(value, part.owner)}
        for field in fields(value):
            inner = getattr(value, field.name)
            part = parts.get(field.name)
            if part is None:
                yield from _walk(inner)
            elif inner not in (_default(field), *part.built):
                yield from _refused(part, inner, where)


def _refused(part: Part, value: Any, where: Where) -> Iterator[Finding]:
    named = isinstance(value, Mapping)  # a section of the project may be spread over files: each entry is refused
    places = [entry.where.span for entry in value.values()] if named else [where.key(field_key(part.attribute))]
    for place in places:
        yield Finding("not-built-yet", f"{part.what} not built yet", place, "remove it until then")


def _default(field: Any) -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
