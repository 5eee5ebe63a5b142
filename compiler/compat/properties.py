"""The properties of two objects: which came, which went, which must be there, and the schemas of those that stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.compat.changes import ABSENT
from compiler.compat.flat import Flat, Schema, flatten
from compiler.compat.naming import called, shown
from compiler.compat.pairs import Comparing, Flow, Pair
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node

SchemaPair = Callable[[Comparing, Schema, Schema, Flow], Pair | None]


def compare_properties(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow, schema_pair: SchemaPair) -> None:
    """Compare what two objects hold, in the view of one direction."""
    old, new = _Side(comparing.base, b, flow), _Side(comparing.revision, r, flow)
    for name in dict.fromkeys((*b.properties, *r.properties)):
        one, other = b.properties.get(name, ()), r.properties.get(name, ())
        if len(one) == len(other) and all(map(comparing.same.of, one, other)):
            if (name in b.required) != (name in r.required):
                _required(pair, old, new, name, flow)
            continue
        here, there = old.visible(name), new.visible(name)
        if here and there:
            _kept(comparing, pair, old, new, name, flow, schema_pair)
        elif here:
            _gone(comparing, pair, old, new, name, flow, schema_pair)
        elif there:
            _came(comparing, pair, old, new, name, flow, schema_pair)
    for name in dict.fromkeys((*b.required, *r.required)):
        if name not in b.properties and name not in r.properties:
            _required(pair, old, new, name, flow)
    _additional(comparing, pair, old, new, flow, schema_pair)


class _Side:
    """One of two objects, as one direction sees it."""

    __slots__ = ("_flats", "api", "flat", "flow")

    def __init__(self, api: Api, flat: Flat, flow: Flow) -> None:
        self.api, self.flat, self.flow = api, flat, flow
        self._flats: dict[str, Flat] = {}

    def of(self, name: str) -> Flat:
        if name not in self._flats:
            self._flats[name] = flatten(self.api, self.flat.properties[name])
        return self._flats[name]

    def visible(self, name: str) -> bool:
        """Whether a property is named, and goes in this direction."""
        return name in self.flat.properties and not self.hidden(name)

    def hidden(self, name: str) -> bool:
        """Whether a property is named, and goes in the other direction alone."""
        if name not in self.flat.properties:
            return False
        found = self.of(name)
        return found.read_only if self.flow == "request" else found.write_only

    def needs(self, name: str) -> bool:
        return name in self.flat.required and not self.hidden(name)

    def at(self, name: str) -> Node:
        """The property, or the object that has none of that name."""
        return self.flat.properties[name][0] if name in self.flat.properties else self.flat.at

    @property
    def refuses(self) -> bool:
        """Whether it takes no property that it does not name."""
        return self.flat.additional is not None and any(node.value is False for node in self.flat.additional)


def _kept(
    comparing: Comparing, pair: Pair, old: _Side, new: _Side, name: str, flow: Flow, schema_pair: SchemaPair
) -> None:
    here, there = old.flat.properties[name], new.flat.properties[name]
    below = schema_pair(comparing, here, there, flow)
    if below is not None:
        pair.below.append(below)
        one, other = old.of(name), new.of(name)
        if other.deprecated and not one.deprecated:
            text = f"{called(other.at if not other.through else there[0])} is deprecated"
            pair.add(f"{flow}-property-deprecated", flow, here[0], there[0], text)
        if flow == "request" and one.default != other.default and not new.needs(name):
            said = [
                shown(one.default[0]) if one.default else "open",
                shown(other.default[0]) if other.default else "open",
            ]
            text = f"where {called(there[0])} is left out, the default was {said[0]} and is {said[1]}"
            pair.add("request-property-default-changed", flow, here[0], there[0], text)
    _required(pair, old, new, name, flow)


def _required(pair: Pair, old: _Side, new: _Side, name: str, flow: Flow) -> None:
    was, now = old.needs(name), new.needs(name)
    if was == now:
        return
    base, revision = old.at(name), new.at(name)
    who = _name(new.flat, name)
    if flow == "request":
        text = f"clients must send {who}, which could be left out" if now else f"clients may leave {who} out"
    else:
        text = f"{who} is always there now" if now else f"clients that read {who} may find that it is absent"
    rule = f"{flow}-property-became-{'required' if now else 'optional'}"
    breaks = now if flow == "request" else was
    pair.add(rule, flow, base, revision, text, witness={} if breaks else ABSENT)


def _gone(
    comparing: Comparing, pair: Pair, old: _Side, new: _Side, name: str, flow: Flow, schema_pair: SchemaPair
) -> None:
    here, there = old.flat.properties[name][0], new.at(name)
    who = _name(old.flat, name)
    if flow == "request":
        if new.hidden(name):
            text = f"{who} is read-only now, and is not read where clients send it"
            pair.add("request-property-became-read-only", flow, here, there, text)
        elif new.refuses and "patternProperties" not in new.flat.opaque:
            text = f"clients that send {who} are refused: it is gone, and other properties are shut out"
            pair.add("request-property-refused", flow, here, there, text)
        else:
            _into_others(comparing, pair, (old.flat.properties[name]), new.flat.additional, flow, schema_pair)
            pair.add("request-property-removed", flow, here, there, f"{who} is no longer read where clients send it")
    elif old.needs(name):
        text = f"clients that read {who}, which was always there, no longer find it"
        pair.add("response-property-required-removed", flow, here, there, text, witness={})
    elif new.hidden(name):
        text = f"{who} is write-only now: clients that read it no longer find it"
        pair.add("response-property-became-write-only", flow, here, there, text)
    else:
        pair.add("response-property-removed", flow, here, there, f"clients that read {who} no longer find it")


def _came(
    comparing: Comparing, pair: Pair, old: _Side, new: _Side, name: str, flow: Flow, schema_pair: SchemaPair
) -> None:
    here, there = old.at(name), new.flat.properties[name][0]
    who = _name(new.flat, name)
    if flow == "request":
        free = old.flat.additional is not None and not old.refuses and not old.hidden(name)
        if new.needs(name):
            text = f"clients must send {who}, which is new"
            pair.add("request-property-required-added", flow, here, there, text, witness={})
        else:
            if free:
                _into_others(comparing, pair, old.flat.additional, new.flat.properties[name], flow, schema_pair)
            pair.add("request-property-added", flow, here, there, f"clients may send {who}")
        return
    if old.refuses and not old.hidden(name) and "patternProperties" not in old.flat.opaque:
        text = f"clients get {who}, and their document shuts other properties out"
        pair.add("response-property-added-to-closed", flow, here, there, text)
        return
    if old.flat.additional is not None and not old.hidden(name):
        _into_others(comparing, pair, old.flat.additional, new.flat.properties[name], flow, schema_pair)
    pair.add("response-property-added", flow, here, there, f"clients get {who}")


def _into_others(
    comparing: Comparing, pair: Pair, base: Schema | None, revision: Schema | None, flow: Flow, schema_pair: SchemaPair
) -> None:
    """A named property on one side, and the schema of all others on the other side."""
    if base is None or revision is None:
        return
    reader = revision if flow == "request" else base
    if any(node.value is True for node in reader):
        return
    below = schema_pair(comparing, base, revision, flow)
    if below is not None:
        pair.below.append(below)


def _additional(comparing: Comparing, pair: Pair, old: _Side, new: _Side, flow: Flow, schema_pair: SchemaPair) -> None:
    """Properties that are not named."""
    b, r = old.flat, new.flat
    if b.additional is None and r.additional is None:
        return
    who = called(r.at)
    base, revision = (b.additional or (b.at,))[0], (r.additional or (r.at,))[0]
    if old.refuses and new.refuses:
        return
    if old.refuses or new.refuses:
        # Who sends and says nothing of other properties sends none.
        silent = (b.additional is None) if flow == "request" else (r.additional is None)
        if new.refuses:
            text = f"{who} shuts out properties that it does not name"
            level: Any = "safe" if silent else None
            pair.add(f"{flow}-additional-properties-narrowed", flow, base, revision, text, level=level)
        else:
            text = f"{who} may hold properties that it does not name"
            pair.add(
                f"{flow}-additional-properties-widened", flow, base, revision, text, level="safe" if silent else None
            )
        return
    anything: Schema = (Node(True, b.at.document, b.at.path),)
    free: Schema = (Node(True, r.at.document, r.at.path),)
    if flow == "request" and b.additional is None:
        anything = r.additional or free  # clients send none
        if any(not _empty(node.value) for node in anything):
            text = f"{who} says what properties may be that it does not name"
            pair.add(f"{flow}-additional-properties-narrowed", flow, base, revision, text, level="safe")
        return
    if flow == "response" and r.additional is None:
        if any(not _empty(node.value) for node in b.additional or ()):
            text = f"{who} no longer says what properties may be that it does not name"
            pair.add(f"{flow}-additional-properties-widened", flow, base, revision, text, level="safe")
        return
    below = schema_pair(comparing, b.additional or anything, r.additional or free, flow)
    if below is not None:
        pair.below.append(below)


def _empty(value: Any) -> bool:
    return value is True or value == {}


def _name(flat: Flat, name: str) -> str:
    if name in flat.properties:
        return called(flat.properties[name][0])
    outer = called(flat.at).strip("`")
    return f"`{name}`" if " " in outer else f"`{outer}.{name}`"
