"""What an effective document says of answers that are the gateway's own: partial ones, failures, refusals."""

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
    _add_problems(operation, failures, components)


def add_refusals(operation: dict[str, Any], components: Components) -> None:
    """Add the problems that a request gets which does not satisfy the contract."""
    refusals = {}
    if "requestBody" in operation or "parameters" in operation:
        refusals["400"] = "The request does not satisfy this document; `errors` says where."
    if "requestBody" in operation:
        refusals["413"] = "The body is too large."
        refusals["415"] = "The body is of a media type that is not declared here."
    _add_problems(operation, refusals, components)


def add_shape_refusals(operation: dict[str, Any], components: Components) -> None:
    """Add the problems that a request gets whose body cannot be changed."""
    refusals = {
        "400": "The body is not JSON.",
        "413": "The body is too large.",
        "415": "The body is of another media type, or encoded.",
    }
    _add_problems(operation, refusals, components)


def add_shape_failure(operation: dict[str, Any], components: Components) -> None:
    """Add the problem of a service's answer that cannot be changed."""
    _add_problems(operation, {"502": "The service's answer cannot be used."}, components)


def problem_response(response: Mapping[str, Any], components: Components) -> dict[str, Any]:
    """A response whose body the gateway replaces by a problem with the status alone; its headers stay."""
    components.setdefault("schemas", {})[_PROBLEM] = _problem()
    kept = {key: value for key, value in response.items() if key in ("description", "headers")}
    return {**kept, "content": {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}}


def _add_problems(operation: dict[str, Any], problems: Mapping[str, str], components: Components) -> None:
    """Add a response with a problem for each status that is not declared."""
    responses: dict[str, Any] = operation.setdefault("responses", {})
    for status, description in sorted(problems.items()):
        if status not in responses:
            components.setdefault("schemas", {})[_PROBLEM] = _problem()
            content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}
            responses[status] = {"description": description, "content": content}
    operation["responses"] = dict(sorted(responses.items()))


def _problem() -> dict[str, Any]:
    """RFC 9457, with the step that is at fault where there is one, and what is wrong with a request."""
    return {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "step": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "in": {"enum": ["path", "query", "header", "cookie", "body"]},
                        "name": {"type": "string"},
                        "pointer": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                },
            },
        },
    }
