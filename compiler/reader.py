"""YAML or JSON text to a :class:`Document` whose every key and value knows where it stands.

Scalars follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): ``yes``, ``on`` and ``NO`` are
text. Keys are always text, as written. Duplicate keys are errors. An alias is the anchored value itself, and how much
all aliases together may stand for is bounded. JSON is read by the json module, which is many times faster; places in
it are found only when one is asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
    StreamEndEvent,
)

from compiler.diagnostics import Finding, Note
from compiler.json_places import JsonPlaces, duplicate_keys, lone_surrogate
from compiler.source import Source, Span

MAX_DEPTH = 200
"""Collections nested deeper than this are refused."""
MAX_EXPANDED = 2_000_000
"""The most values that a document may stand for once its aliases are expanded."""

Path = Sequence[str | int]


class MapNode(dict[str, Any]):
    """A mapping that knows its places: ``marks[key]`` is (key start, key end, value start, value end) as offsets."""

    __slots__ = ("end", "marks", "source", "start")

    def __init__(self, source: Source, start: int) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.end = start
        self.marks: dict[str, tuple[int, int, int, int]] = {}

    def key_span(self, key: str) -> Span:
        mark = self.marks[key]
        return Span(self.source, mark[0], mark[1])

    def value_span(self, key: str) -> Span:
        mark = self.marks[key]
        return Span(self.source, mark[2], mark[3])

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)


class ListNode(list[Any]):
    """A sequence that knows its places: ``marks[i]`` is (start, end) as offsets."""

    __slots__ = ("end", "marks", "source", "start")

    def __init__(self, source: Source, start: int) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.end = start
        self.marks: list[tuple[int, int]] = []

    def value_span(self, index: int) -> Span:
        mark = self.marks[index]
        return Span(self.source, mark[0], mark[1])

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain data (dict, list, str, int, float, bool, None) with a place for every path into it."""

    source: Source
    root: Any
    top: Span = field(repr=False)
    places: JsonPlaces | None = field(default=None, repr=False, compare=False)
    """Of JSON text; values of YAML text know their places themselves."""

    def span(self, path: Path, *, key: bool = False) -> Span:
        """The place of the value at ``path`` (of its key, if ``key``); of the nearest one above where it is absent."""
        if isinstance(self.root, (MapNode, ListNode)):
            return find_in_nodes(self.root, path, key=key)
        if self.places is not None:
            start, end = self.places.find(path, key=key)
            return Span(self.source, start, end)
        return self.top


def find_in_nodes(root: MapNode | ListNode, path: Path, *, key: bool = False) -> Span:
    """The place of ``path`` below a node; of the nearest value above it that exists where it is absent."""
    node: Any = root
    span = root.span
    for at, step in enumerate(path):
        last = at == len(path) - 1
        if isinstance(node, MapNode) and step in node.marks:
            span = node.key_span(str(step)) if key and last else node.value_span(str(step))
        elif isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.marks):
            span = node.value_span(step)
        else:
            break
        node = node[step]
    return span


def read(source: Source) -> tuple[Document | None, list[Finding]]:
    """The document of a source. ``None`` comes with at least one error; a document may come with errors too."""
    if source.name.endswith(".json"):
        return _read_json(source)
    return read_yaml(source)


class _Refused(Exception):
    """Reading cannot go on; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_yaml(source: Source) -> tuple[Document | None, list[Finding]]:
    """The document of YAML text, whatever its file is called; every node knows its place."""
    builder = _Builder(source)
    try:
        bad = _UNPRINTABLE.search(source.text)
        if bad:
            raise _Refused(
                _syntax(source, bad.start(), f"a character that YAML does not allow: U+{ord(bad.group()):04X}")
            )
        root = builder.build(iter(_events(source)))
    except _Refused as refused:
        return None, [*builder.findings, refused.finding]
    except yaml.MarkedYAMLError as error:
        return None, [*builder.findings, _yaml_error(source, error)]
    except yaml.YAMLError as error:
        return None, [*builder.findings, _syntax(source, 0, str(error).splitlines()[0])]
    top = root.span if isinstance(root, (MapNode, ListNode)) else source.whole_line(1)
    return Document(source, root, top), builder.findings


def _events(source: Source) -> Iterator[Any]:
    loader = yaml.CSafeLoader(source.text)
    try:
        while True:
            event = loader.get_event()
            yield event
            if isinstance(event, StreamEndEvent):
                return
    finally:
        loader.dispose()


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
    return _syntax(source, at, problem, _SYNTAX_HELP.get(problem), notes)


def _syntax(source: Source, at: int, message: str, help: str | None = None, notes: tuple[Note, ...] = ()) -> Finding:
    at = min(at, len(source.text))
    while at > 0 and at == len(source.text) and source.text[at - 1] == "\n":
        at -= 1  # show the last line rather than the nothing after it
    end = at if source.text[at : at + 1] in ("", "\n") else at + 1
    return Finding(
        "yaml-syntax",
        message,
        Span(source, at, end),
        help or "check the quotes, brackets and indentation here and on the line before",
        notes,
    )


_SYNTAX_HELP = {
    "mapping values are not allowed in this context": "quote a text that holds `: `, or check the indentation",
    "did not find expected key": "check the indentation; quote a text that begins with one of ``*&!%@` ``",
    "found character that cannot start any token": "quote a text that begins with `@`, `` ` `` or `%`",
    "found unexpected end of stream": "a quote or bracket is not closed",
    "could not find expected ':'": "a key is followed by `: ` and its value",
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TAG_PREFIX = "tag:yaml.org,2002:"
_CORE = re.compile(
    r"""(?P<null>~|null|Null|NULL|)\Z
      | (?P<bool>true|True|TRUE|false|False|FALSE)\Z
      | (?P<int>[-+]?[0-9]+)\Z
      | (?P<octal>0o[0-7]+)\Z
      | (?P<hex>0x[0-9a-fA-F]+)\Z
      | (?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z
      | (?P<inf>[-+]?\.(?:inf|Inf|INF))\Z
      | (?P<nan>\.(?:nan|NaN|NAN))\Z""",
    re.VERBOSE,
)
_MAYBE_NOT_TEXT = frozenset("~nNtTfF+-.0123456789")
MAX_DIGITS = 400
"""A whole number with more digits than this is refused, as turning it into a number takes quadratic time."""


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by YAML 1.2's core schema. Raises ValueError for a number beyond all use."""
    if text and text[0] not in _MAYBE_NOT_TEXT:
        return text
    match = _CORE.match(text)
    if match is None:
        return text
    kind = match.lastgroup
    if kind == "null":
        return None
    if kind == "bool":
        return text[0] in "tT"
    if kind in ("int", "octal", "hex"):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
        return int(text, 10 if kind == "int" else 0)
    if kind == "inf":
        return -math.inf if text[0] == "-" else math.inf
    return math.nan if kind == "nan" else _fraction(text)


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
                    raise self.refuse(event, f"`*{event.anchor}` stands inside the value that it refers to")
                if event.anchor not in self.anchors:
                    raise self.refuse(event, f"nothing bears the anchor `&{event.anchor}`")
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


def _read_json(source: Source) -> tuple[Document | None, list[Finding]]:
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
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        return None, [_syntax(source, error.pos, f"not JSON: {message}", "check the commas, quotes and brackets here")]
    except ValueError as error:
        return None, [_syntax(source, 0, f"not JSON: {error}")]
    except RecursionError:
        return None, [_syntax(source, 0, f"nested deeper than {MAX_DEPTH} levels")]
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


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> float:
    """A number with a point or an exponent. Raises ValueError for one that no float can hold."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"`{text[:40]}` is too large a number")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is no JSON value")
