"""The usual YAML text to plain data, without places, which are found only when one is asked for.

Large contract documents are mostly read to find nothing wrong with them. What is unusual (anchors, tags, keys that
stand twice, all that is an error) is left to :mod:`compiler.reader.yaml_text`, which alone says what it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
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


def _root(text: str, texts: dict[str, str]) -> dict[str, Any] | None:
    """The mapping that a text is; None where something in it needs a closer look."""
    if UNPRINTABLE.search(text):
        return None
    loader = yaml.CSafeLoader(text)
    try:
        return _build(loader, texts)
    except (yaml.YAMLError, ValueError):
        return None
    finally:
        loader.dispose()


def _build(loader: yaml.CSafeLoader, texts: dict[str, str]) -> dict[str, Any] | None:
    """One loop over the events, in which each costs as little as can be."""
    same = texts.setdefault  # equal texts become one object, as most of a document repeats itself
    stack: list[Any] = []
    root: dict[str, Any] | None = None
    node: Any = None  # the innermost open collection
    key: str | None = None  # the key that waits for its value
    event: Any
    value: Any
    for event in iter(loader.get_event, None):  # None comes behind the end of the stream
        kind = type(event)
        if kind is ScalarEvent:
            text = event.value
            if event.anchor is not None or event.tag is not None:
                return None
            if key is None and type(node) is dict:
                key = same(text, text)
                if key in node or (key == "" and not event.style):
                    return None
                continue
            is_text = event.style or (text and text[0] not in MAYBE_NOT_TEXT)
            value = same(text, text) if is_text else plain_scalar(text)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.anchor is not None or event.tag is not None or len(stack) >= MAX_DEPTH:
                return None
            value = {} if kind is MappingStartEvent else []
            stack.append(value)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            stack.pop()
            node = stack[-1] if stack else None
            continue
        elif kind is AliasEvent or (kind is DocumentStartEvent and root is not None):
            return None
        else:
            continue
        if key is not None:
            node[key] = value
            key = None
        elif type(node) is list:
            node.append(value)
        elif node is None and type(value) is dict:
            root = value
        else:
            return None
        if kind is not ScalarEvent:
            node = value
    return root
