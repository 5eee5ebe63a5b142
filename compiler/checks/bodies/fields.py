"""The fields that changes name, against those that the schemas have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.diagnostics import Finding, did_you_mean, one_of
from compiler.shaping.schemas import Shaping
from compiler.shaping.tree import Path, Tree, walk
from compiler.source import Span


def named_fields(tree: Tree, shapings: Sequence[Shaping], whose: str) -> Iterator[Finding]:
    """Fields that are named and not there, and new names that are taken; ``whose`` is how to say that one is absent."""
    seen = {path for shaping in shapings for path in shaping.seen}
    names: dict[Path, set[str]] = {}
    for shaping in shapings:
        for path, declared in shaping.names.items():
            names.setdefault(path, set()).update(declared)
    unknown: set[Path] = set()
    for path, node in walk(tree):
        if path and path not in seen and path[:-1] not in unknown:
            for said in dict.fromkeys(said for _, below in walk(node) for said in below.asked):
                yield unknown_field(path, said, names.get(path[:-1], set()), whose)
        if path and path not in seen:
            unknown.add(path)
        if path not in unknown and path not in names and node.puts:
            message = f"`{'.'.join(path) or 'the body'}` is no object, so nothing can be set in it"
            yield Finding("shape-unknown-field", message, next(iter(node.puts.values())).where)
    clashes = sorted({clash for shaping in shapings for clash in shaping.clashes})
    for path, name in clashes:
        message = f"`{'.'.join((*path, name))}` is a field of the service already"
        where = next(n.asked[-1] for p, n in walk(tree) if p[:-1] == path and n.name == name)
        yield Finding("shape-collision", message, where, "take another name, or remove that field")


def unknown_field(path: Path, where: Span, declared: set[str], whose: str) -> Finding:
    """A field that is named and not there, with those that are."""
    help = did_you_mean(path[-1], sorted(declared)) or (f"there is {one_of(sorted(declared))}" if declared else None)
    return Finding("shape-unknown-field", f"{whose} `{'.'.join(path)}`", where, help)
