"""The routing table of a deployable, arranged as a tree and answered from.

A table (``Deployable.rules``) is a plain list that is read from the top. Reading a long list is slow, so backends ask
for the tree: literal prefixes, each with the few rules that a path under it can still meet, in the table's order.
``test_routing.py`` holds the two to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from compiler.paths import ANY_TEXT, PLAIN_TEXT, Kind, PathTemplate, Segment
from compiler.plan import Deployable, Rule, VersionKey, VersionTest
from compiler.records import frozen


@frozen
class Request:
    """What routing looks at. ``path`` is normalized and has no query; header names are in lower case.

    ``query`` is what follows the question mark, as it was sent.
    """

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    query: str = ""


@frozen
class Choice:
    """Rules in the table's order, split by what follows the parameters of their paths.

    The first branch whose pattern matches the whole path with its query decides, and ``rest`` where none does. A branch
    holds every rule that a path of its pattern can meet, so it does not matter that several may match.
    """

    branches: tuple[tuple[str, Choice], ...]
    rest: tuple[Rule, ...]


@frozen
class Leaf:
    """The rules for paths whose longest known prefix is ``prefix``."""

    prefix: str
    choice: Choice


def tree(rules: Iterable[Rule]) -> tuple[Leaf, ...]:
    """Leaves sorted by prefix; a path is decided in the leaf with the longest prefix that it starts with.

    Every rule with a path stands in the leaf of its own literal prefix and in each leaf below which its paths reach;
    rules without a path stand in every leaf and, as the leaf ``/``, decide what has no other.
    """
    groups: dict[str, _Group] = {}
    everywhere: list[tuple[int, Rule]] = []
    for index, rule in enumerate(rules):
        if rule.path is None:
            everywhere.append((index, rule))
        else:
            groups.setdefault(rule.path.shape, _Group(rule.path, [])).rules.append((index, rule))
    by_prefix: dict[str, list[_Group]] = {"/": []}
    for group in groups.values():
        by_prefix.setdefault(group.path.literal_prefix, []).append(group)
    leaves = []
    above: list[str] = []  # the known prefixes that the current one starts with, shortest first
    for prefix in sorted(by_prefix):
        while above and not prefix.startswith(above[-1]):
            above.pop()
        held = by_prefix[prefix] + [g for shorter in above for g in by_prefix[shorter] if g.path.reaches(prefix)]
        above.append(prefix)
        leaves.append(Leaf(prefix, _choice(held, everywhere, (), prefix.count("/") - 1)))
    return tuple(leaves)


@frozen
class _Group:
    """The rules of one path, with their positions in the table."""

    path: PathTemplate
    rules: list[tuple[int, Rule]]


def _choice(groups: list[_Group], everywhere: list[tuple[int, Rule]], known: tuple[Segment, ...], after: int) -> Choice:
    """Split rules by the next literal segment that stands behind a parameter.

    ``known`` are the segments that the pattern so far fixes; ``after`` is how many the leaf's prefix fixes anyway.
    Where hundreds of operations stand behind one prefix, as with ``/repos/{owner}/{repo}/...``, each costs a regular
    expression.
    """
    start = max(len(known), after)
    keys: dict[str, tuple[Segment, ...]] = {}
    rest = []
    for group in groups:
        key = _next_literal(group.path, start)
        if key is None:
            rest.append(group)
        else:
            keys.setdefault("/".join(s.shape for s in key), key)
    branches = []
    candidates = _by_segment(groups, {len(key) - 1 for key in keys.values()})
    for _, key in sorted(keys.items()):
        here = candidates[len(key) - 1]
        inside = [g for g in here.get(key[-1].shape, []) + here[None] if _meets(g.path, key, len(known))]
        pattern = (
            "/" + "/".join(s.regex.replace(PLAIN_TEXT, "[^/?]+").replace(ANY_TEXT, "[^/?]+") for s in key) + "([/?].*)?"
        )
        branches.append((pattern, _choice(inside, everywhere, key, after)))
    ordered = sorted((numbered for g in rest for numbered in g.rules), key=lambda n: n[0])
    if everywhere:
        ordered = sorted([*ordered, *everywhere], key=lambda n: n[0])
    return Choice(tuple(branches), tuple(rule for _, rule in ordered))


def _before_query(segment: Segment) -> str:
    """A segment's pattern for a text behind which a query may stand; it holds for more, as the leaf decides."""
    return segment.regex.replace(PLAIN_TEXT, "[^/?]+").replace(ANY_TEXT, "[^/?]+")


def _by_segment(groups: Iterable[_Group], places: Iterable[int]) -> dict[int, dict[str | None, list[_Group]]]:
    """Groups by what stands at a place of their paths: a literal text, or None for what may match any text there.

    Without this, every branch would have to look at every group.
    """
    found: dict[int, dict[str | None, list[_Group]]] = {place: {None: []} for place in places}
    for group in groups:
        segments = group.path.segments
        for place, by_text in found.items():
            if place < len(segments):
                segment = segments[place]
                by_text.setdefault(segment.shape if segment.kind is Kind.LITERAL else None, []).append(group)
    return found


def _next_literal(path: PathTemplate, start: int) -> tuple[Segment, ...] | None:
    """The segments up to the first literal one from ``start`` on that has a parameter before it there."""
    for index in range(start, len(path.segments)):
        if path.segments[index].kind is Kind.LITERAL and path.segments[index].shape:
            before = path.segments[start:index] or path.segments[:start]
            parametrised = any(s.kind is not Kind.LITERAL for s in before)
            return path.segments[: index + 1] if parametrised else None
    return None


def _meets(path: PathTemplate, key: tuple[Segment, ...], known: int) -> bool:
    """Whether a path of a template can begin with segments of these shapes, of which the first are ``known`` to fit.

    Errs only towards True.
    """
    if len(path.segments) < len(key):
        return False
    for mine, its in zip(path.segments[known : len(key)], key[known:], strict=True):
        if mine.shape == its.shape or (mine.kind is not Kind.LITERAL and its.kind is not Kind.LITERAL):
            continue
        if mine.kind is its.kind:
            return False  # two literals
        pattern, text = (mine.regex, its.literal) if its.kind is Kind.LITERAL else (its.regex, mine.literal)
        if re.fullmatch(pattern, text) is None:
            return False
    return True


def holds_host(deployable: Deployable, host: str) -> bool:
    """Whether the deployable answers for a Host header, whose port does not count."""
    name = _host_name(host)
    return any(h == "*" or h == name or (h.startswith("*.") and name.endswith(h[1:])) for h in deployable.hosts)


def _host_name(host: str) -> str:
    name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    return name.lower().removesuffix(".")


def requested_versions(key: VersionKey, request: Request, contracts: Collection[str] = ()) -> tuple[str, ...]:
    """The versions that a request names beside its path, as its client wrote them; none where it names none.

    In Accept there may be several, of which those of ``contracts`` count.
    """
    if key.source == "header" and key.name is not None:
        found = request.headers.get(key.name)
    elif key.source == "query":
        pieces = [piece.partition("=") for piece in request.query.split("&")]
        values = [value for name, _, value in pieces if name == key.name]
        found = values[0] or "empty" if any(values) else None  # the first one counts
    elif key.source == "host":
        name = _host_name(request.host)
        own = max((h for h in key.hosts if name.endswith(f".{h}") and name not in key.hosts), key=len, default=None)
        found = None if own is None else name.removesuffix(f".{own}")
        found = found if found is None or found.startswith("v") else "unknown"
    elif key.source == "media_type":
        types = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
        matches = [_VENDOR.fullmatch(one) for one in types]
        return tuple(match[2] or "unknown" for match in matches if match is not None and match[1] in contracts)
    else:
        found = None
    return (found,) if found else ()


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may do (https://fetch.spec.whatwg.org/#cors-preflight-request)."""
    return request.method == "OPTIONS" and all(
        request.headers.get(name) for name in ("access-control-request-method", "origin")
    )


def preflight_holds(origins: tuple[str, ...] | None, request: Request) -> bool:
    """Whether a request is one that a rule for the preflights of some origins is for."""
    return origins is None or (is_preflight(request) and ("*" in origins or request.headers["origin"] in origins))


_VENDOR = re.compile(r"application/vnd\.([a-z][a-z0-9-]*)\.(?:(.*)\+json|.*)")


def version_holds(test: VersionTest | None, key: VersionKey, request: Request) -> bool:
    """Whether a version test holds for what a request names."""
    if test is None:
        return True
    versions = requested_versions(key, request, test.contracts)
    if not versions:
        return test.absent
    return any(version.removeprefix("v") in test.labels for version in versions)


def answer(deployable: Deployable, request: Request) -> Rule | None:
    """The rule that decides a request; None where no rule does, which is a 404."""
    if not holds_host(deployable, request.host):
        return None
    for rule in deployable.rules:
        if rule.methods is not None and request.method not in rule.methods:
            continue
        if not version_holds(rule.version, deployable.version_key, request):
            continue
        if not preflight_holds(rule.preflight, request):
            continue
        if rule.path is None or rule.path.matches(request.path):
            return rule
    return None
