"""Path templates: parsing, order, and what matches them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.paths import Kind, PathTemplate, escape_re2

SEGMENTS = st.sampled_from(["a", "b", "ab", "a.b", "{x}", "{x}.json", "a{x}", "{x}-b", "a{x}b{y}", ""])
TEMPLATES = st.lists(SEGMENTS, min_size=1, max_size=4).map(
    lambda parts: PathTemplate.parse(
        "/" + "/".join(re.sub(r"\{(.)\}", rf"{{\g<1>{n}}}", part) for n, part in enumerate(p for p in parts if p))
    )
)
REQUESTED = st.lists(st.sampled_from(["a", "b", "ab", "a.json", "a.b", "aab", ""]), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("orders", "starts with `/`"),
        ("", "starts with `/`"),
        ("/orders?x=1", "neither"),
        ("/orders#x", "neither"),
        ("/orders/{id", "braces"),
        ("/orders/id}", "braces"),
        ("/orders/{{id}}", "braces"),
        ("/orders/{}", "no name"),
        ("/{id}/lines/{id}", "stands twice"),
        ("/{a}{b}", "touch each other"),
        ("/orders/../x", "taken out"),
        ("/orders/.", "taken out"),
        ("/orders//x", "empty segment"),
        ("//", "empty segment"),
    ],
)
def test_what_is_no_template(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PathTemplate.parse(text)


@pytest.mark.parametrize("text", ["/", "/orders", "/orders/", "/orders/{id}.json", "/{a}-{b}/x;v=1/@me/~u/a+b"])
def test_a_template_reads_back(text: str) -> None:
    made = PathTemplate.parse(text)
    assert str(made) == text
    assert PathTemplate.parse(str(made)) == made


def test_literal_text_is_encoded_once() -> None:
    made = PathTemplate.parse("/größe/a b/%C3%A9")
    assert str(made) == "/gr%C3%B6%C3%9Fe/a%20b/%C3%A9"
    assert made.matches("/gr%C3%B6%C3%9Fe/a%20b/%C3%A9")


def test_kinds_and_parameters() -> None:
    made = PathTemplate.parse("/orders/{id}.json/{line}")
    assert [s.kind for s in made.segments] == [Kind.LITERAL, Kind.MIXED, Kind.PARAMETER]
    assert made.parameters == ("id", "line")
    assert made.literal_prefix == "/orders/"
    assert not made.is_literal
    assert made.shape == PathTemplate.parse("/orders/{other}.json/{x}").shape


@pytest.mark.parametrize(
    ("template", "path", "matches"),
    [
        ("/orders/{id}", "/orders/7", True),
        ("/orders/{id}", "/orders/", False),
        ("/orders/{id}", "/orders", False),
        ("/orders/{id}", "/orders/7/", False),
        ("/orders/{id}", "/orders/7/8", False),
        ("/orders/{id}", "/Orders/7", False),
        ("/orders/{id}.json", "/orders/7.json", True),
        ("/orders/{id}.json", "/orders/.json", False),
        ("/orders/{id}.json", "/orders/7xjson", False),
        ("/orders", "/orders/", False),
        ("/orders/", "/orders", False),
        ("/", "/", True),
        ("/{x}", "/", False),
        ("/a+b", "/a+b", True),
        ("/a+b", "/aab", False),
    ],
)
def test_what_a_template_matches(template: str, path: str, matches: bool) -> None:
    assert PathTemplate.parse(template).matches(path) is matches


def test_more_specific_comes_first() -> None:
    ordered = [
        "/orders",
        "/orders/export",
        "/orders/{id}-full.json",
        "/orders/{id}.json",
        "/orders/{id}",
        "/{any}/export",
    ]
    shuffled = sorted(ordered, key=lambda text: text[::-1])
    assert sorted(shuffled, key=lambda text: PathTemplate.parse(text).rank) == ordered


def test_under_a_prefix() -> None:
    made = PathTemplate.parse("/orders/{id}")
    assert made.under("") is made
    assert str(made.under("/v2/shop")) == "/v2/shop/orders/{id}"
    assert str(PathTemplate.parse("/").under("/v2")) == "/v2/"


@given(TEMPLATES, REQUESTED)
def test_a_match_begins_with_the_literal_prefix(template: PathTemplate, path: str) -> None:
    if template.matches(path):
        assert path.startswith(template.literal_prefix)
        assert "//" not in path
        assert path.count("/") == len(template.segments)


@given(TEMPLATES, REQUESTED, st.integers(1, 12))
def test_reaches_errs_only_towards_true(template: PathTemplate, path: str, length: int) -> None:
    if template.matches(path):
        assert template.reaches(path[:length])


@given(TEMPLATES, TEMPLATES, REQUESTED)
def test_what_covers_matches_no_less(one: PathTemplate, other: PathTemplate, path: str) -> None:
    if one.covers(other) and other.matches(path):
        assert one.matches(path)


@given(TEMPLATES, TEMPLATES)
def test_order_and_shape_agree(one: PathTemplate, other: PathTemplate) -> None:
    assert (one.rank == other.rank) == (one.shape == other.shape)


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    assert re.fullmatch(escape_re2(text), text)
    assert (re.fullmatch(escape_re2(text), other) is not None) == (text == other)


def test_semicolons() -> None:
    """Some services stop reading a segment there, and would take another path than the one that was matched."""
    plain = PathTemplate.parse("/files/{folder}/{name}.json")
    assert not plain.matches("/files/..;/admin.json")
    assert not plain.matches("/files/a/b;c.json")
    assert plain.matches("/files/a/b%3Bc.json")
    assert PathTemplate.parse("/a;b").matches("/a;b")
    open_to_them = PathTemplate.parse("/{a}").with_semicolons()
    assert open_to_them.under("/v1").matches("/v1/;a=1")
    assert open_to_them.under("/v1").text == "/v1/{a}"
    assert not open_to_them.matches("/a/b")
