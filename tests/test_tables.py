"""The routing table says what the language says, for any set of exposed operations and any request."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.paths import PathTemplate
from compiler.plan import Answer, Forward, HeaderChanges, Rule, Target, VersionKey
from compiler.routing import Request, answer
from compiler.source import Source
from compiler.tables import Served, by_path, by_version
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


KEYS = {
    "header": VersionKey("header", "x-api-version"),
    "query": VersionKey("query", "v"),
    "host": VersionKey("host", None, ("any", "a.any")),
    "media_type": VersionKey("media_type", None),
}


def asking(key: VersionKey, method: str, path: str, version: str, contract: str = "a") -> Request:
    """A request that names a version (none where it is empty) where the key says."""
    v = version if version.startswith("v") else f"v{version}"
    match key.source:
        case "header":
            return Request(method, "any", path, {"x-api-version": version} if version else {})
        case "query":
            return Request(method, "any", path, {}, f"x=1&v={version}&v=1" if version else "x=1&v=&vv=2")
        case "host":
            return Request(method, f"{v}.a.any:8080" if version else "a.any", path, {})
        case _:
            accept = f"text/html, application/vnd.{contract}.{v}+json;q=0.5" if version else "application/vnd.z.v1+json"
            return Request(method, "any", path, {"accept": accept})


@pytest.mark.parametrize("source", KEYS)
@given(
    cases(in_path=False),
    st.sampled_from(REQUESTED),
    st.sampled_from([*METHODS, "DELETE"]),
    st.sampled_from(["", "1", "v2", "3", "9", "v"]),
)
def test_versions_beside_the_path_follow_the_language(
    source: str, case: Case, path: str, method: str, version: str
) -> None:
    key = KEYS[source]
    hosts = ("any", "a.any", *(f"v{label}.a.any" for label in ("1", "2", "3"))) if source == "host" else ("*",)
    if source == "media_type":  # whose version it is matters there; the test below has that
        case = Case(tuple(one for one in case.operations if one.contract == "a"), in_path=False)
    request = asking(key, method, path, version)
    made = deployable(rules=by_version(case.operations, key), version_key=key, hosts=hosts)
    if source == "host" and version in ("9", "v"):
        assert answer(made, request) is None  # no such host
        return
    known = asking(KEYS["header"], method, path, version)
    assert said(answer(made, request)) == expected(case, known)


@pytest.mark.parametrize(
    ("accept", "rule"),
    [
        ("application/vnd.a.v1+json", "a@1.GET /orders"),
        ("application/vnd.b.v1+json", "b@2.GET /orders"),  # it asks nothing of a, whose version 2 is the default
        ("APPLICATION/VND.A.2+JSON ; charset=utf-8", "a@2.GET /orders"),
        ("application/vnd.a.v1+json, application/vnd.a.v2+json;q=0.1", "a@2.GET /orders"),
        ("application/json", "a@2.GET /orders"),
        ("", "a@2.GET /orders"),
        ("application/vnd.a.v9+json", "400 /orders"),
        ("application/vnd.a.v1+xml", "400 /orders"),
        ("application/vnd.a.v1", "400 /orders"),
    ],
)
def test_a_media_type_names_the_version_of_a_contract(accept: str, rule: str) -> None:
    key = KEYS["media_type"]
    operations = [served("a", label, "GET", "/orders", default=label == "2") for label in ("1", "2")]
    rules = by_version(operations, key)
    found = answer(deployable(rules=rules, version_key=key), Request("GET", "any", "/orders", {"accept": accept}))
    assert found is not None
    assert found.name == rule.replace("b@2", "a@2")


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
    names = [rule.name for rule in by_version(operations, KEYS["header"])]
    assert len(names) == len(set(names))


def test_a_missing_version_is_told_which_there_are() -> None:
    table = by_version(
        [
            served("a", label, "GET", path, default=False)
            for label in ("2", "10", "0.9")
            for path in ("/orders/{id}", "/orders/export")
        ],
        KEYS["header"],
    )
    rule = answer(
        deployable(rules=table, version_key=KEYS["header"]),
        Request("GET", "any", "/orders/export", {}),
    )
    assert rule is not None
    assert isinstance(rule.action, Answer)
    assert json.loads(rule.action.body)["versions"] == ["0.9", "2", "10"]
    assert dict(rule.action.headers)["content-type"] == "application/problem+json"
