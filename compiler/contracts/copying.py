"""Parts of one contract's document, copied into another document of OpenAPI 3.1.

References of any file become references to the new document's components, which are copied as far as something refers
to them and bear names that no other contract version uses. What OpenAPI 3.0 says differently is written as 3.1 has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from compiler.contracts.modern import modern, plain
from compiler.contracts.openapi import Api, Operation, children
from compiler.contracts.refs import Node, pointer_text
from compiler.contracts.structure import METHODS
from compiler.diagnostics import Finding
from compiler.records import frozen, mutable

Identity = tuple[str, str, str, tuple[str | int, ...]]
Components = dict[str, dict[str, Any]]
Translate = Callable[[Node], Any]

JSON = "application/json"
_ONE, _LIST, _NAMED = 1, 2, 3
_HOLDS_SCHEMAS = {
    **dict.fromkeys(("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"), _ONE),
    **dict.fromkeys(("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"), _ONE),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _LIST),
    **dict.fromkeys(("dependentSchemas", "patternProperties", "properties"), _NAMED),
}
"""Keywords whose value is a schema, a list of them, or schemas by name."""
# Bases and anchors, which references no longer use; containers of what they led to; what has no meaning in 2020-12.
_LEFT_OUT = frozenset(
    ("$anchor", "$defs", "$dynamicAnchor", "$id", "$ref", "$schema", "$vocabulary", "additionalItems", "definitions")
) | {"discriminator"}
_SPECIAL = frozenset(_HOLDS_SCHEMAS) | _LEFT_OUT | {"nullable", "exclusiveMinimum", "exclusiveMaximum"}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@frozen
class Keys:
    """What is translated in an object of a kind, by key."""

    operation: Mapping[str, Translate]
    value: Mapping[str, Translate]
    """Of parameters and headers."""
    media: Mapping[str, Translate]
    response: Mapping[str, Translate]


@mutable
class Copy:
    """The copying of one contract version. ``components`` and ``owners`` are shared by all that build one document."""

    contract: str
    label: str
    version: str
    api: Api
    components: Components
    owners: dict[tuple[str, str], Identity]
    """Whose a component is, by section and name."""
    lifetime: Mapping[str, Any]
    """Headers that each response bears besides its own."""
    link_targets: Mapping[tuple[str, tuple[str | int, ...]], Mapping[str, str]] = field(default_factory=dict)
    """How links name an operation, by its identity; a link to any other operation is left out."""
    answer_types: tuple[str, ...] = ()
    """The media types that stand for JSON in answers; none for its own name."""
    waiting: list[tuple[dict[str, Any], str, Translate, Node]] = field(default_factory=list)
    keys: Keys = field(init=False)
    pointers: dict[tuple[str, tuple[str, tuple[str | int, ...]]], dict[str, Any]] = field(default_factory=dict)
    """The reference to a component, by its section and the identity of what it stands for: one for all places."""
    heirs: dict[tuple[str, tuple[str | int, ...]], list[Node]] | None = None

    def __post_init__(self) -> None:
        self.keys = Keys(
            operation={
                "parameters": lambda node: None,
                "requestBody": self.request_body,
                "responses": self._responses,
                "callbacks": _each(self.callback),
            },
            value={"schema": self.schema, "content": self.content, "examples": _each(self.example)},
            media={
                "schema": self.schema,
                "examples": _each(self.example),
                "encoding": _each(lambda node: self._object(node, {"headers": _each(self.header)})),
            },
            response={"headers": _each(self.header), "content": self._answered, "links": self._links},
        )

    def finish(self) -> None:
        """Copy all that was referred to."""
        while self.waiting:
            section, name, translate, node = self.waiting.pop()
            section[name] = translate(node)
        self.pointers.clear()

    def reference(self, section: str, node: Node, translate: Translate) -> dict[str, Any]:
        """What stands in place of a reference to something of one section of ``components``; others may share it."""
        target = self.api.scope.target(node)
        assert not isinstance(target, Finding)  # the document was checked
        made = self.pointer(section, target, translate)
        if section != "schemas" and len(node.value) > 1:
            return made | {k: node.value[k] for k in ("summary", "description") if isinstance(node.value.get(k), str)}
        return made

    def pointer(self, section: str, target: Node, translate: Translate) -> dict[str, Any]:
        """The reference to a component that stands for ``target``; it is going to be copied if it was not yet."""
        known = self.pointers.get((section, target.identity))
        if known is not None:
            return known
        owner: Identity = (self.contract, self.version, *target.identity)
        name = f"{self.contract}.v{self.label}.{self.local_name(section, target)}"
        if self.owners.get((section, name), owner) != owner:
            name += "-" + _digest(owner)
        if (section, name) not in self.owners:
            self.owners[section, name] = owner
            self.waiting.append((self.components.setdefault(section, {}), name, translate, target))
        made = self.pointers[section, target.identity] = {"$ref": f"#/components/{section}/{name}"}
        return made

    def local_name(self, section: str, target: Node) -> str:
        """The name of a component within its version: its own, or one made of its file and path.

        Depends on nothing but the document, so that another component does not change it.
        """
        root = self.api.scope.root_of(target.document)
        steps = [str(step) for step in target.path[len(root.path) :]]
        named = steps[2:] if steps[:2] == ["components", section] else steps
        own = target.document is self.api.document
        if own and len(named) == 1 and len(steps) == 3:
            return named[0]
        stem = [] if own else list(PurePosixPath(target.document.source.name).with_suffix("").parts)
        words = [_NOT_IN_A_NAME.sub("_", word).strip("_") for word in [*stem, *named]]
        name = ".".join(word for word in words if word)
        plain = words == [*stem, *named] and name not in self._own_names(section)
        return name if plain else f"{name}-{_digest((self.contract, self.version, *target.identity))}"

    def _own_names(self, section: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.api.root.value.get("components", {}).get(section, {})
        return found

    # Objects, from the operation down.

    def operation(self, operation: Operation, renamed: Mapping[str, str]) -> dict[str, Any]:
        """An operation with its path's parameters; ``renamed`` gives path parameters other names."""
        made = self._object(operation.node, self.keys.operation)
        found: dict[tuple[str, str], Any] = {}
        for holder in (operation.item, operation.node):
            for node in children(holder, "parameters"):
                resolved = self.api.resolve(node)
                name, place = resolved.value["name"], resolved.value["in"]
                if place == "path" and renamed.get(name, name) != name:
                    found[name, place] = {**self._object(resolved, self.keys.value), "name": renamed[name]}
                else:
                    found[name, place] = self.parameter(node)
        if found:
            made["parameters"] = list(found.values())
        return made

    def parameter(self, node: Node) -> dict[str, Any]:
        return self._referable("parameters", node, self.keys.value)

    def header(self, node: Node) -> dict[str, Any]:
        return self._referable("headers", node, self.keys.value)

    def request_body(self, node: Node) -> dict[str, Any]:
        return self._referable("requestBodies", node, {"content": self.content})

    def response(self, node: Node) -> dict[str, Any]:
        if node.is_reference:
            return self.reference("responses", node, self.response)
        made = self._object(node, self.keys.response)
        if self.lifetime:
            made["headers"] = {**made.get("headers", {}), **self.lifetime}
        return made

    def content(self, node: Node) -> dict[str, Any]:
        return {name: self._object(node[name], self.keys.media) for name in node.value}

    def _answered(self, node: Node) -> dict[str, Any]:
        made = self.content(node)
        if JSON not in made or not self.answer_types:
            return made
        return {**dict.fromkeys(self.answer_types, made[JSON]), **{k: v for k, v in made.items() if k != JSON}}

    def example(self, node: Node) -> dict[str, Any]:
        return self._referable("examples", node, {})

    def callback(self, node: Node) -> dict[str, Any]:
        if node.is_reference:
            return self.reference("callbacks", node, self.callback)
        return {
            name: plain(node.value[name]) if name.startswith("x-") else self._path_item(node[name])
            for name in node.value
        }

    def _path_item(self, node: Node) -> dict[str, Any]:
        """A path item of a callback: what the service asks of its client, so it answers without our headers."""
        item = self.api.resolve(node)
        asked = Copy(
            self.contract, self.label, self.version, self.api, self.components, self.owners, {}, waiting=self.waiting
        )
        keys = {**dict.fromkeys(METHODS, asked._asked), "parameters": asked._parameters}
        return {key: value for key, value in self._object(item, keys).items() if key != "servers"}

    def _asked(self, node: Node) -> dict[str, Any]:
        made = self._object(node, {**self.keys.operation, "parameters": self._parameters})
        if "operationId" in made:
            made["operationId"] = f"{self.contract}_v{self.label}_{made['operationId']}"
        return made

    def _parameters(self, node: Node) -> list[Any]:
        return [self.parameter(node[index]) for index in range(len(node.value))]

    def _links(self, node: Node) -> dict[str, Any]:
        made = {name: self.link(node[name]) for name in node.value}
        return {name: link for name, link in made.items() if link is not None}

    def link(self, node: Node) -> dict[str, Any] | None:
        """A link to an operation that clients can reach; None for any other. In place, so that it can be left out."""
        link = self.api.resolve(node)
        target: Node | None = None
        if "operationId" in link.value:
            operation = self.api.find(link.value["operationId"])
            target = operation.node if operation else None
        elif "operationRef" in link.value:
            led = self.api.scope.at_reference(link.value["operationRef"], link["operationRef"])
            target = None if isinstance(led, Finding) else led
        named = self.link_targets.get(target.identity) if target is not None else None
        if named is None:
            return None
        kept = {
            key: plain(value)
            for key, value in link.value.items()
            if key not in ("operationId", "operationRef", "server")
        }
        return {**named, **kept}

    def _responses(self, node: Node) -> dict[str, Any]:
        return {
            name: plain(value) if name.startswith("x-") else self.response(node[name])
            for name, value in node.value.items()
        }

    def _referable(self, section: str, node: Node, keys: Mapping[str, Translate]) -> dict[str, Any]:
        if node.is_reference:
            return self.reference(section, node, lambda target: self._referable(section, target, keys))
        return self._object(node, keys)

    def _object(self, node: Node, keys: Mapping[str, Translate]) -> dict[str, Any]:
        """An object whose ``keys`` are translated and whose other ones are taken over."""
        made: dict[str, Any] = {}
        for key, value in node.value.items():
            if key in ("servers", "security"):  # the gateway's own stand in their place
                continue
            translate = keys.get(key)
            made[key] = translate(node[key]) if translate else plain(value)
        if made.get("parameters", ()) is None:
            del made["parameters"]
        return made

    # Schemas.

    def schema(self, node: Node) -> Any:
        """A schema as OpenAPI 3.1 writes it."""
        value = node.value
        if isinstance(value, bool):
            return value
        made: dict[str, Any] = {}
        if "$ref" in value:
            reference = self.reference("schemas", node, self.schema)
            if self.api.dialect == "3.0" or len(value) == 1:
                return reference
            made |= reference
        for key, inner in value.items():
            holds = _HOLDS_SCHEMAS.get(key)
            if holds is None:
                if key not in _LEFT_OUT:
                    made[key] = plain(inner)
            elif holds == _ONE:
                made[key] = self.schema(node[key])
            elif holds == _LIST:
                below = node[key]
                made[key] = [self.schema(below[index]) for index in range(len(inner))]
            else:
                below = node[key]
                made[key] = {
                    name: schema if self._is_same(schema) else self.schema(below[name])
                    for name, schema in inner.items()
                }
        if "discriminator" in value:
            made["discriminator"] = self._discriminator(node)
        if self.api.dialect == "3.0":
            return modern(made)
        made.pop("nullable", None)
        return made

    def _is_same(self, schema: Any) -> bool:
        """Whether a schema is written here as it is there: most are, and need neither a closer look nor a copy."""
        return type(schema) is dict and _SPECIAL.isdisjoint(schema)

    def _discriminator(self, node: Node) -> dict[str, Any]:
        """A discriminator that names each of its targets: components have other names here, so none may be implied."""
        written = node.value["discriminator"]
        targets: dict[str, Node] = {}
        for name, text in written.get("mapping", {}).items():
            led = self._mapped(node, name, text)
            if led is not None:
                targets[name] = led
        known = {target.identity for target in targets.values()}
        branches = [n for key in ("oneOf", "anyOf") for n in children(node, key) if n.is_reference]
        implied = [n for n in map(self.api.scope.target, branches) if not isinstance(n, Finding)]
        if not ("oneOf" in node.value or "anyOf" in node.value):
            implied = self._heirs().get(node.identity, [])
        for target in implied:
            if target.identity not in known and target.path:
                targets.setdefault(str(target.path[-1]), target)
        made = {key: plain(value) for key, value in written.items() if key != "mapping"}
        if targets:
            made["mapping"] = {
                name: self.pointer("schemas", target, self.schema)["$ref"] for name, target in targets.items()
            }
        return made

    def _mapped(self, node: Node, name: str, text: str) -> Node | None:
        where = node["discriminator"]["mapping"][name]
        if "#" not in text and "/" not in text:
            text = f"#/components/schemas/{text}"
        led = self.api.scope.at_reference(text, where)
        return None if isinstance(led, Finding) else led

    def _heirs(self) -> dict[tuple[str, tuple[str | int, ...]], list[Node]]:
        """Components that extend another by ``allOf``, by the identity of that other."""
        if self.heirs is None:
            self.heirs = {}
            components = self.api.root.value.get("components", {})
            for node in children(self.api.root["components"], "schemas") if "schemas" in components else ():
                for branch in children(node, "allOf"):
                    if branch.is_reference and not isinstance(parent := self.api.scope.target(branch), Finding):
                        self.heirs.setdefault(parent.identity, []).append(node)
        return self.heirs


def lifetime_headers(deprecated: bool, sunset: date | None, components: Components) -> dict[str, Any]:
    """References to the headers that tell of a version's end, whose components are added."""
    made: dict[str, Any] = {}
    for name, wanted, description in (
        ("Deprecation", deprecated, "When this version was deprecated, as `@` and seconds since 1970 (RFC 9745)."),
        ("Sunset", sunset is not None, "When this version ends, as an HTTP date (RFC 8594)."),
    ):
        if wanted:
            components.setdefault("headers", {})[name] = {"description": description, "schema": {"type": "string"}}
            made[name] = {"$ref": f"#/components/headers/{name}"}
    return made


def _each(translate: Translate) -> Translate:
    return lambda node: {name: translate(node[name]) for name in node.value}


def _digest(owner: Identity) -> str:
    contract, version, file, path = owner
    return sha256(f"{contract}@{version} {file}#{pointer_text(path)}".encode()).hexdigest()[:8]
