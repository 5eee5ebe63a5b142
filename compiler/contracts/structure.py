"""Is this an OpenAPI document? Every defect with its place, over all files that the document refers to."""

from __future__ import annotations

import re
from dataclasses import field

from compiler.contracts import forms
from compiler.contracts.forms import Form, component, listed, named, or_reference, text
from compiler.contracts.refs import Node, Scope
from compiler.contracts.schemas import check_schema
from compiler.contracts.walk import Walk, shaped
from compiler.diagnostics import Finding, did_you_mean
from compiler.paths import PathTemplate
from compiler.records import mutable

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_STATUS = re.compile(r"[1-5]([0-9][0-9]|XX)|default")
_VERSION = re.compile(r"3\.[01]\.\d+(-.*)?")
_DIALECTS = ("https://spec.openapis.org/oas/3.1/dialect/base", "https://json-schema.org/draft/2020-12/schema")

Parameters = dict[tuple[str, str], Node]


@mutable
class Names:
    """What must be unique over a whole document: operationIds, and methods on paths of equal shape."""

    ids: dict[str, Node] = field(default_factory=dict)
    routes: dict[tuple[str, str], Node] = field(default_factory=dict)


def check_structure(root: Node, scope: Scope) -> list[Finding]:
    """All defects of a document and of what it refers to, in the order of the walk; beyond a bound they are counted."""
    walk = Walk(scope)
    if walk.mapping(root, "an OpenAPI document") and _dialect(walk, root):
        _document(walk, root)
        walk.finish()
    if walk.more:
        walk.findings.append(
            Finding(
                "openapi-invalid",
                f"{walk.more} more defects in this document",
                root.span(),
                "mend the ones above first",
            )
        )
    return walk.findings


def _dialect(walk: Walk, root: Node) -> bool:
    if "openapi" not in root.value:
        if "swagger" in root.value:
            walk.wrong(
                root["swagger"],
                f"this is Swagger {root.value['swagger']}",
                "convert it to OpenAPI 3.0 or 3.1",
                key=True,
            )
        else:
            walk.wrong(root, "this is no OpenAPI document: `openapi` is missing", "add `openapi: 3.1.0`")
        return False
    version = root.value["openapi"]
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        walk.wrong(root["openapi"], f"OpenAPI `{version}` is not supported", "3.0.x and 3.1.x are, such as `3.1.0`")
        return False
    walk.dialect = version[:3]
    return True


def document_form(names: Names) -> Form:
    """The form of a whole document; ``names`` gathers what must be unique in it."""

    @shaped(_PATHS_SHAPE)
    def paths(walk: Walk, node: Node) -> None:
        if walk.mapping(node, "`paths`"):
            _paths(walk, node, names)

    @shaped(False)
    def webhooks(walk: Walk, node: Node) -> None:
        if walk.mapping(node, "`webhooks`"):
            for name in node.value:
                _path_item(walk, node[name], None, names)

    @shaped(False)
    def path_items(walk: Walk, node: Node) -> None:
        _path_item(walk, node, None, None)

    components = Form(
        "`components`",
        {
            "schemas": component(check_schema),
            "responses": component(or_reference(forms.RESPONSE)),
            "parameters": component(or_reference(forms.PARAMETER)),
            "examples": component(or_reference(forms.EXAMPLE)),
            "requestBodies": component(or_reference(forms.REQUEST_BODY)),
            "headers": component(or_reference(forms.HEADER)),
            "securitySchemes": component(or_reference(forms.SECURITY_SCHEME)),
            "links": component(or_reference(forms.LINK)),
            "callbacks": component(_callback),
            "pathItems": component(path_items),
        },
    )
    return Form(
        "the document",
        {
            "openapi": text,
            "info": forms.INFO,
            "jsonSchemaDialect": _json_schema_dialect,
            "servers": listed(forms.SERVER),
            "paths": paths,
            "webhooks": webhooks,
            "components": components,
            "security": _security,
            "tags": listed(forms.TAG),
            "externalDocs": forms.a_mapping,
        },
        ("info",),
    )


def _document(walk: Walk, root: Node) -> None:
    document_form(Names())(walk, root)
    if "paths" not in root.value and (walk.dialect == "3.0" or not root.value.keys() & {"webhooks", "components"}):
        walk.wrong(root, "the document lacks `paths`", "add `paths:`", key=True)


@shaped({"enum": list(_DIALECTS)})
def _json_schema_dialect(walk: Walk, node: Node) -> None:
    if node.value not in _DIALECTS:
        walk.wrong(
            node,
            f"the JSON Schema dialect `{node.value}` is not supported",
            f"leave the key out, which means {_DIALECTS[0]}",
        )


def _paths(walk: Walk, paths: Node, names: Names) -> None:
    for path in paths.value:
        if path.startswith("x-"):
            continue
        node = paths[path]
        try:
            template = PathTemplate.parse(path)
        except ValueError as error:
            walk.wrong(node, f"`{path}`: {error}", None if path.startswith("/") else f"write `/{path}`", key=True)
            _path_item(walk, node, None, names)
            continue
        for operation in _path_item(walk, node, template, names):
            _unique_route(walk, names, template.shape, operation, node)


def _unique_route(walk: Walk, names: Names, shape: str, operation: Node, path: Node) -> None:
    method = str(operation.path[-1])
    other = names.routes.setdefault((shape, method), path)
    if other is not path:
        walk.wrong(
            path,
            f"{method.upper()} of `{path.path[-1]}` and of `{other.path[-1]}` answer the same requests",
            "the names of parameters do not tell paths apart: keep one of the two",
            key=True,
            other=("the other one", other),
        )


def _path_item(walk: Walk, node: Node, template: PathTemplate | None, names: Names | None) -> list[Node]:
    """Check a path item; gives its operations."""
    item = walk.follow(node)
    if item is None or not walk.mapping(item, "a path item"):
        return []
    beside = node.value.keys() & set(METHODS) if item is not node else ()
    for key in sorted(beside):
        walk.wrong(
            node[key], f"`{key}` beside `$ref` does not count", "move it to what the reference leads to", key=True
        )
    if walk.first_visit("path item", item):
        _ITEM(walk, item)
    shared = _parameters(walk, item)
    operations = [item[method] for method in METHODS if isinstance(item.value.get(method), dict)]
    for operation in operations:
        if walk.first_visit("operation", operation):
            OPERATION(walk, operation)
            if walk.dialect == "3.0" and "responses" not in operation.value:
                walk.wrong(operation, "an operation lacks `responses`", "add `responses:`", key=True)
        own = _parameters(walk, operation)
        if template is not None:
            _path_parameters(walk, operation, template, shared | own)
        if names is not None:
            _unique_id(walk, names, operation)
    return operations


def _unique_id(walk: Walk, names: Names, operation: Node) -> None:
    name = operation.value.get("operationId")
    if not isinstance(name, str):
        return
    node = operation["operationId"]
    other = names.ids.setdefault(name, node)
    if other is not node:
        walk.wrong(
            node,
            f"the operationId `{name}` stands twice",
            "an operationId names one operation",
            other=("the other one", other),
        )


def _path_parameters(walk: Walk, operation: Node, template: PathTemplate, parameters: Parameters) -> None:
    if not all(isinstance(node.value.get(key), str) for node in parameters.values() for key in ("name", "in")):
        return  # one of them is broken, and says so
    declared = {name for name, place in parameters if place == "path"}
    extra = declared.difference(template.parameters)
    for name in template.parameters:
        if name not in declared:
            hint = did_you_mean(name, extra) or f"add `{{name: {name}, in: path, required: true, schema: ...}}`"
            walk.wrong(operation, f"the path parameter `{name}` is not declared", hint, key=True)
    for name in sorted(extra):
        where = parameters[name, "path"]
        walk.wrong(where, f"the path `{template}` has no parameter `{name}`", did_you_mean(name, template.parameters))


def _parameters(walk: Walk, holder: Node) -> Parameters:
    """What an operation or a path item declares, by name and place; forms were looked at already."""
    listed = holder.value.get("parameters")
    found: Parameters = {}
    for index in range(len(listed) if isinstance(listed, list) else 0):
        node = walk.scope.resolve(holder["parameters"][index])
        if isinstance(node.value, dict):
            found[str(node.value.get("name")), str(node.value.get("in"))] = node
    return found


_PARAMETERS = listed(or_reference(forms.PARAMETER))


@shaped(_PARAMETERS.shape)
def _unique_parameters(walk: Walk, node: Node) -> None:
    _PARAMETERS(walk, node)
    seen: Parameters = {}
    for index in range(len(node.value) if isinstance(node.value, list) else 0):
        parameter = walk.scope.resolve(node[index])
        if isinstance(parameter.value, dict):
            name, place = parameter.value.get("name"), parameter.value.get("in")
            if seen.setdefault((str(name), str(place)), node[index]).path != node[index].path:
                walk.wrong(node[index], f"the {place} parameter `{name}` stands twice", "keep one of the two")


@shaped(
    {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {f"^({_STATUS.pattern})$": or_reference(forms.RESPONSE).shape},
        "additionalProperties": False,
    }
)
def _responses(walk: Walk, node: Node) -> None:
    if not walk.mapping(node, "`responses`"):
        return
    statuses = [status for status in node.value if not status.startswith("x-")]
    if not statuses:
        walk.wrong(node, "`responses` declares no response", "add one, such as `204: {description: Done}`", key=True)
    for status in statuses:
        if _STATUS.fullmatch(status) is None:
            walk.wrong(
                node[status],
                f"`{status}` is no status",
                "write a status such as `200`, or `2XX`, or `default`",
                key=True,
            )
        walk.referable(node[status], forms.RESPONSE.called, forms.RESPONSE)


_SCOPES = {"type": "array", "items": {"type": "string"}}


@shaped({"type": "array", "items": {"type": "object", "additionalProperties": _SCOPES}})
def _security(walk: Walk, node: Node) -> None:
    if not walk.listed(node, "`security`"):
        return
    schemes = _schemes(walk.scope.root_of(walk.scope.home)) | _schemes(walk.scope.root_of(node.document))
    for index, requirement in enumerate(node.value):
        if not walk.mapping(node[index], "a security requirement"):
            continue
        for name in requirement:
            if name not in schemes:
                hint = did_you_mean(name, schemes) or "declare it under `components: securitySchemes:`"
                walk.wrong(node[index][name], f"no security scheme is named `{name}`", hint, key=True)
            scopes = node[index][name].value
            if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                walk.wrong(node[index][name], f"the scopes of `{name}` must be a list of texts", "write `[]` for none")


def _schemes(root: Node) -> set[str]:
    components = root.value.get("components") if isinstance(root.value, dict) else None
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    return set(schemes) if isinstance(schemes, dict) else set()


@shaped(False)
def _callback(walk: Walk, node: Node) -> None:
    def each(walk: Walk, node: Node) -> None:
        if walk.mapping(node, "a callback"):
            for expression in node.value:
                if not expression.startswith("x-"):
                    _path_item(walk, node[expression], None, None)

    walk.referable(node, "a callback", each)


OPERATION = Form(
    "an operation",
    {
        "tags": listed(text),
        **forms.DESCRIBED,
        "externalDocs": forms.a_mapping,
        "operationId": text,
        "parameters": _unique_parameters,
        "requestBody": or_reference(forms.REQUEST_BODY),
        "responses": _responses,
        "callbacks": named(_callback),
        "deprecated": forms.flag,
        "security": _security,
        "servers": listed(forms.SERVER),
    },
)
_ITEM = Form(
    "a path item",
    {
        "$ref": text,
        **forms.DESCRIBED,
        "servers": listed(forms.SERVER),
        "parameters": _unique_parameters,
        **dict.fromkeys(METHODS, forms.a_mapping),
    },
)
_PATHS_SHAPE = {
    "type": "object",
    "patternProperties": {
        "^/": {
            **_ITEM.shape,
            "properties": {**_ITEM.shape["properties"], "$ref": False, **dict.fromkeys(METHODS, OPERATION.shape)},
        },
        "^x-": True,
    },
    "additionalProperties": False,
}
