"""An OpenAPI document made a contract of a project, with a service that implements it: what is to be written where.

The project's files are changed as texts, a few lines in one place, so that comments and layout stay. Whether a change
is the one that was meant is seen by reading the new text: it must say what the old one said, and the new entries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os.path import relpath
from pathlib import Path, PurePosixPath
from typing import Any

from compiler import pipeline
from compiler.contracts.openapi import load
from compiler.diagnostics import Diagnostic
from compiler.files import ROOT_FILE, Library
from compiler.model.kinds import NAME, VERSION
from compiler.model.project import Project
from compiler.pipeline import diagnosed
from compiler.reader import Document, MapNode, read, read_yaml
from compiler.records import frozen
from compiler.source import Source, inside, relative_name


class CannotAdopt(Exception):
    """It cannot be done; the text says why, ``hint`` how to mend it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Unsound(Exception):
    """The document or the project is broken."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(f"{len(diagnostics)} findings")
        self.diagnostics = diagnostics


@frozen
class Adoption:
    """What is to be written: the new text of ``file``, and a copy of the document unless it is in the project."""

    contract: str
    version: str
    service: str
    file: str
    text: str
    added: tuple[str, ...]
    """The lines that are new in ``file``."""
    copy: tuple[str, bytes] | None
    """The name in the project, and the content."""


def adopt(root: Path, document: Path, name: str, version: str | None = None) -> Adoption:
    """``document`` as a version of the contract ``name`` of the project in ``root``. Writes nothing.

    The version is the document's own, unless one is given. Raises CannotAdopt and Unsound.
    """
    root, document = root.resolve(), document.resolve()
    if not re.fullmatch(NAME.pattern, name):
        raise CannotAdopt(f"`{name}` is not {NAME.says}")
    library = Library(root)
    project, findings = pipeline.read_project(library)
    if project is None:
        raise Unsound(diagnosed([*findings, *library.findings]))
    wanted = version or _own_version(document)
    if re.fullmatch(VERSION.pattern, wanted) is None:
        raise CannotAdopt(f"`{wanted}` is not {VERSION.says}", "say which it is, such as --version 1.0.0")
    contract = project.contracts.get(name)
    if contract is not None and wanted in contract.versions:
        hint = "a published version never changes; give another number"
        raise CannotAdopt(f"`{name}@{wanted}` is there already", hint)
    within = inside(root, document)
    others = _check(document, root if within else document.parent)
    if others and not within:
        named = ", ".join(f"`{other}`" for other in others[:3])
        raise CannotAdopt(f"`{document.name}` refers to other files: {named}", "put all of them into the project first")
    copied = f"contracts/{name}-{wanted}{document.suffix}"
    place = relative_name(root, document) if within else copied
    if not within and (root / copied).exists():
        raise CannotAdopt(f"`{copied}` is there already", "name the file in the project, or move that one away")
    file = contract.where.span.file if contract is not None else ROOT_FILE
    service = _free_name(project, name, wanted)
    openapi = PurePosixPath(relpath(place, str(PurePosixPath(file).parent))).as_posix()
    text = (root / file).read_bytes().decode("utf-8-sig")
    endpoint = {"host": f"{name}.internal", "port": 8080}
    entries: list[tuple[tuple[str, ...], str, Any]] = [
        (("contracts", name, "versions"), wanted, {"openapi": openapi})
        if contract is not None
        else (("contracts",), name, {"versions": {wanted: {"openapi": openapi}}}),
        (("services",), service, {"implements": f"{name}@{wanted}", "endpoints": [endpoint]}),
    ]
    added: list[str] = []
    for path, key, value in entries:
        text, lines = _with_entry(text, path, key, value, file)
        added += lines
    copy = None if within else (copied, document.read_bytes())
    return Adoption(name, wanted, service, file, text, tuple(added), copy)


def _own_version(document: Path) -> str:
    """What stands under `info.version`, as it is written; empty where nothing does, which has a finding of its own."""
    made, _ = read(_source(document))
    info = made.root.get("info") if made is not None and isinstance(made.root, Mapping) else None
    version = info.get("version", "") if isinstance(info, Mapping) else ""
    if made is None or isinstance(version, str):
        return str(version)
    span = made.span(("info", "version"))
    return span.source.text[span.start : span.end]


def _source(document: Path) -> Source:
    try:
        return Source(document.name, document.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise CannotAdopt(f"`{document}` is not UTF-8 text") from None
    except OSError as error:
        raise CannotAdopt(f"`{document}` cannot be read: {error.strerror}") from None


def _check(document: Path, root: Path) -> list[str]:
    """The other files that a sound document refers to."""
    library = Library(root)
    name = relative_name(root, document)
    start = Source(name, "").span(0, 0)
    made = library.document(name, "", start)
    if isinstance(made, Document):
        _, findings = load(made, (), library)
    else:
        findings = [made] if made is not None else []
    findings = [*findings, *library.findings]
    if findings:
        raise Unsound(diagnosed(findings))
    return [other.name for other in library.sources if other.name != name]


def _free_name(project: Project, name: str, version: str) -> str:
    """A name for the service: the contract's, or with the major behind it where that is taken."""
    wanted = [name, f"{name}-v{version.partition('.')[0]}", f"{name}-v{version.partition('-')[0].replace('.', '-')}"]
    for one in wanted:
        if one not in project.services and re.fullmatch(NAME.pattern, one):
            return one
    raise CannotAdopt(f"the services {', '.join(f'`{w}`' for w in wanted)} are there already", "rename one of them")


def _with_entry(text: str, path: tuple[str, ...], key: str, value: Any, file: str) -> tuple[str, list[str]]:
    """A text with one more entry in the mapping at ``path``, and the lines that it takes. Raises CannotAdopt."""
    before, _ = read_yaml(Source(file, text))
    assert before is not None
    holder = before.root
    for step in path:
        holder = holder.get(step) if isinstance(holder, MapNode) else None
    if isinstance(holder, MapNode) and holder:
        first = holder.key_span(next(iter(holder)))
        lines = _lines(key, value, " " * (first.column - 1))
        made = _inserted(text, holder.end, lines)
    elif len(path) == 1 and path[0] not in before.root:
        lines = [f"{path[0]}:", *_lines(key, value, "  ")]
        made = _inserted(text, len(text), ["", *lines])
    else:
        lines, made = _lines(key, value, "  "), ""
    after, _ = read_yaml(Source(file, made))
    if after is None or after.root != _grown(before.root, path, key, value):
        raise CannotAdopt(
            f"`{'.'.join(path)}` in `{file}` is not written line by line, so nothing can be added to it",
            "add this by hand:\n" + "\n".join(f"    {line}" for line in _lines(key, value, "")),
        )
    return made, lines


def _inserted(text: str, at: int, lines: Sequence[str]) -> str:
    """A text with lines behind the line that the place ``at`` (the end of something) is on."""
    if text[at - 1 : at] != "\n":
        end = text.find("\n", at)
        at = end + 1 if end >= 0 else len(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = "" if not text[:at] or text[at - 1] == "\n" else newline
    return text[:at] + ended + "".join(f"{line}{newline}" for line in lines) + text[at:]


def _lines(key: str, value: Any, indent: str) -> list[str]:
    """An entry as YAML: mappings of mappings line by line, all else in braces."""
    if isinstance(value, Mapping) and (key == "versions" or not _is_flat(value)):
        return [f"{indent}{key}:", *(line for k, v in value.items() for line in _lines(k, v, indent + "  "))]
    return [f"{indent}{key}: {_flow(value)}"]


def _is_flat(value: Mapping[str, Any]) -> bool:
    return set(value) == {"openapi"}


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    text = str(value)
    plain = re.fullmatch(r"[\w./@-]+", text) and not re.fullmatch(r"[-\d.]+", text)
    return text if plain or not isinstance(value, str) else "'" + text.replace("'", "''") + "'"


def _grown(root: Any, path: tuple[str, ...], key: str, value: Any) -> Any:
    """Plain data with one more entry in the mapping at ``path``."""
    made = dict(root) if isinstance(root, Mapping) else {}
    if not path:
        return {**made, key: value}
    return {**made, path[0]: _grown(made.get(path[0]), path[1:], key, value)}
