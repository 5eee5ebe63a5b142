"""Every field of the plan that the table compares: another value of it is a change, and none is passed over."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from compiler.composed import Constant
from compiler.diff.deployables import changed, side
from compiler.diff.entries import Coded, Compared, Inside
from compiler.diff.revisions import Revision, read
from compiler.diff.table import TABLE
from compiler.files import Library
from compiler.plan import Answer, Deployable, HeaderChanges, Secret
from compiler.source import Span
from tests.diffs import rich, write

TEXTS = {"allow": "203.0.113.0/24", "deny": "203.0.113.0/24", "fallback": "[1]", "json": "[1]"}
"""Texts for fields in which not any text will do."""
WHOLE: dict[Any, Any] = {
    Secret: Secret("file", "/another"),
    HeaderChanges: HeaderChanges((("x-another", "1"),)),
    Constant: Constant('"another"'),
}
"""Values of types that are compared as a whole."""


@pytest.fixture(scope="module")
def revision(tmp_path_factory: pytest.TempPathFactory) -> Revision:
    """A revision that uses every part of the language that is built."""
    folder = write(tmp_path_factory.mktemp("rich"), rich())
    found, findings = read(Library(folder.resolve()))
    assert found is not None
    assert not findings, [finding.message for finding in findings]
    return found


def others(hint: Any, value: Any, known: dict[Any, Any], text: str) -> Iterator[Any]:
    """Other values of a type; ``known`` has a sample of each dataclass of the plan, ``text`` is one for a text."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is not None and type(None) in get_args(hint):
            yield None
        for inner in get_args(hint):
            if inner is not type(None):
                yield from others(inner, value, known, text)
    elif origin is Literal:
        yield from (one for one in get_args(hint) if one != value)
    elif origin is tuple and ... not in get_args(hint):
        if value is None:
            yield tuple(next(others(inner, None, known, text)) for inner in get_args(hint))
    elif origin is tuple:
        inner = get_args(hint)[0]
        if value:
            yield value[1:]
        yield from (
            (*(value or ()), one)
            for one in others(inner, None, known, text)
            if one is not None and one not in (value or ())
        )
    elif hint is bool:
        yield not value
    elif hint is int:
        yield (value or 0) + 1
    elif hint is str:
        yield text if value is None or text in TEXTS.values() else f"{value}x"
    elif hint in WHOLE and value is not None:
        yield WHOLE[hint]
    elif value is None and hint in known:
        yield known[hint]


def samples(value: Any, found: dict[Any, Any]) -> None:
    """One value of each dataclass below a value of the plan."""
    if isinstance(value, tuple):
        for one in value:
            samples(one, found)
    elif is_dataclass(value) and not isinstance(value, Span):
        found.setdefault(type(value), value)
        for field in fields(value):
            samples(getattr(value, field.name), found)


def mutated(value: Any, known: dict[Any, Any]) -> Iterator[tuple[type, str, Any]]:
    """The value with one compared field of it, or of something below it, changed, and which field that is."""
    if isinstance(value, tuple):
        for at, one in enumerate(value):
            for kind, name, made in mutated(one, known):
                yield kind, name, (*value[:at], made, *value[at + 1 :])
        return
    if not is_dataclass(value) or type(value) not in TABLE:
        return
    hints = get_type_hints(type(value))
    for name, entry in TABLE[type(value)].items():
        inner = getattr(value, name)
        if isinstance(entry, (Compared, Coded, Inside)):
            for other in others(hints[name], inner, known, TEXTS.get(name, "/x")):
                yield type(value), name, replace(value, **{name: other})  # type: ignore[type-var]
        if name not in ("where", "api"):
            for kind, field, made in mutated(inner, known):
                yield kind, field, replace(value, **{name: made})  # type: ignore[type-var]


def test_another_value_of_a_compared_field_is_a_change(revision: Revision) -> None:
    seen: set[tuple[type, str]] = set()
    silent: set[tuple[str, str]] = set()
    for deployable in revision.deployables.values():
        known: dict[Any, Any] = {}
        for one in revision.deployables.values():
            samples(one, known)
        small = smaller(deployable)
        before = side(revision, small)
        for kind, name, made in mutated(small, known):
            if changed(before, side(revision, made)):
                seen.add((kind, name))
            else:
                silent.add((kind.__name__, name))
    assert sorted(silent) == []
    missing = {
        (kind, name)
        for kind, entries in TABLE.items()
        for name, entry in entries.items()
        if isinstance(entry, (Compared, Coded)) and (kind, name) not in seen
    }
    assert not {(kind.__name__, name) for kind, name in missing}, "the rich project of tests/diffs.py lacks these"


def smaller(deployable: Deployable) -> Deployable:
    """A deployable with one rule of each kind of action: one is as good as many. Answers follow from the others."""
    kept: dict[tuple[Any, ...], Any] = {}
    for rule in deployable.rules:
        if not isinstance(rule.action, Answer):
            kept.setdefault((type(rule.action), rule.cors is None), rule)
    return replace(deployable, rules=tuple(kept.values()))
