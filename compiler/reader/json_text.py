"""JSON text to plain data, by the json module, which is many times faster than anything that keeps places.

Places are found only when one is asked for (``compiler.json_places``).
"""

from __future__ import annotations

import json
import re
from typing import Any

from compiler.diagnostics import Finding
from compiler.json_places import JsonPlaces, duplicate_keys, lone_surrogate
from compiler.reader.nodes import MAX_DEPTH, Document, Path, syntax_error
from compiler.reader.scalars import MAX_DIGITS, fraction, whole
from compiler.source import Source, Span

_SPACED = re.compile(r'"[ \t\r\n]+:')
_LONG = re.compile(rf"[0-9]{{{MAX_DIGITS + 1}}}")


def read_json(source: Source) -> tuple[Document | None, list[Finding]]:
    """The document of JSON text."""
    quick = _quickly(source.text)
    if quick is not None:
        root, places = quick
        return Document(source, root, Span(source, *places.find(())), places), []
    return _closely(source)


def _quickly(text: str) -> tuple[Any, JsonPlaces] | None:
    """What sound text is and its places, without a look at each pair of it; None where something in it needs one.

    A key ends with a quote and a colon, so there are as many of these as keys, unless a key stands twice. Text with
    backslashes before a quote that may end a string, or with space before a colon, is left to the closer look, and so
    are long numbers and all that is unusual.
    """
    if '\\\\"' in text or _SPACED.search(text) or _has_long_number(text) or lone_surrogate(text):
        return None
    try:
        root, places = JsonPlaces.read(text, json.JSONDecoder(parse_float=fraction, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        return None
    keys = _keys(root)
    return (root, places) if keys is not None and keys == text.count('":') - text.count('\\":') else None


def _has_long_number(text: str) -> bool:
    """Whether so many digits follow each other. One of so many characters would then be among them."""
    return any(
        _LONG.search(text, max(0, at - MAX_DIGITS), at + MAX_DIGITS + 1)
        for at in range(0, len(text), MAX_DIGITS)
        if text[at].isdigit()
    )


def _keys(root: Any) -> int | None:
    """How many keys all objects have together; None where one is nested too deeply, or there is none."""
    count = 0
    level = [root] if type(root) is dict else []
    for _ in range(MAX_DEPTH):
        if not level:
            return count or None
        inner: list[Any] = []
        for outer in level:
            if type(outer) is dict:
                count += len(outer)
                inner += [one for one in outer.values() if type(one) is dict or type(one) is list]
            else:
                inner += [one for one in outer if type(one) is dict or type(one) is list]
        level = inner
    return None if level else count or None


def _closely(source: Source) -> tuple[Document | None, list[Finding]]:
    """The document of JSON text, or what is wrong with it."""
    duplicates: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    duplicates.append(name)
                seen.add(name)
        return made

    try:
        root = json.loads(
            source.text,
            object_pairs_hook=unique,
            parse_int=whole,
            parse_float=fraction,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        return None, [
            syntax_error(source, error.pos, f"not JSON: {message}", "check the commas, quotes and brackets here")
        ]
    except ValueError as error:
        return None, [syntax_error(source, 0, f"not JSON: {error}")]
    except RecursionError:
        return None, [syntax_error(source, 0, f"nested deeper than {MAX_DEPTH} levels")]
    places = JsonPlaces(source.text)
    deep = _too_deep(root)
    if deep is not None:
        start, end = places.find(deep)
        return None, [Finding("yaml-syntax", f"nested deeper than {MAX_DEPTH} levels", Span(source, start, end))]
    surrogate = lone_surrogate(source.text)
    if surrogate is not None:
        where = Span(source, *surrogate)
        message = "half of a surrogate pair is no character"
        return None, [Finding("yaml-syntax", message, where, "write the character itself")]
    findings = [
        Finding(
            "duplicate-key",
            f"the key `{name}` stands twice in one object",
            Span(source, start, end),
            "keep one of the two",
        )
        for name in sorted(set(duplicates))
        for start, end in duplicate_keys(source.text, name)
    ]
    return Document(source, root, Span(source, *places.find(())), places), findings


def _too_deep(root: Any) -> Path | None:
    """The path of a collection that is nested deeper than MAX_DEPTH; None where there is none."""
    level = [root] if _nests(root) else []
    for _ in range(MAX_DEPTH):
        below = (inner for outer in level for inner in (outer.values() if type(outer) is dict else outer))
        level = [inner for inner in below if _nests(inner)]
        if not level:
            return None
    # Such text is rare, so the way to it is looked for only now: value, step, and the link above.
    links: list[tuple[Any, str | int, Any]] = [(root, "", None)]
    for _ in range(MAX_DEPTH):
        links = [
            (inner, step, link)
            for link in links
            for step, inner in (link[0].items() if type(link[0]) is dict else enumerate(link[0]))
            if _nests(inner)
        ]
    path: list[str | int] = []
    link = links[0]
    while link[2] is not None:
        path.append(link[1])
        link = link[2]
    return path[::-1]


def _nests(value: Any) -> bool:
    return type(value) is dict or type(value) is list


def _no_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is no JSON value")
