"""What aggregates come to, once more, in the plainest way: values as Python has them, steps one behind the other.

The payload module is held against it. docs/payload-plan.md is what both go by. Numbers keep their text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ABSENT = object()


class Number(str):
    """A number by its text."""

    __slots__ = ()


class Broken(Exception):
    """Something is absent or of another type where that cannot be."""


def read(text: str) -> Any:
    """A JSON text."""
    return json.loads(text, parse_int=Number, parse_float=Number)


@dataclass
class Whole:
    """An answer: of a failure, only which statuses it may have."""

    statuses: set[int]
    body: Any = None
    partial: str = ""


@dataclass
class Outcome:
    """What a step, or an element of it, stands for."""

    body: Any
    good: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def value(self) -> Any:
        if not self.good:
            return {"body": self.body}
        return {"status": Number(self.status), "headers": dict(self.headers), "body": self.body}


Answers = Mapping[str, Sequence[tuple[int, Sequence[tuple[str, str]], str]]]


def answer(aggregate: Mapping[str, Any], request: Mapping[str, Any], answers: Answers) -> Whole:
    """What a client gets. ``answers`` are those of each step, by element; the last one stands for all further."""
    known: dict[str, Any] = {"request": request}
    failures: set[int] = set()
    partial: list[str] = []
    for step in aggregate["steps"]:
        outcomes, is_partial = _run(step, known, answers[step["name"]])
        if is_partial:
            partial.append(step["name"])
        if is_partial and not step["optional"]:
            failed = [one.status for one in outcomes or () if not one.good]
            if failed or outcomes is None:
                failures |= {s if 400 <= s < 500 else 502 for s in failed} or {502}
        if step["for_each"] is not None:
            known[step["name"]] = [one.value() for one in outcomes or ()]
        else:
            known[step["name"]] = (outcomes or [Outcome(_plain(step["fallback"]))])[0].value()
    if failures:
        return Whole(failures)
    try:
        body = _must(evaluate(aggregate["response"]["body"], known))
    except Broken:
        return Whole({502})
    return Whole({200}, body, ", ".join(partial))


def _run(step: Mapping[str, Any], known: Mapping[str, Any], sent: Any) -> tuple[list[Outcome] | None, bool]:
    """Its outcomes, and whether anything is missing. None where it could not be run; one that is skipped has none."""
    try:
        if step["when"] is not None and not _holds(step["when"], known):
            return [], False
        elements = [ABSENT]
        if step["for_each"] is not None:
            elements = _listed(_must(evaluate(step["for_each"], known)))
    except Broken:
        return None, True
    is_cut = len(elements) > step["max"] and step["for_each"] is not None
    if is_cut and step["on_excess"] == "fail":
        return None, True
    outcomes = []
    for index, element in enumerate(elements[: step["max"]] if is_cut else elements):
        inside = known if element is ABSENT else {**known, "item": element}
        outcomes.append(_call(step, inside, sent[min(index, len(sent) - 1)]))
    return outcomes, is_cut or not all(one.good for one in outcomes)


def _call(step: Mapping[str, Any], known: Mapping[str, Any], sent: Any) -> Outcome:
    fallback = _plain(step["fallback"]) if step["optional"] else None
    inputs = step["inputs"]
    try:
        for value in inputs["path"].values():
            if _text(_must(evaluate(value, known))) in ("", ".", ".."):
                raise Broken
        for _, value in [*inputs["query"], *inputs["headers"]]:
            found = evaluate(value, known)
            if found is not ABSENT and found is not None:
                _text(found)
        if inputs["body"] is not None:
            _must(evaluate(inputs["body"], known))
    except Broken:
        return Outcome(fallback)
    status, headers, text = sent
    if not any(good in (str(status), f"{status // 100}XX") for good in step["good"]):
        return Outcome(fallback, status=status)
    try:
        body = read(text) if text else None
    except ValueError:
        return Outcome(fallback, status=status)
    if not all(_is_as_expected(body, one["path"], one) for one in step["expect"]):
        return Outcome(fallback, status=status)
    return Outcome(body, True, status, dict(reversed(headers)))


def _is_as_expected(value: Any, path: Sequence[Any], expected: Mapping[str, Any]) -> bool:
    if value is ABSENT or (path and not isinstance(value, dict | list)):
        return bool(expected["absent"])
    if not path:
        return bool(_kinds(value) & set(expected["kinds"]))
    if path[0] == "*":
        if not isinstance(value, list):
            return bool(expected["absent"])
        return all(_is_as_expected(one, path[1:], expected) for one in value)
    return _is_as_expected(_of(value, path[0]), path[1:], expected)


def _kinds(value: Any) -> set[str]:
    if isinstance(value, Number):
        return {"number", "integer"} if Decimal(value) == Decimal(value).to_integral_value() else {"number"}
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return {names[type(value)]}


def evaluate(value: Sequence[Any], known: Mapping[str, Any]) -> Any:
    """What a VALUE comes to; ABSENT where it is absent. Raises Broken."""
    name, *rest = value
    match name:
        case "json":
            return _plain(rest[0])
        case "get":
            at = known[rest[0]] if isinstance(rest[0], str) else evaluate(rest[0], known)
            for step in rest[1:]:
                at = _of(at, step)
            return at
        case "text":
            return "".join(_text(evaluate(one, known)) for one in rest)
        case "object":
            made = {key: evaluate(one, known) for key, one in rest}
            return {key: one for key, one in made.items() if one is not ABSENT}
        case "list":
            return [_must(evaluate(one, known)) for one in rest]
        case "has":
            return evaluate(rest[0], known) not in (ABSENT, None)
        case "size":
            of = _must(evaluate(rest[0], known))
            if isinstance(of, Number) or not isinstance(of, str | list):
                raise Broken
            return Number(len(of))
        case "!":
            return not _holds(rest[0], known)
        case "?":
            return evaluate(rest[1] if _holds(rest[0], known) else rest[2], known)
        case "map":
            return [_must(evaluate(rest[2], {**known, rest[1]: one})) for one in _of_each(rest[0], known)]
        case "filter":
            return [one for one in _of_each(rest[0], known) if _holds(rest[2], {**known, rest[1]: one})]
        case "&&":
            return _holds(rest[0], known) and _holds(rest[1], known)
        case "||":
            return _holds(rest[0], known) or _holds(rest[1], known)
    return _binary(name, *(evaluate(one, known) for one in rest))


def _binary(name: str, a: Any, b: Any) -> Any:
    if name in ("==", "!="):
        return (_comparable(None if a is ABSENT else a) == _comparable(None if b is ABSENT else b)) == (name == "==")
    _must(a)
    _must(b)
    if name == "in":
        return _comparable(a) in [_comparable(one) for one in _listed(b)]
    if isinstance(a, Number) and isinstance(b, Number) and name != "+":
        a, b = Decimal(a), Decimal(b)
    elif isinstance(a, Number) or isinstance(b, Number) or not (isinstance(a, str) and isinstance(b, str)):
        raise Broken
    return {"+": lambda: a + b, "<": lambda: a < b, "<=": lambda: a <= b, ">": lambda: a > b, ">=": lambda: a >= b}[
        name
    ]()


def _comparable(value: Any) -> Any:
    """The same for equal values; Python's true is 1."""
    if isinstance(value, Number):
        return ("number", Decimal(value))
    if isinstance(value, dict):
        return {key: _comparable(one) for key, one in value.items()}
    return [_comparable(one) for one in value] if isinstance(value, list) else (type(value).__name__, value)


def _of(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value[step] if isinstance(value, list) and step < len(value) else ABSENT


def _plain(value: Any) -> Any:
    """Plain data with numbers by their text."""
    return read(json.dumps(value))


def _must(value: Any) -> Any:
    if value is ABSENT:
        raise Broken
    return value


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Broken
    return value


def _of_each(value: Sequence[Any], known: Mapping[str, Any]) -> list[Any]:
    return _listed(evaluate(value, known))


def _holds(value: Sequence[Any], known: Mapping[str, Any]) -> bool:
    found = evaluate(value, known)
    if not isinstance(found, bool):
        raise Broken
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise Broken
    return value
