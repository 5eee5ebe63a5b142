"""``oneOf`` and ``anyOf`` of two schemas: branches in pairs, and what came and went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compiler.compat.changes import ABSENT, Level
from compiler.compat.flat import Flat, Schema, flatten
from compiler.compat.judging import holds, judge, made
from compiler.compat.naming import called, shown
from compiler.compat.pairs import Comparing, Flow, Pair
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node
from compiler.records import frozen

SchemaPair = Callable[[Comparing, Schema, Schema, Flow], Pair | None]
_MOST = 200
"""More branches than this are compared by name and place alone."""
_FEW = 16
"""So many pairs of branches are looked at for what they mean, where nothing else tells which belong together."""


@frozen
class _Branch:
    """A branch with what tells it from the others."""

    node: Node
    names: frozenset[str]
    """Values of the discriminator, and the name of the component."""
    properties: frozenset[str]
    types: frozenset[str]


def compare_unions(comparing: Comparing, pair: Pair, b: Flat, r: Flat, flow: Flow, schema_pair: SchemaPair) -> None:
    """Compare the choices of two schemas, choice by choice."""
    for index in range(max(len(b.unions), len(r.unions))):
        old = b.unions[index] if index < len(b.unions) else None
        new = r.unions[index] if index < len(r.unions) else None
        if old is not None and new is not None:
            _compare(comparing, pair, old, new, flow, schema_pair)
        else:
            _one_sided(comparing, pair, b, r, old, new, flow, schema_pair)


def _one_sided(
    comparing: Comparing, pair: Pair, b: Flat, r: Flat, old: Any, new: Any, flow: Flow, schema_pair: SchemaPair
) -> None:
    """A choice where there was none, or none where there was one: the rest of the schema against the branches."""
    here = _only(old) if old else _without_unions(b)
    there = _only(new) if new else _without_unions(r)
    verdict = judge(comparing, flow, here, there)
    if verdict.kept and verdict.back:
        return
    who = called(r.at)
    direction_ok = bool(old) == (flow == "request")
    kept = direction_ok if verdict.kept is None and not _says_more(r if old else b) else verdict.kept
    if kept:
        rule = f"{flow}-branch-{'added' if flow == 'request' else 'removed'}"
        text = f"{who} allows {'more' if flow == 'request' else 'fewer'} variants than before"
        pair.add(rule, flow, b.at, r.at, text)
    elif kept is None:
        text = f"{who} became a choice of variants" if new else f"{who} is no choice of variants any more"
        pair.add(f"{flow}-schema-undecided", flow, b.at, r.at, f"{text}; cannot decide whether all is still understood")
    else:
        rule = f"{flow}-branch-{'removed' if flow == 'request' else 'added'}"
        who_breaks = f"clients that {'send' if flow == 'request' else 'read'} {who}"
        shows = "" if verdict.witness is ABSENT else f", such as {shown(verdict.witness)}"
        text = f"{who_breaks} {'may be refused' if flow == 'request' else 'may get what they never did'}{shows}"
        pair.add(rule, flow, b.at, r.at, text, witness=verdict.witness)


def _says_more(flat: Flat) -> bool:
    return bool(flat.properties or flat.required or flat.enum is not None or flat.items)


def _without_unions(flat: Flat) -> Node:
    if isinstance(flat.at.value, Mapping):
        left = {key: value for key, value in flat.at.value.items() if key not in ("oneOf", "anyOf", "discriminator")}
        return made(left, flat.at)
    return flat.at


def _only(union: tuple[str, Node, tuple[Node, ...]]) -> Node:
    """A choice alone, without what stands beside it but for the types."""
    kind, node, branches = union
    kept = {key: node.value[key] for key in ("type", "discriminator") if key in node.value}
    return made({**kept, kind: [branch.value for branch in branches]}, node)


def _compare(
    comparing: Comparing,
    pair: Pair,
    old: tuple[str, Node, tuple[Node, ...]],
    new: tuple[str, Node, tuple[Node, ...]],
    flow: Flow,
    schema_pair: SchemaPair,
) -> None:
    told = _discriminators(pair, old[1], new[1], flow)
    here = _branches(comparing.base, old)
    there = _branches(comparing.revision, new)
    pairs, lost, won = _paired(comparing, here, there, flow)
    if (
        old[0] == new[0]
        and not lost
        and not won
        and all(comparing.same.of(one.node, other.node) for one, other in pairs)
    ):
        return
    exact = len(pairs) == len(here) == len(there) and old[0] == new[0]
    if not (exact and told):
        verdict = judge(comparing, flow, _only(old), _only(new))
        if verdict.kept and verdict.back:
            return
        if old[0] != new[0] and verdict.kept is not True:
            text = f"{called(new[1])} was `{old[0]}` and is `{new[0]}`"
            rule = f"{flow}-schema-{'undecided' if verdict.kept is None else 'changed'}"
            if (old[0] == "anyOf" and flow == "request") or (old[0] == "oneOf" and flow == "response"):
                pair.add(rule, flow, old[1], new[1], text, witness=verdict.witness)
    for one, other in pairs:
        below = schema_pair(comparing, (one.node,), (other.node,), flow)
        if below is not None:
            pair.below.append(below)
    for branch in lost:
        _gone(comparing, pair, branch, old, new, flow)
    for branch in won:
        _came(comparing, pair, branch, old, new, flow, told)


def _branches(api: Api, union: tuple[str, Node, tuple[Node, ...]]) -> list[_Branch]:
    """The branches but for those that nothing satisfies."""
    made = [_branch(api, branch, union[1]) for branch in union[2]]
    return [branch for branch in made if branch.types]


def _gone(comparing: Comparing, pair: Pair, branch: _Branch, old: Any, new: Any, flow: Flow) -> None:
    who = _branch_name(branch)
    if flow == "response":
        text = f"clients that read {called(new[1])} no longer get {who}"
        pair.add("response-branch-removed", flow, branch.node, new[1], text)
        return
    kept, witness, _ = holds(flow, (branch.node, comparing.base), (_only(new), comparing.revision))
    if kept is not True:
        text = f"clients that send {who} as {called(new[1])} may be refused"
        pair.add("request-branch-removed", flow, branch.node, new[1], text, witness=witness, level=_level(kept))


def _came(comparing: Comparing, pair: Pair, branch: _Branch, old: Any, new: Any, flow: Flow, told: bool) -> None:
    who = _branch_name(branch)
    if flow == "response":
        kept, witness, _ = holds(flow, (branch.node, comparing.revision), (_only(old), comparing.base))
        if kept is not True:
            text = f"clients that read {called(new[1])} may now get {who}"
            pair.add("response-branch-added", flow, old[1], branch.node, text, witness=witness, level=_level(kept))
        return
    others = [one for one in new[2] if one is not branch.node]
    if new[0] == "oneOf" and not told and others and not _tagged_apart(branch, others, new[1], comparing.revision):
        rest = made({"oneOf": [one.value for one in others]}, Node(None, new[1].document, (*new[1].path, "~rest")))
        kept, witness, _ = holds(flow, (rest, comparing.revision), (_only(new), comparing.revision))
        if kept is False:
            text = f"what clients send as {called(new[1])} may fit {who} as well, and `oneOf` takes what fits one alone"
            pair.add("request-schema-narrowed", flow, old[1], branch.node, text, witness=witness)
            return
        if kept is None and not _apart(branch, others, comparing.revision):
            text = f"{who} was added to {called(new[1])}; cannot decide whether what clients send fits both"
            pair.add("request-schema-undecided", flow, old[1], branch.node, text)
            return
    pair.add("request-branch-added", flow, old[1], branch.node, f"clients may send {who} as {called(new[1])}")


def _level(kept: bool | None) -> Level | None:
    """What cannot be decided is risky."""
    return "risky" if kept is None else None


def _tagged_apart(branch: _Branch, others: Sequence[Node], holder: Node, api: Api) -> bool:
    """Whether one required property has another single value in each of the others."""
    own = dict(name.split("=", 1) for name in branch.names if "=" in name[1:])
    required = flatten(api, (branch.node,)).required
    tags = [(name, value) for name, value in own.items() if name in required]
    if not tags:
        return False
    sides = [dict(n.split("=", 1) for n in _branch(api, one, holder).names if "=" in n[1:]) for one in others]
    return any(all(side.get(name, value) != value for side in sides) for name, value in tags)


def _apart(branch: _Branch, others: Sequence[Node], api: Api) -> bool:
    """Whether a branch shares no type with any other."""
    return all(not branch.types & flatten(api, (other,)).types for other in others)


def _branch_name(branch: _Branch) -> str:
    if branch.node.is_reference:
        return f"`{str(branch.node.value['$ref']).rpartition('/')[2]}`"
    value = branch.node.value
    if isinstance(value, Mapping):
        if isinstance(value.get("title"), str):
            return f"`{value['title']}`"
        if "const" in value:
            return shown(value["const"])
        if isinstance(value.get("type"), str):
            return f"{'an' if value['type'][0] in 'aeio' else 'a'} {value['type']}"
    return "a variant"


def _branch(api: Api, node: Node, holder: Node) -> _Branch:
    flat = flatten(api, (node,))
    names = set(flat.through)
    if node.is_reference:
        names.add(str(node.value["$ref"]).rpartition("/")[2])
        names |= {f"={value}" for value, target in _mapping(holder).items() if _same_target(target, node)}
    elif isinstance(node.value, Mapping) and isinstance(node.value.get("title"), str):
        names.add("#" + node.value["title"])
    for name, schema in flat.properties.items():
        for part in schema:
            if isinstance(part.value, Mapping):
                values = [part.value["const"]] if "const" in part.value else part.value.get("enum", [])
                if len(values) == 1 and isinstance(values[0], str):
                    names.add(f"{name}={values[0]}")
    return _Branch(node, frozenset(names), frozenset(flat.properties), flat.types)


def _paired(
    comparing: Comparing, here: Sequence[_Branch], there: Sequence[_Branch], flow: Flow
) -> tuple[list[tuple[_Branch, _Branch]], list[_Branch], list[_Branch]]:
    """Branches in pairs: equal ones, then those of one name, then of like properties; and what is left on each side."""
    pairs: list[tuple[_Branch, _Branch]] = []
    lost, won = list(here), list(there)

    def match(test: Callable[[_Branch, _Branch], bool]) -> None:
        for one in list(lost):
            other = next((other for other in won if test(one, other)), None)
            if other is not None:
                pairs.append((one, other))
                lost.remove(one)
                won.remove(other)

    match(lambda one, other: one.names == other.names and comparing.same.of(one.node, other.node))
    match(lambda one, other: comparing.same.of(one.node, other.node))
    match(lambda one, other: bool(one.names & other.names))
    if len(lost) * len(won) <= _FEW:
        match(lambda one, other: _alike(comparing, flow, one.node, other.node))
    if lost and won and len(lost) * len(won) <= _MOST:
        ranked = sorted(
            ((-_likeness(one, other), i, j) for i, one in enumerate(lost) for j, other in enumerate(won)),
        )
        taken: set[int] = set()
        given: set[int] = set()
        left, right = list(lost), list(won)
        for score, i, j in ranked:
            if score < -0.3 and i not in taken and j not in given:
                taken.add(i)
                given.add(j)
                pairs.append((left[i], right[j]))
                lost.remove(left[i])
                won.remove(right[j])
    return pairs, lost, won


def _alike(comparing: Comparing, flow: Flow, one: Node, other: Node) -> bool:
    """Whether two branches take the same, however they are written."""
    verdict = judge(comparing, flow, one, other)
    return bool(verdict.kept and verdict.back)


def _likeness(one: _Branch, other: _Branch) -> float:
    if not one.types & other.types:
        return 0
    if any("=" in name for name in one.names) and any("=" in name for name in other.names):
        return 0  # tagged, and by other tags
    if one.properties or other.properties:
        return len(one.properties & other.properties) / len(one.properties | other.properties)
    return 1 if one.types == other.types and len(one.types) == 1 else 0


def _mapping(node: Node) -> dict[str, str]:
    written = node.value.get("discriminator") if isinstance(node.value, Mapping) else None
    found = written.get("mapping", {}) if isinstance(written, Mapping) else {}
    return {str(k): v for k, v in found.items() if isinstance(v, str)} if isinstance(found, Mapping) else {}


def _same_target(target: str, node: Node) -> bool:
    reference = str(node.value["$ref"])
    return target == reference or ("/" not in target and target == reference.rpartition("/")[2])


def _discriminators(pair: Pair, old: Node, new: Node, flow: Flow) -> bool:
    """Compare what tells branches apart; True where both sides have it."""
    was, now = (node.value.get("discriminator") if isinstance(node.value, Mapping) else None for node in (old, new))
    if not isinstance(was, Mapping) and not isinstance(now, Mapping):
        return False
    who = called(new)
    if not isinstance(was, Mapping):
        assert isinstance(now, Mapping)
        text = f"`{now['propertyName']}` tells the variants of {who} apart"
        pair.add(f"{flow}-discriminator-added", flow, old, new["discriminator"], text)
        return False
    rule = f"{flow}-discriminator-changed"
    if not isinstance(now, Mapping):
        text = f"`{was['propertyName']}` no longer tells the variants of {who} apart"
        pair.add(rule, flow, old["discriminator"], new, text)
        return False
    places = old["discriminator"], new["discriminator"]
    if was["propertyName"] != now["propertyName"]:
        text = f"the variants of {who} were told apart by `{was['propertyName']}` and are by `{now['propertyName']}`"
        pair.add(rule, flow, *places, text)
        return True
    before, after = _tags(old), _tags(new)
    for tag in sorted(before.keys() & after.keys()):
        if before[tag] != after[tag]:
            text = f"`{was['propertyName']}: {tag}` meant `{before[tag]}` and means `{after[tag]}`"
            pair.add(rule, flow, *places, text)
    renamed = {before[tag] for tag in before.keys() - after.keys()} & {
        after[tag] for tag in after.keys() - before.keys()
    }
    for target in sorted(renamed):
        tags = [
            next(tag for tag in side if side[tag] == target and tag not in other)
            for side, other in ((before, after), (after, before))
        ]
        text = f"`{target}` was told by `{was['propertyName']}: {tags[0]}` and is by `{tags[1]}`"
        pair.add(rule, flow, *places, text)
    return True


def _tags(node: Node) -> dict[str, str]:
    """What each value of a discriminator stands for, by the name of the component."""
    mapping = {tag: target.rpartition("/")[2] for tag, target in _mapping(node).items()}
    targets = set(mapping.values())
    for key in ("oneOf", "anyOf"):
        for branch in node.value.get(key, ()):
            if isinstance(branch, Mapping) and isinstance(branch.get("$ref"), str):
                name = branch["$ref"].rpartition("/")[2]
                if name not in targets:
                    mapping.setdefault(name, name)
    return mapping
