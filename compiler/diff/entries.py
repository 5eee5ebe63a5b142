"""What the table may say of a field of the plan, and how two values are walked by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from compiler.composed import Constant, ObjectOf
from compiler.diff.judging import RISKY, SAFE, Judge, Show, Verdict, always, plain
from compiler.paths import PathTemplate
from compiler.records import frozen
from compiler.source import Span

Steps = tuple[str, ...]
"""Where something stands in the object of the project that it comes from: ``("listen", "port")``."""


@frozen
class Kind:
    """A kind of change, and a sentence on it."""

    rule: str
    says: str


@frozen
class Found:
    """A change before it is known whom it reaches."""

    rule: str
    verdict: Verdict
    message: str
    at: Steps = ()


@frozen
class Compared:
    """A value that is compared as a whole."""

    kind: Kind
    words: str
    """What messages call it."""
    judge: Judge
    show: Show | None = plain
    """None for what has no short form."""
    at: Steps = ()
    collection: bool = False
    """Whether it is a collection, of which only what came and what is gone is shown; its order has no meaning."""
    form: Callable[[Any], Any] | None = None
    """What makes equal values of those that mean the same; ``bare`` if None."""


@frozen
class Inside:
    """A dataclass of the plan that is walked by its own fields; where it is optional, or one of several, as said."""

    at: Steps = ()
    kind: Kind | None = None
    words: str = ""
    came: Verdict = SAFE
    gone: Verdict = RISKY
    other: Verdict = RISKY
    """Where it is of another type now."""
    show: Show | None = None
    usual: Callable[[Any], Any] | None = None
    """What absence comes to, beside the other value; with it, nothing else is said of a value that came or is gone."""


@frozen
class Coded:
    """What code compares, since fields do not say enough by themselves."""

    compare: Callable[[Any, Any], Iterator[Found]]
    kinds: tuple[Kind, ...]
    at: Steps = ()


@frozen
class Elsewhere:
    """What another module of this package compares, by keys that it knows."""

    module: str


@frozen
class Ignored:
    """What is not compared, and why that loses nothing."""

    reason: str


def value(
    rule: str,
    says: str,
    words: str,
    judge: Judge | Verdict,
    at: Steps | str = (),
    show: Show = plain,
    *,
    collection: bool = False,
) -> Compared:
    """A line of the table. A verdict alone stands for one that does not depend on the values."""
    steps = tuple(at.split(".")) if isinstance(at, str) else at
    given = always(judge) if isinstance(judge, Verdict) else judge
    return Compared(Kind(rule, says), words, given, show, steps, collection)


Entry = Compared | Inside | Coded | Elsewhere | Ignored
Table = Mapping[type, Mapping[str, Entry]]


def walked(table: Table, old: Any, new: Any, at: Steps = ()) -> Iterator[Found]:
    """All changes from one value of a type in the table to another one of that type."""
    for name, entry in table[type(old)].items():
        yield from by_entry(table, entry, getattr(old, name), getattr(new, name), at)


def by_entry(table: Table, entry: Entry, old: Any, new: Any, at: Steps = ()) -> Iterator[Found]:
    """All changes from one value of a field to another one."""
    match entry:
        case Compared():
            form = entry.form or bare
            if form(old) != form(new):
                said, verdict = _said(entry, old, new), entry.judge(old, new)
                if said and verdict is not None:
                    yield Found(entry.kind.rule, verdict, entry.words + said, at + entry.at)
        case Inside():
            yield from _inside(table, entry, old, new, at)
        case Coded():
            for found in entry.compare(old, new):
                yield Found(found.rule, found.verdict, found.message, at + entry.at + found.at)
        case Elsewhere() | Ignored():
            pass


def _inside(table: Table, entry: Inside, old: Any, new: Any, at: Steps) -> Iterator[Found]:
    if old is None and new is None:
        return
    if entry.usual is not None:
        old, new = entry.usual(new) if old is None else old, entry.usual(old) if new is None else new
    if type(old) is type(new):
        yield from walked(table, old, new, at + entry.at)
        return
    assert entry.kind is not None, f"{type(old).__name__} or {type(new).__name__} is optional in the plan"
    verdict = entry.came if old is None else entry.gone if new is None else entry.other
    if entry.show is not None:
        said = f": {entry.show(old)} -> {entry.show(new)}"
    else:
        said = " is new" if old is None else " is gone" if new is None else " is of another kind"
    yield Found(entry.kind.rule, verdict, entry.words + said, at + entry.at)


def _said(entry: Compared, old: Any, new: Any) -> str:
    """What is said of a change behind what changed; of a collection what is gone and what came, if anything."""
    if entry.show is None:
        return " changed"
    if not entry.collection or old is None or new is None:
        return f": {entry.show(old)} -> {entry.show(new)}"
    gone, came = (tuple(one for one in side if one not in other) for side, other in ((old, new), (new, old)))
    said = [f"without {entry.show(gone)}"] if gone else []
    said += [f"now with {entry.show(came)}"] if came else []
    return f": {', '.join(said)}" if said else ""


def rewritten(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value of the plan in which each dataclass was replaced by what ``change`` makes of it, innermost first."""
    if isinstance(value, tuple):
        return tuple(rewritten(one, change) for one in value)
    if not is_dataclass(value) or isinstance(value, (Span, PathTemplate)):
        return value
    changed = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        made = rewritten(inner, change)
        if made is not inner and made != inner:
            changed[field.name] = made
    return change(replace(value, **changed) if changed else value)  # type: ignore[type-var]


_NO_MEANING = frozenset(("start", "end", "at"))
"""Offsets in the texts of expressions."""


def bare(value: Any) -> Any:
    """A value without places, for comparison."""
    if isinstance(value, (str, int, float, PathTemplate)) or value is None:
        return value
    if isinstance(value, (tuple, list)):
        return tuple(bare(one) for one in value)
    if isinstance(value, Mapping):
        return tuple(sorted((key, bare(one)) for key, one in value.items()))
    if is_dataclass(value):
        if isinstance(value, Constant):
            return ("Constant", as_json(value.json))
        if isinstance(value, ObjectOf):
            return ("ObjectOf", unordered(value.fields))
        offsets = type(value).__module__ == "compiler.expressions.syntax"
        return (
            type(value).__name__,
            *(
                bare(inner)
                for field in fields(value)
                if not isinstance(inner := getattr(value, field.name), Span)
                and not (offsets and field.name in _NO_MEANING)
            ),
        )
    return value


def unordered(value: tuple[Any, ...]) -> Any:
    """Things by name, in whatever order."""
    return tuple(sorted(bare(value)))


def as_json(text: str) -> str:
    """A JSON text in which the order of keys makes no difference."""
    return json.dumps(json.loads(text), sort_keys=True)
