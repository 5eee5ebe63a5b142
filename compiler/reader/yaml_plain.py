"""The usual YAML text to plain data, without places, which are found only when one is asked for.

Large contract documents are mostly read to find nothing wrong with them. What is unusual (anchors, tags, keys that
stand twice, all that is an error) is left to :mod:`compiler.reader.yaml_text`, which alone says what it means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from compiler.diagnostics import Finding
from compiler.reader.nodes import MAX_DEPTH, Document, MapNode, Path, find_in_nodes
from compiler.reader.scalars import MAYBE_NOT_TEXT, plain_scalar
from compiler.reader.yaml_text import UNPRINTABLE, read_yaml
from compiler.source import Source


@dataclass(frozen=True, eq=False)
class YamlPlaces:
    """The places of a text that is a mapping and sound; all are found with the first."""

    source: Source

    def find(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Offsets of the value at ``path`` (of its key, if ``key``); of the nearest value above where it is absent."""
        span = find_in_nodes(self._root, path, key=key)
        return span.start, span.end

    @cached_property
    def _root(self) -> MapNode:
        document, _ = read_yaml(self.source)
        assert document is not None
        assert isinstance(document.root, MapNode)
        return document.root


def read_plain(source: Source, texts: dict[str, str]) -> tuple[Document | None, list[Finding]]:
    """As ``read_yaml``, but a mapping comes as plain dicts and lists, several times faster and smaller.

    Of equal texts, the one in ``texts`` is used; new ones are added.
    """
    root = _root(source.text, texts)
    if root is None:
        return read_yaml(source)
    return Document(source, root, source.span(0, max(source.text.find("\n"), 0)), YamlPlaces(source)), []


class _Unusual(ValueError):
    """Something that needs a closer look."""


def _root(text: str, texts: dict[str, str]) -> dict[str, Any] | None:
    """The mapping that a text is; None where something in it needs a closer look."""
    if UNPRINTABLE.search(text):
        return None
    loader = yaml.CSafeLoader(text)
    try:
        start, opened, first = (loader.get_event() for _ in range(3))
        if (type(start), type(opened), type(first)) != (StreamStartEvent, DocumentStartEvent, MappingStartEvent):
            return None
        root: dict[str, Any] = _collection(first, loader.get_event, texts.setdefault, 0)
        behind = [type(loader.get_event()) for _ in range(2)]
        return root if behind == [DocumentEndEvent, StreamEndEvent] else None
    except (yaml.YAMLError, ValueError):
        return None
    finally:
        loader.dispose()


# Each event costs as little as can be: a large project has a million of them. ``same`` gives equal texts as one object,
# as most of a document repeats itself.


def _mapping(get: Callable[[], Any], same: Callable[[str, str], str], depth: int) -> dict[str, Any]:
    """The mapping that has been opened, as the one of that ``depth``. Raises _Unusual."""
    made: dict[str, Any] = {}
    while True:
        event = get()
        if type(event) is not ScalarEvent:
            if type(event) is MappingEndEvent:
                return made
            raise _Unusual
        key = same(event.value, event.value)
        if event.anchor is not None or event.tag is not None or key in made or (key == "" and not event.style):
            raise _Unusual
        event = get()
        if type(event) is ScalarEvent:
            text = event.value
            if event.anchor is not None or event.tag is not None:
                raise _Unusual
            is_text = event.style or (text and text[0] not in MAYBE_NOT_TEXT)
            made[key] = same(text, text) if is_text else plain_scalar(text)
        else:
            made[key] = _collection(event, get, same, depth)


def _sequence(get: Callable[[], Any], same: Callable[[str, str], str], depth: int) -> list[Any]:
    """The sequence that has been opened, as ``_mapping``."""
    made: list[Any] = []
    while True:
        event = get()
        if type(event) is ScalarEvent:
            text = event.value
            if event.anchor is not None or event.tag is not None:
                raise _Unusual
            is_text = event.style or (text and text[0] not in MAYBE_NOT_TEXT)
            made.append(same(text, text) if is_text else plain_scalar(text))
        elif type(event) is SequenceEndEvent:
            return made
        else:
            made.append(_collection(event, get, same, depth))


def _collection(event: Any, get: Callable[[], Any], same: Callable[[str, str], str], depth: int) -> Any:
    """What an event opens in a collection of that ``depth``. Raises _Unusual for an alias, and what is too deep."""
    kind = type(event)
    if kind is AliasEvent or event.anchor is not None or event.tag is not None or depth >= MAX_DEPTH:
        raise _Unusual
    return (_mapping if kind is MappingStartEvent else _sequence)(get, same, depth + 1)
