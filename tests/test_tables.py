"""The routing table says what the language says, for any set of exposed operations and any request."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from compiler.paths import PathTemplate
from compiler.plan import Answer, Forward, HeaderChanges, Rule, Target, VersionKey
from compiler.routing import Request, answer
from compiler.source import Source
from compiler.tables import Served, by_header, by_path
from tests.plans import deployable

SPAN = Source("gatewright.yaml", "").span(0, 0)
PATHS = [
    "/orders",
    "/orders/",
    "/orders/{id}",
    "/orders/export",
    "/orders/{id}.json",
    "/orders/{id}/lines",
    "/{any}/export",
]
REQUESTED = [
    "/orders",
    "/orders/",
    "/orders/7",
    "/orders/export",
    "/orders/7.json",
    "/orders/7/lines",
    "/x/export",
    "/none",
]
METHODS = ["GET", "POST", "HEAD", "OPTIONS"]


def served(contract: str, label: str, method: str, path: str, *, default: bool, in_path: bool = False) -> Served:
    forward = Forward(
        (Target(contract, 1),),
        "",
        "",
        1000,
        None,
        HeaderChanges(),
        HeaderChanges(),
        contract,
        f"{label}.0.0",
        f"{method} {path}",
    )
    template = PathTemplate.parse(path)
    return Served(
        name=f"{contract}@{label}.{method} {path}",
        path=template.under(f"/v{label}") if in_path else template,
        method=method,
        label=None if in_path else label,
        default=default,
        contract=contract,
        action=forward,
        where=SPAN,
    )


@dataclass(frozen=True)
class Case:
    operations: tuple[Served, ...]
    in_path: bool


@st.composite
def cases(draw: st.DrawFn, *, in_path: bool) -> Case:
    """Operations without a route conflict: one owner for each version, shape and method."""
    defaults = draw(st.fixed_dictionaries({"a": st.sampled_from(["", "1", "2"]), "b": st.sampled_from(["", "2", "3"])}))
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from(METHODS), st.sampled_from(PATHS)),
            min_size=1,
            max_size=14,
            unique=True,
        )
    )
    owners = draw(st.lists(st.sampled_from("ab"), min_size=len(keys), max_size=len(keys)))
    chosen: list[Served] = []
    without_version: set[tuple[str, str]] = set()
    for (label, method, path), owner in zip(keys, owners, strict=True):
        default = defaults[owner] == label and not in_path
        if default and (method, path) in without_version:
            continue  # two contracts' defaults would conflict
        if default:
            without_version.add((method, path))
        chosen.append(served(owner, label, method, path, default=default, in_path=in_path))
    return Case(tuple(chosen), in_path)


def expected(case: Case, request: Request) -> str:
    """docs/versioning-and-routing.md word by word: path in any version, version, its most specific path, method."""
    matching = [s for s in case.operations if s.path.matches(request.path)]
    if not matching:
        return "404"
    if not case.in_path:
        asked = request.headers.get("x-api-version", "")
        contracts = {s.contract for s in matching}
        known = {s.label for s in case.operations if s.contract in contracts}
        if asked == "":
            if not any(s.default for s in case.operations if s.contract in contracts):
                return "400"
            matching = [s for s in matching if s.default]
        elif asked.removeprefix("v") not in known:
            return "400"
        else:
            matching = [s for s in matching if s.label == asked.removeprefix("v")]
        if not matching:
            return "404"
    best = min(s.path.rank for s in matching)
    group = [s for s in matching if s.path.rank == best]
    for one in group:
        if one.method == request.method:
            return one.name
    if request.method == "HEAD":
        for one in group:
            if one.method == "GET":
                return one.name
    allow = {"OPTIONS", *(s.method for s in group), *(["HEAD"] if any(s.method == "GET" for s in group) else [])}
    return f"{204 if request.method == 'OPTIONS' else 405} {', '.join(sorted(allow))}"


def said(rule: Rule | None) -> str:
    if rule is None:
        return "404"
    if isinstance(rule.action, Answer):
        allow = dict(rule.action.headers).get("allow")
        return f"{rule.action.status} {allow}" if allow else str(rule.action.status)
    return rule.name


@given(
    cases(in_path=False),
    st.sampled_from(REQUESTED),
    st.sampled_from([*METHODS, "DELETE"]),
    st.sampled_from(["", "1", "v2", "3", "9", "v"]),
)
def test_header_versioning_follows_the_language(case: Case, path: str, method: str, version: str) -> None:
    made = deployable(
        rules=by_header(case.operations, "x-api-version"), version_key=VersionKey("header", "x-api-version")
    )
    request = Request(method, "any", path, {"x-api-version": version} if version else {})
    assert said(answer(made, request)) == expected(case, request)


@given(
    cases(in_path=True),
    st.sampled_from(REQUESTED),
    st.sampled_from([*METHODS, "DELETE"]),
    st.sampled_from(["/v1", "/v2", "/v9", ""]),
)
def test_path_versioning_follows_the_language(case: Case, path: str, method: str, prefix: str) -> None:
    made = deployable(rules=by_path(case.operations))
    request = Request(method, "any", prefix + path, {})
    assert said(answer(made, request)) == expected(case, request)


def test_rule_names_are_unique() -> None:
    operations = [
        served("a", label, method, path, default=label == "2")
        for label in ("1", "2")
        for method in METHODS
        for path in PATHS
    ]
    names = [rule.name for rule in by_header(operations, "x-api-version")]
    assert len(names) == len(set(names))


def test_a_missing_version_is_told_which_there_are() -> None:
    table = by_header(
        [
            served("a", label, "GET", path, default=False)
            for label in ("2", "10", "0.9")
            for path in ("/orders/{id}", "/orders/export")
        ],
        "x-api-version",
    )
    rule = answer(
        deployable(rules=table, version_key=VersionKey("header", "x-api-version")),
        Request("GET", "any", "/orders/export", {}),
    )
    assert rule is not None
    assert isinstance(rule.action, Answer)
    assert json.loads(rule.action.body)["versions"] == ["0.9", "2", "10"]
    assert dict(rule.action.headers)["content-type"] == "application/problem+json"
