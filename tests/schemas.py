"""Random schemas of JSON Schema 2020-12 and random values, and the jsonschema library as the judge of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

NAMES = st.sampled_from(["a", "b", "c", "kind"])
COMPONENTS = ("One", "Two")
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
SMALL = st.integers(0, 3)
PATTERNS = st.sampled_from(["^a", "b+$", "^[a-c]{1,3}$", r"^\d{2}-\d{2}$", "^(x|y)z?$", "kind"])

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-4, 9),
    st.sampled_from([0.5, 1.0, 2.5]),
    st.sampled_from(["", "a", "ab", "b", "12-34", "xz"]),
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def _keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    named = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    bound = st.integers(-3, 6) | st.sampled_from([0.5, 1.5])
    return {
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "minimum": bound,
        "maximum": bound,
        "exclusiveMinimum": bound,
        "exclusiveMaximum": bound,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        "minLength": SMALL,
        "maxLength": SMALL,
        "pattern": PATTERNS,
        "format": st.sampled_from(["date", "uuid", "email"]),
        "properties": named,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b", "k.nd"]), inner, max_size=2),
        "propertyNames": inner,
        "minProperties": SMALL,
        "maxProperties": SMALL,
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
        "items": inner,
        "prefixItems": several,
        "contains": inner,
        "minContains": SMALL,
        "maxContains": SMALL,
        "minItems": SMALL,
        "maxItems": SMALL,
        "uniqueItems": st.booleans(),
        "unevaluatedItems": inner,
        "unevaluatedProperties": inner,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }


@st.composite
def _schema(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    table = _keywords(inner)
    chosen = draw(st.lists(st.sampled_from(sorted(table)), max_size=5, unique=True))
    return {key: draw(table[key]) for key in chosen}


REFERENCES = st.sampled_from([{"$ref": f"#/components/schemas/{name}"} for name in COMPONENTS])
schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | REFERENCES | _schema(st.booleans()), _schema, max_leaves=5
)


@st.composite
def plain_schemas(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    """Schemas as people write them: of one type, with keywords of that type that leave room for a value."""
    kind = draw(st.sampled_from(TYPES if depth else TYPES[2:]))
    made: dict[str, Any] = {"type": [kind, "null"] if draw(st.booleans()) and kind != "null" else kind}
    inner = plain_schemas(depth - 1) if depth else st.nothing()
    if kind == "object":
        made["properties"] = draw(st.dictionaries(NAMES, inner, max_size=3))
        made["required"] = draw(
            st.lists(st.sampled_from([*sorted(made["properties"]), "other"]), max_size=2, unique=True)
        )
        made |= draw(st.sampled_from([{}, {"additionalProperties": {"type": "integer"}}, {"minProperties": 2}]))
    elif kind == "array":
        made["items"] = draw(inner)
        made |= draw(st.sampled_from([{}, {"minItems": 2}, {"maxItems": 1}, {"maxItems": 0}]))
    elif kind == "string":
        low = draw(st.integers(0, 30))
        limits = {"minLength": low, "maxLength": low + draw(SMALL)}
        made |= draw(
            st.sampled_from(
                [{}, limits, {"pattern": r"^[A-Z]{2}-\d+$"}, {"pattern": "x|y", "minLength": 9}, {"format": "uuid"}]
            )
        )
    elif kind in ("integer", "number"):
        low = draw(st.integers(-9, 9))
        made |= draw(
            st.sampled_from(
                [{}, {"minimum": low, "maximum": low + 4}, {"exclusiveMinimum": low}, {"maximum": low, "multipleOf": 5}]
            )
        )
    if depth and draw(st.integers(0, 3)) == 0:
        return {draw(st.sampled_from(["allOf", "anyOf", "oneOf"])): [made]}
    return made


def valid(schema: Any, value: Any, components: Mapping[str, Any]) -> bool:
    """The library's judgement; references lead to ``components``."""
    root = {"components": {"schemas": dict(components)}, "asked": schema}
    registry = Registry().with_resource("urn:all", Resource.from_contents(root, default_specification=DRAFT202012))
    return Draft202012Validator({"$ref": "urn:all#/asked"}, registry=registry).is_valid(value)


def endless(components: Mapping[str, Any]) -> bool:
    """Whether a component stands for itself without a step into the value: the library never comes back from those."""
    edges = {name: _in_place(schema) for name, schema in components.items()}
    for start in edges:
        reached, waiting = set[str](), list(edges[start])
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += edges[name]
        if start in reached:
            return True
    return False


def _in_place(schema: Any) -> set[str]:
    """The components that judge the same value as a schema does."""
    if not isinstance(schema, Mapping):
        return set()
    found = {schema["$ref"].rpartition("/")[2]} if "$ref" in schema else set()
    for key in ("allOf", "anyOf", "oneOf"):
        found |= {name for branch in schema.get(key, ()) for name in _in_place(branch)}
    for key in ("not", "if", "then", "else"):
        found |= _in_place(schema.get(key))
    return found | {name for branch in schema.get("dependentSchemas", {}).values() for name in _in_place(branch)}
