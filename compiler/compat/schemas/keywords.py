"""The keywords of schemas, one by one: which mean something for what kind of value, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from compiler.compat.schemas.numbers import Numbers, exact
from compiler.compat.schemas.views import View
from compiler.contracts.fits import same
from compiler.contracts.refs import Node
from compiler.records import frozen

KINDS = ("null", "boolean", "integer", "fraction", "string", "array", "object")
_OF_KIND = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "fraction": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"),
    "object": (
        *("required", "minProperties", "maxProperties", "propertyNames", "dependentRequired"),
        *("properties", "unevaluatedProperties"),
    ),
}
PROPERTIES = ("properties", "patternProperties", "additionalProperties")


@frozen
class Atom:
    """One keyword of a schema, which holds or does not; ``properties`` stands for itself and its two companions."""

    view: View
    keyword: str
    holds: bool = True

    @property
    def value(self) -> Any:
        return self.view.node.value[self.keyword]


def negated(atom: Atom) -> Atom:
    return Atom(atom.view, atom.keyword, holds=False)


_TOGETHER = {
    "properties": ("properties", "patternProperties", "additionalProperties"),
    "minimum": ("minimum", "exclusiveMinimum"),
    "maximum": ("maximum", "exclusiveMaximum"),
    "items": ("prefixItems", "items"),
    "contains": ("contains", "minContains", "maxContains"),
}


def is_so(atom: Atom, value: Any) -> bool | None:
    """Whether a value agrees with a keyword that holds, or does not; None where it cannot be told."""
    schema = atom.view.node.value
    if atom.keyword in ("unevaluatedProperties", "unevaluatedItems", "exclusiveMinimum", "exclusiveMaximum"):
        return atom.view.accepts(value) if atom.holds else None
    kept = {key: schema[key] for key in _TOGETHER.get(atom.keyword, (atom.keyword,)) if key in schema}
    if atom.keyword == "required" and atom.view.direction is not None:
        kept |= {key: schema[key] for key in PROPERTIES if key in schema}
        if not atom.holds:
            return None
    node = Node(kept, atom.view.node.document, atom.view.node.path)
    accepted = View(node, atom.view.scope, atom.view.dialect, atom.view.direction).accepts(value)
    return None if accepted is None else accepted == atom.holds


def says_the_same(atom: Atom, other: Atom) -> bool:
    """Whether two keywords are one, or stand in schemas that are written alike and refer to nothing."""
    if atom.keyword != other.keyword:
        return False
    one, two = atom.view, other.view
    if one.key == two.key:
        return True
    if one.direction != two.direction or one.sender or one.dialect != two.dialect:
        return False
    return bool(one.node.value == two.node.value) and not _refers(one.node.value) and _typed_alike(one, two)


def _typed_alike(one: View, two: View) -> bool:
    """Python takes 1 for true, which JSON does not."""
    return repr(one.node.value) == repr(two.node.value) or same(one.node.value, two.node.value)


def _refers(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "$ref" in one:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def alike(one: Any, other: Any) -> bool:
    """Equality as JSON has it."""
    return same(one, other)


def kind_of(value: Any) -> str:
    """The kind of a value; a float without a fraction is whole."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() or isinstance(value, int) else "fraction"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def type_allows(schema: Mapping[str, Any], kind: str, dialect: str) -> bool:
    said = schema.get("type")
    if said is None:
        return True
    if kind == "null" and dialect == "3.0" and schema.get("nullable") is True:
        return True
    types = said if isinstance(said, list) else (said,)
    return kind in types or (kind in ("integer", "fraction") and "number" in types)


def keywords(schema: Mapping[str, Any], kind: str) -> list[str]:
    """The keywords that mean something for a kind."""
    # exclusiveMinimum of 3.0 and draft 4 is true or false, and says how `minimum` is read
    found = [key for key in _OF_KIND.get(kind, ()) if key in schema]
    found = [key for key in found if not (key.startswith("exclusive") and isinstance(schema[key], bool))]
    if kind == "object" and "properties" not in schema and any(key in schema for key in PROPERTIES):
        found.append("properties")
    return found


def numbers(holding: Sequence[Atom], failing: Sequence[Atom], kind: str) -> list[Any] | None:
    found = Numbers(kind == "integer")
    for atoms, holds in ((holding, True), (failing, False)):
        for atom in atoms:
            _bound(found, atom, holds)
    return None if found.is_empty() else list(islice(found.some(), 4))


def _bound(found: Numbers, atom: Atom, holds: bool) -> None:
    schema, key = atom.view.node.value, atom.keyword
    if key in ("enum", "const"):
        if not holds:
            listed = atom.value if key == "enum" else [atom.value]
            found.excluded.update(exact(v) for v in listed if isinstance(v, (int, float)) and not isinstance(v, bool))
        return
    value = atom.value
    if key == "multipleOf":
        (found.steps if holds else found.not_steps).append(exact(value))
        return
    bound = exact(value)
    is_open = key.startswith("exclusive")
    if not is_open:
        flag = "exclusiveMinimum" if key == "minimum" else "exclusiveMaximum"
        is_open = schema.get(flag) is True
    lower = key in ("minimum", "exclusiveMinimum")
    if lower == holds:
        found.at_least(bound, without=is_open if holds else not is_open)
    else:
        found.at_most(bound, without=is_open if holds else not is_open)
