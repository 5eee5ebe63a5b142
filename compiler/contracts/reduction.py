"""A contract's document without what is only said to people, in one piece.

Gone are descriptions, summaries, titles, examples, tags, links, extensions, flags that say what holds without them, the
order of what has none, and components that nothing refers to. What other files say becomes a component. References
stay, so that the result is small and recursion costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from compiler.contracts.openapi import Api
from compiler.contracts.parts import Parts
from compiler.contracts.refs import Node
from compiler.contracts.structure import METHODS
from compiler.reader import Document
from compiler.records import mutable

_ABOUT = frozenset(("description", "summary", "title", "example", "examples", "externalDocs", "tags", "$comment"))
_FLAGS = frozenset(
    ("allowEmptyValue", "allowReserved", "deprecated", "exclusiveMaximum", "exclusiveMinimum", "nullable", "readOnly")
) | {"required", "uniqueItems", "writeOnly"}
_NUMBERS = frozenset(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")) | {
    f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties", "Contains")
}
# Names and containers of what references led to; they stand under `components` here.
_NAMING = frozenset(("$anchor", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "definitions"))


def reduced(api: Api) -> dict[str, Any]:
    """The document of a contract version as plain data, itself a document of OpenAPI that refers to no other file."""
    return _Reduction(Parts(api)).document()


@mutable
class _Reduction:
    """The making of one meaning. Values are taken together with their documents, without places: this must be fast."""

    parts: Parts

    def document(self) -> dict[str, Any]:
        root, home = self.parts.api.root.value, self.parts.api.document
        made: dict[str, Any] = {
            "openapi": f"{self.parts.api.dialect}.0",
            "info": {"title": "", "version": ""},
            "paths": self._paths(root.get("paths", {}), home),
        }
        if "webhooks" in root:
            made["webhooks"] = self._paths(root["webhooks"], home)
        if "servers" in root:
            made["servers"] = _servers(root["servers"])
        if "security" in root:
            made["security"] = self._security(root["security"], home)
        sections: Mapping[str, Callable[[Any, Document], Any]] = {
            "schemas": self._schema,
            "parameters": self._parameter,
            "headers": self._parameter,
            "requestBodies": self._body,
            "responses": self._response,
            "callbacks": self._callback,
            "securitySchemes": self._scheme,
        }
        while self.parts.waiting:
            section, name, node = self.parts.waiting.pop()
            self.parts.components.setdefault(section, {})[name] = sections[section](node.value, node.document)
        if self.parts.components:
            made["components"] = self.parts.components
        return made

    # Operations, and what they are made of.

    def _paths(self, paths: Mapping[str, Any], document: Document) -> dict[str, Any]:
        return {text: self._item(paths[text], document) for text in paths if not text.startswith("x-")}

    def _item(self, value: Any, document: Document) -> dict[str, Any]:
        value, document = self.parts.resolve(value, document)
        made: dict[str, Any] = {"servers": _servers(value["servers"])} if "servers" in value else {}
        for method in METHODS:
            if method in value:
                made[method] = self._operation(value[method], value, document)
        return made

    def _operation(self, value: Any, item: Any, document: Document) -> dict[str, Any]:
        made: dict[str, Any] = {}
        parameters: dict[tuple[str, str], Any] = {}
        for written in (*item.get("parameters", ()), *value.get("parameters", ())):
            resolved, _ = self.parts.resolve(written, document)
            parameters[resolved["in"], resolved["name"]] = self._referable(
                "parameters", written, document, self._parameter
            )
        if parameters:
            made["parameters"] = [parameters[key] for key in sorted(parameters)]
        if "requestBody" in value:
            made["requestBody"] = self._referable("requestBodies", value["requestBody"], document, self._body)
        if "responses" in value:
            made["responses"] = {
                status: self._referable("responses", response, document, self._response)
                for status, response in value["responses"].items()
                if not status.startswith("x-")
            }
        if "callbacks" in value:
            made["callbacks"] = {
                name: self._referable("callbacks", callback, document, self._callback)
                for name, callback in value["callbacks"].items()
            }
        if "security" in value:
            made["security"] = self._security(value["security"], document)
        if "servers" in value:
            made["servers"] = _servers(value["servers"])
        if value.get("deprecated"):
            made["deprecated"] = True
        if "operationId" in value:
            made["operationId"] = value["operationId"]
        return made

    def _referable(
        self, section: str, value: Any, document: Document, reduce: Callable[[Any, Document], Any]
    ) -> dict[str, Any]:
        made: dict[str, Any] = (
            self.parts.reference(section, value["$ref"], document) if "$ref" in value else reduce(value, document)
        )
        return made

    def _parameter(self, value: Any, document: Document) -> dict[str, Any]:
        """A parameter or a header."""
        if "$ref" in value:
            return self.parts.reference("parameters" if "in" in self.parts.resolve(value, document)[0] else "headers",
                                   value["$ref"], document)  # fmt: skip
        made = _kept(value)
        if "schema" in value:
            made["schema"] = self._schema(value["schema"], document)
        if "content" in value:
            made["content"] = self._content(value["content"], document)
        return made

    def _body(self, value: Any, document: Document) -> dict[str, Any]:
        if "$ref" in value:
            return self.parts.reference("requestBodies", value["$ref"], document)
        return {**_kept(value), "content": self._content(value["content"], document)}

    def _response(self, value: Any, document: Document) -> dict[str, Any]:
        if "$ref" in value:
            return self.parts.reference("responses", value["$ref"], document)
        made: dict[str, Any] = {"description": ""}
        if "headers" in value:
            made["headers"] = self._headers(value["headers"], document)
        if "content" in value:
            made["content"] = self._content(value["content"], document)
        return made

    def _headers(self, value: Any, document: Document) -> dict[str, Any]:
        return {name: self._referable("headers", one, document, self._parameter) for name, one in value.items()}

    def _content(self, value: Any, document: Document) -> dict[str, Any]:
        return {name: self._media_type(one, document) for name, one in value.items()}

    def _media_type(self, value: Any, document: Document) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if "schema" in value:
            made["schema"] = self._schema(value["schema"], document)
        for name, encoding in value.get("encoding", {}).items():
            reduced = _kept(encoding)
            if "headers" in encoding:
                reduced["headers"] = self._headers(encoding["headers"], document)
            made.setdefault("encoding", {})[name] = reduced
        return made

    def _callback(self, value: Any, document: Document) -> dict[str, Any]:
        if "$ref" in value:
            return self.parts.reference("callbacks", value["$ref"], document)
        return self._paths(value, document)

    def _security(self, value: Any, document: Document) -> list[Any]:
        """Requirements, any of which suffices; the schemes that they name are kept."""
        for name in {name for requirement in value for name in requirement}:
            for holder in (self.parts.api.root, self.parts.api.scope.root_of(document)):
                schemes = holder.value.get("components", {}).get("securitySchemes", {})
                if name in schemes and ("securitySchemes", name) not in self.parts.owners:
                    self.parts.owners["securitySchemes", name] = name
                    scheme = Node(schemes[name], holder.document, ())
                    self.parts.waiting.append(("securitySchemes", name, self.parts.api.scope.resolve(scheme)))
        return sorted(({name: sorted(scopes) for name, scopes in one.items()} for one in value), key=_canonical)

    def _scheme(self, value: Any, document: Document) -> dict[str, Any]:
        made = _kept(value)
        if "flows" in value:
            made["flows"] = {
                name: {
                    **_kept(flow),
                    **(
                        {"scopes": dict.fromkeys(flow["scopes"], "")} if isinstance(flow.get("scopes"), Mapping) else {}
                    ),
                }
                for name, flow in value["flows"].items()
                if not name.startswith("x-") and isinstance(flow, Mapping)
            }
        return made

    # Schemas.

    def _schema(self, value: Any, document: Document) -> Any:
        if value is True or value is False:
            return value
        made: dict[str, Any] = {}
        if "$ref" in value:
            reference = self.parts.reference("schemas", value["$ref"], document)
            if len(value) == 1 or self.parts.api.dialect == "3.0":
                return reference
            made["$ref"] = reference["$ref"]
        for key, inner in value.items():
            reduce = _SCHEMA_KEYS.get(key)
            if reduce is not None:
                reduce(self, made, key, inner, document)
            elif not key.startswith("x-"):
                made[key] = inner
        if "discriminator" in value:
            made["discriminator"] = self._discriminator(value, document)
        return made

    def _below(self, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
        made[key] = self._schema(inner, document)

    def _listed(self, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
        made[key] = [self._schema(one, document) for one in inner]

    def _named(self, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
        made[key] = {name: self._schema(one, document) for name, one in inner.items()}

    def _discriminator(self, value: Any, document: Document) -> dict[str, Any]:
        """A discriminator that names each of its targets, since parts of other files have other names here."""
        written = value["discriminator"]
        targets: dict[str, Node] = {}
        mapping: dict[str, str] = {}
        for name, text in written.get("mapping", {}).items():
            led = self.parts.mapped(text, document)
            if led is None:
                mapping[name] = text
            else:
                targets[name] = led
        known = {target.identity for target in targets.values()}
        branches = [*value.get("oneOf", ()), *value.get("anyOf", ())]
        if "oneOf" in value or "anyOf" in value:
            texts = [branch["$ref"] for branch in branches if isinstance(branch, Mapping) and "$ref" in branch]
            implied = [led for led in (self.parts.led(text, document) for text in texts) if led is not None]
        else:
            implied = self.parts.heirs_of(value)
        for target in implied:
            if target.identity not in known and target.path:
                targets.setdefault(str(target.path[-1]), target)
        mapping |= {name: self.parts.pointer("schemas", target) for name, target in targets.items()}
        return {"propertyName": written["propertyName"], **({"mapping": mapping} if mapping else {})}


def _left_out(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    """A key without meaning, or one that is dealt with beside the others."""


def _flag(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    if inner is not False:
        _number(reduction, made, key, inner, document)


def _number(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    made[key] = int(inner) if isinstance(inner, float) and inner.is_integer() else inner


def _names(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    if inner:
        made[key] = sorted(set(inner))


def _types(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    types = sorted(set(inner)) if isinstance(inner, list) else [inner]
    made[key] = types if len(types) > 1 else types[0]


def _values(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    made[key] = sorted(inner, key=_canonical)


def _dependent(reduction: _Reduction, made: dict[str, Any], key: str, inner: Any, document: Document) -> None:
    made[key] = {name: sorted(set(required)) for name, required in inner.items()}


_SchemaKey = Callable[[_Reduction, dict[str, Any], str, Any, Document], None]
_ONE = ("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "then")
_SCHEMA_KEYS: Mapping[str, _SchemaKey] = {
    **dict.fromkeys((*_ABOUT, *_NAMING, "$ref", "discriminator"), _left_out),
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys((*_ONE, "propertyNames", "unevaluatedItems", "unevaluatedProperties"), _Reduction._below),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _Reduction._listed),
    **dict.fromkeys(("dependentSchemas", "patternProperties", "properties"), _Reduction._named),
    "required": _names,
    "type": _types,
    "enum": _values,
    "dependentRequired": _dependent,
}


def _kept(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object's plain keys, without what is only said to people, and flags that say what holds without them.

    Keys that hold schemas, content or headers are to be replaced.
    """
    return {
        key: inner
        for key, inner in value.items()
        if key not in _ABOUT and not key.startswith("x-") and not (inner is False and key in _FLAGS)
    }


def _servers(value: Iterable[Any]) -> list[Any]:
    made = []
    for server in value:
        kept = _kept(server)
        if "variables" in server:
            kept["variables"] = {
                name: _kept(variable) if isinstance(variable, Mapping) else variable
                for name, variable in server["variables"].items()
            }
        made.append(kept)
    return made


def _canonical(value: Any) -> str:
    """A text for each value, so that values of any kinds have an order."""
    return f'"{value}' if isinstance(value, str) else json.dumps(value, sort_keys=True)
