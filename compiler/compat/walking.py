"""Two schemas, fact by fact: what changed in one of them, and which pairs of schemas lie below.

Data flows to the provider in a request and from it in a response. Whoever sends is held to the own document: a property
that it does not name is not sent, unless ``additionalProperties`` or ``patternProperties`` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from compiler.compat.changes import ABSENT, Level
from compiler.compat.flat import Flat, Schema, canonical, covers, flatten, type_of
from compiler.compat.judging import Verdict, judge, made
from compiler.compat.naming import called, listed, shown
from compiler.compat.opaque import CONDITIONS, conditional, opaque_part, walk_opaque
from compiler.compat.pairs import Comparing, Flow, Pair
from compiler.compat.properties import compare_properties
from compiler.compat.unions import compare_unions
from compiler.contracts.refs import Node

How = Literal["narrowed", "widened", "changed", "undecided"]
_BOUNDS = (
    ("length", "string", "minLength", "maxLength", "characters"),
    ("items-count", "array", "minItems", "maxItems", "items"),
    ("properties-count", "object", "minProperties", "maxProperties", "properties"),
)
_ASPECT_OF = {
    "not": "not",
    "if": "if",
    "contains": "contains",
    "propertyNames": "property-names",
    "patternProperties": "pattern-properties",
    "dependentRequired": "dependent-required",
    "dependentSchemas": "dependent-schemas",
    "unevaluatedProperties": "unevaluated-properties",
    "unevaluatedItems": "unevaluated-items",
}
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}


def schema_pair(comparing: Comparing, base: Schema, revision: Schema, flow: Flow) -> Pair | None:
    """The pair of two schemas; None where they are the same."""
    if len(base) == len(revision) and all(map(comparing.same.of, base, revision)):
        return None
    key = ("schema", flow, tuple(id(n.value) for n in base), tuple(id(n.value) for n in revision))
    return comparing.pair(key, _compare, base, revision, flow)


def _compare(comparing: Comparing, pair: Pair, base: Schema, revision: Schema, flow: Flow) -> None:
    b, r = flatten(comparing.base, base), flatten(comparing.revision, revision)
    b_alone, r_alone = alone(base), alone(revision)
    if b.tangled or r.tangled:
        verdict = judge(comparing, flow, b_alone, r_alone)
        if verdict.kept and verdict.back:
            return
        if not (b.tangled and r.tangled) or b.additional is None or r.additional is None:
            decided(pair, flow, "schema", b.at, r.at, verdict)
            return
    if (b.free or r.free) and not (b.free and r.free):
        how: How = "narrowed" if b.free else "widened"
        text = "takes less than any value" if b.free else "may be any value now"
        note(pair, flow, "type", how, b.at, r.at, f"{called(r.at)} {text}")
        return
    if not _types(pair, b, r, flow):
        return
    if _values(comparing, pair, b, r, flow, b_alone, r_alone):
        _scalars(comparing, pair, b, r, flow)
        _arrays(comparing, pair, b, r, flow)
    if _binds("object", b, r, bool(b.properties), bool(r.properties)):
        compare_properties(comparing, pair, b, r, flow, schema_pair)
    compare_unions(comparing, pair, b, r, flow, schema_pair)
    _opaque(comparing, pair, b, r, flow)


def alone(schema: Schema) -> Node:
    """Schemas all of which hold as one schema."""
    if len(schema) == 1:
        return schema[0]
    return made({"allOf": [node.value for node in schema]}, schema[0])


def note(
    pair: Pair,
    flow: Flow,
    aspect: str,
    how: How,
    base: Node | None,
    revision: Node | None,
    message: str,
    *,
    witness: Any = ABSENT,
    level: Level | None = None,
) -> None:
    """Note that a schema allows less, more, or something else than before."""
    pair.add(f"{flow}-{aspect}-{how}", flow, base, revision, message, witness=witness, level=level)


def decided(pair: Pair, flow: Flow, aspect: str, base: Node, revision: Node, verdict: Verdict) -> None:
    """Note what the containment engine said, unless it is that nothing changed."""
    if verdict.kept and verdict.back:
        return
    who, words = called(revision), aspect.replace("-", " ")
    if verdict.kept:
        how: How = "widened" if flow == "request" else "narrowed"
        text = f"{who}: {words} allows {'more' if flow == 'request' else 'less'} than before"
        note(pair, flow, aspect, how, base, revision, text, witness=verdict.witness)
    elif verdict.kept is None:
        why = f" ({verdict.reason})" if verdict.reason else ""
        note(pair, flow, aspect, "undecided", base, revision, f"{who}: {words} changed, cannot decide how{why}")
    else:
        wrong = "narrowed" if flow == "request" else "widened"
        how = wrong if verdict.back else "changed"  # type: ignore[assignment]
        refused = "clients that send" if flow == "request" else "clients that read"
        end = "may be refused" if flow == "request" else "may get what they never did"
        shows = "" if verdict.witness is ABSENT else f", such as {shown(verdict.witness)}"
        note(
            pair, flow, aspect, how, base, revision, f"{refused} {who} {end}{shows} ({words})", witness=verdict.witness
        )


def _types(pair: Pair, b: Flat, r: Flat, flow: Flow) -> bool:
    """Compare types; False where the rest need not be looked at."""
    old, new = _allowed(b), _allowed(r)
    lost = sorted(kind for kind in old if not covers(new, kind))
    won = sorted(kind for kind in new if not covers(old, kind))
    if not lost and not won:
        return True
    how: How = "changed" if lost and won else "narrowed" if lost else "widened"
    who = called(r.at)
    if flow == "request":
        text = f"clients that send {who} may no longer send {_types_text(lost)}" if lost else ""
        text = text or f"clients may send {_types_text(won)} as {who}"
    else:
        text = f"clients that read {who} may now get {_types_text(won)}" if won else ""
        text = text or f"clients that read {who} no longer get {_types_text(lost)}"
    witness = _sample((lost if flow == "request" else won) or (won if flow == "request" else lost))
    note(pair, flow, "type", how, b.at, r.at, f"{text}, but {_types_text(sorted(new))}"
         if lost and won and flow == "request" else text, witness=witness)  # fmt: skip
    return any(covers(old, kind) for kind in new) or any(covers(new, kind) for kind in old)


def _allowed(flat: Flat) -> frozenset[str]:
    if flat.enum is None:
        return flat.types
    found = {type_of(value) for value in flat.enum}
    return frozenset("number" if kind == "integer" and "number" in flat.types and not flat.typed else kind
                     for kind in found if covers(flat.types, kind))  # fmt: skip


def _types_text(kinds: Sequence[str]) -> str:
    return " or ".join(kind if kind == "null" else f"{'an' if kind[0] in 'aeio' else 'a'} {kind}" for kind in kinds)


def _sample(kinds: Sequence[str]) -> Any:
    samples = {"array": [], "boolean": True, "null": None, "number": 0.5, "integer": 1, "object": {}, "string": "a"}
    return samples[kinds[0]] if kinds else ABSENT


def _values(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow, base: Node, revision: Node) -> bool:
    """Compare listed values; False where they say all."""
    if b.enum is None and r.enum is None:
        return True
    at_b, at_r = b.enum_at or b.at, r.enum_at or r.at
    who = called(r.at)
    if b.enum is None or r.enum is None:
        verdict = judge(comparing, flow, base, revision) if b.unions == r.unions == [] else Verdict(None, None)
        if verdict.kept and verdict.back:
            return False
        how: How = "narrowed" if b.enum is None else "widened"
        text = (
            f"{who} is one of a list of values now" if b.enum is None else f"{who} may be other than the listed values"
        )
        if verdict.kept is False and (how == "narrowed") != (flow == "request"):
            how, text = "changed", f"{text}, which are others than before"
        note(pair, flow, "values", how, at_b, at_r, text, witness=verdict.witness)
        return False
    old, new = {canonical(v): v for v in b.enum}, {canonical(v): v for v in r.enum}
    lost = [old[key] for key in old if key not in new and covers(r.types, type_of(old[key]))]
    won = [new[key] for key in new if key not in old and covers(b.types, type_of(new[key]))]
    if lost and won and not old.keys() & new.keys():
        reads = "send" if flow == "request" else "read"
        note(pair, flow, "values", "changed", at_b, at_r,
             f"clients that {reads} {who} know {listed(lost)}, and it is {listed(won)} now",
             witness=lost[0] if flow == "request" else won[0])  # fmt: skip
        return False
    if lost:
        says = (
            f"clients that send {who} as {listed(lost)} are refused"
            if flow == "request"
            else (f"clients that read {who} no longer get {listed(lost)}")
        )
        pair.add(f"{flow}-enum-value-removed", flow, at_b, at_r, says, witness=lost[0])
    if won:
        says = (
            f"clients may send {listed(won)} as {who}"
            if flow == "request"
            else (f"clients that read {who} may now get {listed(won)}")
        )
        level = comparing.enum_values_added if flow == "response" else None
        pair.add(f"{flow}-enum-value-added", flow, at_b, at_r, says, witness=won[0], level=level)
    return False


def _binds(kind: str, b: Flat, r: Flat, old: bool, new: bool) -> bool:
    """Whether a constraint on values of one type is to be compared; ``old`` and ``new`` say which side has it.

    By the letter it says nothing of a value of another type. But code that is generated from documents checks a
    `maximum` of a string, too, so what stands on both sides and differs is judged as if it did.
    """
    return (covers(b.types, kind) and covers(r.types, kind)) or (old and new)


def _scalars(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow) -> None:
    who = called(r.at)
    for aspect, old, new, sign, word in (
        ("minimum", b.lowest, r.lowest, 1, "least"),
        ("maximum", b.highest, r.highest, -1, "most"),
    ):
        if not _binds("integer", b, r, old is not None, new is not None):
            continue
        how = _moved(old and (old[0] * sign, old[1]), new and (new[0] * sign, new[1]))
        if how:
            text = f"the {word} that {who} may be was {_bound(old)} and is {_bound(new)}"
            witness = _between(old, new, sign, how) if covers(r.types, "integer") else ABSENT
            note(pair, flow, aspect, how, b.at, r.at, text, witness=witness)
    if _binds("integer", b, r, bool(b.multiples), bool(r.multiples)):
        _multiples(pair, b, r, flow)
    for aspect, kind, lower, upper, word in _BOUNDS:
        for key, sign, limit in ((lower, 1, "fewest"), (upper, -1, "most")):
            was, now = b.bounds.get(key), r.bounds.get(key)
            if not _binds(kind, b, r, was is not None, now is not None):
                continue
            if sign == 1:
                was, now = was or None, now or None
            how = _moved(
                None if was is None else (was * sign, False),
                None if now is None else (now * sign, False),
            )
            if how:
                text = f"the {limit} {word} of {who} were {_limit(was)} and are {_limit(now)}"
                note(pair, flow, aspect, how, b.at, r.at, text)
    if "string" in b.types and "string" in r.types and sorted(b.patterns) != sorted(r.patterns):
        verdict = judge(comparing, flow, _patterns(b), _patterns(r))
        if not b.patterns or not r.patterns:
            how = "narrowed" if r.patterns else "widened"
            if verdict.kept is None:
                kept = (how == "widened") == (flow == "request")
                verdict = Verdict(kept, not kept)
        decided(pair, flow, "pattern", b.at, r.at, verdict)
    if b.formats != r.formats:
        _formats(pair, b, r, flow)


def _patterns(flat: Flat) -> Node:
    parts: list[dict[str, Any]] = [{"pattern": pattern} for pattern in flat.patterns]
    return made({"type": "string", "allOf": parts} if parts else {"type": "string"}, flat.at)


def _formats(pair: Pair, b: Flat, r: Flat, flow: Flow) -> None:
    old, new = b.formats, r.formats
    how: How = "changed"
    if not old or (len(old) == len(new) == 1 and (new[0], old[0]) in _WIDER_FORMATS):
        how = "narrowed"
    elif not new or (len(old) == len(new) == 1 and (old[0], new[0]) in _WIDER_FORMATS):
        how = "widened"
    text = f"the format of {called(r.at)} was {listed(old) if old else 'open'} and is {listed(new) if new else 'open'}"
    note(pair, flow, "format", how, b.at, r.at, text)


def _multiples(pair: Pair, b: Flat, r: Flat, flow: Flow) -> None:
    if b.multiples == r.multiples:
        return
    narrowed = any(not _divides(new, b.multiples) for new in r.multiples)
    widened = any(not _divides(old, r.multiples) for old in b.multiples)
    if narrowed or widened:
        how: How = "changed" if narrowed and widened else "narrowed" if narrowed else "widened"
        note(pair, flow, "multiple", how, b.at, r.at,
             f"{called(r.at)} was a multiple of {listed(b.multiples) if b.multiples else 'anything'} "
             f"and is one of {listed(r.multiples) if r.multiples else 'anything'}")  # fmt: skip


def _divides(step: Any, others: Sequence[Any]) -> bool:
    """Whether every multiple of one of the others is a multiple of the step."""
    return any(other % step == 0 for other in others if step)


def _moved(old: tuple[float, bool] | None, new: tuple[float, bool] | None) -> How | None:
    """How a lower bound moved: values are allowed from it on, without it where it is excluded."""
    if old == new:
        return None
    if old is None or new is None:
        return "narrowed" if old is None else "widened"
    return "narrowed" if new > old else "widened"


def _between(old: Any, new: Any, sign: int, how: How) -> Any:
    """A number that one side allows: the looser bound itself."""
    looser = old if how == "narrowed" else new
    if looser is not None:
        return looser[0] if not looser[1] else ABSENT
    tighter = new if how == "narrowed" else old
    return tighter[0] - sign


def _bound(bound: tuple[float, bool] | None) -> str:
    if bound is None:
        return "open"
    return f"{'beyond ' if bound[1] else ''}{bound[0]}"


def _limit(bound: int | None) -> str:
    return "open" if bound is None else str(bound)


def _arrays(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow) -> None:
    if "array" not in b.types or "array" not in r.types:
        return
    if b.unique != r.unique:
        text = f"the items of {called(r.at)} {'must differ now' if r.unique else 'need not differ any more'}"
        note(pair, flow, "unique-items", "narrowed" if r.unique else "widened", b.at, r.at, text)
    anything = (Node(True, b.at.document, b.at.path),)
    free = (Node(True, r.at.document, r.at.path),)
    for index in range(max(len(b.prefix), len(r.prefix))):
        old: Schema = (b.prefix[index],) if index < len(b.prefix) else b.items or anything
        new: Schema = (r.prefix[index],) if index < len(r.prefix) else r.items or free
        _below(comparing, pair, old, new, flow)
    if b.items is not None or r.items is not None:
        _below(comparing, pair, b.items or anything, r.items or free, flow)


def _below(comparing: Comparing, pair: Pair, old: Schema, new: Schema, flow: Flow) -> None:
    below = schema_pair(comparing, old, new, flow)
    if below is not None:
        comparing.kept += [old, new]
        pair.below.append(below)


def _opaque(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow) -> None:
    """Keywords that are judged as a whole: each at the smallest schema that decides."""
    old, new = dict(walk_opaque(b)), dict(walk_opaque(r))
    for key in dict.fromkeys((*old, *new)):
        here, there = old.get(key, []), new.get(key, [])
        if len(here) == len(there) and all(map(comparing.same.of, _only(here, key), _only(there, key))):
            continue
        sent = made(opaque_part(b, key, here, sent=True), b.at), made(opaque_part(r, key, there, sent=True), r.at)
        read = made(opaque_part(b, key, here, sent=False), b.at), made(opaque_part(r, key, there, sent=False), r.at)
        verdict = judge(comparing, flow, *sent, read)
        if verdict.kept is None and not (here and there) and _only_narrows(key, b, r):
            kept = bool(here) == (flow == "request")
            verdict = Verdict(kept, not kept, reason=verdict.reason)
        places = here[0][key] if here else b.at, there[0][key] if there else r.at
        decided(pair, flow, _ASPECT_OF[key], *places, verdict)
        if key in CONDITIONS:
            _conditional_names(comparing, pair, b, r, key, flow)


def _only_narrows(key: str, b: Flat, r: Flat) -> bool:
    """Whether a keyword takes nothing but values away: beside one that asks what others have seen, it may add some."""
    if key == "patternProperties":
        return b.additional is None and r.additional is None
    return not any(near in flat.opaque for flat in (b, r) for near in ("unevaluatedProperties", "unevaluatedItems"))


def _conditional_names(comparing: Comparing, pair: Pair, b: Flat, r: Flat, key: str, flow: Flow) -> None:
    """Properties that only a condition names count as named: who reads them misses them when nothing names them."""
    old = conditional(comparing.base, b.opaque.get(key, ()), key)
    named = {*b.properties, *r.properties}
    for other in CONDITIONS:
        named |= conditional(comparing.revision, r.opaque.get(other, ()), other).keys()
    for name in sorted(old.keys() - named):
        who = called(old[name])
        lost = f"clients that read {who} no longer find it"
        text = lost if flow == "response" else f"{who} is no longer read where clients send it"
        pair.add(f"{flow}-property-removed", flow, old[name], r.at, text)


def _only(nodes: Sequence[Node], key: str) -> list[Node]:
    keys = {"if": ("if", "then", "else"), "contains": ("contains", "minContains", "maxContains")}.get(key, (key,))
    return [Node({k: n.value[k] for k in keys if k in n.value}, n.document, n.path) for n in nodes]
