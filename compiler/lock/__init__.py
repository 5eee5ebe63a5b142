"""``gatewright.lock``: what has been published, so that it is kept. A line a version, so that git merges it.

The file is text, sorted, made by ``gatewright lock`` and committed with the project. :mod:`compiler.lock.text` reads
and writes it, :mod:`compiler.lock.history` lays it beside the project, :mod:`compiler.lock.renewal` adds what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date

from compiler.contracts.versions import Bump, label
from compiler.paths import PathTemplate
from compiler.records import frozen
from compiler.source import Source, Span

LOCK_FILE = "gatewright.lock"
FORMAT = 1
"""The format of the file, which its first line says."""


@frozen
class LockedVersion:
    """A published version of a contract."""

    contract: str
    number: str
    form: int
    """The form of the digest (:data:`compiler.contracts.meaning.FORM`)."""
    digest: str
    """Of the meaning; it never changes."""
    packed: str = field(repr=False)
    """The meaning's text, compressed, in base 64."""
    deprecated: date | None = None
    sunset: date | None = None
    removed: bool = False
    """Whether the project has it no more. The number stays taken."""
    after: tuple[str, str] | None = None
    """The version before, by number and the start of its digest, if the step from there was found large enough."""
    bump: Bump | None = None
    """What that step needed."""
    text: str | None = None
    """The digest of texts that are known to mean this: of the document's file and ``files``. None for a part of a file.
    """
    files: tuple[str, ...] = ()
    """The other files that the document refers to, relative to its own, sorted."""
    where: Span | None = field(default=None, compare=False, repr=False)
    """Its line; None while it is not written yet."""

    def follows(self, before: LockedVersion) -> bool:
        """Whether the step from another version was looked at already."""
        return self.after is not None and self.after == mark(before)


@frozen
class Promise:
    """An operation that an edge promises to its client: as the client calls it, and the version that it belongs to.

    With ``default``, requests that name no version get it, where the version stands beside the path. ``shape`` are the
    changes of its bodies, as JSON, and ``publish`` the contract version that they satisfy.
    """

    method: str
    path: str
    contract: str
    number: str
    default: bool = False
    shape: str | None = None
    publish: str | None = None
    where: Span | None = field(default=None, compare=False, repr=False)
    """Its line; None while it is not written yet."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same for what one request of a client gets, whatever the version within its major."""
        return self.method, PathTemplate.parse(self.path).shape, self.contract, label(self.number)


@frozen
class LockedEdge:
    """What an edge promises to its client, and until when."""

    name: str
    client: str
    supported_until: date
    promises: tuple[Promise, ...] = ()
    versioning: str = "path"
    """Where the client names the version, with the name of the header or parameter: ``header:x-api-version``."""
    removed: bool = False
    """Whether the project has it no more."""
    where: Span | None = field(default=None, compare=False, repr=False)


@frozen
class Lock:
    """All that is published, by contract and number, and by edge."""

    versions: Mapping[tuple[str, str], LockedVersion] = field(default_factory=dict)
    edges: Mapping[str, LockedEdge] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False, repr=False)
    """None where there is no file: then nothing is published yet."""


def mark(locked: LockedVersion) -> tuple[str, str]:
    """How a version's line names the version before it."""
    return locked.number, locked.digest[:12]
