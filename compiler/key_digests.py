"""Files with the digests of clients' keys: a line a key, ``consumer:sha256``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.files import Library
from compiler.model.policies import ApiKeys
from compiler.records import frozen
from compiler.source import Source, Span

_CONSUMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


@frozen
class _Line:
    consumer: str
    digest: str
    where: Span


def read_digests(library: Library, keys: ApiKeys) -> tuple[tuple[str, str], ...] | list[Finding]:
    """Consumers and the digests of their keys (hexadecimal, in lower case), sorted; or what is wrong with the file.

    What stands behind a ``#`` says nothing. A consumer may have several keys, so that one can replace
    another.
    """
    if keys.digests is None:
        return ()
    where = keys.where["digests"]
    name = library.locate(keys.digests, where.file, where)
    if isinstance(name, Finding):
        return [name]
    source = library.source(name, where)
    if isinstance(source, Finding):
        return [source]
    lines = list(_lines(source))
    findings = [f for line in lines for f in _wrong(line)] or list(_twice(lines))
    if not lines:
        findings.append(Finding("schema", f"`{keys.digests}` holds no digests", where, "write lines `consumer:sha256`"))
    return findings or tuple(sorted((line.consumer, line.digest.lower()) for line in lines))


def _lines(source: Source) -> Iterator[_Line]:
    at = 0
    for text in source.text.splitlines(keepends=True):
        plain = text.partition("#")[0].strip()
        if plain:
            start = at + text.index(plain)
            consumer, _, digest = plain.partition(":")
            yield _Line(consumer.strip(), digest.strip(), source.span(start, start + len(plain)))
        at += len(text)


def _wrong(line: _Line) -> Iterator[Finding]:
    if _DIGEST.fullmatch(line.digest) is None:
        yield Finding(
            "plaintext-secret",
            "a line without a SHA-256 digest, so what stands here may be a key itself",
            line.where,
            "write `consumer:` and the 64 digits of `printf %s KEY | sha256sum`, and replace a key that stood here",
        )
    elif _CONSUMER.fullmatch(line.consumer) is None:
        help = "use letters, digits, and `.`, `_`, `@` and `-` between them"
        yield Finding("schema", f"`{line.consumer}` is no name of a consumer", line.where, help)


def _twice(lines: list[_Line]) -> Iterator[Finding]:
    first: dict[str, _Line] = {}
    for line in lines:
        other = first.setdefault(line.digest.lower(), line)
        if other is not line:
            help = "give each consumer a key of its own"
            yield Finding("schema", "a key stands twice", line.where, help, (Note("the first one", other.where),))
