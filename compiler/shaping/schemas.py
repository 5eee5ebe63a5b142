"""What becomes of a schema by changes. Schemas are plain data of OpenAPI 3.1; references are to its components.

A shaped schema accepts every value that the changes make of a value that the schema accepts. What is on the way to a
change is copied; all else stays as it is, references included. Keywords that speak of an object or a list as a whole
(``not``, ``minProperties``, ``uniqueItems`` ...) are left out where the object or what is in the list changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

from compiler.records import mutable
from compiler.shaping.tree import Path, Put, Tree

Schemas = Mapping[str, Any]
"""The schemas of ``components``, by name."""
Given = Callable[[Path, Put], tuple[Any, bool]]
"""The schema of what is put in, and whether it is always there."""
_POINTER = "#/components/schemas/"
_DEEPEST = 200
_MOST = 20_000
_CHOICES = ("allOf", "anyOf", "oneOf")
_OF_OBJECTS = (
    "not",
    "if",
    "then",
    "else",
    "const",
    "enum",
    "dependentRequired",
    "dependentSchemas",
    "discriminator",
    "maxProperties",
    "minProperties",
    "propertyNames",
    "unevaluatedProperties",
    "default",
    "example",
    "examples",
)
_OF_LISTS = ("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems")


class TooInvolvedError(Exception):
    """The changes reach too many schemas."""


@mutable
class Shaping:
    """The shaping of one schema. ``seen`` are the paths of fields that are there; ``clashes`` those of new names that
    a declared field bears already.
    """

    schemas: Schemas
    given: Given
    closed: bool = True
    """Whether it is said that fields which are not included are not there; otherwise clients do not expect them."""
    seen: set[Path] = field(default_factory=set)
    names: dict[Path, set[str]] = field(default_factory=dict)
    """By the path of what may be an object, the names of the fields that are declared."""
    found: dict[Path, list[Any]] = field(default_factory=dict)
    """By the path of what is put in, the schemas of the field that was there."""
    clashes: set[tuple[Path, str]] = field(default_factory=set)
    missing: set[Path] = field(default_factory=set)
    """The paths of required fields of which nothing is left."""
    steps: int = _MOST
    sent: bool = False
    """Whether these are bodies that clients send: they may hold more than is declared, and all of it counts."""

    def shaped(self, schema: Any, tree: Tree) -> Any:
        """The schema after the changes. Raises TooInvolvedError."""
        return self._schema(schema, tree, (), 0, part=False)

    def _schema(self, schema: Any, tree: Tree, path: Path, depth: int, *, part: bool) -> Any:
        """``part`` is a schema that others hold beside, so that it cannot say that there is nothing else."""
        self.steps -= 1
        if self.steps < 0 or depth > _DEEPEST:
            raise TooInvolvedError
        if not isinstance(schema, Mapping):
            return schema
        if not tree.changes:
            self._look(schema, tree, path, depth)
            return schema
        if "$ref" in schema:
            return self._reference(schema, tree, path, depth, part=part)
        made = {key: value for key, value in schema.items() if key not in _OF_OBJECTS + _OF_LISTS}
        for key in ("const", "enum"):
            if key in schema and not _holds_fields(schema[key]):
                made[key] = schema[key]
        for key in _CHOICES:
            if key in schema:
                made[key] = [self._schema(one, tree, path, depth + 1, part=True) for one in schema[key]]
        if "oneOf" in made:  # branches may have differed in what is gone
            one_of = {"anyOf": made.pop("oneOf")}
            made |= {"allOf": [*made.get("allOf", ()), one_of]} if "anyOf" in made else one_of
        if "items" in schema:
            made["items"] = self._schema(schema["items"], tree, path, depth + 1, part=False)
        if "prefixItems" in schema:
            made["prefixItems"] = [
                self._schema(one, tree, path, depth + 1, part=False) for one in schema["prefixItems"]
            ]
        if _may_be_object(schema):
            self._object(schema, made, tree, path, depth, part=part)
        if self.sent and tree.only and not part:
            _close(made, tree)
        return made

    def _look(self, schema: Mapping[str, Any], tree: Tree, path: Path, depth: int) -> None:
        """Note which fields are there below a schema that stays as it is."""
        for one in self._below(schema, depth):
            self.names.setdefault(path, set()).update(one.get("properties", {}))
        for name, node in tree.fields.items():
            for below in self._fields(schema, name, depth):
                self.seen.add((*path, name))
                if isinstance(below, Mapping):
                    self._look(below, node, (*path, name), depth + 1)

    def _below(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        """The schemas of objects that a schema comes to: itself, what it refers to, its branches, its elements."""
        self.steps -= 1
        if self.steps < 0 or depth > _DEEPEST:
            raise TooInvolvedError
        if not isinstance(schema, Mapping):
            return
        if "$ref" in schema:
            yield from self._below(self._target(schema), depth + 1)
        if _may_be_object(schema):
            yield schema
        for key in (*_CHOICES, "prefixItems"):
            for one in schema.get(key, ()):
                yield from self._below(one, depth + 1)
        if "items" in schema:
            yield from self._below(schema["items"], depth + 1)

    def _fields(self, schema: Any, name: str, depth: int) -> Iterator[Any]:
        for one in self._below(schema, depth):
            yield from _property(one, name)

    def _target(self, schema: Mapping[str, Any]) -> Any:
        return self.schemas.get(str(schema["$ref"]).removeprefix(_POINTER), {})

    def _reference(self, schema: Mapping[str, Any], tree: Tree, path: Path, depth: int, *, part: bool) -> Any:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        target = self._target(schema)
        if not rest.keys() - {"title", "description", "summary", "deprecated"}:
            made = self._schema(target, tree, path, depth + 1, part=part)
            return {**made, **rest} if isinstance(made, Mapping) else made
        both = {**rest, "allOf": [*rest.get("allOf", ()), target]}
        return self._schema(both, tree, path, depth + 1, part=part)

    def _object(
        self, schema: Mapping[str, Any], made: dict[str, Any], tree: Tree, path: Path, depth: int, *, part: bool
    ) -> None:
        """Change what a schema says of an object's fields."""
        declared: Mapping[str, Any] = schema.get("properties", {})
        self.names.setdefault(path, set()).update(declared)
        required = [name for name in schema.get("required", ()) if isinstance(name, str)]
        properties = {} if tree.only else {n: inner for n, inner in declared.items() if n not in tree.fields}
        needed = [] if tree.only else [n for n in required if n not in tree.fields]
        for name, node in tree.fields.items():
            found = list(_property(schema, name))
            if self.sent and not found and "additionalProperties" not in schema:
                found = [{}]
            if found:
                self.seen.add((*path, name))
            new = node.name or name
            if new != name and new in declared and self._stays(tree, new):
                self.clashes.add((path, new))
            if not node.kept or (name in tree.puts and node.name is None):
                continue
            inner = [self._schema(one, node, (*path, name), depth + 1, part=len(found) > 1) for one in found]
            if inner:
                properties[new] = inner[0] if len(inner) == 1 else {"allOf": inner}
            if name in required:
                needed.append(new)
        for name in required:
            below = tree.fields.get(name)
            if name not in tree.puts and (tree.only if below is None else not below.kept):
                self.missing.add((*path, name))
        for name, put in tree.puts.items():
            given, always = self.given((*path, name), put)
            self.found.setdefault((*path, name), []).extend(_property(schema, name))
            properties[name] = given
            needed = [other for other in needed if other != name] + ([name] if always else [])
        self._further(schema, made, tree, properties, part=part)
        made.pop("properties", None)
        made.pop("required", None)
        if properties:
            made["properties"] = properties
        if needed:
            made["required"] = list(dict.fromkeys(needed))

    def _further(
        self, schema: Mapping[str, Any], made: dict[str, Any], tree: Tree, properties: dict[str, Any], *, part: bool
    ) -> None:
        """What is said of fields without a name in the schema: nothing is left of them where only some are kept."""
        alone = not part and not any(key in schema for key in _CHOICES)
        if tree.only:
            if not self.closed and schema.get("additionalProperties") is False:  # it still is of what is let through
                through = [node.name or name for name, node in tree.fields.items() if node.kept]
                properties |= {name: False for name in through if name not in properties}
            made.pop("additionalProperties", None)
            made.pop("patternProperties", None)
            if alone and self.closed:
                made["additionalProperties"] = False
            return
        if schema.get("additionalProperties", self.sent) is False and "patternProperties" not in schema:
            return
        new = {node.name for node in tree.fields.values() if node.kept and node.name is not None}
        touched = {*tree.fields, *tree.puts, *new}
        patterns = {
            pattern: inner
            for pattern, inner in schema.get("patternProperties", {}).items()
            if not any(_matches(pattern, name) for name in touched)
        }
        made.pop("patternProperties", None)
        if patterns:
            made["patternProperties"] = patterns
        there = {*properties, *(new if self.sent else ())}
        for name, node in tree.fields.items():  # which could come back as one of any name
            if (not node.kept or node.name is not None) and name not in there:
                properties[name] = False

    def _stays(self, tree: Tree, name: str) -> bool:
        """Whether a declared field keeps its name."""
        node = tree.fields.get(name)
        if name in tree.puts:
            return False
        return not tree.only if node is None else node.kept and node.name is None


def _close(made: dict[str, Any], tree: Tree) -> None:
    """Say that an object has no fields but those that the changes let through, whatever its choices say of them."""
    through = [node.name or name for name, node in tree.fields.items() if node.kept]
    properties: dict[str, Any] = {name: {} for name in (*through, *tree.puts)}
    made["properties"] = {**properties, **made.get("properties", {})}
    made["additionalProperties"] = False


def _holds_fields(value: Any) -> bool:
    """Whether a value, or one in it, is an object."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, (list, tuple)) and any(_holds_fields(one) for one in value)


def _says(schema: Mapping[str, Any]) -> bool:
    """Whether a schema speaks of fields beside its choices."""
    return bool(schema.keys() & {"properties", "required", "additionalProperties", "patternProperties"})


def _may_be_object(schema: Mapping[str, Any]) -> bool:
    """Whether a schema itself speaks of objects: by its type, by keywords, or because nothing else does."""
    if "type" in schema:
        types = schema["type"]
        return "object" in (types if isinstance(types, (list, tuple)) else (types,))
    if _says(schema):
        return True
    return not any(key in schema for key in (*_CHOICES, "$ref", "items", "prefixItems", "enum", "const"))


def _property(schema: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The schemas of a field by one schema: declared, by its pattern, or as one of any name if that is written."""
    found = False
    if name in schema.get("properties", {}):
        found = True
        yield schema["properties"][name]
    for pattern, inner in schema.get("patternProperties", {}).items():
        if _matches(pattern, name):
            found = True
            yield inner
    further = schema.get("additionalProperties", False)
    if not found and further is not False:
        yield further


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # another dialect: it may
        return True
