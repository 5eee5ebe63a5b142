"""YAML text to nodes, over libyaml's events.

Keys are always text, as written. Duplicate keys are errors. An alias is the anchored value itself, and how much all
aliases together may stand for is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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

from compiler.diagnostics import Finding, Note
from compiler.reader.nodes import MAX_DEPTH, Document, ListNode, MapNode, syntax_error
from compiler.reader.scalars import plain_scalar
from compiler.source import Source, Span

MAX_EXPANDED = 2_000_000
"""The most values that a document may stand for once its aliases are expanded."""


_SYNTAX_HELP = {
    "mapping values are not allowed in this context": "quote a text that holds `: `, or check the indentation",
    "did not find expected key": "check the indentation; quote a text that begins with one of ``*&!%@` ``",
    "found character that cannot start any token": "quote a text that begins with `@`, `` ` `` or `%`",
    "found unexpected end of stream": "a quote or bracket is not closed",
    "could not find expected ':'": "a key is followed by `: ` and its value",
}
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TAG_PREFIX = "tag:yaml.org,2002:"


class _Refused(Exception):
    """Reading cannot go on; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_yaml(source: Source) -> tuple[Document | None, list[Finding]]:
    """The document of YAML text, whatever its file is called; every node knows its place."""
    builder = _Builder(source)
    try:
        bad = UNPRINTABLE.search(source.text)
        if bad:
            raise _Refused(
                syntax_error(source, bad.start(), f"a character that YAML does not allow: U+{ord(bad.group()):04X}")
            )
        loader = yaml.CSafeLoader(source.text)
        try:
            root = builder.build(iter(loader.get_event, None))  # None comes behind the end of the stream
        finally:
            loader.dispose()
    except _Refused as refused:
        return None, [*builder.findings, refused.finding]
    except yaml.MarkedYAMLError as error:
        return None, [*builder.findings, _yaml_error(source, error)]
    except yaml.YAMLError as error:
        return None, [*builder.findings, syntax_error(source, 0, str(error).splitlines()[0])]
    top = root.span if isinstance(root, (MapNode, ListNode)) else source.whole_line(1)
    return Document(source, root, top), builder.findings


def _yaml_error(source: Source, error: yaml.MarkedYAMLError) -> Finding:
    """libyaml's complaint as a finding. Its context ("while parsing a block mapping") becomes a note."""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(source.text)) if mark else 0
    problem = (error.problem or error.context or "this is not YAML").strip()
    notes: tuple[Note, ...] = ()
    if error.context and error.context_mark and error.context_mark.index != at:
        start = min(error.context_mark.index, len(source.text))
        notes = (Note(error.context.strip(), Span(source, start, min(start + 1, len(source.text)))),)
    line_start = source.text.rfind("\n", 0, at) + 1
    if "\t" in source.text[line_start : at + 1] and "start any token" in problem:
        return Finding(
            "yaml-syntax", "a tab cannot indent in YAML", Span(source, at, at + 1), "indent with spaces", notes
        )
    return syntax_error(source, at, problem, _SYNTAX_HELP.get(problem), notes)


class _Builder:
    """Turns libyaml's events into nodes. One loop without recursion, so nesting cannot exhaust the stack."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self.anchors: dict[str, tuple[Any, int, tuple[int, int]]] = {}  # value, how many values it is, place
        self.expanded = 0

    def refuse(self, event: Any, message: str, help: str | None = None) -> _Refused:
        return _Refused(
            Finding("yaml-syntax", message, Span(self.source, event.start_mark.index, event.end_mark.index), help)
        )

    def build(self, events: Iterator[Any]) -> Any:
        source = self.source
        stack: list[tuple[MapNode | ListNode, int, str | None]] = []  # collection, size before it, its anchor
        open_anchors: set[str] = set()
        node: Any = None  # the innermost open collection
        keyed: tuple[str, int, int] | None = None  # the key that waits for its value
        root: Any = None
        documents = 0
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                start, end = event.start_mark.index, event.end_mark.index
                if type(node) is MapNode and keyed is None:
                    keyed = self.key(event, start, end)
                    continue
                value = self.scalar(event)
                self.expanded += 1
                if event.anchor:
                    self.anchors[event.anchor] = (value, 1, (start, end))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if type(node) is MapNode and keyed is None:
                    raise self.refuse(event, "a key must be a plain text", "write the key as one word or quote it")
                self.known_tag(event, "map" if kind is MappingStartEvent else "seq")
                if len(stack) >= MAX_DEPTH:
                    raise self.refuse(event, f"nested deeper than {MAX_DEPTH} levels")
                start = event.start_mark.index
                opened: MapNode | ListNode
                opened = MapNode(source, start) if kind is MappingStartEvent else ListNode(source, start)
                opened.end = min(max(event.end_mark.index, start + 1), len(source.text))
                if node is None:
                    root = opened
                else:
                    self.put(node, keyed, opened, start, opened.end)
                stack.append((opened, self.expanded, event.anchor))
                if event.anchor:
                    open_anchors.add(event.anchor)
                node, keyed = opened, None
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                closed, before, anchor = stack.pop()
                self.expanded += 1
                self.close(closed, event)
                if anchor:
                    open_anchors.discard(anchor)
                    self.anchors[anchor] = (closed, self.expanded - before, (closed.start, closed.end))
                if stack:
                    node = stack[-1][0]
                    self.widen(node, closed)
                else:
                    node = None
                keyed = None
                continue
            elif kind is AliasEvent:
                start, end = event.start_mark.index, event.end_mark.index
                if event.anchor in open_anchors:
                    raise self.refuse(
                        event, f"`*{event.anchor}` stands inside the value that it refers to", "write it out"
                    )
                if event.anchor not in self.anchors:
                    raise self.refuse(
                        event, f"nothing bears the anchor `&{event.anchor}`", "quote a text that begins with `*`"
                    )
                value, size, _ = self.anchors[event.anchor]
                self.expanded += size
                if self.expanded > MAX_EXPANDED:
                    raise self.refuse(
                        event,
                        f"the aliases of this file stand for more than {MAX_EXPANDED:,} values",
                        "write the values out, or refer to smaller ones",
                    )
                if type(node) is MapNode and keyed is None:
                    if not isinstance(value, str):
                        raise self.refuse(event, "a key must be a plain text", "write the key out")
                    keyed = (value, start, end)
                    continue
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self.refuse(event, "a second YAML document", "keep one document in a file")
                continue
            else:
                continue
            if node is None:
                root = value
            else:
                self.put(node, keyed, value, start, end)
                keyed = None
        return root

    def put(
        self, node: MapNode | ListNode, keyed: tuple[str, int, int] | None, value: Any, start: int, end: int
    ) -> None:
        if isinstance(node, ListNode):
            node.append(value)
            node.marks.append((start, end))
            node.end = end
            return
        assert keyed is not None
        name, key_start, key_end = keyed
        if start == end:  # nothing stands after the colon: point at the key
            start, end = key_start, key_end
        if name in node.marks:
            first = node.key_span(name)
            self.findings.append(
                Finding(
                    "duplicate-key",
                    f"the key `{name}` stands twice in this mapping",
                    Span(self.source, key_start, key_end),
                    "keep one of the two",
                    (Note("the first one", first),),
                )
            )
            return
        node[name] = value
        node.marks[name] = (key_start, key_end, start, end)
        node.end = max(end, node.end)

    def widen(self, node: MapNode | ListNode, closed: MapNode | ListNode) -> None:
        """A finished collection's place reaches to the end of its last value, not to where the parser noticed."""
        if isinstance(node, ListNode):
            node.marks[-1] = (closed.start, closed.end)
        elif node.marks:
            name = next(reversed(node.marks))
            if node.get(name) is closed:
                key_start, key_end, _, _ = node.marks[name]
                node.marks[name] = (key_start, key_end, closed.start, closed.end)
        node.end = max(node.end, closed.end)

    def close(self, closed: MapNode | ListNode, event: Any) -> None:
        end = event.end_mark.index
        if self.source.text[end - 1 : end] in ("}", "]") and end > closed.start and end != event.start_mark.index:
            closed.end = end

    def key(self, event: ScalarEvent, start: int, end: int) -> tuple[str, int, int]:
        if event.value == "" and not event.style:
            raise self.refuse(event, "a key is missing before the colon")
        if event.anchor:
            self.anchors[event.anchor] = (event.value, 1, (start, end))
        return event.value, start, end

    def known_tag(self, event: Any, expected: str) -> None:
        if event.tag not in (None, "!", _TAG_PREFIX + expected):
            raise self.refuse(event, f"the tag `{_short_tag(event.tag)}` does not belong here", "remove the tag")

    def scalar(self, event: ScalarEvent) -> str | int | float | bool | None:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            if not event.implicit[0] or event.style:
                return text
            try:
                return plain_scalar(text)
            except ValueError as error:
                raise self.refuse(event, str(error), "quote it if it is a text") from None
        if tag == _TAG_PREFIX + "str":
            return text
        try:
            value = plain_scalar(text)
        except ValueError as error:
            raise self.refuse(event, str(error), "write a number that a computer can hold") from None
        wanted = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(tag.removeprefix(_TAG_PREFIX))
        if wanted is float and type(value) is int:
            return float(value)
        if wanted is None or type(value) is not wanted:
            raise self.refuse(event, f"`{text}` does not fit the tag `{_short_tag(tag)}`", "remove the tag")
        return value


def _short_tag(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG_PREFIX) if tag.startswith(_TAG_PREFIX) else tag
