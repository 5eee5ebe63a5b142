"""The routing table of a gateway: its exposures as rules that are read from the top.

The order says what docs/versioning-and-routing.md says in words: the most specific path of the requested version, then
the method. With the version beside the path, what no version serves is told apart below: a known version that lacks the
path is a 404, an absent or unknown version a 400.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from compiler.contracts.versions import label_order, media_type
from compiler.paths import Kind, PathTemplate
from compiler.plan import Answer, Compose, Cors, Forward, Rule, VersionKey, VersionTest
from compiler.problems import MEDIA_TYPE, problem_text
from compiler.records import frozen
from compiler.source import Span


@frozen
class Served:
    """One operation at one client path. ``label`` is None where the path alone says the version, or none is asked."""

    name: str
    path: PathTemplate
    method: str
    label: str | None
    default: bool
    """Whether a request without a version means this one (where the version stands beside the path)."""
    contract: str
    action: Forward | Answer | Compose
    where: Span
    cors: Cors | None = None
    """The same for all that is served at one path."""


def problem(status: int, detail: str | None = None, headers: Sequence[tuple[str, str]] = (), **more: object) -> Answer:
    """An answer as RFC 9457 has it, with further members behind the standard ones."""
    described = ("content-type", MEDIA_TYPE)
    return Answer(status, tuple(sorted([described, *headers])), problem_text(status, detail, **more))


def by_path(served: Iterable[Served]) -> tuple[Rule, ...]:
    """The table where the version is part of the path, or there is none: 404 for all that is not served."""
    rules: list[Rule] = []
    for group in _by_shape(served):
        if group[0].cors is not None:  # elsewhere, OPTIONS below answers a preflight without letting anybody in
            rules += _preflights(group)
        rules += _operations(group, None)
        rules += _method_answers(group, None, _text(group))
    return tuple(rules)


def by_version(served: Iterable[Served], key: VersionKey) -> tuple[Rule, ...]:
    """The table where something beside the path says the version."""
    everything = list(served)
    labels_of = defaultdict(set)
    defaults = set()
    for one in everything:
        labels_of[one.contract].add(one.label or "")
        if one.default:
            defaults.add(one.contract)
    groups = list(_by_shape(everything))
    rules: list[Rule] = []
    if any(one.cors is not None for one in everything):
        # a preflight names no version, so that the most specific path alone decides, with or without cors
        rules += [rule for group in groups for rule in _preflights(group)]
    for group in groups:
        rules += _group_by_version(group, highest_first=key.source == "media_type")
    for group in groups:
        rules += _known_elsewhere(group, labels_of, defaults)
    alike = _by_literals(groups)
    for group in groups:
        rules.append(_version_missing(group, alike, key))
    return tuple(rules)


def _preflights(group: Sequence[Served]) -> Iterator[Rule]:
    """What a preflight gets: the path's ``cors`` for the origins that it names, and a refusal for others."""
    first, text = group[0], _text(group)
    cors = first.cors
    if cors is not None:
        granted = Answer(200, (), "")
        yield Rule(f"preflight {text}", first.path, ("OPTIONS",), None, granted, first.where, cors, cors.origins)
    if cors is None or "*" not in cors.origins:
        refused = problem(403, "scripts of this origin may not call this")
        yield Rule(f"preflight {text} refused", first.path, ("OPTIONS",), None, refused, first.where, None, ("*",))


def _by_shape(served: Iterable[Served]) -> Iterator[list[Served]]:
    """Operations that share their path, the most specific path first."""
    groups: dict[str, list[Served]] = defaultdict(list)
    for one in served:
        groups[one.path.shape].append(one)
    for group in sorted(groups.values(), key=lambda g: g[0].path.rank):
        yield sorted(group, key=lambda s: (label_order(s.label or "0"), s.method, s.name))


def _text(group: Sequence[Served]) -> str:
    return min(str(one.path) for one in group)


def _methods(one: Served, group: Iterable[Served]) -> tuple[str, ...]:
    """HEAD is served where GET is, unless the contract has a HEAD of its own."""
    if one.method == "GET" and not any(s.method == "HEAD" and s.label == one.label for s in group):
        return ("GET", "HEAD")
    return (one.method,)


def _operations(group: Sequence[Served], test: VersionTest | None) -> Iterator[Rule]:
    for one in group:
        yield Rule(one.name, one.path, _methods(one, group), test, one.action, one.where, one.cors)


def _method_answers(group: Sequence[Served], test: VersionTest | None, text: str) -> Iterator[Rule]:
    """OPTIONS and the 405 of a path."""
    allowed = _allowed(group)
    allow = (("allow", ", ".join(allowed)),)
    first = group[0]
    if not any(one.method == "OPTIONS" for one in group):
        yield Rule(f"OPTIONS {text}", first.path, ("OPTIONS",), test, Answer(204, allow, ""), first.where)
    yield Rule(f"405 {text}", first.path, None, test, _not_allowed(allow), first.where)


@lru_cache(1024)
def _not_allowed(allow: tuple[tuple[str, str], ...]) -> Answer:
    return problem(405, headers=allow)


def _allowed(group: Sequence[Served]) -> list[str]:
    return sorted({"OPTIONS", *(method for one in group for method in _methods(one, group))})


def _contracts(group: Iterable[Served]) -> tuple[str, ...]:
    return tuple(sorted({one.contract for one in group}))


def _group_by_version(group: Sequence[Served], *, highest_first: bool) -> Iterator[Rule]:
    """What answers in each version; of several versions in one request, the one that stands first here counts."""
    by_label: dict[str, list[Served]] = defaultdict(list)
    for one in group:
        by_label[one.label or ""].append(one)
    labels = sorted(by_label, key=label_order, reverse=highest_first)
    unasked = [one for one in group if one.default]
    for name in labels:
        for one in by_label[name]:
            test = VersionTest((name,), one.default, (one.contract,))
            methods = _methods(one, by_label[name])
            yield Rule(one.name, one.path, methods, test, one.action, one.where, one.cors)
            if one.default and "HEAD" in set(_methods(one, unasked)) - set(methods):
                # in this version HEAD is an operation of another contract, which without a version is not meant
                nobody = VersionTest((), True, (one.contract,))
                yield Rule(one.name, one.path, ("HEAD",), nobody, one.action, one.where, one.cors)
    text = _text(group)
    answered = not unasked
    for name in labels:
        whole = not answered and unasked == by_label[name]  # a request without version gets just what this one has
        answered = answered or whole
        test = VersionTest((name,), whole, _contracts(by_label[name]))
        yield from _method_answers(by_label[name], test, f"{text} in {name}")
    if not answered:
        yield from _method_answers(unasked, VersionTest((), True, _contracts(unasked)), f"{text} by default")


def _known_elsewhere(group: Sequence[Served], labels_of: dict[str, set[str]], defaults: set[str]) -> Iterator[Rule]:
    """404 for versions that the path's contracts have, but without this path."""
    contracts = {one.contract for one in group}
    here = {one.label for one in group}
    missing = sorted({name for c in contracts for name in labels_of[c]} - here, key=label_order)
    absent = bool(contracts & defaults) and not any(one.default for one in group)
    if missing or absent:
        test = VersionTest(tuple(missing), absent, _contracts(group))
        yield Rule(f"404 {_text(group)}", group[0].path, None, test, problem(404), group[0].where)


_Alike = dict[tuple[int, ...], dict[tuple[str, ...], list[Sequence[Served]]]]


def _by_literals(groups: Iterable[Sequence[Served]]) -> _Alike:
    """Groups by where the literal segments of their paths stand, then by what stands there.

    A path can cover another only where its own literals stand in both, so a few look-ups find all that may.
    """
    found: _Alike = defaultdict(lambda: defaultdict(list))
    for group in groups:
        segments = group[0].path.segments
        places = tuple(n for n, segment in enumerate(segments) if segment.kind is Kind.LITERAL)
        found[(len(segments), *places)][tuple(segments[n].shape for n in places)].append(group)
    return found


def _covering(path: PathTemplate, alike: _Alike) -> Iterator[Sequence[Served]]:
    """The groups whose paths hold every path of a template, its own among them."""
    for (length, *places), by_text in alike.items():
        if length == len(path.segments):
            for group in by_text.get(tuple(path.segments[n].shape for n in places), ()):
                if group[0].path.covers(path):
                    yield group


def _version_missing(group: Sequence[Served], alike: _Alike, key: VersionKey) -> Rule:
    """400 with the versions in which the path is served."""
    path = group[0].path
    labels = {one.label or "" for other in _covering(path, alike) for one in other}
    versions = sorted(labels, key=label_order)
    detail = f"name one of the versions in {_asked_in(key, group[0].contract, versions[-1])}"
    return Rule(f"400 {_text(group)}", path, None, None, problem(400, detail, versions=versions), group[0].where)


def _asked_in(key: VersionKey, contract: str, label: str) -> str:
    """Where clients name a version, in words."""
    if key.source == "header":
        return f"the header {key.name}"
    if key.source == "query":
        return f"the query parameter {key.name}"
    if key.source == "media_type":
        return f"the header Accept, as in {media_type(contract, label)}"
    return f"the host, as in v{label}.{key.hosts[0]}"
