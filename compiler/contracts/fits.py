"""Does a JSON value satisfy a schema? JSON Schema 2020-12 and OpenAPI 3.0's dialect, on documents with references.

Formats are annotations. Work is bounded: what cannot be decided within the bound, and patterns that could take for
ever, count as satisfied; values that are made here are short, so in practice everything is decided.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from math import isclose
from typing import Any, Literal

from compiler.contracts.patterns import longest_safe
from compiler.contracts.refs import Node, Scope
from compiler.diagnostics import Finding
from compiler.records import frozen, mutable

Direction = Literal["request", "response"]


@frozen
class Seen:
    """What of an object or a list some keyword looked at, for ``unevaluatedProperties`` and ``unevaluatedItems``."""

    names: frozenset[str] = frozenset()
    items: frozenset[int] = frozenset()

    def __or__(self, other: Seen) -> Seen:
        return Seen(self.names | other.names, self.items | other.items)


_NOTHING = Seen()


@mutable
class Judge:
    """Decides about values. ``direction`` frees senders from required properties that are not theirs to send."""

    scope: Scope
    dialect: Literal["3.0", "3.1"]
    direction: Direction | None = None
    steps: int = 20_000
    open: set[tuple[object, int]] = field(default_factory=set)

    def fits(self, node: Node, value: Any) -> bool:
        """Whether a value satisfies a schema."""
        return self.judge(node, value) is not None

    def judge(self, node: Node, value: Any) -> Seen | None:
        """What the schema looked at; None where the value does not satisfy it."""
        schema = node.value
        if schema is True or schema is False:
            return _NOTHING if schema else None
        self.steps -= 1
        if self.steps < 0 or not isinstance(schema, dict):
            return _NOTHING
        seen = _NOTHING
        if node.is_reference:
            visit = (node.identity, id(value))
            target = self.scope.target(node)
            if not isinstance(target, Finding) and visit not in self.open:
                self.open.add(visit)
                found = self.judge(target, value)
                self.open.discard(visit)
                if found is None:
                    return None
                seen = found
            if self.dialect == "3.0":
                return seen
        if not self._type_fits(schema, value):
            return None
        if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
            return None
        if "const" in schema and not same(value, schema["const"]):
            return None
        if isinstance(value, str):
            if not self._text(schema, value):
                return None
        elif is_type(value, "number") and not _number(schema, value, self.dialect):
            return None
        combined = self._combined(node, value)
        if combined is None:
            return None
        seen |= combined
        if isinstance(value, dict):
            return self._object(node, value, seen)
        if isinstance(value, list):
            return self._list(node, value, seen)
        return seen

    def _type_fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        if "type" not in schema:
            return True
        if value is None and schema.get("nullable") is True and self.dialect == "3.0":
            return True
        types = schema["type"]
        return any(is_type(value, one) for one in (types if isinstance(types, list) else (types,)))

    def _text(self, schema: Mapping[str, Any], value: str) -> bool:
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            return False
        return "pattern" not in schema or matches(schema["pattern"], value)

    def _combined(self, node: Node, value: Any) -> Seen | None:
        schema = node.value
        seen = _NOTHING
        for branch in below(node, "allOf"):
            found = self.judge(branch, value)
            if found is None:
                return None
            seen |= found
        for key, most in (("anyOf", None), ("oneOf", 1)):
            if key in schema:
                fitting = [found for branch in below(node, key) if (found := self.judge(branch, value)) is not None]
                if not fitting or (most is not None and len(fitting) > most):
                    return None
                for found in fitting:
                    seen |= found
        if "not" in schema and self.judge(node["not"], value) is not None:
            return None
        if "if" in schema:
            condition = self.judge(node["if"], value)
            seen |= condition or _NOTHING
            branch_key = "else" if condition is None else "then"
            if branch_key in schema:
                found = self.judge(node[branch_key], value)
                if found is None:
                    return None
                seen |= found
        return seen

    def _object(self, node: Node, value: Mapping[str, Any], seen: Seen) -> Seen | None:
        schema = node.value
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
            return None
        for name in schema.get("required", ()):
            if name not in value and not self.spared(node, name):
                return None
        for name, needed in schema.get("dependentRequired", {}).items():
            if name in value and not all(other in value for other in needed):
                return None
        names: set[str] = set()
        for name, inner in value.items():
            for part, _ in property_schemas(node, name):
                names.add(name)
                if self.judge(part, inner) is None:
                    return None
        if "propertyNames" in schema and not all(self.fits(node["propertyNames"], name) for name in value):
            return None
        seen |= Seen(frozenset(names))
        for name in schema.get("dependentSchemas", {}):
            if name in value:
                found = self.judge(node["dependentSchemas"][name], value)
                if found is None:
                    return None
                seen |= found
        if "unevaluatedProperties" in schema:
            rest = [name for name in value if name not in seen.names]
            if not all(self.fits(node["unevaluatedProperties"], value[name]) for name in rest):
                return None
            seen |= Seen(frozenset(rest))
        return seen

    def spared(self, node: Node, name: str) -> bool:
        """Whether a required property is not the sender's to send: read-only in a request, write-only in a response."""
        if self.direction is None:
            return False
        flag = "readOnly" if self.direction == "request" else "writeOnly"
        return any(said(self.scope, part, flag) for part, _ in property_schemas(node, name))

    def _list(self, node: Node, value: list[Any], seen: Seen) -> Seen | None:
        schema = node.value
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return None
        if schema.get("uniqueItems") and any(
            same(value[i], value[j]) for i in range(len(value)) for j in range(i + 1, len(value))
        ):
            return None
        looked: set[int] = set()
        first = len(schema.get("prefixItems", ()))
        for index, inner in enumerate(value):
            part = node["prefixItems"][index] if index < first else node["items"] if "items" in schema else None
            if part is not None:
                looked.add(index)
                if not self.fits(part, inner):
                    return None
        if "contains" in schema:
            fitting = [index for index, inner in enumerate(value) if self.fits(node["contains"], inner)]
            if not schema.get("minContains", 1) <= len(fitting) <= schema.get("maxContains", len(value)):
                return None
            looked.update(fitting)
        seen |= Seen(items=frozenset(looked))
        if "unevaluatedItems" in schema:
            rest = [index for index in range(len(value)) if index not in seen.items]
            if not all(self.fits(node["unevaluatedItems"], value[index]) for index in rest):
                return None
            seen |= Seen(items=frozenset(rest))
        return seen


def property_schemas(node: Node, name: str) -> Iterator[tuple[Node, bool]]:
    """What one schema asks of the property ``name``; the flag tells whether it is declared by its own name."""
    schema = node.value
    named = False
    if name in schema.get("properties", ()):
        named = True
        yield node["properties"][name], True
    for pattern in schema.get("patternProperties", ()):
        if matches(pattern, name):
            named = True
            yield node["patternProperties"][pattern], False
    if not named and "additionalProperties" in schema:
        yield node["additionalProperties"], False


def said(scope: Scope, node: Node, flag: str) -> bool:
    """Whether a schema, or one that it refers to or is made of by ``allOf``, says ``flag: true``."""
    waiting = [node]
    for _ in range(32):
        if not waiting:
            return False
        found = waiting.pop()
        if isinstance(found.value, dict) and found.value.get(flag) is True:
            return True
        if found.is_reference and not isinstance(target := scope.target(found), Finding):
            waiting.append(target)
        waiting += below(found, "allOf")
    return False


def below(node: Node, key: str) -> list[Node]:
    """The schemas of a list such as ``allOf``; none where there is no such list."""
    branches = node.value.get(key) if isinstance(node.value, dict) else None
    return [node[key][index] for index in range(len(branches))] if isinstance(branches, list) else []


def is_type(value: Any, name: str) -> bool:
    """Whether a value is of a JSON Schema type; ``1.0`` is an integer."""
    if name == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "boolean": bool,
        "null": type(None),
        "array": list,
        "object": Mapping,
    }
    return isinstance(value, kinds[name])


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: ``1`` is ``1.0`` and is not ``true``."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


def _number(schema: Mapping[str, Any], value: float, dialect: str) -> bool:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        return False
    for flag, bound, sign in (("exclusiveMinimum", low, 1), ("exclusiveMaximum", high, -1)):
        if flag in schema:
            edge = (bound if schema[flag] else None) if dialect == "3.0" else schema[flag]
            if edge is not None and (value - edge) * sign <= 0:
                return False
    return "multipleOf" not in schema or is_multiple(value, schema["multipleOf"])


def is_multiple(value: float, step: float) -> bool:
    """Whether a number is a multiple of another, decimals taken as they are written."""
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    if abs(value) > 1e300 or step < 1e-300:
        return False
    ratio = value / step
    return isclose(ratio, round(ratio), rel_tol=1e-12, abs_tol=1e-9) if abs(ratio) < 1e300 else False


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; True where that cannot be decided in good time."""
    compiled = _compiled(pattern)
    if compiled is None or len(text) > longest_safe(pattern):
        return True
    return compiled.search(text) is not None
