"""The components of a document that is made in one piece: what references of any file come to, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from hashlib import sha256
from posixpath import dirname, relpath
from typing import Any

from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node, pointer_text
from compiler.diagnostics import Finding
from compiler.reader import Document
from compiler.records import mutable

Written = tuple[Any, Document]
"""A value of a document, and the document, from which its references count."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@mutable
class Parts:
    """Components in the making. Values are taken together with their documents, without places, since that is fast."""

    api: Api
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: dict[tuple[str, int, str], dict[str, str]] = field(default_factory=dict)
    """What stands for a reference, by the section that it leads to, its document and its text."""
    resolved: dict[tuple[int, str], Written] = field(default_factory=dict)
    owners: dict[tuple[str, str], object] = field(default_factory=dict)
    """Identities of what components stand for."""
    waiting: list[tuple[str, str, Node]] = field(default_factory=list)
    heirs: dict[int, list[Node]] | None = None

    def reference(self, section: str, text: str, document: Document) -> dict[str, str]:
        """What stands for a reference to something of a section of ``components``, which is then made as well."""
        key = (section, id(document), text)
        made = self.references.get(key)
        if made is None:
            target = self.led(text, document)
            assert target is not None  # the document was checked
            made = self.references[key] = {"$ref": self.pointer(section, target)}
        return made

    def pointer(self, section: str, target: Node) -> str:
        """The reference to the component that stands for a target; it is going to be made if it was not yet."""
        owner = target.identity
        name, more = self._name(section, target)
        taken = 8
        while self.owners.get((section, name), owner) != owner:
            name, taken = f"{name}-{more[:taken]}", taken + 8
        if (section, name) not in self.owners:
            self.owners[section, name] = owner
            self.waiting.append((section, name, target))
        return f"#/components/{section}/{name}"

    def _name(self, section: str, target: Node) -> tuple[str, str]:
        """A component's own name; for what is none, a name of its file and path. And what tells it from others."""
        root = self.api.scope.root_of(target.document)
        steps = [str(step) for step in target.path[len(root.path) :]]
        own = target.document is self.api.document
        file = "" if own else relpath(target.document.source.name, dirname(self.api.document.source.name) or ".")
        more = sha256(f"{file}#{pointer_text(steps)}".encode()).hexdigest()
        if own and steps[:2] == ["components", section] and len(steps) == 3:
            return steps[2], more
        words = [_NOT_IN_A_NAME.sub("_", word).strip("_") for word in (file, *steps[-2:])]
        return f"{'.'.join(word for word in words if word)}-{more[:8]}", more

    def resolve(self, value: Any, document: Document) -> Written:
        """The value behind a chain of references."""
        if "$ref" not in value:
            return value, document
        key = (id(document), value["$ref"])
        found = self.resolved.get(key)
        if found is None:
            node = self.api.scope.resolve(Node(value, document, ()))
            found = self.resolved[key] = (node.value, node.document)
        return found

    def led(self, text: str, document: Document) -> Node | None:
        """What a reference leads to, one step far; None where it leads nowhere."""
        led = self.api.scope.at_reference(text, Node(text, document, ()))
        return None if isinstance(led, Finding) else led

    def heirs_of(self, value: Any) -> list[Node]:
        """Components that extend a schema by ``allOf``."""
        if self.heirs is None:
            self.heirs = {}
            components = self.api.root.value.get("components", {})
            home = self.api.document
            for name, schema in components.get("schemas", {}).items():
                branches = schema.get("allOf", ()) if isinstance(schema, Mapping) else ()
                for branch in (b for b in branches if isinstance(b, Mapping) and "$ref" in b):
                    parent = self.led(branch["$ref"], home)
                    if parent is not None:
                        heir = self.api.root["components"]["schemas"][name]
                        self.heirs.setdefault(id(parent.value), []).append(heir)
        return self.heirs.get(id(value), [])

    def mapped(self, text: str, document: Document) -> Node | None:
        """What a target of a discriminator leads to: a reference, or the name of a schema."""
        return self.led(text if "#" in text or "/" in text else f"#/components/schemas/{text}", document)
