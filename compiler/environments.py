"""Environments: what differs in one place, laid over a project.

``environments/prod.yaml`` has the project's sections and names, with the values that differ. A thing of the project
and what an environment says of it are laid together as documents, each key with the place where it stands, and decoded
as one; so the model, the checks and the plan know nothing of environments, and still point at the right file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

from compiler.decode import INVALID, decode, decoder, language_fields
from compiler.diagnostics import Finding, Note, did_you_mean, one_of
from compiler.files import Library
from compiler.model.environments import SECTIONS, environment_file
from compiler.model.kinds import NAME
from compiler.model.project import Project, RootFile
from compiler.reader import LaidNode, MapNode, read_yaml
from compiler.records import frozen
from compiler.source import Source, Span, inside

FOLDER = "environments"
_ENDING = ".yaml"


class UnknownEnvironment(LookupError):
    """The project has no environment of that name; the text says which it has."""


@frozen
class Change:
    """One value of an environment: its place, and the stretch of the project that it changes something in."""

    where: Span
    under: Span
    drops: bool
    """Whether it takes something away, so that what is wrong then stands nowhere."""


def known(root: Path) -> list[str]:
    """The names of a project's environments, sorted."""
    return sorted(path.name.removesuffix(_ENDING) for path in (root / FOLDER).glob(f"*{_ENDING}") if path.is_file())


def file_of(name: str) -> str:
    """The file of an environment, relative to the project."""
    return f"{FOLDER}/{name}{_ENDING}"


def is_environment(file: str) -> bool:
    """Whether a file of a project, by its name, is an environment's rather than a part of the project."""
    folder, _, name = file.rpartition("/")
    return folder == FOLDER and name.endswith(_ENDING)


def require(root: Path, name: str) -> None:
    """Raises UnknownEnvironment where the project has no such environment."""
    names = known(root)
    if name not in names:
        there = f"the project has {', '.join(f'`{n}`' for n in names)}" if names else f"there is no {file_of(name)}"
        hint = did_you_mean(name, names) or there
        raise UnknownEnvironment(f"no environment is named `{name}`; {hint}")


def lay(library: Library, name: str, project: Project) -> tuple[Project, list[Change], list[Finding]]:
    """The project in an environment, what that changes, and what is wrong with the environment's file.

    What could not be laid over the project is left as it was, which comes with an error.
    """
    document, findings = _read(library, name)
    top = document
    if top is None:
        return replace(project, environment=name), [], findings
    _, decoded = decode(environment_file(), top, top.span)
    better = {finding.where: finding for finding in _same_everywhere(top)}
    findings += [better.get(finding.where, finding) for finding in decoded]
    sections: dict[str, dict[str, Any]] = {}
    changes: list[Change] = []
    for section in SECTIONS:
        things: dict[str, Any] = dict(getattr(project, section))
        named = top.get(section)
        if not isinstance(named, MapNode):
            continue
        for thing, over in named.items():
            place = named.value_span(thing)
            if any(place.start <= f.where.start < place.end or f.where == named.key_span(thing) for f in findings):
                continue
            if thing not in things:
                findings.append(_unknown(project, section, thing, named.key_span(thing)))
                continue
            made, more = _laid_thing(things[thing], over, place, changes)
            findings += more
            things[thing] = made
        sections[section] = things
    return replace(project, environment=name, **sections), changes, findings  # type: ignore[arg-type]


def faults(library: Library, project: Project) -> list[Finding]:
    """What is wrong with the files of all environments: their form, and whether they still fit the project."""
    return [finding for name in known(library.root) for finding in lay(library, name, project)[2]]


def placed(
    findings: Sequence[Finding], name: str, changes: Sequence[Change], elsewhere: Collection[Finding]
) -> list[Finding]:
    """The findings of a project in an environment, with those that only the environment brings moved to its file.

    ``elsewhere`` are the findings of the project without it.
    """
    before = {_identity(finding) for finding in elsewhere}
    return [f if _identity(f) in before else _moved(f, file_of(name), changes) for f in findings]


def _identity(finding: Finding) -> tuple[str, str, Span]:
    return finding.rule, finding.message, finding.where


def _moved(finding: Finding, file: str, changes: Sequence[Change]) -> Finding:
    """The finding at the value of the environment that it speaks of, or else at the nearest one around its place."""
    place = finding.where
    if place.file == file:
        return finding
    to = next((note.where for note in finding.notes if note.where.file == file), None)
    if to is None:
        near = [c for c in changes if c.under.source is place.source and c.under.start <= place.start < c.under.end]
        if not near:
            return finding
        to = min(near, key=lambda c: (c.under.end - c.under.start, not c.drops, c.where.start)).where
    notes = (Note("with this of the project", place), *(note for note in finding.notes if note.where != to))
    return replace(finding, where=to, notes=notes)


def _read(library: Library, name: str) -> tuple[MapNode | None, list[Finding]]:
    """The mapping in an environment's file; None for an empty one, which changes nothing, and for a broken one."""
    start = Source(file_of(name), "").span(0, 0)
    if not inside(library.root, library.root / file_of(name)):
        message = f"`{file_of(name)}` is a symlink that leads out of the project"
        return None, [Finding("path-outside-project", message, start, "keep every file of a project in its folder")]
    source = library.source(file_of(name), start)
    if isinstance(source, Finding):
        return None, [source]
    if not re.fullmatch(NAME.pattern, name):
        return None, [Finding("schema", f"`{name}` is not {NAME.says}", source.span(0, 0), "rename the file")]
    document, findings = read_yaml(source)
    if document is None or document.root is None:
        return None, findings
    if not isinstance(document.root, MapNode):
        return None, [*findings, *decode(environment_file(), document.root, document.top)[1]]
    return document.root, findings


def _same_everywhere(top: MapNode) -> Iterator[Finding]:
    """The keys that the language has, and that an environment cannot change."""
    for key, _, _ in language_fields(RootFile):
        if key in top and key not in SECTIONS:
            yield _fixed(f"`{key}`", top.key_span(key), SECTIONS)
    for section, target in SECTIONS.items():
        varies: frozenset[str] = getattr(target, "VARIES", frozenset())
        things = top.get(section)
        for thing in things.values() if varies and isinstance(things, MapNode) else ():
            for key, field, _ in language_fields(target):
                if isinstance(thing, MapNode) and key in thing and field.name not in varies:
                    kind = target.__name__.lower()
                    yield _fixed(f"`{key}` of {'an' if kind == 'edge' else 'a'} {kind}", thing.key_span(key), varies)


def _fixed(what: str, where: Span, varies: Collection[str]) -> Finding:
    help = f"change it in the project; what differs between environments is {one_of(varies, most=10)}"
    return Finding("same-everywhere", f"{what} is the same in every environment", where, help)


def _unknown(project: Project, section: str, name: str, where: Span) -> Finding:
    kind = SECTIONS[section].__name__.lower()
    other = next((other for other in SECTIONS if other != section and name in getattr(project, other)), None)
    things = getattr(project, section)
    help = f"`{name}` stands under `{other}`" if other else did_you_mean(name, things) or f"there is {one_of(things)}"
    return Finding("unknown-reference", f"the project has no {kind} named `{name}`", where, help)


def _laid_thing(thing: Any, over: MapNode, place: Span, changes: list[Change]) -> tuple[Any, list[Finding]]:
    """A service, policy, gateway or edge with what an environment says of it; itself, where that is wrong."""
    findings = list(_blanks(over))
    if findings:
        return thing, findings
    under: MapNode = thing.where.node
    node = _laid(under, over, thing)
    target: Any = type(thing)
    made = decoder(target)(node, place, thing.where.span, findings)
    if made is INVALID:
        return thing, findings
    for path, where, value in _leaves(over, place):
        if _at(thing, path) == _at(made, path):
            findings.append(_idle(thing, path, where))
        else:
            changes.append(Change(where, _innermost(under, thing.where.value, path), value is None))
    return made, findings


def _laid(under: MapNode, over: MapNode, model: Any) -> LaidNode:
    """``over`` laid over ``under``, which is ``model``: mappings by key, all else whole; null drops.

    Of alternatives that exclude each other, such as `file` and `env`, a new one replaces the former.
    """
    alternatives: tuple[str, ...] = getattr(type(model), "EXACTLY_ONE", ())
    replaced = set(alternatives) if any(over.get(key) is not None for key in alternatives) else set()
    laid = LaidNode(over)
    for key, value in under.items():
        if key not in over and key not in replaced:
            laid.put(key, value, under)
        elif isinstance(value, MapNode) and isinstance(over.get(key), MapNode):
            laid.put(key, _laid(value, over[key], _at(model, (key,))), over)
    for key, value in over.items():
        if value is not None and key not in laid:
            laid.put(key, value, over)
    return laid


def _blanks(over: MapNode) -> Iterator[Finding]:
    """Keys with nothing behind them: too easily an oversight to drop something by."""
    for key, value in over.items():
        if value is None and over.value_span(key) == over.key_span(key):
            help = "write `null` to drop what the project says, or write a value"
            yield Finding("schema", f"nothing stands behind `{key}:`", over.key_span(key), help)
        elif isinstance(value, MapNode):
            yield from _blanks(value)


def _leaves(over: MapNode, place: Span) -> Iterator[tuple[tuple[str, ...], Span, Any]]:
    """The path, place and value of everything in a mapping that is no mapping itself, or an empty one."""
    if not over:
        yield (), place, over
    for key, value in over.items():
        where = over.key_span(key) if value is None else over.value_span(key)
        if isinstance(value, MapNode):
            yield from (((key, *path), inner, leaf) for path, inner, leaf in _leaves(value, where))
        else:
            yield (key,), where, value


def _at(model: Any, path: Sequence[str]) -> Any:
    """The value at a path of keys below a model object, or the last one on the way there."""
    for key in path:
        if isinstance(model, Mapping):
            model = model.get(key, model.get(key.lower()))
        elif is_dataclass(model):
            kind: Any = type(model)
            model = getattr(model, next(field.name for name, field, _ in language_fields(kind) if name == key))
    return model


def _innermost(node: MapNode, place: Span, path: Sequence[str]) -> Span:
    """The place of the innermost mapping of the project on the way to a path."""
    for key in path[:-1]:
        inner = node.get(key)
        if not isinstance(inner, MapNode):
            break
        node, place = inner, node.value_span(key)
    return place


def _idle(thing: Any, path: Sequence[str], where: Span) -> Finding:
    what = f"`{'.'.join(path)}` is" if path else "this is"
    said = Note("the project's own", thing.where[tuple(path)] if path else thing.where.span)
    return Finding(
        "changes-nothing",
        f"{what} the same without this environment",
        where,
        "remove it; an environment says only what differs",
        (said,),
    )
