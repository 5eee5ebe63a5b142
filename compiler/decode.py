"""Documents to model objects, driven by the model's own annotations; everything wrong is found in one pass.

``decoder(annotation)`` turns a type into a function once; no field of the language is named in this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from compiler.diagnostics import Finding, closest, did_you_mean, one_of
from compiler.model.kinds import Bounds, Items, Keys, Raw, Scalar, Where
from compiler.reader import ListNode, MapNode
from compiler.source import Span


class _Invalid:
    """Stands for a value that was refused; the findings say why."""


INVALID = _Invalid()
Decoder = Callable[[Any, Span, Span | None, list[Finding]], Any]
"""(value as read, its place, its key's place, findings to add to) -> model value, or INVALID."""


def decode(target: type, node: Any, span: Span) -> tuple[Any | None, list[Finding]]:
    """``node`` as an object of the dataclass ``target``, or None together with at least one error."""
    findings: list[Finding] = []
    value = decoder(target)(node, span, None, findings)
    return (None if value is INVALID else value), findings


@cache
def decoder(annotation: Any) -> Decoder:
    """The decoder of a type as the model writes it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *marks = get_args(annotation)
        return _annotated(base, tuple(marks))
    if origin in (Union, UnionType):
        return _union(tuple(a for a in get_args(annotation) if a is not NoneType))
    if origin is Literal:
        return _literal(get_args(annotation))
    if origin is tuple:
        return _list(decoder(get_args(annotation)[0]), Items())
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _object(annotation)
    if annotation is bool:
        return _boolean
    raise TypeError(f"the model uses a type that the decoder does not know: {annotation!r}")


def _annotated(base: Any, marks: tuple[Any, ...]) -> Decoder:
    mark = marks[-1]
    if isinstance(mark, Raw):
        return _raw(mark)
    if isinstance(mark, Scalar):
        return _scalar(mark)
    if isinstance(mark, Bounds):
        return _number(mark, whole=base is int)
    if isinstance(mark, Keys):
        return _named(mark, decoder(get_args(base)[1]))
    if isinstance(mark, Items):
        return _list(decoder(get_args(base)[0]), mark)
    return decoder(base)


def shown(value: Any) -> str:
    """A value in a message: what it is, and itself where it is short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"`{value if len(value) <= 40 else value[:37] + '...'}`" if value else "an empty text"
    return f"the number {value}"


def _wrong(span: Span, expected: str, value: Any, help: str | None = None, rule: str = "schema") -> Finding:
    """A value that is not of the form that belongs here. Without a better help, it says what to write."""
    if value is None:
        help = help or "write a value, or remove the key"
    return Finding(rule, f"expected {expected}, found {shown(value)}", span, help or f"write {expected}")


def _mended(text: str, pattern: re.Pattern[str]) -> str | None:
    """``write `...` `` with the nearest text that has the form, where a common slip explains the difference."""
    slips = (
        text.strip(),
        text.lower(),
        re.sub(r":[0-9]+$", "", text),
        *((f"{text}.0", f"{text}.0.0") if text[-1:].isdigit() else ()),
        text.removeprefix("v"),
        *((f"{text}s",) if text[-1:].isalnum() else ()),
        f"/{text}",
        re.sub(r"@[\^~]([0-9]+)$", r"@\1.0.0", text),
        re.sub(r"[ _-]+", "-", text.lower()),
        re.sub(r"[ _-]+", "_", text.lower()),
    )
    found = next((slip for slip in slips if slip != text and pattern.fullmatch(slip)), None)
    return f"write `{found}`, for example" if found else None


def _raw(mark: Raw) -> Decoder:
    def decode_raw(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        if mark.mapping_only and not isinstance(value, MapNode):
            out.append(_wrong(span, mark.says, value))
            return INVALID
        return value

    return decode_raw


def _scalar(mark: Scalar) -> Decoder:
    pattern = re.compile(mark.pattern)

    def decode_scalar(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        text = value
        if not isinstance(value, str):
            plain = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (mark.raw and plain):
                written = span.source.text[span.start : span.end]
                quoted = plain and pattern.fullmatch(written)
                help = f'quote it: `"{written}"`' if quoted else _mended(written, pattern) if plain else None
                out.append(_wrong(span, mark.says, value, help))
                return INVALID
            text = span.source.text[span.start : span.end]
        if pattern.fullmatch(text) is None:
            out.append(_wrong(span, mark.says, text, _mended(text, pattern), mark.rule))
            return INVALID
        try:
            return mark.convert(text)
        except ValueError as error:
            out.append(Finding(mark.rule, f"{shown(text)}: {error}", span, f"write {mark.says}"))
            return INVALID

    return decode_scalar


def _number(bounds: Bounds, *, whole: bool) -> Decoder:
    kind = "whole number" if whole else "number"
    expected = f"a {kind} from {bounds.least} to {bounds.most}"

    def decode_number(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not fits or not bounds.least <= value <= bounds.most:
            out.append(_wrong(span, expected, value))
            return INVALID
        return value

    return decode_number


def _boolean(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
    if not isinstance(value, bool):
        help = (
            "write `true` or `false`; YAML 1.2 takes `yes`, `no`, `on` and `off` as texts"
            if isinstance(value, str)
            else None
        )
        out.append(_wrong(span, "`true` or `false`", value, help))
        return INVALID
    return value


def _literal(choices: tuple[Any, ...]) -> Decoder:
    words = [c for c in choices if isinstance(c, str)]
    expected = ", ".join(_choice(c) for c in choices)
    expected = f"one of {expected}" if len(choices) > 1 else expected

    def decode_literal(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        for choice in choices:
            if value == choice and type(value) is type(choice):
                return choice
        out.append(_wrong(span, expected, value, did_you_mean(value, words) if isinstance(value, str) else None))
        return INVALID

    return decode_literal


def _union(members: tuple[Any, ...]) -> Decoder:
    if len(members) == 1:
        return decoder(members[0])
    by_shape: dict[type, list[Decoder]] = {dict: [], list: [], str: []}
    for member in members:
        if get_origin(member) is not Literal:  # compared first of all
            by_shape[_shape(member)].append(decoder(member))
    exact = {c for member in members if get_origin(member) is Literal for c in get_args(member)}
    secret = next((m for m in members if getattr(m, "SECRET", False)), None)

    def decode_union(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        shape = dict if isinstance(value, dict) else list if isinstance(value, list) else str
        if shape is str and isinstance(value, (str, bool, NoneType)) and value in exact:
            return value
        options = by_shape[dict] if secret is not None and shape is str else by_shape[shape]
        refusals: list[list[Finding]] = []
        for option in options:
            mine: list[Finding] = []
            result = option(value, span, key, mine)
            if result is not INVALID:
                out += mine
                return result
            refusals.append(mine)
        forms_alone = shape is str and all(len(r) == 1 and r[0].message.startswith("expected ") for r in refusals)
        if not options or (forms_alone and secret is None):  # say all that could stand here
            hint = did_you_mean(value, [c for c in exact if isinstance(c, str)]) if isinstance(value, str) else None
            out.append(_wrong(span, ", or ".join(_says(member) for member in members), value, hint))
        else:
            out += refusals[0]
        return INVALID

    return decode_union


def _says(annotation: Any) -> str:
    """What a member of a union expects, for a message that names them all."""
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(_choice(c) for c in get_args(annotation))
    if origin is Annotated:
        base, *marks = get_args(annotation)
        return str(marks[-1].says) if isinstance(marks[-1], (Scalar, Raw)) else _says(base)
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _mapping([key for key, _, _ in language_fields(annotation)])
    return "a list" if origin is tuple else "a mapping"


def _choice(value: Any) -> str:
    """A value that could stand here, as YAML writes it."""
    return f"`{'null' if value is None else str(value).lower() if isinstance(value, bool) else value}`"


def _mapping(keys: list[str]) -> str:
    return "a mapping with " + ", ".join(f"`{key}`" for key in keys[:4]) + (", ..." if len(keys) > 4 else "")


def _shape(annotation: Any) -> type:
    """How a type looks in YAML: dict, list, or str for any scalar."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *marks = get_args(annotation)
        if isinstance(marks[-1], Raw):
            return dict
        return dict if isinstance(marks[-1], Keys) else _shape(base)
    if origin is tuple:
        return list
    return dict if is_dataclass(annotation) or origin is Mapping else str


def _list(item: Decoder, mark: Items) -> Decoder:
    def decode_list(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        if not isinstance(value, ListNode):
            out.append(_wrong(span, "a list", value, "write it as `[...]`" if value is not None else None))
            return INVALID
        if len(value) < mark.least:
            out.append(Finding("schema", "expected at least one item, found an empty list", span, "name at least one"))
            return INVALID
        results = []
        for index, one in enumerate(value):
            place = value.value_span(index)
            result = item(one, place, None, out)
            if mark.unique and isinstance(one, str) and one in value[:index]:
                out.append(Finding("schema", f"{shown(one)} stands twice in this list", place, "remove one of the two"))
            results.append(result)
        return INVALID if any(r is INVALID for r in results) else tuple(results)

    return decode_list


def _named(mark: Keys, item: Decoder) -> Decoder:
    pattern = re.compile(mark.kind.pattern)

    def decode_named(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        if not isinstance(value, MapNode):
            out.append(_wrong(span, "a mapping", value))
            return INVALID
        if len(value) < mark.least or (mark.most is not None and len(value) > mark.most):
            wanted = "exactly one entry" if mark.most == 1 else "at least one entry"
            mend = "keep one of them" if value else "add an entry, or remove the key"
            out.append(Finding("schema", f"expected {wanted}, found {len(value)}", span, mend))
            return INVALID
        results: dict[str, Any] = {}
        valid = True
        for name, one in value.items():
            if pattern.fullmatch(name) is None:
                mended = _mended(name, pattern)
                out.append(_wrong(value.key_span(name), mark.kind.says, name, mended, mark.kind.rule))
                valid = False
            result = item(one, value.value_span(name), value.key_span(name), out)
            valid = valid and result is not INVALID
            spelled = mark.kind.convert(name) if pattern.fullmatch(name) else name
            if spelled in results:
                out.append(Finding("duplicate-key", f"`{name}` stands twice in this mapping", value.key_span(name)))
            results[spelled] = result
        return results if valid else INVALID

    return decode_named


def field_key(attribute: str) -> str:
    """A field's key in YAML: its name without the underscore that keeps it apart from a word of Python."""
    return attribute.removesuffix("_")


@cache
def language_fields(target: type) -> tuple[tuple[str, Field[Any], Any], ...]:
    """(key in YAML, field, annotation) of a model class, in the order in which it is documented."""
    hints = get_type_hints(target, include_extras=True)
    return tuple(
        (field_key(f.name), f, hints[f.name])
        for f in fields(target)
        if f.name != "where" and get_origin(hints[f.name]) is not ClassVar
    )


def _object(target: type) -> Decoder:
    exactly_one: tuple[str, ...] = getattr(target, "EXACTLY_ONE", ())
    only_with: Mapping[str, str] = getattr(target, "ONLY_WITH", {})
    secret: bool = getattr(target, "SECRET", False)
    keys: list[str] = []  # both are filled when they are needed: a project uses little of the language
    decoders: dict[str, Decoder] = {}

    def decode_object(value: Any, span: Span, key: Span | None, out: list[Finding]) -> Any:
        layout = language_fields(target)
        if not keys:
            keys.extend(name for name, _, _ in layout)
        if not isinstance(value, MapNode):
            out.append(_plaintext(span) if secret and value is not None else _wrong(span, _mapping(keys), value))
            return INVALID
        found: dict[str, Any] = {}
        before = len(out)
        unknown = [name for name in value if name not in keys]
        mistyped = {guess for name in unknown if (guess := closest(name, keys)) is not None}
        out.extend(_unknown_key(value, name, keys, secret=secret) for name in unknown)
        for name, field, annotation in layout:
            if name in value:
                if name not in decoders:
                    decoders[name] = decoder(annotation)
                found[field.name] = decoders[name](value[name], value.value_span(name), value.key_span(name), out)
            elif _required(field) and name not in mistyped:
                out.append(Finding("schema", f"the key `{name}` is missing", key or _start(value), f"add `{name}:`"))
        given = [name for name in exactly_one if name in value]
        if len(exactly_one) > 1 and len(given) != 1 and mistyped.isdisjoint(exactly_one):
            said = f"{' and '.join(f'`{g}`' for g in given)} exclude each other"
            where = value.key_span(given[1]) if given else key or _start(value)
            out.append(
                Finding("schema", said if given else f"expected {one_of(exactly_one)}", where, "keep exactly one")
            )
        for name, partner in only_with.items():
            if name in value and partner not in value and partner not in mistyped and (given or not exactly_one):
                out.append(Finding("schema", f"`{name}` goes with `{partner}`", value.key_span(name), "remove it"))
        if len(out) > before:
            return INVALID
        return target(where=Where(value, value.span, key), **found)

    return decode_object


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _start(node: MapNode) -> Span:
    """A short place for a mapping without a name: its first key."""
    return node.key_span(next(iter(node.marks))) if node.marks else node.span


def _plaintext(span: Span) -> Finding:
    return Finding(
        "plaintext-secret",
        "a literal value stands where a secret belongs",
        span,
        "write `{file: /path/on/the/gateway}` or `{env: NAME}`, and revoke what was written here",
    )


def _unknown_key(node: MapNode, name: str, keys: list[str], *, secret: bool) -> Finding:
    if secret and isinstance(node[name], (str, int, float)) and did_you_mean(name, keys) is None:
        return _plaintext(node.value_span(name))
    free = [k for k in keys if k not in node]
    return Finding(
        "schema",
        f"unknown key `{name}`",
        node.key_span(name),
        did_you_mean(name, free) or f"known here: {one_of(free or keys)}",
    )
