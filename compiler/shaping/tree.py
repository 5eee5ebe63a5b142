"""`include`, `remove`, `rename` and `set` of one body as a tree over the fields of the service's schema.

Every path names fields as the service has them, whatever they are renamed to. Lists are gone through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from compiler.compositions.values import Value, read
from compiler.diagnostics import Finding, Note
from compiler.model.shapes import BodyChanges
from compiler.records import mutable
from compiler.source import Span

Path = tuple[str, ...]


@mutable
class Put:
    """A value that is put in, in place of what was there."""

    value: Value
    where: Span


@mutable
class Tree:
    """What becomes of an object, and of each object in a list. Nobody changes one once it is read."""

    only: bool = False
    """Whether fields that are not named are left out."""
    fields: dict[str, Tree] = field(default_factory=dict)
    """By the service's names, what becomes of the fields that are named."""
    kept: bool = True
    name: str | None = None
    """The field's new name."""
    puts: dict[str, Put] = field(default_factory=dict)
    asked: list[Span] = field(default_factory=list)
    """Where the project says something of this field."""
    whole: Span | None = None
    """Where ``include`` names it."""

    @property
    def changes(self) -> bool:
        """Whether anything is different behind it."""
        return self.only or bool(self.puts) or any(not f.kept or f.name or f.changes for f in self.fields.values())


def walk(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """A tree and all below it, with the path that leads there."""
    yield path, tree
    for name, below in tree.fields.items():
        yield from walk(below, (*path, name))


def puts_of(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Put]]:
    """All that a tree puts in, by path."""
    for name, put in tree.puts.items():
        yield (*path, name), put
    for name, node in tree.fields.items():
        yield from puts_of(node, (*path, name))


def read_tree(changes: BodyChanges) -> tuple[Tree, list[Finding]]:
    """The tree of some changes, and where they contradict each other."""
    tree, found = Tree(), list[Finding]()
    for index, text in enumerate(changes.include or ()):
        _include(tree, text, changes.where["include", index], found)
    for index, text in enumerate(changes.remove):
        where = changes.where["remove", index]
        node = _kept(tree, text.split("."), where, "removed", found)
        if node is not None:
            if node.fields or node.asked:
                found.append(_twice(f"`{text}` is named twice, and removed here", where, node))
            node.kept = False
            node.asked.append(where)
    for text, name in changes.rename.items():
        _rename(tree, text, name, changes, found)
    for text, value in changes.set.items():
        *parents, name = text.split(".")
        where = changes.where.key("set", text)
        node = _kept(tree, parents, where, "set", found) if parents else tree
        if node is not None:
            node.puts[name] = Put(read(value, changes.where["set", text], found), where)
            node.asked.append(where)
    for path, node in walk(tree):
        found += _collisions(path, node)
    return tree, found


def _include(tree: Tree, text: str, where: Span, found: list[Finding]) -> None:
    node = tree
    for step in text.split("."):
        if node.whole is not None:
            found.append(_redundant(text, where, node.whole))
            return
        node.only = True
        node = node.fields.setdefault(step, Tree())
    if node.whole is not None or node.fields:
        found.append(_redundant(text, where, node.whole or next(n.whole for _, n in walk(node) if n.whole)))
    node.only, node.whole, node.fields = False, where, {}
    node.asked.append(where)


def _redundant(text: str, where: Span, other: Span) -> Finding:
    help = "a field is included with all that is in it: name the field or its parts"
    return Finding("shape-collision", f"`{text}` is included twice", where, help, (Note("and here", other),))


def _kept(tree: Tree, steps: list[str], where: Span, what: str, found: list[Finding]) -> Tree | None:
    """The node of a path; None with a finding where ``include`` or ``remove`` leave nothing of it."""
    node = tree
    for at, step in enumerate(steps):
        named = ".".join(steps[: at + 1])
        lost = "it cannot be" if at == len(steps) - 1 and what != "set" else "nothing in it can be"
        if node.only and step not in node.fields:
            message = f"`{named}` is not included, so {lost} {what}"
            found.append(Finding("shape-collision", message, where, f"include `{named}`, or take this out"))
            return None
        node = node.fields.setdefault(step, Tree())
        if not node.kept:
            message = f"`{named}` is removed, so {lost} {what}"
            note = (Note("removed here", node.asked[-1]),)
            found.append(Finding("shape-collision", message, where, "take one of the two out", note))
            return None
    return node


def _rename(tree: Tree, text: str, name: str, changes: BodyChanges, found: list[Finding]) -> None:
    where = changes.where["rename", text]
    if "." in name:
        last = name.rpartition(".")[2]
        found.append(Finding("schema", "a new name is one name, not a path", where, f"write `{text}: {last}`"))
        return
    *_, own = text.split(".")
    if own == name:
        found.append(Finding("shape-collision", f"`{text}` has that name already", where, "take it out"))
        return
    node = _kept(tree, text.split("."), changes.where.key("rename", text), "renamed", found)
    if node is not None:
        node.name = name
        node.asked.append(changes.where.key("rename", text))


def _collisions(path: Path, tree: Tree) -> Iterator[Finding]:
    """Names that two fields of one object would bear."""
    taken: dict[str, Span] = {}
    for own, node in tree.fields.items():
        if node.kept and node.name is not None:
            said = node.asked[-1]
            if node.name in taken:
                yield _collision(path, node.name, said, taken[node.name])
            taken.setdefault(node.name, said)
            if own in tree.puts:
                message = f"`{'.'.join((*path, own))}` is set, and that field is renamed"
                note = (Note("renamed here", said),)
                yield Finding("shape-collision", message, tree.puts[own].where, "set it, or rename it", note)
    for own, node in tree.fields.items():
        if node.kept and node.name is None and own in taken:
            yield _collision(path, own, taken[own], node.asked[-1] if node.asked else taken[own])
    for name, put in tree.puts.items():
        if name in taken:
            yield _collision(path, name, put.where, taken[name])


def _collision(path: Path, name: str, where: Span, other: Span) -> Finding:
    message = f"two fields would be named `{'.'.join((*path, name))}`"
    return Finding("shape-collision", message, where, "give one of them another name", (Note("the other one", other),))


def _twice(message: str, where: Span, node: Tree) -> Finding:
    return Finding("shape-collision", message, where, "take one of the two out", _noted(node))


def _noted(node: Tree) -> tuple[Note, ...]:
    first = next((said for _, below in walk(node) for said in below.asked), None)
    return (Note("and here", first),) if first is not None else ()
