"""Is a document surely sound? A compiled JSON Schema and a few passes over plain data say so many times faster than the
walk of :mod:`compiler.contracts.structure`, which alone says what is wrong, where, and has the last word.

The schema is put together from the shapes of the walk's own checks. Whatever it cannot vouch for, such as references to
other files, is left to the walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from compiler.contracts import forms, schemas
from compiler.contracts.refs import MAX_CHAIN
from compiler.contracts.schemas import regex_error
from compiler.contracts.structure import METHODS, Names, document_form
from compiler.contracts.walk import MAX_DEPTH
from compiler.paths import PathTemplate

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

WORTH_COMPILING = 20_000
"""Characters from which on loading the compiled schema pays."""
_Plain = Mapping[str, Any]


def is_sound(document: Any, depth: int) -> bool:
    """Whether the walk would surely find nothing wrong with a document that stands at this depth of its file."""
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(version, str) or version[:4] not in ("3.0.", "3.1."):
        return False
    try:
        if not _validator(version[:3]).is_valid(document):
            return False
    except (ValueError, TypeError, OverflowError):  # what the validator cannot read, such as an infinite number
        return False
    components = document.get("components", {})
    return (
        _leads_somewhere(document, components, depth)
        and _settles(components)
        and _paths_agree(document, components, version[:3])
    )


@cache
def _validator(dialect: str) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    content = {"type": "object", "propertyNames": {"pattern": "/"}, "additionalProperties": forms.MEDIA_TYPE.shape}
    document = document_form(Names()).shape
    if dialect == "3.0":
        document = {**document, "required": ["info", "paths"]}
    definitions = {"content": content, "schema": schemas.shape(dialect)}
    return Draft202012Validator({**document, "$defs": definitions})


def _leads_somewhere(document: _Plain, components: _Plain, depth: int) -> bool:
    """Whether every reference has its target, every pattern is one, and nothing is nested too deeply.

    Looks at examples and extensions too; what only looks like a reference there may cost a walk, no more.
    """
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH - depth):
        objects = [value for value in level if type(value) is not list]
        for value in [one for one in objects if "$ref" in one or "pattern" in one or "propertyName" in one]:
            if "$ref" in value and not _is_component(value["$ref"], components):
                return False
            if "pattern" in value and not _is_pattern(value["pattern"]):
                return False
            if "propertyName" in value and not _targets_exist(value, components):
                return False
        inner = [below for value in objects for below in value.values() if isinstance(below, (dict, list))]
        if len(objects) < len(level):
            lists = (value for value in level if type(value) is list)
            inner += [below for value in lists for below in value if isinstance(below, (dict, list))]
        if not inner:
            return True
        level = inner
    return False


def _is_component(reference: object, components: _Plain) -> bool:
    """What is no text is no reference but something of the same name; so with the two below."""
    if not isinstance(reference, str):
        return True
    parts = reference.split("/")
    return len(parts) == 4 and parts[:2] == ["#", "components"] and parts[3] in components.get(parts[2], ())


def _is_pattern(pattern: object) -> bool:
    return not isinstance(pattern, str) or regex_error(pattern) is None


def _targets_exist(discriminator: _Plain, components: _Plain) -> bool:
    mapping = discriminator.get("mapping")
    if not isinstance(discriminator["propertyName"], str) or not isinstance(mapping, dict):
        return True
    return all(
        not isinstance(target, str)
        or not ("#" in target or "/" in target)
        or (target.startswith("#/components/schemas/") and _is_component(target, components))
        for target in mapping.values()
    )


def _settles(components: _Plain) -> bool:
    """Whether no component is a mere reference to another (of another kind than schemas), and no schema stands for
    itself by way of `$ref` and `allOf` alone.
    """
    others = (entry for kind, section in components.items() if kind != "schemas" for entry in section.values())
    if any("$ref" in entry for entry in others if isinstance(entry, dict)):
        return False
    stands_for = {name: set(_stands_for(schema)) for name, schema in components.get("schemas", {}).items()}
    for _ in range(MAX_CHAIN):  # what stands for nothing that is left is settled
        open_ones = {name: targets & stands_for.keys() for name, targets in stands_for.items()}
        left = {name: targets for name, targets in open_ones.items() if targets}
        if len(left) == len(stands_for):
            return not left
        stands_for = left
    return False


def _stands_for(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for branch in schema.get("allOf", ()):
        yield from _stands_for(branch)


def _paths_agree(document: _Plain, components: _Plain, dialect: str) -> bool:
    """Whether paths, path parameters, operationIds and the names of security schemes agree with each other."""
    parameters = components.get("parameters", {})
    schemes = components.get("securitySchemes", {}).keys()
    ids: set[str] = set()
    routes: set[tuple[str, str]] = set()
    if not _known(document.get("security", ()), schemes):
        return False
    for path, item in document.get("paths", {}).items():
        if path.startswith("x-"):
            continue
        try:
            template = PathTemplate.parse(path)
        except ValueError:
            return False
        shared = _declared(item.get("parameters", ()), parameters)
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            own = _declared(operation.get("parameters", ()), parameters)
            if shared is None or own is None:
                return False
            if {name for name, place in shared | own if place == "path"} != set(template.parameters):
                return False
            route, name = (template.shape, method), operation.get("operationId")
            if route in routes or name in ids or (dialect == "3.0" and "responses" not in operation):
                return False
            routes.add(route)
            if name is not None:
                ids.add(name)
            if not _known(operation.get("security", ()), schemes):
                return False
    return True


def _declared(listed: Iterable[_Plain], parameters: _Plain) -> set[tuple[str, str]] | None:
    """Parameters by name and place; None where one stands twice."""
    found = set()
    count = 0
    for parameter in listed:
        target = parameters[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
        found.add((target["name"], target["in"]))
        count += 1
    return found if len(found) == count else None


def _known(requirements: Iterable[_Plain], schemes: Iterable[str]) -> bool:
    return all(name in schemes for requirement in requirements for name in requirement)
