"""OpenAPI 3.0 and 3.1 documents as contracts: their operations, and what each says.

``load`` checks the structure of the whole document and reports all that is broken; what it gives can be walked without
further checks. References are followed only where somebody asks, so cycles cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from compiler.contracts.refs import Node, Scope
from compiler.contracts.sound import WORTH_COMPILING, is_sound
from compiler.contracts.structure import METHODS, check_structure
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.paths import PathTemplate
from compiler.reader import Document
from compiler.records import frozen
from compiler.source import Span


@frozen
class Operation:
    """A method on a path. ``node`` is the operation object; ``item`` the path item that holds it."""

    method: str
    """In upper case."""
    path: PathTemplate
    path_text: str
    """The path as the document writes it."""
    operation_id: str | None
    deprecated: bool
    node: Node = field(compare=False, repr=False)
    item: Node = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """How projects and messages name it: its operationId, else ``GET /path``."""
        return self.operation_id or f"{self.method} {self.path_text}"

    @property
    def pointer(self) -> tuple[str | int, ...]:
        """The path of the operation object in its document, which is ``node.document``."""
        return self.node.path

    @property
    def raw(self) -> Mapping[str, Any]:
        """The operation object as it is written."""
        value: Mapping[str, Any] = self.node.value
        return value


@frozen(eq=False)
class Api:
    """A contract version's document. ``operations`` are sorted by path, then in the order of METHODS."""

    scope: Scope = field(repr=False)
    root: Node = field(repr=False)
    dialect: Literal["3.0", "3.1"]
    title: str
    info_version: str
    operations: tuple[Operation, ...] = field(repr=False)
    by_key: Mapping[str, Operation] = field(repr=False)

    @property
    def document(self) -> Document:
        """The file that holds the document."""
        return self.root.document

    def find(self, text: str) -> Operation | None:
        """The operation that an operationId, or a text such as ``GET /orders/{id}``, names."""
        method, _, path = text.partition(" ")
        return self.by_key.get(text) or self.by_key.get(f"{method.upper()} {path.strip()}")

    def alike(self, operation: Operation) -> Operation:
        """The operation of the same method and path, where the other's document has that too. Raises KeyError."""
        return self.by_key[f"{operation.method} {operation.path_text}"]

    def names(self) -> list[str]:
        """What operations are called, for messages."""
        return [operation.key for operation in self.operations]

    def where(self, operation: Operation) -> Span:
        """The place of an operation's method in its document."""
        return operation.node.span(key=True)

    def resolve(self, node: Node) -> Node:
        """The node behind any chain of references, in whatever file; the node itself where it is none."""
        return self.scope.resolve(node)

    def parameters(self, operation: Operation) -> list[Node]:
        """The operation's parameters, resolved: the path's that it does not replace, then its own."""
        found: dict[tuple[str, str], Node] = {}
        for holder in (operation.item, operation.node):
            for parameter in self._resolved(holder, "parameters"):
                found[parameter.value["name"], parameter.value["in"]] = parameter
        return list(found.values())

    def request_body(self, operation: Operation) -> Node | None:
        """The operation's request body, resolved."""
        return self.resolve(operation.node["requestBody"]) if "requestBody" in operation.raw else None

    def responses(self, operation: Operation) -> list[tuple[str, Node]]:
        """The operation's responses by status text, resolved, in the document's order."""
        return [
            (str(node.path[-1]), self.resolve(node))
            for node in children(operation.node, "responses")
            if not str(node.path[-1]).startswith("x-")
        ]

    def headers(self, response: Node) -> list[tuple[str, Node]]:
        """The headers of a resolved response by name, resolved, in the document's order."""
        return [(str(node.path[-1]), self.resolve(node)) for node in children(response, "headers")]

    def content(self, holder: Node) -> list[tuple[str, Node]]:
        """The media types of a resolved request body, response, parameter or header, in the document's order."""
        return [(str(node.path[-1]), node) for node in children(holder, "content")]

    def _resolved(self, holder: Node, key: str) -> Iterator[Node]:
        return (self.resolve(node) for node in children(holder, key))


def children(holder: Node, key: str) -> Iterator[Node]:
    """The nodes below ``holder[key]``, of a list or a mapping; nothing where there is no such key."""
    inner = holder.value.get(key) if isinstance(holder.value, dict) else None
    if isinstance(inner, dict):
        for name in inner:
            yield Node(inner[name], holder.document, (*holder.path, key, name))
    elif isinstance(inner, list):
        for index, value in enumerate(inner):
            yield Node(value, holder.document, (*holder.path, key, index))


def stands_alone(api: Api) -> bool:
    """Whether nothing in a document leads to another file. References have all been followed; mappings have not."""
    return not api.scope.opened and "mapping" not in api.document.source.text


def load(document: Document, at: tuple[str | int, ...], library: Library) -> tuple[Api | None, list[Finding]]:
    """The API that a document describes, or None together with at least one error.

    ``at`` is the path of the OpenAPI document inside ``document``: empty for a file of its own.
    """
    known = library.earlier.made.get(id(document)) if library.earlier is not None and not at else None
    if isinstance(known, Api):
        return known, []
    scope = Scope(library, document, at)
    root = scope.root_of(document)
    large = len(document.source.text) >= WORTH_COMPILING
    if not (large and is_sound(root.value, len(at))):
        findings = check_structure(root, scope)
        if findings:
            return None, findings
    info = root["info"]
    operations = tuple(_operations(root, scope))
    by_key = {f"{o.method} {o.path_text}": o for o in operations}
    by_key |= {o.operation_id: o for o in operations if o.operation_id}
    dialect: Literal["3.0", "3.1"] = "3.0" if root.value["openapi"].startswith("3.0") else "3.1"
    api = Api(scope, root, dialect, info.value["title"], _as_written(info["version"]), operations, by_key)
    if not at and stands_alone(api):
        library.made[id(document)] = api
    return api, []


def _as_written(node: Node) -> str:
    """A text; for a number its digits as they stand in the file, so that ``1.10`` is not ``1.1``."""
    if isinstance(node.value, str):
        return node.value
    span = node.span()
    return span.source.text[span.start : span.end]


def _parameters(item: Node) -> Iterator[Node]:
    """What is said of parameters in a path item and its operations, references as they are."""
    for holder in (item, *(item[method] for method in METHODS if method in item.value)):
        yield from children(holder, "parameters")


def _matrix(parameter: Node, scope: Scope) -> bool:
    """Whether a parameter stands in a path as ``;name=value`` (RFC 6570 section 3.2.7)."""
    style = scope.resolve(parameter).value.get("style") if "$ref" in parameter.value else parameter.value.get("style")
    return bool(style == "matrix")


def _operations(root: Node, scope: Scope) -> Iterator[Operation]:
    paths = [node for node in children(root, "paths") if not str(node.path[-1]).startswith("x-")]
    for path in sorted(paths, key=lambda node: str(node.path[-1])):
        text = str(path.path[-1])
        item = scope.resolve(path)
        template = PathTemplate.parse(text)
        if template.parameters and any(_matrix(node, scope) for node in _parameters(item)):
            template = template.with_semicolons()
        for method in METHODS:
            if method in item.value:
                node = item[method]
                yield Operation(
                    method.upper(),
                    template,
                    text,
                    node.value.get("operationId"),
                    node.value.get("deprecated") is True,
                    node,
                    item,
                )
