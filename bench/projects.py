"""Projects of any size: contracts in two versions with fifty operations each, the same on every machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from compiler.yaml_text import dump

RESOURCES = (
    *("orders", "customers", "invoices", "shipments", "products"),
    *("baskets", "returns", "vouchers", "suppliers", "warehouses"),
)
OPERATIONS = 2 * 5 * len(RESOURCES)
"""Operations of one contract, over both of its versions."""
Form = Literal["yaml", "json"]


def write_project(folder: Path, contracts: int, form: Form = "yaml", *, in_header: bool = False) -> int:
    """Write a project of so many contracts, each in two versions; gives the bytes of its documents."""
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    named: dict[str, Any] = {}
    services: dict[str, Any] = {}
    for number in range(contracts):
        name = f"api{number}"
        versions = {}
        for version in ("1.0.0", "2.0.0"):
            file = f"{name}-{version}.{form}"
            made = document(name, version)
            text = dump(made) if form == "yaml" else json.dumps(made, indent=1) + "\n"
            (folder / file).write_text(text, encoding="utf-8")
            size += len(text.encode())
            versions[version] = {"openapi": file}
            service = {"implements": f"{name}@{version}", "endpoints": [{"host": "127.0.0.1", "port": 9000}]}
            services[f"{name}-v{version[0]}"] = service
        named[name] = {"versions": versions}
    gateway: dict[str, Any] = {
        "listen": {"address": "127.0.0.1", "port": 8080},
        "expose": [{"contract": name} for name in named],
    }
    if in_header:
        gateway["versioning"] = {"in": "header", "name": "x-api-version"}
    project = {"gatewright": 1, "contracts": named, "services": services, "gateways": {"public": gateway}}
    (folder / "gatewright.yaml").write_text(dump(project), encoding="utf-8")
    return size


def document(name: str, version: str) -> dict[str, Any]:
    """One version of a contract; the second one asks for a currency where the first had none."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "Address": _ADDRESS}
    for resource in RESOURCES:
        title = resource[:-1].capitalize()
        schemas |= {title: _resource(title, version), f"{title}Page": _page(title)}
        paths[f"/{name}/{resource}"] = {
            "get": _operation(f"list{title}s", f"{title}Page", parameters=["Limit", "Cursor"]),
            "post": _operation(f"create{title}", title, body=title, status="201"),
        }
        paths[f"/{name}/{resource}/{{id}}"] = {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": _operation(f"get{title}", title),
            "put": _operation(f"replace{title}", title, body=title),
            "delete": {
                "operationId": f"delete{title}",
                "responses": {"204": {"description": "Gone."}, "404": _reference("responses", "NotFound")},
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": f"The {name} service", "version": version},
        "paths": paths,
        "components": {"schemas": schemas, "parameters": _PARAMETERS, "responses": _RESPONSES},
    }


def _reference(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": _reference("schemas", schema)}}


def _operation(
    name: str, answer: str, *, parameters: list[str] | None = None, body: str | None = None, status: str = "200"
) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": name, "summary": f"What {name} does, in one line"}
    if parameters:
        made["parameters"] = [_reference("parameters", parameter) for parameter in parameters]
    if body:
        made["requestBody"] = {"required": True, "content": _json(body)}
    made["responses"] = {
        status: {"description": "Done.", "content": _json(answer)},
        "404": _reference("responses", "NotFound"),
    }
    return made


def _resource(title: str, version: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "state": {"type": "string", "enum": ["open", "closed", "cancelled"]},
        "note": {"type": ["string", "null"], "maxLength": 500, "description": f"What people say of the {title}"},
        "amount": {"type": "integer", "minimum": 0, "maximum": 1000000},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 20},
        "address": _reference("schemas", "Address"),
        "created": {"type": "string", "format": "date-time"},
    }
    required = ["state", "amount"]
    if version.startswith("2"):
        properties["currency"] = {"type": "string", "pattern": "^[A-Z]{3}$"}
        required.append("currency")
    return {"type": "object", "required": required, "properties": properties}


def _page(title: str) -> dict[str, Any]:
    items = {"type": "array", "items": _reference("schemas", title)}
    return {"type": "object", "required": ["items"], "properties": {"items": items, "next": {"type": "string"}}}


_PROBLEM = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}},
}
_ADDRESS = {
    "type": "object",
    "required": ["street", "city"],
    "properties": {
        "street": {"type": "string"},
        "city": {"type": "string"},
        "country": {"type": "string", "minLength": 2},
    },
}
_PARAMETERS = {
    "Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    "Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    "Cursor": {"name": "cursor", "in": "query", "schema": {"type": "string"}},
}
_RESPONSES = {
    "NotFound": {
        "description": "There is none.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
