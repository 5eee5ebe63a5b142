"""The effective API of a gateway: one OpenAPI 3.1 document of all that its clients can call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from compiler.contracts.combining import combine, resolved
from compiler.contracts.composites import add_failures, add_refusals
from compiler.contracts.copying import JSON, Components, Copy, Identity, lifetime_headers
from compiler.contracts.modern import plain
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import pointer_text
from compiler.contracts.structure import METHODS
from compiler.contracts.versions import label_order, media_type
from compiler.records import frozen

Reshape = Callable[[Operation, dict[str, Any], Components], None]
"""Changes a copied operation in place, which is given with the contract's own one and the document's components."""
VersionIn = Literal["path", "header", "query", "media_type", "host"]


@frozen
class Part:
    """What one exposed version of a contract adds to a gateway."""

    contract: str
    label: str
    """The major as clients name it: ``2``, or ``0.3``."""
    version: str
    api: Api
    operations: Sequence[Operation]
    """Those that are exposed."""
    prefix: str
    """What stands before the contract's own paths: ``/v2/shop``, or nothing."""
    version_in: VersionIn = "path"
    version_name: str | None = None
    """The header's or the query parameter's name, where one of these bears the version."""
    version_default: bool = False
    """Served also to requests that name no version."""
    deprecated: bool = False
    sunset: date | None = None
    checked: bool = False
    """Whether the gateway refuses requests that do not satisfy the contract."""
    security: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Of operations that not everybody may call, by their keys: a scheme's name, and the scopes that are wanted."""
    failures: Mapping[str, str] | None = None
    """Of an aggregate: the statuses with which it answers beside the declared ones, with a description of each."""
    reshape: Reshape | None = None
    """Changes an operation of the document as the gateway changes its bodies."""


@frozen
class Entry:
    """One operation of one part, and the path under which clients find it."""

    part: Part
    operation: Operation

    @property
    def path(self) -> str:
        return self.part.prefix + self.operation.path_text

    @property
    def shape(self) -> str:
        return self.operation.path.under(self.part.prefix).shape


_KEYS = (
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
)
Route = tuple[str, str]
"""A path as the document writes it, and a method in lower case."""


def build(
    title: str,
    parts: Sequence[Part],
    *,
    servers: Sequence[Mapping[str, Any]] = ({"url": "/"},),
    security: Sequence[Mapping[str, Any]] = (),
    security_schemes: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The document as plain data, in the order in which it is to be printed.

    The contracts' own servers, security and webhooks are left out; what the gateway has instead is passed in.
    Components are named ``<contract>.v<label>.<name>`` and copied as far as something refers to them.
    """
    parts = sorted(parts, key=lambda p: (p.contract, label_order(p.label), p.version, p.prefix))
    routes = _routes(parts)
    ids = _operation_ids(routes)
    components: Components = {}
    made = _copied(parts, routes, ids, components)
    items: dict[str, dict[str, Any]] = {}
    for (path, method), entries in routes.items():
        variants = [(entry.part.label, made[path, method, index]) for index, entry in enumerate(entries)]
        operation = combine(variants, components)
        if (path, method) in ids:
            operation["operationId"] = ids[path, method]
        _add_version_parameter(operation, entries, components)
        _add_security(operation, entries)
        items.setdefault(path, {})[method] = {key: operation[key] for key in sorted(operation, key=_key_order)}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": ", ".join(dict.fromkeys(f"{p.contract}@{p.version}" for p in parts)) or "none",
        },
        "servers": [dict(server) for server in servers],
    }
    if security:
        document["security"] = [dict(requirement) for requirement in security]
    tags = _tags(parts, items)
    if tags:
        document["tags"] = tags
    document["paths"] = {path: {m: items[path][m] for m in METHODS if m in items[path]} for path in sorted(items)}
    if security_schemes:
        components["securitySchemes"] = {name: dict(scheme) for name, scheme in security_schemes.items()}
    if any(part.reshape is not None for part in parts):
        components = _referred_to(document["paths"], components)
    if components:
        document["components"] = {s: {n: components[s][n] for n in sorted(components[s])} for s in sorted(components)}
    return document


def _routes(parts: Sequence[Part]) -> dict[Route, list[Entry]]:
    """Who answers at each path and method, lowest version first.

    Paths that differ in their parameters' names alone are one path where several parts share it, as the first one of
    them writes it.
    """
    shapes: dict[str, list[Entry]] = {}
    for part in parts:
        for operation in part.operations:
            entry = Entry(part, operation)
            shapes.setdefault(entry.shape, []).append(entry)
    routes: dict[Route, list[Entry]] = {}
    for entries in shapes.values():
        shared = any(entry.part is not entries[0].part for entry in entries)
        for entry in entries:
            path = entries[0].path if shared else entry.path
            routes.setdefault((path, entry.operation.method.lower()), []).append(entry)
    for several in routes.values():
        several.sort(key=lambda e: (label_order(e.part.label), e.part.contract, e.part.version))
    return dict(sorted(routes.items()))


def _operation_ids(routes: Mapping[Route, Sequence[Entry]]) -> dict[Route, str]:
    """A unique operationId for each route whose newest version has one: its own if no other has it."""
    written = {
        route: (entries[-1], entries[-1].operation.operation_id)
        for route, entries in routes.items()
        if entries[-1].operation.operation_id is not None
    }
    counts = Counter(str(name) for _, name in written.values())
    made = {route: str(name) for route, (_, name) in written.items() if counts[str(name)] == 1}
    qualified = {
        route: f"{entry.part.contract}_v{entry.part.label}_{name}"
        for route, (entry, name) in written.items()
        if route not in made
    }
    taken = Counter([*made.values(), *qualified.values()])
    for (path, method), name in qualified.items():
        suffix = "" if taken[name] == 1 else f"_{sha256(f'{method} {path}'.encode()).hexdigest()[:8]}"
        made[path, method] = name + suffix
    return made


def _copied(
    parts: Sequence[Part], routes: Mapping[Route, Sequence[Entry]], ids: Mapping[Route, str], components: Components
) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Each entry's operation by route and position, and with them all components that they need."""
    owners: dict[tuple[str, str], Identity] = {}
    copies: dict[int, Copy] = {}
    targets = _link_targets(routes, ids)
    for part in parts:
        lifetime = lifetime_headers(part.deprecated, part.sunset, components)
        copies[id(part)] = Copy(
            part.contract,
            part.label,
            part.version,
            part.api,
            components,
            owners,
            lifetime,
            targets.get(id(part), {}),
            _answer_types(part),
        )
    made: dict[tuple[str, str, int], dict[str, Any]] = {}
    for (path, method), entries in routes.items():
        for index, entry in enumerate(entries):
            names = zip(entry.operation.path.parameters, _parameters_of(path, entry), strict=True)
            operation = copies[id(entry.part)].operation(entry.operation, dict(names))
            operation.pop("operationId", None)
            if entry.part.deprecated:
                operation["deprecated"] = True
                if entry.part.sunset is not None:
                    operation["x-sunset"] = entry.part.sunset.isoformat()
            made[path, method, index] = operation
    for copy in copies.values():
        copy.finish()
    for (path, method), entries in routes.items():
        for index, entry in enumerate(entries):
            if entry.part.reshape is not None:
                entry.part.reshape(entry.operation, made[path, method, index], components)
            if entry.part.checked:
                add_refusals(made[path, method, index], components)
            if entry.part.failures is not None:
                add_failures(made[path, method, index], entry.part.failures, components)
    return made


def _parameters_of(path: str, entry: Entry) -> tuple[str, ...]:
    """The parameters' names in the path as the document writes it."""
    own = entry.path == path
    return (entry.operation.path if own else entry.operation.path.parse(path)).parameters


def _link_targets(
    routes: Mapping[Route, Sequence[Entry]], ids: Mapping[Route, str]
) -> dict[int, dict[tuple[str, tuple[str | int, ...]], dict[str, str]]]:
    """How links name each operation, by the identity of its part and its own."""
    targets: dict[int, dict[tuple[str, tuple[str | int, ...]], dict[str, str]]] = {}
    for route, entries in routes.items():
        named = {"operationId": ids[route]} if route in ids else {"operationRef": "#" + pointer_text(("paths", *route))}
        for entry in entries:
            targets.setdefault(id(entry.part), {})[entry.operation.node.identity] = named
    return targets


def _answer_types(part: Part) -> tuple[str, ...]:
    """How clients ask for JSON of a version, where the media type says which."""
    if part.version_in != "media_type":
        return ()
    return (media_type(part.contract, part.label), *([JSON] if part.version_default else []))


def _add_version_parameter(operation: dict[str, Any], entries: Sequence[Entry], components: Components) -> None:
    """The parameter that chooses the version, in place of what the contracts say of it."""
    place, name = entries[0].part.version_in, entries[0].part.version_name
    if place not in ("header", "query") or name is None:
        return
    labels = list(dict.fromkeys(entry.part.label for entry in entries))
    default = next((entry.part.label for entry in entries if entry.part.version_default), None)
    others = [
        parameter
        for parameter in operation.get("parameters", ())
        if not _is(resolved(parameter, components), place, name)
    ]
    schema: dict[str, Any] = {"type": "string", "enum": labels}
    if default is not None:
        schema["default"] = default
    ending = [_ending(entry) for entry in entries if entry.part.deprecated]
    operation["parameters"] = [
        {
            "name": name,
            "in": place,
            "description": " ".join(["The version of the API.", *dict.fromkeys(ending)]),
            "required": default is None,
            "schema": schema,
        },
        *others,
    ]


def _add_security(operation: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Who may call: what the versions that share a path want is an alternative each; an empty one is for everybody."""
    wanted: list[dict[str, list[str]]] = []
    for entry in entries:
        said = entry.part.security.get(entry.operation.key)
        one = {} if said is None else {said[0]: list(said[1])}
        if one not in wanted:
            wanted.append(one)
    if wanted != [{}]:
        operation["security"] = wanted


def _key_order(key: str) -> tuple[int, str]:
    """Where a key of an operation is printed: in the order of the specification, extensions last."""
    return (_KEYS.index(key) if key in _KEYS else len(_KEYS), key)


def _is(parameter: Mapping[str, Any], place: str, name: str) -> bool:
    same = parameter["name"].lower() == name.lower() if place == "header" else parameter["name"] == name
    return bool(parameter["in"] == place and same)


def _ending(entry: Entry) -> str:
    until = f", and ends after {entry.part.sunset.isoformat()}" if entry.part.sunset else ""
    return f"Version {entry.part.label} is deprecated{until}."


def _referred_to(paths: Any, components: Components) -> Components:
    """The components that something in the paths comes to; what bodies lost by changes is not shown."""
    kept: Components = {section: dict(named) for section, named in components.items() if section == "securitySchemes"}
    waiting = [paths]
    while waiting:
        for reference in _references(waiting.pop()):
            section, _, name = reference.removeprefix("#/components/").partition("/")
            if name in components.get(section, {}) and name not in kept.setdefault(section, {}):
                kept[section][name] = components[section][name]
                waiting.append(components[section][name])
    return kept


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str) and value["$ref"].startswith("#/components/"):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _references(inner)


def _tags(parts: Sequence[Part], items: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """What the contracts say of the tags that are used; the first one that says something is heard."""
    used = {tag for item in items.values() for operation in item.values() for tag in operation.get("tags", ())}
    found: dict[str, Any] = {}
    for part in parts:
        for tag in part.api.root.value.get("tags", ()):
            if tag["name"] in used:
                found.setdefault(tag["name"], plain(tag))
    return [found[name] for name in sorted(found)]
