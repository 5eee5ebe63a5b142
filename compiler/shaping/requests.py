"""What `shape` and `decorate` make of the bodies of requests.

Changes say how a client sees a body, whichever way it goes: what is removed, or not included, it may not send; what is
renamed it sends under the new name; what is set it does not send, as the gateway does. So a request's body goes through
them backwards, from the client's names to the service's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from compiler.contracts.combining import resolved
from compiler.contracts.composites import add_shape_refusals
from compiler.contracts.copying import Components
from compiler.contracts.examples import is_json
from compiler.contracts.modern import plain
from compiler.expressions.types import Type
from compiler.records import mutable
from compiler.shaping.schemas import Shaping
from compiler.shaping.sets import given_by
from compiler.shaping.tree import Path, Put, Tree
from compiler.shaping.values import changed


@mutable(eq=False)
class RequestShape:
    """The changes of the requests of one operation. ``puts`` are the types of what is put in, by path."""

    tree: Tree
    puts: Mapping[Path, Type]
    shapings: list[Shaping] = field(default_factory=list)
    """One for each schema of a body that was changed: what it says of the fields that are named."""
    without_fields: list[str] = field(default_factory=list)
    """Media types of bodies that are not JSON."""
    sent: list[tuple[str, Any]] = field(default_factory=list)
    """By media type, a schema of all that the service gets from clients that keep to theirs."""

    def reshape(self, operation: dict[str, Any], components: Components) -> None:
        """Change the body of an operation of an effective document to what clients send."""
        described = dict(resolved(operation["requestBody"], components))
        content: dict[str, Any] = {}
        for name, media in described.get("content", {}).items():
            if is_json(name):
                content[name] = self._media(name, media, components)
            else:
                self.without_fields.append(name)
        described["content"] = content
        operation["requestBody"] = described
        add_shape_refusals(operation, components)

    def _media(self, name: str, media: Mapping[str, Any], components: Components) -> dict[str, Any]:
        made = dict(media)
        schemas, given, asked = components.get("schemas", {}), given_by(self.puts), asked_of(self.tree)
        if "schema" in media:
            look = Shaping(schemas, given)
            look.shaped(media["schema"], self.tree)
            self.shapings.append(look)
            # what is dropped is no error, so the schema need not say that there is nothing but what is included
            made["schema"] = Shaping(schemas, given, closed=False).shaped(media["schema"], asked)
            sent = Shaping(schemas, given, sent=True).shaped(made["schema"], backwards(self.tree))
            self.sent.append((name, sent))
        if "example" in media:
            made["example"] = changed(plain(media["example"]), asked, _nothing)
        if "examples" in media:
            named = {key: dict(resolved(one, components)) for key, one in media["examples"].items()}
            made["examples"] = {
                key: {**one, "value": changed(plain(one["value"]), asked, _nothing)}
                for key, one in named.items()
                if "value" in one
            }
        return made


def asked_of(tree: Tree) -> Tree:
    """What clients may send: by the same changes, but what is set is left out."""
    fields = {own: asked_of(node) for own, node in tree.fields.items()}
    fields |= {name: Tree(kept=False) for name in tree.puts}
    return Tree(tree.only, fields, tree.kept, tree.name)


def backwards(tree: Tree) -> Tree:
    """From what clients send to what the service gets: by the clients' names. What they may not send is left out."""
    made = Tree(tree.only, puts=tree.puts)
    renamed = {node.name for node in tree.fields.values() if node.kept and node.name is not None}
    for own, node in tree.fields.items():
        if node.kept and (node.name is not None or own not in tree.puts):
            inner = backwards(node)
            inner.name = own if node.name is not None else None
            made.fields[node.name or own] = inner
        if (not node.kept or node.name is not None) and own not in renamed:
            made.fields[own] = Tree(kept=False)
    return made


def _nothing(path: Path, put: Put) -> Any:
    raise AssertionError("clients send nothing that is set")
