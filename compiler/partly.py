"""Names in a project of which a part cannot be decoded: what is sound is still held against what is declared.

A mistake of form ends the road before the checks, which need the whole project. Names need only to be known, so that a
misspelt key in one place does not hide a misspelt name in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from compiler.checks import references
from compiler.decode import INVALID, decoder, language_fields
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.model.kinds import Where
from compiler.model.project import Project, RootFile, Sections, VersioningSettings
from compiler.reader import MapNode, read_yaml

_OF_FORM = ("schema", "plaintext-secret", "version-invalid", "duplicate-name")
"""Rules of what is wrong with a part of a file that was read."""


class _Anything:
    """The versions of a contract that could not be decoded: it may have any."""

    def __contains__(self, version: object) -> bool:
        return True


class _Unsound:
    """Stands for a declaration that could not be decoded."""

    versions = _Anything()


class _Declared(dict[str, Any]):
    """The sound declarations of a section; a name counts as known where its declaration is not sound, too."""

    def __init__(self) -> None:
        super().__init__()
        self.unsound: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.unsound

    def __iter__(self) -> Iterator[str]:
        return iter([*self.keys(), *sorted(self.unsound)])

    def __missing__(self, name: str) -> _Unsound:
        return _Unsound()


def unknown_names(library: Library, earlier: Iterable[Finding], files: Iterable[str]) -> list[Finding]:
    """What sound parts of these files, which are all of a project's, refer to and nothing declares.

    Nothing is said where names may be missing because a file or a section is not one.
    """
    if not all(finding.rule in _OF_FORM for finding in earlier):
        return []
    sections = {key: decoder(get_args(get_args(hint)[0])[1]) for key, _, hint in language_fields(Sections)}
    keys = {key for key, _, _ in language_fields(RootFile)}
    declared = {key: _Declared() for key in sections}
    first: MapNode | None = None
    sources = {source.name: source for source in library.sources}
    for name in files:
        document = read_yaml(sources[name])[0]
        top = document.root if document is not None else None
        if not isinstance(top, MapNode) or not keys.issuperset(top):
            return []
        first = first or top
        for key, decode_entry in sections.items():
            if key not in top:
                continue
            section = top[key]
            if not isinstance(section, MapNode):
                return []
            for entry in section:
                value = decode_entry(section[entry], section.value_span(entry), section.key_span(entry), [])
                if value is INVALID:
                    declared[key].unsound.add(entry)
                else:
                    declared[key].setdefault(entry, value)
    if first is None:
        return []
    where = Where(first, first.span, None)
    project = Project(where=where, settings=VersioningSettings(where=where), **declared)  # type: ignore[arg-type]
    return list(references.names(project))
