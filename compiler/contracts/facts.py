"""What schemas say together: references and ``allOf`` laid open, and one branch chosen of each choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from compiler.contracts.fits import below
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.records import mutable

_ATTEMPTS = 24
_TYPES = ("object", "string", "array", "integer", "number", "boolean", "null")
_TELLING = (
    (
        "object",
        ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    ),
    ("array", ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems")),
    ("string", ("pattern", "format", "minLength", "maxLength")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


@mutable
class Facts:
    """A schema with its references and ``allOf`` laid open, and one branch chosen of each choice."""

    atoms: list[Node] = field(default_factory=list)
    through: list[object] = field(default_factory=list)
    """Identities of the schemas that references led to."""
    choices: list[int] = field(default_factory=list)
    """How many branches each choice had."""
    told: dict[str, str] = field(default_factory=dict)
    """Values of discriminating properties for the chosen branches."""


def facts(api: Api, nodes: Sequence[Node], picks: Sequence[int] = ()) -> Facts:
    """What several schemas say together; ``picks`` are the branches to choose, the first one where it says nothing."""
    found = Facts()
    waiting = list(reversed(nodes))
    seen: set[object] = set()
    while waiting and len(found.atoms) < 200:
        node = waiting.pop()
        if not isinstance(node.value, dict):
            continue
        if node.is_reference:
            target = api.scope.target(node)
            if isinstance(target, Finding) or target.identity in seen:
                continue
            seen.add(target.identity)
            found.through.append(target.identity)
            if api.dialect == "3.0":
                waiting.append(target)
                continue
            waiting.append(target)
        found.atoms.append(node)
        chosen = below(node, "allOf")
        for key in ("oneOf", "anyOf", "if"):
            if key in node.value:
                branches = _branches(node, key)
                pick = picks[len(found.choices)] if len(found.choices) < len(picks) else 0
                found.choices.append(len(branches))
                chosen += branches[pick % len(branches)]
                _tell(found, node, branches[pick % len(branches)])
        waiting += reversed(chosen)
    return found


def _branches(node: Node, key: str) -> list[list[Node]]:
    """What may be chosen: a branch, or of a condition its `then`, its `else`, or neither."""
    if key != "if":
        return [[branch] for branch in below(node, key)]
    holds = [node["if"]] + ([node["then"]] if "then" in node.value else [])
    return [holds, [node["else"]] if "else" in node.value else [], []]


def _tell(found: Facts, node: Node, chosen: Sequence[Node]) -> None:
    discriminator = node.value.get("discriminator")
    if isinstance(discriminator, dict) and len(chosen) == 1 and chosen[0].is_reference:
        reference = chosen[0].value["$ref"]
        implied = reference.rpartition("/")[2]
        mapping = discriminator.get("mapping", {})
        named = [name for name, target in mapping.items() if target in (reference, implied)]
        found.told[discriminator["propertyName"]] = named[0] if named else implied


def attempts(choices: Sequence[int]) -> Iterator[tuple[tuple[int, ...], bool, int]]:
    """What to try: which branch of each choice, whether only with required parts, and how far to shift the turn."""
    picks = [()] if not choices else [tuple([0] * len(choices))]
    for place, count in enumerate(choices[:_ATTEMPTS]):
        picks += [tuple(index if at == place else 0 for at in range(len(choices))) for index in range(1, count)]
    picks = picks[:_ATTEMPTS]
    yield from ((pick, False, 0) for pick in picks)
    yield from ((pick, True, 0) for pick in picks)
    yield from ((picks[0], False, shift) for shift in (1, 2, 3))


def written(atoms: Sequence[Node], turn: int) -> Iterator[Any]:
    """Values that the schema itself names, best first."""
    schemas = [atom.value for atom in atoms]
    if turn == 0:
        yield from (schema["example"] for schema in schemas if "example" in schema)
        for schema in schemas:
            examples = schema.get("examples")
            if isinstance(examples, list):
                yield from examples[:1]
        yield from (schema["default"] for schema in schemas if "default" in schema)
    yield from (schema["const"] for schema in schemas if "const" in schema and turn == 0)
    yield from (value for schema in schemas for value in schema.get("enum", ())[turn:])


def kinds(atoms: Sequence[Node], dialect: str) -> list[str]:
    """The types that a value may have, in the order in which to try them."""
    allowed = list(_TYPES)
    order: list[str] = []
    for atom in atoms:
        said = atom.value.get("type")
        if said is None:
            order += [kind for kind, keys in _TELLING if any(key in atom.value for key in keys)]
            continue
        types = list(said) if isinstance(said, list) else [said]
        order += types
        if "number" in types:
            types.append("integer")
        if dialect == "3.0" and atom.value.get("nullable") is True:
            types.append("null")
        allowed = [kind for kind in allowed if kind in types]
    found = [kind for kind in dict.fromkeys([*order, *allowed]) if kind in allowed]
    return sorted(found, key=lambda kind: kind == "null")
