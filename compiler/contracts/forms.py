"""The objects of OpenAPI 3.0 and 3.1, as a table: which keys each has, and the form of what stands under them.

Sources: https://spec.openapis.org/oas/v3.0.4.html and v3.1.1.html, section 4.8. Rules that take more than one object
into view, such as path parameters, are in :mod:`compiler.contracts.structure`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compiler.contracts.refs import Node
from compiler.contracts.schemas import check_schema
from compiler.contracts.walk import Check, Shape, Walk, shaped
from compiler.diagnostics import closest, did_you_mean, one_of
from compiler.records import frozen

_COMPONENT_KEY = re.compile(r"[A-Za-z0-9._-]+")
_STYLES = {
    "path": ("matrix", "label", "simple"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}


@frozen
class Form:
    """A kind of object: what messages call it, its keys with the check of each value, and the keys it must have."""

    called: str
    keys: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also: Check | None = None
    """What else must hold, once the keys are looked at."""
    section: str = ""
    """Where `components` has objects of this kind."""

    @property
    def shape(self) -> dict[str, Any]:
        """A schema of objects that are surely right."""
        shape = {
            "type": "object",
            "properties": {key: check.shape for key, check in self.keys.items()},
            "patternProperties": {"^x-": True},
            "additionalProperties": False,
            "required": list(self.required),
        }
        return {**shape, "allOf": [self.also.shape]} if self.also is not None else shape

    def __call__(self, walk: Walk, node: Node, /) -> None:
        """Note what is wrong with an object of this kind."""
        if not walk.mapping(node, self.called):
            return
        meant: set[str] = set()
        for key in node.value:
            check = self.keys.get(key)
            if check is not None:
                check(walk, node[key])
            elif not key.startswith("x-"):
                close = closest(key, {*self.keys, "$ref"} - node.value.keys())
                if close is not None:
                    meant.add(close)
                    walk.meant.add((node.document.source.name, tuple(node.path), close))
                hint = f"did you mean `{close}`?" if close is not None else f"known are {one_of(self.keys, 12)}"
                walk.wrong(node[key], f"unknown key `{key}` in {self.called}", hint, key=True)
        if "$ref" in meant:
            return
        for key in self.required:
            if key not in node.value and key not in meant:
                walk.wrong(node, f"{self.called} lacks `{key}`", f"add `{key}:`", key=True)
        if self.also is not None and not meant:
            self.also(walk, node)


@shaped({"type": "string"})
def text(walk: Walk, node: Node) -> None:
    """A text."""
    if not isinstance(node.value, str):
        walk.wrong(node, f"`{node.path[-1]}` must be a text", "quote it")


@shaped({"type": "boolean"})
def flag(walk: Walk, node: Node) -> None:
    """True or false."""
    if not isinstance(node.value, bool):
        walk.wrong(node, f"`{node.path[-1]}` must be `true` or `false`")


@shaped(True)
def anything(walk: Walk, node: Node) -> None:
    """Any value."""


@shaped({"type": "object"})
def a_mapping(walk: Walk, node: Node) -> None:
    """A mapping of anything."""
    walk.mapping(node, f"`{node.path[-1]}`")


def named(check: Check) -> Check:
    """A mapping whose values all have one form; every key is a name, those with ``x-`` too."""

    @shaped({"type": "object", "additionalProperties": check.shape})
    def each(walk: Walk, node: Node) -> None:
        if walk.mapping(node, f"`{node.path[-1]}`"):
            for name in node.value:
                check(walk, node[name])

    return each


def listed(check: Check) -> Check:
    """A list whose values all have one form."""

    @shaped({"type": "array", "items": check.shape})
    def each(walk: Walk, node: Node) -> None:
        if walk.listed(node, f"`{node.path[-1]}`"):
            for index in range(len(node.value)):
                check(walk, node[index])

    return each


def or_reference(form: Form) -> Check:
    """An object, or a reference to one."""
    reference = {"properties": {"$ref": {"type": "string", "pattern": f"^#/components/{form.section}/[^/%~]+$"}}}

    @shaped({"type": "object", "if": {"required": ["$ref"]}, "then": reference, "else": form.shape})
    def check(walk: Walk, node: Node) -> None:
        walk.referable(node, form.called, form)

    return check


def component(check: Check) -> Check:
    """A section of ``components``: names that references can spell, and what they stand for."""
    names = {"pattern": f"^{_COMPONENT_KEY.pattern}$"}

    @shaped({"type": "object", "propertyNames": names, "additionalProperties": check.shape})
    def each(walk: Walk, node: Node) -> None:
        if not walk.mapping(node, f"`{node.path[-1]}`"):
            return
        for name in node.value:
            if _COMPONENT_KEY.fullmatch(name) is None:
                walk.wrong(
                    node[name], f"`{name}` cannot name a component", "use letters, digits, `.`, `_`, `-`", key=True
                )
            check(walk, node[name])

    return each


@shaped({"type": ["string", "number"]})
def _version(walk: Walk, node: Node) -> None:
    if type(node.value) not in (str, int, float):
        walk.wrong(node, "`version` must be a text", "quote it")


_ONE_OF_TWO = {
    "oneOf": [{"required": ["schema"]}, {"required": ["content"]}],
    "properties": {"content": {"minProperties": 1, "maxProperties": 1}},
}


@shaped(_ONE_OF_TWO)
def _schema_or_content(walk: Walk, node: Node) -> None:
    called = f"the parameter `{node.value['name']}`" if "name" in node.value else "this header"
    if ("schema" in node.value) == ("content" in node.value):
        problem = "has both `schema` and `content`" if "schema" in node.value else "has neither `schema` nor `content`"
        walk.wrong(node, f"{called} {problem}", "keep exactly one", key="name" not in node.value)
    content = node.value.get("content")
    if isinstance(content, dict) and len(content) != 1:
        walk.wrong(node["content"], f"`content` of {called} must hold exactly one media type", key=True)


def _placed(place: str) -> Shape:
    """Parameters of one place."""
    shape: dict[str, Any] = {"properties": {"in": {"const": place}, "style": {"enum": list(_STYLES[place])}}}
    if place == "path":
        shape |= {"properties": {**shape["properties"], "required": {"const": True}}, "required": ["required"]}
    return shape


@shaped({"allOf": [_ONE_OF_TWO, {"anyOf": [_placed(place) for place in _STYLES]}]})
def _parameter(walk: Walk, node: Node) -> None:
    place = node.value.get("in")
    if isinstance(place, str):
        if place not in _STYLES:
            walk.wrong(
                node["in"],
                f"`{place}` is no place of a parameter",
                did_you_mean(str(place), _STYLES) or one_of(_STYLES),
            )
        elif node.value.get("style", _STYLES[place][0]) not in _STYLES[place]:
            walk.wrong(
                node["style"], f"a {place} parameter has no style `{node.value['style']}`", one_of(_STYLES[place])
            )
    if place == "path" and node.value.get("required", False) is False:
        walk.wrong(
            node["required"] if "required" in node.value else node,
            f"the path parameter `{node.value.get('name')}` must be required",
            "add `required: true`",
        )
    _schema_or_content(walk, node)


@shaped({"$ref": "#/$defs/content"})
def _media_types(walk: Walk, node: Node) -> None:
    if not walk.mapping(node, "`content`"):
        return
    for name in node.value:
        if "/" not in name:
            walk.wrong(node[name], f"`{name}` is no media type", "write one such as `application/json`", key=True)
        MEDIA_TYPE(walk, node[name])


_SCHEME_NEEDS = {
    "apiKey": ("name", "in"),
    "http": ("scheme",),
    "oauth2": ("flows",),
    "openIdConnect": ("openIdConnectUrl",),
}


@shaped(
    {
        "anyOf": [
            {"properties": {"type": {"const": kind}}, "required": list(needed)}
            for kind, needed in _SCHEME_NEEDS.items()
        ]
    }
)
def _scheme(walk: Walk, node: Node) -> None:
    needs = _SCHEME_NEEDS
    kinds = (*needs, "mutualTLS") if walk.dialect == "3.1" else tuple(needs)
    kind = node.value.get("type")
    if "type" in node.value and kind not in kinds:
        walk.wrong(
            node["type"], f"`{kind}` is no type of security scheme", did_you_mean(str(kind), kinds) or one_of(kinds)
        )
    for key in needs.get(kind, ()) if isinstance(kind, str) else ():
        if key not in node.value:
            walk.wrong(node, f"a security scheme of type `{kind}` lacks `{key}`", f"add `{key}:`", key=True)


DESCRIBED: dict[str, Check] = {"summary": text, "description": text}
EXAMPLE = Form("an example", {**DESCRIBED, "value": anything, "externalValue": text}, section="examples")
_VALUE: dict[str, Check] = {
    "description": text,
    "required": flag,
    "deprecated": flag,
    "allowEmptyValue": flag,
    "style": text,
    "explode": flag,
    "allowReserved": flag,
    "schema": check_schema,
    "example": anything,
    "examples": named(or_reference(EXAMPLE)),
    "content": _media_types,
}
PARAMETER = Form("a parameter", {"name": text, "in": text, **_VALUE}, ("name", "in"), _parameter, "parameters")
HEADER = Form("a header", _VALUE, (), _schema_or_content, "headers")
ENCODING = Form(
    "an encoding",
    {
        "contentType": text,
        "headers": named(or_reference(HEADER)),
        "style": text,
        "explode": flag,
        "allowReserved": flag,
    },
)
MEDIA_TYPE = Form(
    "a media type",
    {
        "schema": check_schema,
        "example": anything,
        "examples": named(or_reference(EXAMPLE)),
        "encoding": named(ENCODING),
    },
)
SERVER = Form("a server", {"url": text, "description": text, "variables": a_mapping}, ("url",))
LINK = Form(
    "a link",
    {
        "operationRef": text,
        "operationId": text,
        "parameters": a_mapping,
        "requestBody": anything,
        "description": text,
        "server": SERVER,
    },
    section="links",
)
REQUEST_BODY = Form(
    "a request body",
    {"description": text, "content": _media_types, "required": flag},
    ("content",),
    section="requestBodies",
)
RESPONSE = Form(
    "a response",
    {
        "description": text,
        "headers": named(or_reference(HEADER)),
        "content": _media_types,
        "links": named(or_reference(LINK)),
    },
    ("description",),
    section="responses",
)
INFO = Form(
    "`info`",
    {
        "title": text,
        "version": _version,
        **DESCRIBED,
        "termsOfService": text,
        "contact": a_mapping,
        "license": a_mapping,
    },
    ("title", "version"),
)
TAG = Form("a tag", {"name": text, "description": text, "externalDocs": a_mapping}, ("name",))
SECURITY_SCHEME = Form(
    "a security scheme",
    {
        "type": text,
        "description": text,
        "name": text,
        "in": text,
        "scheme": text,
        "bearerFormat": text,
        "flows": a_mapping,
        "openIdConnectUrl": text,
    },
    ("type",),
    _scheme,
    "securitySchemes",
)
