"""The versions of a project's contracts beside what the lock says of them: what is new, what changed, and the steps.

A document whose text is as it was when it was locked is not read again unless something serves it, and a step that the
lock knows is not looked at again: a project is judged at the cost of what is new in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import field, replace
from hashlib import sha256
from itertools import pairwise
from posixpath import dirname, relpath
from typing import TYPE_CHECKING

from compiler.contracts.openapi import Api, load
from compiler.contracts.versions import Bump, allowed, in_order, is_prerelease
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.lock import Lock, LockedVersion
from compiler.model.contracts import ContractVersion
from compiler.model.project import Project
from compiler.reader import Document
from compiler.records import frozen, mutable
from compiler.source import Span

if TYPE_CHECKING:
    from compiler.compat.changes import Comparison
    from compiler.contracts.meaning import Meaning

Key = tuple[str, str]
"""A contract's name and a version's number."""


@frozen
class Edition:
    """A version of a contract, which the project declares, the lock knows, or both."""

    contract: str
    number: str
    declared: ContractVersion | None
    locked: LockedVersion | None
    where: Span
    """Its key in the project; its line in the lock where the project has it no more."""
    api: Api | None = None
    """The project's document; None where it is broken, not there, or not read since it is as it was when locked."""
    text: str | None = None
    """The digest of the texts of its document and of ``files``; None for a document that is a part of a file."""
    files: tuple[str, ...] = ()
    """The other files that the document refers to, relative to its own, sorted."""
    difference: Comparison | None = None
    """How the document differs in meaning from what was published under this number."""

    @property
    def key(self) -> Key:
        return self.contract, self.number


@frozen
class Step:
    """Two versions of a contract that follow one another, with what came of comparing them."""

    before: Edition
    after: Edition
    allowed: Bump
    """The largest change that the numbers tell clients to expect."""
    comparison: Comparison | None = None
    """None where there was nothing to compare: the lock knows the step, or the numbers allow any change."""
    needed: Bump | None = None
    """What the step needs; None where it is not known, since a document is broken."""


@frozen
class History:
    """All versions in the order of contract and number, and the steps between releases."""

    lock: Lock
    editions: Mapping[Key, Edition]
    steps: tuple[Step, ...]
    judged: Collection[str]
    """The contracts that are looked at; of others nothing was compared."""
    unread: Collection[str]
    """Names of files of which only the text was looked at, since it is as it was when it was locked."""

    @property
    def apis(self) -> dict[Key, Api]:
        """The documents that were read and are sound."""
        return {key: edition.api for key, edition in self.editions.items() if edition.api is not None}


@mutable
class _Reading:
    """The reading of one project's documents, each but once."""

    project: Project
    library: Library
    lock: Lock
    findings: list[Finding] = field(default_factory=list)
    loaded: dict[str, Api | None] = field(default_factory=dict)
    """By file: one broken file that two versions name is one cause."""
    inline: dict[Key, Api | None] = field(default_factory=dict)
    meanings: dict[int, Meaning] = field(default_factory=dict)
    published: dict[Key, Api | None] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def edition(self, key: Key, *, needed: bool) -> Edition:
        """A version, its document read where somebody needs it or it may have changed."""
        contract, number = key
        locked = self.lock.versions.get(key)
        if contract not in self.project.contracts or number not in self.project.contracts[contract].versions:
            assert locked is not None
            assert locked.where is not None
            return Edition(contract, number, None, locked, locked.where)
        owner = self.project.contracts[contract]
        declared = owner.versions[number]
        files = locked.files if locked is not None else ()
        text = self._text(declared, files) if locked is not None and locked.text is not None else None
        settled = text is not None and locked is not None and locked.text == text
        api = None
        if settled and not needed:
            self.unread.update(self._files(declared, files))
        else:
            api = self.api(key, declared)
        if api is not None and not settled:
            files = _other_files(api)
            text = self._text(declared, files)
        return Edition(contract, number, declared, locked, owner.where.key("versions", number), api, text, files)

    def api(self, key: Key, declared: ContractVersion) -> Api | None:
        """The document of a declared version; None where it is broken, which has findings of its own."""
        where = declared.where["openapi"]
        if not isinstance(declared.openapi, str):
            if key not in self.inline:
                self.inline[key], broken = load(Document(where.source, declared.openapi, where), (), self.library)
                self.findings += broken
            return self.inline[key]
        document = self.library.document(declared.openapi, where.file, where)
        if isinstance(document, Finding):
            self.findings.append(document)
        if document is None or isinstance(document, Finding):
            return None
        name = document.source.name
        if name not in self.loaded:
            self.loaded[name], broken = load(document, (), self.library)
            self.findings += broken
        return self.loaded[name]

    def _files(self, declared: ContractVersion, files: Sequence[str]) -> list[str]:
        """The names of a document's file and of others beside it; nothing where one may not be read."""
        where = declared.where["openapi"]
        main = self.library.locate(str(declared.openapi), where.file, where)
        if isinstance(main, Finding):
            return []
        names = [main, *(self.library.locate(file, main, where) for file in files)]
        return [] if any(isinstance(name, Finding) for name in names) else [str(name) for name in names]

    def _text(self, declared: ContractVersion, files: Sequence[str]) -> str | None:
        """The digest of a document's text and of other files; None for a part of a file. Ends of lines do not count."""
        if not isinstance(declared.openapi, str):
            return None
        machine = sha256()
        names = self._files(declared, files)
        for name in names:
            source = self.library.source(name, declared.where["openapi"])
            if isinstance(source, Finding):
                return None
            data = source.text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")
            machine.update(f"{len(data)}\n".encode() + data)
        return machine.hexdigest()[:32] if names else None

    def meaning(self, api: Api) -> Meaning:
        """What a document means, made once for each."""
        from compiler.contracts.meaning import meaning

        if id(api) not in self.meanings:
            self.meanings[id(api)] = meaning(api)
        return self.meanings[id(api)]

    def as_published(self, locked: LockedVersion) -> Api | None:
        """The document of a locked version as it was published; a damaged one is a finding, once."""
        from compiler.lock.record import published

        key = (locked.contract, locked.number)
        if key not in self.published:
            self.published[key] = published(locked)
            if self.published[key] is None and locked.where is not None:
                self.findings.append(
                    Finding(
                        "lock-invalid",
                        f"what is recorded of `{locked.contract}@{locked.number}` cannot be read",
                        locked.where,
                        "take the file back from git: `git checkout -- gatewright.lock`",
                    )
                )
        return self.published[key]


def _other_files(api: Api) -> tuple[str, ...]:
    home = api.document.source.name
    names = {opened.source.name for opened in api.scope.opened.values()} - {home}
    return tuple(sorted(relpath(name, dirname(home) or ".") for name in names))


def take(
    project: Project, library: Library, lock: Lock, needed: Collection[Key], contracts: Set[str] | None = None
) -> tuple[History, list[Finding]]:
    """The history of a project's contracts, and what is wrong with documents.

    The documents of ``needed`` versions are read whatever the lock says; with ``contracts``, only these are judged.
    """
    reading = _Reading(project, library, lock)
    keys = {(name, number) for name, contract in project.contracts.items() for number in contract.versions}
    by_contract: dict[str, list[str]] = {}
    for name, number in keys | lock.versions.keys():
        by_contract.setdefault(name, []).append(number)
    judged = by_contract.keys() if contracts is None else by_contract.keys() & contracts
    editions: dict[Key, Edition] = {}
    steps: list[Step] = []
    for name in sorted(by_contract):
        numbers = in_order(by_contract[name])
        own = [reading.edition((name, number), needed=(name, number) in needed) for number in numbers]
        if name in judged:
            own = [replace(edition, difference=_difference(reading, edition)) for edition in own]
            steps += _steps(reading, [edition for edition in own if not is_prerelease(edition.number)])
        editions |= {edition.key: edition for edition in own}
    return History(lock, editions, tuple(steps), frozenset(judged), frozenset(reading.unread)), reading.findings


def _difference(reading: _Reading, edition: Edition) -> Comparison | None:
    """How a document differs in meaning from what was published under its number; None where it does not."""
    locked, api = edition.locked, edition.api
    if locked is None or api is None or (edition.text is not None and edition.text == locked.text):
        return None
    from compiler.contracts.meaning import reload

    now = reading.meaning(api)
    if (now.form, now.digest) == (locked.form, locked.digest):
        return None
    before, after = reading.as_published(locked), reload(now.text, edition.where, "now")
    if before is None or after is None:
        return None
    # meaning is held against meaning, so that words in what cannot be decided are no change; places come from the file
    found = _compare(reading.project, before, after)
    if found.bump not in ("major", "minor"):
        return None  # what clients cannot see may change
    shown = _compare(reading.project, before, api)
    return shown if shown.bump == found.bump else found


def _steps(reading: _Reading, releases: list[Edition]) -> Iterator[Step]:
    """The steps between a contract's releases. What is published counts as it was published."""
    for before, after in pairwise(releases):
        step = Step(before, after, allowed(before.number, after.number))
        if after.declared is None:
            continue  # it is over: nobody could mend it
        if before.locked is not None and after.locked is not None and after.locked.follows(before.locked):
            yield replace(step, needed=after.locked.bump)
        elif step.allowed == "major":
            yield replace(step, needed="major")
        else:
            old, new = _side(reading, before), _side(reading, after)
            if old is None or new is None:
                yield step
            elif old is new:
                yield replace(step, needed="none")
            else:
                found = _compare(reading.project, old, new)
                yield replace(step, comparison=found, needed=found.bump)


def _side(reading: _Reading, edition: Edition) -> Api | None:
    """The document by which a version is compared with its neighbours."""
    if edition.locked is not None and (edition.declared is None or edition.difference is not None):
        return reading.as_published(edition.locked)
    if edition.api is None and edition.declared is not None:
        return reading.api(edition.key, edition.declared)
    return edition.api


def _compare(project: Project, before: Api, after: Api) -> Comparison:
    from compiler.compat.contracts import Options, compare

    return compare(
        before, after, Options(enum_values_added_to_responses=project.settings.enum_values_added_to_responses)
    )
