"""What an effective document says of an aggregate's operation: that its answer may be partial, and how it may fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.contracts.combining import resolved
from compiler.contracts.copying import Components

PARTIAL = "x-gatewright-partial"
_PROBLEM = "Problem"


def add_failures(operation: dict[str, Any], failures: Mapping[str, str], components: Components) -> None:
    """Add the header of partial answers to each 2xx response, and a problem for each status that is not declared."""
    header = {
        "description": "The parts that could not be had, separated by commas; without it the answer is complete.",
        "schema": {"type": "string"},
    }
    responses: dict[str, Any] = operation.setdefault("responses", {})
    for status, response in responses.items():
        if status.startswith("2"):
            made = dict(resolved(response, components))
            components.setdefault("headers", {})["Partial"] = header
            made["headers"] = {**made.get("headers", {}), PARTIAL: {"$ref": "#/components/headers/Partial"}}
            responses[status] = made
    for status, description in sorted(failures.items()):
        if status not in responses:
            components.setdefault("schemas", {})[_PROBLEM] = _problem()
            content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}
            responses[status] = {"description": description, "content": content}
    operation["responses"] = dict(sorted(responses.items()))


def _problem() -> dict[str, Any]:
    """RFC 9457, with the step that is at fault where there is one."""
    return {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "step": {"type": "string"},
        },
    }
