"""What messages call a place: ``Order.lines[].price`` of a component, or of a body in place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from compiler.contracts.refs import Node

_SILENT = frozenset(("allOf", "anyOf", "oneOf", "then", "else", "schema", "$defs", "definitions"))


def called(node: Node) -> str:
    """A schema's name for people, in code marks where it has one."""
    steps = [str(step) for step in node.path]
    holder, start = _holder(steps)
    text = holder
    at = start
    while at < len(steps):
        step = steps[at]
        if step in ("properties", "patternProperties") and at + 1 < len(steps):
            text += ("." if text else "") + steps[at + 1]
            at += 1
        elif step in ("items", "prefixItems", "contains"):
            text += "[]"
            at += step == "prefixItems"
        elif step in ("additionalProperties", "unevaluatedProperties"):
            text += ".*" if text else "*"
        elif step in ("allOf", "anyOf", "oneOf"):
            at += 1
        elif step in ("required", "enum", "const"):
            break
        at += 1
    if not text and steps[:1] == ["paths"]:
        return "the body" if "content" in steps else "the value"
    return f"`{text}`" if text else "the value"


def _holder(steps: Sequence[str]) -> tuple[str, int]:
    """The name of the component, if any, and where the steps inside the schema begin."""
    if "schemas" in steps[:-1] and "components" in steps:
        at = steps.index("schemas")
        return steps[at + 1], at + 2
    if "schema" in steps:
        return "", steps.index("schema") + 1
    return "", len(steps)


def shown(value: Any) -> str:
    """A JSON value in a message, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= 60 else text[:59] + "…"
    return f"`{text}`" if text else "the empty text"


def listed(values: Sequence[Any], most: int = 5) -> str:
    """Some values in a sentence, with the number of those that are left out."""
    texts = [shown(value) for value in values[:most]]
    if len(values) > most:
        return ", ".join(texts) + f" and {len(values) - most} more"
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]
