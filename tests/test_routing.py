"""The tree is only another shape of the table: both give a request to the same rule."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from compiler.paths import PathTemplate
from compiler.plan import Answer, Rule, VersionKey, VersionTest
from compiler.routing import Choice, Request, answer, holds_host, tree
from tests.plans import SPAN, deployable

SEGMENTS = st.sampled_from(["a", "b", "ab", "{x}", "{x}.json", "a{x}", "{x}-b", ""])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(part.replace("{x}", f"{{p{n}}}") for n, part in enumerate(p for p in parts if p))
)
PIECES = st.sampled_from(["a", "b", "ab", "c", "a.json", "ab-b", "aa", ""])
REQUESTED = st.lists(PIECES, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.sampled_from(["", "?a=1", "?/a/b", "?"])


def table(paths: list[str]) -> list[Rule]:
    """A rule for each path, in the order of specificity, and one at the end for every path if there is a `*`."""
    templates = sorted((PathTemplate.parse(p) for p in set(paths) if p != "*"), key=lambda t: t.rank)
    rules = [Rule(str(t), t, None, None, Answer(200, (), ""), SPAN) for t in templates]
    if "*" in paths:
        rules.append(Rule("*", None, None, None, Answer(404, (), ""), SPAN))
    return rules


def descended(rules: list[Rule], path: str, query: str) -> list[Rule]:
    """The rules that a matcher tree arrives at for a path, as Envoy walks it."""
    leaves = [leaf for leaf in tree(rules) if (path + query).startswith(leaf.prefix)]
    choice: Choice = max(leaves, key=lambda leaf: len(leaf.prefix)).choice
    while True:
        chosen = next((c for pattern, c in choice.branches if re.fullmatch(pattern, path + query)), None)
        if chosen is None:
            return list(choice.rest)
        choice = chosen


@given(st.lists(PATHS | st.just("*"), min_size=1, max_size=12), REQUESTED, QUERIES)
def test_tree_and_table_decide_alike(paths: list[str], path: str, query: str) -> None:
    rules = table(paths)
    made = deployable(rules=tuple(rules))
    expected = answer(made, Request("GET", "any", path, {}))
    found = answer(deployable(rules=tuple(descended(rules, path, query))), Request("GET", "any", path, {}))
    assert found is expected


def test_many_operations_behind_parameters_are_split() -> None:
    rules = table(
        [
            f"/repos/{{owner}}/{{repo}}/{name}{rest}"
            for name in ("issues", "pulls", "tags")
            for rest in ("", "/{n}", "/{n}/files")
        ]
    )
    leaf = next(leaf for leaf in tree(rules) if leaf.prefix == "/repos/")
    assert [pattern for pattern, _ in leaf.choice.branches] == [
        f"/repos/[^/?]+/[^/?]+/{name}([/?].*)?" for name in ("issues", "pulls", "tags")
    ]
    assert leaf.choice.rest == ()
    assert len(descended(rules, "/repos/o/r/pulls/7", "")) == 2


def test_a_branch_holds_what_its_paths_can_meet_and_nothing_else() -> None:
    rules = table(["/r/{o}/issues", "/r/{o}/pulls", "/r/{o}/{x}", "/r/{o}/{x}es", "/r/{o}/{x}/{y}"])
    leaf = next(leaf for leaf in tree(rules) if leaf.prefix == "/r/")
    held = {pattern: [rule.name for rule in inner.rest] for pattern, inner in leaf.choice.branches}
    assert held == {
        "/r/[^/?]+/issues([/?].*)?": ["/r/{o}/issues", "/r/{o}/{x}es", "/r/{o}/{x}", "/r/{o}/{x}/{y}"],
        "/r/[^/?]+/pulls([/?].*)?": ["/r/{o}/pulls", "/r/{o}/{x}", "/r/{o}/{x}/{y}"],
    }
    assert [rule.name for rule in leaf.choice.rest] == ["/r/{o}/{x}es", "/r/{o}/{x}", "/r/{o}/{x}/{y}"]


def test_hosts() -> None:
    made = deployable(hosts=("api.test", "*.shop.test"))
    for host, held in (
        ("api.test", True),
        ("API.test:8443", True),
        ("api.test.", True),
        ("api.test.:8443", True),
        ("a.b.shop.test", True),
        ("shop.test", False),
        ("other", False),
    ):
        assert holds_host(made, host) is held, host
    assert holds_host(deployable(), "anything")


def test_a_version_is_read_where_the_deployable_says() -> None:
    rule = Rule("x", None, None, VersionTest(("2", "0.3"), absent=False), Answer(200, (), ""), SPAN)
    made = deployable(rules=(rule,), version_key=VersionKey("header", "x-version"))
    for version, held in (("2", True), ("v2", True), ("0.3", True), ("03", False), ("", False), ("V2", False)):
        found = answer(made, Request("GET", "any", "/", {"x-version": version} if version else {}))
        assert (found is rule) is held, version
