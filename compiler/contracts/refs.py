"""``$ref``: inside a document, and across the files of a project (RFC 6901 pointers in RFC 3986 fragments)."""

from __future__ import annotations

from dataclasses import field
from typing import Any
from urllib.parse import unquote

from compiler.diagnostics import Finding, did_you_mean, one_of
from compiler.files import Library
from compiler.reader import Document, Path
from compiler.records import frozen, mutable
from compiler.source import Span

MAX_CHAIN = 64
"""A reference to a reference to a reference ... is followed this far."""


@mutable
class Node:
    """A value in a document: what is there, and by which path.

    Nobody changes one; it is not frozen, since nearly every value gets one, and a frozen one takes three times as long.
    """

    value: Any
    document: Document
    path: tuple[str | int, ...]

    def __getitem__(self, step: str | int) -> Node:
        """The value one step below. Raises KeyError or IndexError where there is none."""
        return Node(self.value[step], self.document, (*self.path, step))

    def span(self, *, key: bool = False) -> Span:
        """The node's place; of its key, if ``key``."""
        return self.document.span(self.path, key=key)

    @property
    def identity(self) -> tuple[str, tuple[str | int, ...]]:
        """The same for every route to this value."""
        return (self.document.source.name, self.path)

    @property
    def is_reference(self) -> bool:
        """Whether it says ``$ref``."""
        return isinstance(self.value, dict) and isinstance(self.value.get("$ref"), str)


Absent = tuple[str, tuple[str | int, ...], str]
"""A file, the path of a mapping or list in it, and a step that is not there."""


@frozen
class LeadsNowhere(Finding):
    """A reference that leads to nothing; all that miss the same have one cause."""

    absent: Absent = ("", (), "")


@frozen
class Scope:
    """Where references may lead: the project's files, and for an inline document the part of its file that it is.

    ``at`` is the path of the document inside ``home``; a fragment of ``home`` counts from there.
    """

    library: Library
    home: Document
    at: tuple[str | int, ...]
    opened: dict[tuple[str, str], Document] = field(default_factory=dict, compare=False, repr=False)
    """Other files by the file that names them and the text it does so with: a place is looked up but once."""
    led: dict[tuple[int, str], Node] = field(default_factory=dict, compare=False, repr=False)
    """What references lead to, by the document that they stand in (which lives as long as this) and their text."""

    def root_of(self, document: Document) -> Node:
        """The value that fragments of a document count from."""
        if document is self.home:
            return Node(value_at(document.root, self.at), document, self.at)
        return Node(document.root, document, ())

    def target(self, node: Node, key: str = "$ref") -> Node | Finding:
        """What the text under ``key`` of a node leads to, one step far; a finding where it leads nowhere.

        A file that is broken has findings of its own, so the reference then says only that.
        """
        known = self.led.get((id(node.document), node.value[key]))
        return known if known is not None else self.at_reference(node.value[key], node[key])

    def at_reference(self, reference: str, where: Node) -> Node | Finding:
        """What a reference that stands at ``where`` leads to; a finding where it leads nowhere."""
        place = (id(where.document), reference)
        known = self.led.get(place)
        if known is not None:
            return known
        led = self._followed(reference, where)
        if isinstance(led, Node):
            self.led[place] = led
        return led

    def _followed(self, reference: str, where: Node) -> Node | Finding:
        file, _, fragment = reference.partition("#")
        document = self._open(file, where) if file else where.document
        if isinstance(document, Finding):
            return document
        if fragment and not fragment.startswith("/"):
            return Finding(
                "openapi-invalid",
                f"`#{fragment}` is a named anchor, which is not supported",
                where.span(),
                "refer by a pointer such as `#/components/schemas/Order`",
            )
        node = self.root_of(document)
        for step in pointer_steps(fragment):
            below = _step(node, step)
            if below is None:
                known = [str(name) for name in node.value] if isinstance(node.value, dict) else []
                hint = did_you_mean(step, known) or (f"there is {one_of(known)}" if known else None)
                message = f"`{reference}` leads to nothing: there is no `{step}`"
                absent = (node.document.source.name, tuple(node.path), step)
                return LeadsNowhere("openapi-invalid", message, where.span(), hint, absent=absent)
            node = below
        return node

    def resolve(self, node: Node) -> Node:
        """The node behind any chain of references; the node itself where it is none, or where the chain is broken."""
        start = node
        for _ in range(MAX_CHAIN):
            if not node.is_reference:
                return node
            target = self.target(node)
            if isinstance(target, Finding):
                return start
            node = target
        return start

    def _open(self, file: str, where: Node) -> Document | Finding:
        base = where.document.source.name
        known = self.opened.get((base, file))
        if known is not None:
            return known
        document = self.library.document(unquote(file), base, where.span())
        if document is None:
            return Finding("openapi-invalid", f"`{file}` cannot be read", where.span(), "mend that file first")
        if isinstance(document, Finding):
            return document
        if document.source is self.home.source and self.at == ():
            document = self.home
        self.opened[base, file] = document
        return document


def pointer_steps(pointer: str) -> list[str]:
    """The steps of a JSON pointer in a URI fragment."""
    if not pointer:
        return []
    return [step.replace("~1", "/").replace("~0", "~") for step in unquote(pointer)[1:].split("/")]


def pointer_text(path: Path) -> str:
    """A path as a JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def value_at(root: Any, path: Path) -> Any:
    """The value at a path that exists."""
    for step in path:
        root = root[step]
    return root


def _step(node: Node, step: str) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        return node[step] if step in value else None
    if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 9 and int(step) < len(value):
        return node[int(step)]
    return None
