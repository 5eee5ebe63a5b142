"""Small OpenAPI documents for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compiler.contracts.openapi import Api, load
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.reader import Document, read
from compiler.source import Source

NOWHERE = Path("/nonexistent")


def document(content: str | Mapping[str, Any], name: str = "contract.yaml") -> Document:
    """A document of YAML text, or of plain data (which is then JSON)."""
    text = content if isinstance(content, str) else json.dumps(content)
    made, findings = read(Source(name if isinstance(content, str) else "contract.json", text))
    assert not findings
    assert made is not None
    return made


def loaded(content: str | Mapping[str, Any]) -> tuple[Api | None, list[Finding]]:
    """What loading gives for a document that refers to no other file."""
    return load(document(content), (), Library(NOWHERE))


def api(content: str | Mapping[str, Any]) -> Api:
    """The API of a sound document."""
    made, findings = loaded(content)
    assert made is not None, [f"{f.where}: {f.message}" for f in findings]
    return made


def minimal(
    paths: Mapping[str, Any] | None = None, openapi: str = "3.1.0", **components: Mapping[str, Any]
) -> dict[str, Any]:
    """A document with these paths and components."""
    made: dict[str, Any] = {"openapi": openapi, "info": {"title": "T", "version": "1"}, "paths": dict(paths or {})}
    if components:
        made["components"] = {section: dict(named) for section, named in components.items()}
    return made


def answering(schema: Any, openapi: str = "3.1.0", **schemas: Any) -> dict[str, Any]:
    """A document whose one operation, ``GET /``, answers with JSON of a schema; ``schemas`` are components."""
    content = {"application/json": {"schema": schema}}
    paths = {"/": {"get": {"responses": {"200": {"description": "fine", "content": content}}}}}
    return minimal(paths, openapi, schemas=schemas)
