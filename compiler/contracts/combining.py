"""Several versions of one operation as one operation of an effective document.

With the version in a header, the versions of a contract share their paths. An OpenAPI document has room for one
operation there, so it says what holds in all versions, and in words which version differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compiler.contracts.copying import Components

Variant = tuple[str, Mapping[str, Any]]
"""A version's label, and what that version says."""


def combine(variants: Sequence[Variant], components: Components) -> dict[str, Any]:
    """One operation of several, lowest version first. The newest one gives the words."""
    if len(variants) == 1:
        return dict(variants[0][1])
    made: dict[str, Any] = {}
    for _, operation in variants:
        made.update({k: v for k, v in operation.items() if k not in ("deprecated", "x-sunset")})
    tags = [tag for _, operation in variants for tag in operation.get("tags", ())]
    if tags:
        made["tags"] = list(dict.fromkeys(tags))
    parameters = _parameters(variants, components)
    if parameters:
        made["parameters"] = parameters
    bodies = [(label, operation["requestBody"]) for label, operation in variants if "requestBody" in operation]
    if bodies:
        made["requestBody"] = _request_body(bodies, len(variants), components)
    responses = _responses(variants, components)
    if responses:
        made["responses"] = responses
    callbacks = {name: value for _, operation in variants for name, value in operation.get("callbacks", {}).items()}
    if callbacks:
        made["callbacks"] = callbacks
    if all(operation.get("deprecated") for _, operation in variants):
        made["deprecated"] = True
        if all("x-sunset" in operation for _, operation in variants):
            made["x-sunset"] = max(operation["x-sunset"] for _, operation in variants)
    return made


def _parameters(variants: Sequence[Variant], components: Components) -> list[Any]:
    found: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for label, operation in variants:
        for written in operation.get("parameters", ()):
            parameter = resolved(written, components)
            name = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
            found.setdefault((name, parameter["in"]), []).append((label, written))
    return [_value(stated, len(variants), components) for stated in found.values()]


def _value(stated: Sequence[tuple[str, Any]], versions: int, components: Components) -> Any:
    """A parameter or a header of several versions."""
    if len(stated) == versions and all(alike(stated[0][1], other, components) for _, other in stated[1:]):
        return stated[0][1]
    each = [(label, resolved(written, components)) for label, written in stated]
    made = dict(each[-1][1])
    if made.get("in") != "path":
        made.pop("required", None)
        if len(each) == versions and all(value.get("required") for _, value in each):
            made["required"] = True
    if all("schema" in value for _, value in each):
        made["schema"] = any_of([value["schema"] for _, value in each], components)
    _describe(made, each, versions)
    return made


def _request_body(bodies: Sequence[Variant], versions: int, components: Components) -> Any:
    if len(bodies) == versions and all(alike(bodies[0][1], other, components) for _, other in bodies[1:]):
        return bodies[0][1]
    each = [(label, resolved(written, components)) for label, written in bodies]
    made = dict(each[-1][1])
    made.pop("required", None)
    if len(each) == versions and all(body.get("required") for _, body in each):
        made["required"] = True
    made["content"] = _content(each, components)
    _describe(made, each, versions)
    return made


def _responses(variants: Sequence[Variant], components: Components) -> dict[str, Any]:
    found: dict[str, list[Variant]] = {}
    for label, operation in variants:
        for status, response in operation.get("responses", {}).items():
            if not status.startswith("x-"):
                found.setdefault(status, []).append((label, response))
    return {status: _response(stated, len(variants), components) for status, stated in sorted(found.items())}


def _response(stated: Sequence[Variant], versions: int, components: Components) -> Any:
    if len(stated) == versions and all(alike(stated[0][1], other, components) for _, other in stated[1:]):
        return stated[0][1]
    each = [(label, resolved(written, components)) for label, written in stated]
    made = dict(each[-1][1])
    headers: dict[str, list[tuple[str, Any]]] = {}
    for label, response in each:
        for name, header in response.get("headers", {}).items():
            headers.setdefault(name, []).append((label, header))
    if headers:
        # A header that need not be there may as well come from some of the versions alone.
        made["headers"] = {
            name: _value(several, len(each) if _required(several, components) else len(several), components)
            for name, several in headers.items()
        }
    if any("content" in response for _, response in each):
        made["content"] = _content(each, components)
    _describe(made, each, versions)
    return made


def _required(stated: Sequence[tuple[str, Any]], components: Components) -> bool:
    return any(resolved(written, components).get("required") for _, written in stated)


def _content(each: Sequence[Variant], components: Components) -> dict[str, Any]:
    found: dict[str, list[Variant]] = {}
    for label, holder in each:
        for name, media in holder.get("content", {}).items():
            found.setdefault(name, []).append((label, media))
    return {name: _media_type(stated, components) for name, stated in found.items()}


def _media_type(stated: Sequence[Variant], components: Components) -> Mapping[str, Any]:
    if all(alike(stated[0][1], other, components) for _, other in stated[1:]):
        return stated[0][1]
    made = {key: value for key, value in stated[-1][1].items() if key not in ("schema", "example", "examples")}
    if all("schema" in media for _, media in stated):
        made["schema"] = any_of([media["schema"] for _, media in stated], components)
    examples: dict[str, Any] = {}
    for label, media in stated:
        if "example" in media:
            examples[f"v{label}"] = {"value": media["example"]}
        examples |= {f"v{label}.{name}": example for name, example in media.get("examples", {}).items()}
    if examples:
        made["examples"] = examples
    return made


def _describe(made: dict[str, Any], each: Sequence[tuple[str, Mapping[str, Any]]], versions: int) -> None:
    """Say in words which version has what."""
    labels = ", ".join(label for label, _ in each)
    texts = [(label, str(value.get("description", "")).strip()) for label, value in each]
    if len({text for _, text in texts}) == 1:
        note = f"(in version {labels})" if len(each) < versions else f"(differs between the versions {labels})"
        made["description"] = f"{texts[0][1]} {note}".strip()
    else:
        made["description"] = "\n\n".join(f"Version {label}: {text}" for label, text in texts if text)


def any_of(schemas: Sequence[Any], components: Components) -> Any:
    """A schema for what any of several accepts; equal ones count once.

    ``anyOf`` rather than ``oneOf``: a body that two versions accept is welcome.
    """
    different: list[Any] = []
    for schema in schemas:
        if not any(alike(schema, other, components) for other in different):
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": different}


def resolved(value: Mapping[str, Any], components: Components) -> Mapping[str, Any]:
    """The component behind any chain of references."""
    found: Any = value
    while "$ref" in found:
        found = _component(found["$ref"], components)
    return found  # type: ignore[no-any-return]


def _component(reference: str, components: Components) -> Any:
    _, _, section, name = reference.split("/")
    return components[section][name]


def alike(one: Any, other: Any, components: Components) -> bool:
    """Whether two values say the same, where references count as what they lead to. Without recursion; cycles end."""
    seen: set[tuple[str, str]] = set()
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if a is b:
            continue
        if isinstance(a, str) and isinstance(b, str):
            if a == b:
                continue
            if not (a.startswith(_REFERENCE) and b.startswith(_REFERENCE) and a.split("/")[2] == b.split("/")[2]):
                return False
            if (a, b) not in seen:
                seen.add((a, b))
                waiting.append((_component(a, components), _component(b, components)))
        elif type(a) is not type(b):
            return False
        elif isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            waiting += [(a[key], b[key]) for key in a]
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif a != b:
            return False
    return True


_REFERENCE = "#/components/"
