"""What is known of a value before any request: its JSON types, its fields, whether it may be absent or null.

A type is a union of variants, one for each JSON type and each branch of a choice. What a schema says is looked at only
where somebody asks, so that recursive schemas have a type like others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from compiler.contracts.fits import Direction, below, property_schemas, said
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.diagnostics import Finding
from compiler.records import frozen

Kind = Literal["object", "array", "string", "integer", "number", "boolean", "null"]
KINDS: tuple[Kind, ...] = ("object", "array", "string", "integer", "number", "boolean", "null")
MAX_BRANCHES = 32
"""Choices multiply; beyond so many branches a schema counts as one that says nothing."""
_MAX_ATOMS = 100
_TELLING: Mapping[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength"),
}
CALLED: Mapping[str, str] = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@frozen(eq=False)
class View:
    """Schemas that a value satisfies together, references and ``allOf`` laid open, one branch chosen of each choice."""

    api: Api
    atoms: tuple[Node, ...]
    direction: Direction

    def all(self, key: str) -> Iterator[Any]:
        """What the schemas say under a keyword."""
        return (atom.value[key] for atom in self.atoms if key in atom.value)

    @property
    def identities(self) -> frozenset[object]:
        """What the view is made of: views of equal identities say the same."""
        return frozenset(atom.identity for atom in self.atoms)


@frozen(eq=False)
class Variant:
    """One of the forms that a value may have.

    ``fields`` and ``items`` are those of a value that is composed; what a service sends has a ``view``. With neither,
    nothing is known of the inside.
    """

    kind: Kind
    view: View | None = None
    values: tuple[Any, ...] | None = None
    """The only values it may have, where they are known."""
    fields: Mapping[str, Type] | None = None
    items: Type | None = None
    most: int | None = None
    """How many elements it has at most."""

    @property
    def key(self) -> object:
        """Equal for variants that surely say the same."""
        identities = self.view.identities if self.view else None
        return (self.kind, identities, repr(self.values), id(self.fields), id(self.items), self.most)


@frozen(eq=False)
class Type:
    """A union of variants; ``absent`` where there may be no value at all. Without variants nothing can be said."""

    variants: tuple[Variant, ...]
    absent: bool = False
    wrong: bool = False
    """Something is wrong with it that has been said, so nothing more is to be said."""

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(v.kind for v in self.variants)

    @property
    def optional(self) -> bool:
        """Whether it may be absent or null."""
        return self.absent or "null" in self.kinds

    def present(self) -> Type:
        """The type of a value of which it is known that it is there, and not null."""
        return Type(tuple(v for v in self.variants if v.kind != "null"), wrong=self.wrong)

    def of_kind(self, *kinds: Kind) -> tuple[Variant, ...]:
        return tuple(v for v in self.variants if v.kind in kinds)

    def says(self) -> str:
        """The type in words: ``a text or null``."""
        words = [CALLED[kind] for kind in KINDS if kind in self.kinds]
        if len(words) == len(KINDS):
            words = ["anything"]
        if self.absent:
            words.append("absent")
        return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words or ["nothing"])


WRONG = Type((), wrong=True)
ANYTHING = Type(tuple(Variant(kind) for kind in KINDS), absent=True)
NULL = Type((Variant("null", values=(None,)),))
TEXT = Type((Variant("string"),))
BOOLEAN = Type((Variant("boolean"),))
WHOLE = Type((Variant("integer"),))


def known(value: Any) -> Type:
    """The type of one scalar."""
    kind: Kind = (
        "null"
        if value is None
        else "boolean"
        if isinstance(value, bool)
        else "integer"
        if isinstance(value, int)
        else "number"
        if isinstance(value, float)
        else "string"
    )
    return Type((Variant(kind, values=(value,)),))


def record(fields: Mapping[str, Type]) -> Type:
    """The type of an object with just these fields."""
    return Type((Variant("object", fields=fields),))


def listed(items: Type, most: int | None = None) -> Type:
    """The type of a list."""
    return Type((Variant("array", items=items, most=most),))


def union(types: Iterable[Type]) -> Type:
    """What any of several types allows."""
    several = list(types)
    variants = {variant.key: variant for one in several for variant in one.variants}
    return Type(
        tuple(variants.values()),
        absent=any(t.absent for t in several),
        wrong=any(t.wrong for t in several) or not several,
    )


def schema_type(api: Api, nodes: Sequence[Node], direction: Direction) -> Type:
    """The type of what satisfies several schemas of one document together."""
    variants: list[Variant] = []
    for atoms in branches(api, nodes):
        view = View(api, atoms, direction)
        values = enumerated(view)
        for kind in allowed_kinds(view, lenient=True):
            chosen = None if values is None else tuple(v for v in values if known_kind(v) == kind)
            if chosen != ():
                variants.append(Variant(kind, view, chosen))
    return Type(tuple(variants)) if variants else replace(ANYTHING, absent=False)


def branches(api: Api, nodes: Sequence[Node]) -> list[tuple[Node, ...]]:
    """The choices of several schemas together, each as schemas without references, ``allOf`` and choices.

    What ``if``, ``not`` and the like say stays in the schemas that are given. A branch that nothing satisfies is left
    out. With too many branches there is one, which says nothing.
    """
    done: list[tuple[Node, ...]] = []
    waiting: list[tuple[list[Node], tuple[Node, ...], frozenset[object]]] = [(list(reversed(nodes)), (), frozenset())]
    while waiting:
        if len(waiting) + len(done) > MAX_BRANCHES:
            return [()]
        todo, atoms, seen = waiting.pop()
        impossible = False
        while todo and not impossible:
            node = todo.pop()
            if node.value is False:
                impossible = True
            if not isinstance(node.value, Mapping) or node.identity in seen:
                continue
            seen |= {node.identity}
            if len(atoms) >= _MAX_ATOMS:
                return [()]
            if node.is_reference:
                target = api.scope.target(node)
                if not isinstance(target, Finding):
                    todo.append(target)
                if api.dialect == "3.0":
                    continue
            atoms = (*atoms, node)
            todo += below(node, "allOf")
            choice = next((key for key in ("oneOf", "anyOf") if key in node.value), None)
            if choice is not None:
                others = below(node, "anyOf") if choice == "oneOf" else []
                for branch in reversed(below(node, choice)):
                    waiting += [([*todo, *also, branch], atoms, seen) for also in [[o] for o in others] or [[]]]
                impossible = True
        if not impossible:
            done.append(atoms)
    return done or [()]


def known_kind(value: Any) -> Kind:
    """The JSON type of a plain value."""
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, list) else known(value).variants[0].kind


def enumerated(view: View) -> tuple[Any, ...] | None:
    """The only values that ``enum`` and ``const`` allow; None where neither is there."""
    lists = [*view.all("enum"), *([value] for value in view.all("const"))]
    if not lists:
        return None
    return tuple(value for value in lists[0] if all(value in other for other in lists[1:]))


def allowed_kinds(view: View, *, lenient: bool) -> list[Kind]:
    """The JSON types that a view allows; where ``lenient``, a schema without a type is what its keywords are about."""
    allowed = set(KINDS)
    typed = False
    for atom in view.atoms:
        written = atom.value.get("type")
        if written is None:
            continue
        typed = True
        types = set(written) if isinstance(written, list) else {written}
        if "number" in types:
            types.add("integer")
        if view.api.dialect == "3.0" and atom.value.get("nullable") is True:
            types.add("null")
        allowed &= types
    if not typed and lenient:
        told = {kind for kind, keys in _TELLING.items() if any(k in atom.value for atom in view.atoms for k in keys)}
        allowed = {kind for kind in allowed if kind in told} or allowed
    if typed and "number" in allowed:
        allowed.discard("integer")
    return [kind for kind in KINDS if kind in allowed]


def member(variant: Variant, name: str) -> Type | None:
    """The type of an object's field; None where the object has none of that name."""
    if variant.fields is not None:
        return variant.fields.get(name)
    if variant.view is None:
        return ANYTHING
    view = variant.view
    nodes: list[Node] = []
    anything = False
    for atom in view.atoms:
        found, free = _property(atom, name)
        nodes += found
        anything = anything or free
    needed = any(name in names for names in view.all("required"))
    if not nodes and not anything and not needed:
        return None
    made = schema_type(view.api, nodes, view.direction) if nodes else ANYTHING
    spared = "writeOnly" if view.direction == "response" else "readOnly"
    hidden = any(said(view.api.scope, node, spared) for node in nodes)
    return replace(made, absent=not needed or hidden)


def _property(atom: Node, name: str) -> tuple[list[Node], bool]:
    """The schemas of a property by one schema, and whether properties of any name and form are explicitly welcome."""
    parts = [part for part, _ in property_schemas(atom, name)]
    return [p for p in parts if not isinstance(p.value, bool)], any(p.value is True for p in parts)


def field_names(variant: Variant) -> list[str]:
    """The names of the fields that are declared."""
    if variant.fields is not None:
        return sorted(variant.fields)
    if variant.view is None:
        return []
    return sorted({name for properties in variant.view.all("properties") for name in properties})


def element(variant: Variant) -> Type:
    """The type of a list's elements."""
    if variant.items is not None:
        return variant.items
    if variant.view is None:
        return replace(ANYTHING, absent=False)
    nodes = [atom["items"] for atom in variant.view.atoms if "items" in atom.value]
    nodes = [node for node in nodes if not isinstance(node.value, bool)]
    prefixed = any("prefixItems" in atom.value for atom in variant.view.atoms)
    if not nodes or prefixed:
        return replace(ANYTHING, absent=False)
    return schema_type(variant.view.api, nodes, variant.view.direction)
