"""The files of a project: found in a stable order, each read once, never outside the project's folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from compiler.diagnostics import Finding, closest
from compiler.reader import Document, read
from compiler.source import MAX_FILE_BYTES, Source, Span, decode_text, inside, relative_name

ROOT_FILE = "gatewright.yaml"


@dataclass(eq=False)
class Library:
    """The documents of one project, by their name relative to ``root`` (a resolved folder).

    ``findings`` collects what is wrong with the files themselves; whoever asks for a file that is not there gets a
    finding of its own, at the place that named it.
    """

    root: Path
    findings: list[Finding] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Names of all files that were asked for, there or not."""
    globs: list[str] = field(default_factory=list)
    """The includes, as far as they are patterns of files in the project."""
    earlier: Library | None = field(default=None, repr=False)
    """Another revision of the project: what has the same text there is not read again."""
    read_bytes: Callable[[Path], bytes] = Path.read_bytes
    """How the bytes of a file are had, where its folder does not have them."""
    made: dict[int, Any] = field(default_factory=dict, repr=False)
    """What was made of sound documents that refer to no other file, by identity: all of it holds in later revisions."""
    _documents: dict[str, Document | None] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def locate(self, written: str, base: str, where: Span) -> str | Finding:
        """The project's name for a path that stands in the file ``base``; a finding where it may not be read."""
        if "\0" in written or written == "":
            return Finding("file-not-found", "this is not a path of a file", where, "name a file of the project")
        if PurePosixPath(written).is_absolute() or "\\" in written or "://" in written:
            kind = "a URL; nothing is ever fetched" if "://" in written else "not a relative path with `/`"
            return Finding(
                "path-outside-project",
                f"`{written}` is {kind}",
                where,
                "put the file into the project and name it relatively",
            )
        path = self.root / PurePosixPath(base).parent / written
        if not inside(self.root, path):
            return Finding(
                "path-outside-project",
                f"`{written}` leads out of the project",
                where,
                "keep every file of a project in its folder; symlinks count by where they lead",
            )
        try:
            return relative_name(self.root, Path(_normal(path)))
        except ValueError:
            return Finding("path-outside-project", f"`{written}` leads out of the project", where)

    def document(self, written: str, base: str, where: Span) -> Document | Finding | None:
        """The document at a path that stands in the file ``base``.

        A finding says why the file cannot be had; None means that it was read and is broken, which ``findings`` says.
        """
        name = self.locate(written, base, where)
        if isinstance(name, Finding):
            return name
        if name in self._documents:
            return self._documents[name]
        source = self.source(name, where)
        if isinstance(source, Finding):
            return source
        known = self.earlier.sound(source) if self.earlier is not None else None
        if known is not None:
            self._documents[name], self._sources[name] = known, known.source
            return known
        document, findings = read(source, self._texts)
        self.findings += findings
        self._documents[name] = document
        return document

    def sound(self, source: Source) -> Document | None:
        """The document that was read here of a file of this name and text, if nothing is wrong with it."""
        known = self._documents.get(source.name)
        if known is None or known.source.text != source.text:
            return None
        return None if any(finding.where.file == source.name for finding in self.findings) else known

    def source(self, name: str, where: Span) -> Source | Finding:
        """The text of a file by its project name."""
        if name in self._sources:
            return self._sources[name]
        self.asked.add(name)
        path = self.root / name
        try:
            if path.is_dir():
                return Finding("file-not-found", f"`{name}` is a folder", where, "name a file in it")
            if path.stat().st_size > MAX_FILE_BYTES:
                help = "split it into several files"
                return Finding("file-not-found", f"`{name}` is larger than {MAX_FILE_BYTES >> 20} MiB", where, help)
            data = self.read_bytes(path)
        except FileNotFoundError:
            near = self._neighbour(path)
            help = (
                f"did you mean `{name[: -len(path.name)]}{near}`?"
                if near is not None
                else "create it, or correct the path; paths are relative to the file they stand in"
            )
            return Finding("file-not-found", f"the file `{name}` does not exist", where, help)
        except OSError as error:
            help = "make it readable for the user who runs this"
            return Finding("file-not-found", f"`{name}` cannot be read: {error.strerror}", where, help)
        text = decode_text(data)
        if text is None:
            return Finding("yaml-syntax", f"`{name}` is not UTF-8 text", where, "save the file as UTF-8")
        self._sources[name] = Source(name, text)
        return self._sources[name]

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file that was read, by name."""
        return tuple(self._sources[name] for name in sorted(self._sources))

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every sound document that was asked for as one (contracts and what they refer to), by name."""
        return tuple(document for _, document in sorted(self._documents.items()) if document is not None)

    def _neighbour(self, path: Path) -> str | None:
        try:
            names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        except OSError:
            return None
        return closest(path.name, names)


def _normal(path: Path) -> str:
    """``path`` without ``.`` and ``..``, by its text alone: symlinks keep the names that users gave them."""
    done: list[str] = []
    for part in path.parts:
        if part == "..":
            done.pop()
        elif part != ".":
            done.append(part)
    return str(Path(*done))
