"""Path templates: ``/orders/{id}.json`` as segments that can be compared, joined and matched.

A template never matches across a slash and a parameter never matches an empty text. Matching is on the path as Envoy
hands it to its router: normalized, case-sensitive, without query; literal text is percent-encoded the way RFC 3986
section 2.1 has it, with uppercase digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from urllib.parse import quote

# Characters of a segment that RFC 3986 section 3.3 allows unescaped (pchar), beyond what quote() always keeps.
_PCHAR = "!$&'()*+,;=:@%"
ESCAPED_SLASH = re.compile(r"%(?:2[fF]|5[cC])")
"""What a gateway refuses in a path, as it could be read in two ways."""
_PARAMETER = re.compile(r"\{([^{}/]*)\}")


ANY_TEXT, PLAIN_TEXT = "[^/]+", "[^/;]+"
"""What a parameter's text may be: anything but a slash, and, where a contract does not ask for it, a semicolon."""


class Kind(IntEnum):
    """How specific a segment is; the smaller one wins."""

    LITERAL = 0
    MIXED = 1
    PARAMETER = 2


@dataclass(frozen=True)
class Segment:
    """The text between two slashes: literals and parameter names in turn, starting with a literal (often empty)."""

    parts: tuple[str, ...]
    semicolons: bool = False
    """Whether a parameter's text may hold semicolons.

    Some services cut off what stands behind one in a segment (RFC 3986 section 3.3), so that they would read another
    path than the one that was matched: ``/files/..;/admin``, or ``/files/secret;x`` for ``/files/secret``.
    """

    @cached_property
    def kind(self) -> Kind:
        if len(self.parts) == 1:
            return Kind.LITERAL
        return Kind.PARAMETER if len(self.parts) == 3 and not self.parts[0] and not self.parts[2] else Kind.MIXED

    @cached_property
    def literal(self) -> str:
        """The literal text; the whole text where there is no parameter."""
        return "".join(self.parts[::2])

    @cached_property
    def shape(self) -> str:
        """The segment with its parameters' names taken out."""
        return "{}".join(self.parts[::2])

    @cached_property
    def regex(self) -> str:
        return (ANY_TEXT if self.semicolons else PLAIN_TEXT).join(escape_re2(text) for text in self.parts[::2])


@lru_cache(16384)
def _segment(piece: str) -> Segment:
    """The segment that a text between two slashes is. Raises ValueError with a sentence where it is none."""
    parts = _PARAMETER.split(piece)
    if any("{" in literal or "}" in literal for literal in parts[::2]):
        raise ValueError("braces do not pair up")
    if not all(parts[1::2]):
        raise ValueError("a parameter has no name")
    if not all(parts[2:-1:2]):
        raise ValueError("two parameters touch each other, so no one can tell where the first ends")
    parts[::2] = [quote(literal, safe=_PCHAR) for literal in parts[::2]]
    if parts in (["."], [".."]):
        raise ValueError("`.` and `..` are taken out of a request's path, so nothing can match them")
    return Segment(tuple(parts))


@dataclass(frozen=True)
class PathTemplate:
    """A path as a tuple of segments; ``/`` is one empty segment, a trailing slash an empty last one."""

    segments: tuple[Segment, ...]

    @staticmethod
    def parse(text: str) -> PathTemplate:
        """The template of ``text``, which starts with a slash. Raises ValueError with a sentence where it is none."""
        return _template(text)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The template as it is written, with its literal text percent-encoded."""
        return "/" + "/".join(
            "".join(f"{{{part}}}" if i % 2 else part for i, part in enumerate(s.parts)) for s in self.segments
        )

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, from left to right."""
        return tuple(name for s in self.segments for name in s.parts[1::2])

    @cached_property
    def shape(self) -> str:
        """The template without its parameters' names: equal shapes match the same paths."""
        return "/" + "/".join(s.shape for s in self.segments)

    @cached_property
    def rank(self) -> tuple[object, ...]:
        """Sort key: of two templates that match one path, the more specific comes first; then a stable order.

        Segments compare from the left, literal before mixed before parameter; of two mixed ones the one with more
        literal text is first.
        """
        return (tuple((s.kind, -len(s.literal) if s.kind is Kind.MIXED else 0, s.shape) for s in self.segments),)

    @cached_property
    def literal_prefix(self) -> str:
        """The text that every matching path starts with; the whole path where there is no parameter."""
        done: list[str] = []
        for segment in self.segments:
            done.append("/" + segment.parts[0])
            if len(segment.parts) > 1:
                break
        return "".join(done)

    @cached_property
    def is_literal(self) -> bool:
        return all(len(s.parts) == 1 for s in self.segments)

    @cached_property
    def regex(self) -> str:
        """RE2 and Python alike, without anchors; Envoy's ``safe_regex`` matches the whole path."""
        return "/" + "/".join(s.regex for s in self.segments)

    def under(self, prefix: str) -> PathTemplate:
        """The template below a literal prefix such as ``/v2/shop`` (empty or without a trailing slash)."""
        if not prefix:
            return self
        below = _template(prefix + self.text)
        if not any(segment.semicolons for segment in self.segments):
            return below
        first = len(below.segments) - len(self.segments)
        return PathTemplate(below.segments[:first] + self.segments)

    def with_semicolons(self) -> PathTemplate:
        """The template with parameters whose text may hold semicolons."""
        return PathTemplate(tuple(Segment(s.parts, semicolons=True) for s in self.segments))

    def matches(self, path: str) -> bool:
        """Whether a path (without query) is one of the template's."""
        return re.fullmatch(self.regex, path) is not None

    def covers(self, other: PathTemplate) -> bool:
        """Whether every path of ``other`` is one of this template's; False where that is not plain to see."""
        if len(self.segments) != len(other.segments):
            return False
        return all(
            a.shape == b.shape
            or (a.kind is Kind.PARAMETER and b.shape != "")
            or (b.kind is Kind.LITERAL and re.fullmatch(a.regex, b.literal) is not None)
            for a, b in zip(self.segments, other.segments, strict=True)
        )

    def reaches(self, prefix: str) -> bool:
        """Whether some path of this template starts with ``prefix`` (literal text that starts with a slash).

        Errs only towards True, for a mixed segment that ``prefix`` cuts short.
        """
        pieces = prefix[1:].split("/")
        if len(pieces) > len(self.segments):
            return False
        for piece, segment in zip(pieces[:-1], self.segments, strict=False):
            if re.fullmatch(segment.regex, piece) is None:
                return False
        last = self.segments[len(pieces) - 1]
        if last.kind is Kind.LITERAL:
            return last.literal.startswith(pieces[-1])
        head = last.parts[0]
        return head.startswith(pieces[-1]) or pieces[-1].startswith(head)


@lru_cache(1 << 16)
def _template(text: str) -> PathTemplate:
    """Each text is one template, as the versions of a contract share most of their paths."""
    if not text.startswith("/"):
        raise ValueError("a path starts with `/`")
    if "?" in text or "#" in text:
        raise ValueError("a path holds neither `?` nor `#`")
    segments = tuple(_segment(piece) for piece in text[1:].split("/"))
    names = [name for segment in segments for name in segment.parts[1::2]]
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise ValueError(f"the parameter `{twice}` stands twice")
    if any(s.parts == ("",) for s in segments[:-1]):
        raise ValueError("an empty segment: slashes that follow each other are merged in requests")
    return PathTemplate(segments)


def escape_re2(text: str) -> str:
    """``text`` as a pattern that matches just it, in RE2's syntax and Python's."""
    return re.sub(r"([.\\+*?()|\[\]{}^$])", r"\\\1", text)
