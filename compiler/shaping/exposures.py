"""What `shape` and `decorate` of an entry of ``expose`` come to, for each operation of a version that it exposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from compiler.compositions.inputs import plain as plain_value
from compiler.compositions.values import expressions
from compiler.contracts.combining import resolved
from compiler.contracts.composites import add_shape_failure, problem_response
from compiler.contracts.copying import Components
from compiler.contracts.effective import Part, Reshape, build
from compiler.contracts.examples import is_json
from compiler.contracts.modern import plain
from compiler.contracts.openapi import Api, Operation, load
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.expressions.types import Type
from compiler.files import Library
from compiler.model.edges import body_shape
from compiler.model.shapes import BodyShape
from compiler.reader import Document
from compiler.records import frozen, mutable
from compiler.shaping.requests import RequestShape
from compiler.shaping.schemas import Shaping
from compiler.shaping.sets import given_by, roots, typed
from compiler.shaping.tree import Path, Put, Tree, puts_of, read_tree
from compiler.shaping.values import changed
from compiler.workspace import Exposure

_DROPPED_HEADERS = frozenset(("accept-ranges", "content-md5", "digest", "etag", "repr-digest", "content-digest"))
"""Headers that speak of the bytes of a body."""


@mutable(eq=False)
class OperationShape:
    """The changes of one operation. ``puts`` are the types of what is put in, by path."""

    operation: Operation
    tree: Tree
    puts: Mapping[Path, Type]
    errors_replaced: bool
    closed: bool = True
    """Whether the schemas say that there is nothing but what is included."""
    shapings: list[Shaping] = field(default_factory=list)
    """One for each schema of a good answer that was shaped."""
    without_fields: list[str] = field(default_factory=list)
    """Media types of good answers that are not JSON."""
    request: RequestShape | None = None
    """The changes of its requests, where these are changed and it takes a body."""
    answers: bool = True
    """Whether its answers are changed."""

    def reshape(self, operation: dict[str, Any], components: Components) -> None:
        """Change the bodies of an operation of an effective document as the gateway changes them."""
        if self.request is not None:
            self.request.reshape(operation, components)
        if not self.answers:
            return
        responses: dict[str, Any] = operation.get("responses", {})
        good = good_statuses(list(responses))
        for status in list(responses):
            if status in good:
                response = dict(resolved(responses[status], components))
                headers = {n: h for n, h in response.get("headers", {}).items() if n.lower() not in _DROPPED_HEADERS}
                response.pop("headers", None)
                if headers:
                    response["headers"] = headers
                if "content" in response:
                    response["content"] = self._content(response["content"], components)
                responses[status] = response
            elif self.errors_replaced:
                described = resolved(responses[status], components)
                responses[status] = problem_response(described, components)
        add_shape_failure(operation, components)

    def _content(self, content: Mapping[str, Any], components: Components) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, media in content.items():
            if not is_json(name):
                self.without_fields.append(name)
                continue
            shaping = Shaping(components.get("schemas", {}), given_by(self.puts), self.closed)
            self.shapings.append(shaping)
            made[name] = dict(media)
            if "schema" in media:
                made[name]["schema"] = shaping.shaped(media["schema"], self.tree)
            self._examples(made[name], components)
        return made

    def _examples(self, media: dict[str, Any], components: Components) -> None:
        """Change examples, too; those of which a part is known only when a request comes are left out."""
        constants = not any(True for _, put in puts_of(self.tree) for _ in expressions(put.value))
        examples = media.pop("examples", None)
        if "example" in media:
            example = media.pop("example")
            if constants:
                media["example"] = changed(plain(example), self.tree, _constant)
        if examples is not None and constants:
            named = {name: dict(resolved(one, components)) for name, one in examples.items()}
            kept = {name: one for name, one in named.items() if "value" in one}
            for one in kept.values():
                one["value"] = changed(plain(one["value"]), self.tree, _constant)
            if kept:
                media["examples"] = kept


@frozen(eq=False)
class Shaped:
    """The changes of an exposed version, by operation, and what is wrong with what is put in."""

    changes: BodyShape
    operations: Mapping[str, OperationShape]
    """By the operation's key."""
    findings: tuple[Finding, ...]

    def reshape(self, operation: Operation, copied: dict[str, Any], components: Components) -> None:
        """Change an operation of an effective document."""
        self.operations[operation.key].reshape(copied, components)


def good_statuses(statuses: list[str]) -> list[str]:
    """The statuses of success among those that an operation declares; ``default`` where there is no other."""
    good = [status for status in statuses if status.startswith("2")]
    return good or [status for status in statuses if status == "default"]


def shape_of(exposure: Exposure) -> Shaped | None:
    """What the entry of an exposed version changes of it; None where it changes nothing."""
    return shape_by(exposure, body_shape(exposure.expose))


def shape_by(exposure: Exposure, changes: BodyShape | None, *, closed: bool = True) -> Shaped | None:
    """What some changes make of an exposed version; without ``closed``, further fields are no surprise to clients."""
    api = exposure.api
    if changes is None or api is None or exposure.aggregator is not None:
        return None
    tree, found = read_tree(changes.response) if changes.response is not None else (Tree(), [])
    asked, wrong = read_tree(changes.request) if changes.request is not None else (None, [])
    found += wrong
    made: dict[str, OperationShape] = {}
    for exposed in exposure.operations:
        operation = exposed.operation
        responses = api.responses(operation)
        good = good_statuses([status for status, _ in responses])
        known = roots(api, operation, [(status, node) for status, node in responses if status in good])
        request = None
        puts = _typed(tree, known, found)
        if asked is not None and api.request_body(operation) is not None:
            request = RequestShape(asked, _typed(asked, {"request": known["request"]}, found))
        made[operation.key] = OperationShape(
            operation,
            tree,
            puts,
            changes.errors == "replace",
            closed,
            request=request,
            answers=changes.response is not None,
        )
    return Shaped(changes, made, tuple(found))


def _typed(tree: Tree, known: Mapping[str, Type], found: list[Finding]) -> dict[Path, Type]:
    """The types of what a tree puts in, by path; what is wrong with it is added to the findings, each once."""
    puts: dict[Path, Type] = {}
    for path, put in puts_of(tree):
        puts[path], wrong = typed(put.value, known)
        found += [finding for finding in wrong if finding not in found]
    return puts


def asked_api(exposure: Exposure) -> Api:
    """The document that requests of an exposed version are held against: where they are changed, what clients send."""
    assert exposure.api is not None
    changes = body_shape(exposure.expose)
    if changes is None or changes.request is None:
        return exposure.api
    shaped = shape_of(exposure)
    return effective_alone(exposure, shaped.reshape) if shaped is not None else exposure.api


def _constant(path: Path, put: Put) -> Any:
    return plain_value(put.value)


def effective_alone(exposure: Exposure, reshape: Reshape | None) -> Api:
    """One exposed version as a document of its own, by the contract's own paths; with ``reshape``, after the changes.

    All of it stands at the exposure's place.
    """
    assert exposure.api is not None
    part = Part(
        contract=exposure.contract,
        label=exposure.label,
        version=exposure.version,
        api=exposure.api,
        operations=tuple(e.operation for e in exposure.operations),
        prefix="",
        reshape=reshape,
    )
    where = exposure.expose.where.span
    shaped = "" if reshape is None else f" as shaped by {exposure.gateway}, {exposure.index}"
    name = f"{exposure.contract}@{exposure.version}{shaped}"  # by the name, schemas of one file are told apart
    document = Document(where.source, {name: build(exposure.contract, [part])}, where)
    api, findings = load(document, (name,), Library(exposure.api.scope.library.root))
    assert api is not None, findings  # the effective document of a sound contract is sound
    return api


def json_answers(api: Api, operation: Operation) -> Iterator[tuple[str, Node]]:
    """The schemas of an operation's good answers, by status."""
    responses = dict(api.responses(operation))
    for status in good_statuses(list(responses)):
        for name, media in api.content(responses[status]):
            if is_json(name) and "schema" in media.value:
                yield status, media["schema"]
