"""What becomes of a JSON value by changes: what the payload module does, for examples, and for tests of the module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compiler.shaping.tree import Path, Put, Tree

ABSENT = object()
"""What a value is that is not there."""
Made = Callable[[Path, Put], Any]
"""The value of what is put in, by its path; ABSENT where there is none."""


def changed(value: Any, tree: Tree, made: Made, path: Path = ()) -> Any:
    """A value as it is after the changes."""
    if isinstance(value, (list, tuple)):
        return [changed(one, tree, made, path) for one in value]
    if not isinstance(value, Mapping):
        return value
    new = {node.name for node in tree.fields.values() if node.kept and node.name is not None} | tree.puts.keys()
    found: dict[str, Any] = {}
    for name, inner in value.items():
        node = tree.fields.get(name)
        if node is None:
            if not tree.only and name not in new:
                found[name] = inner
        elif node.kept and (node.name is not None or name not in tree.puts):
            found[node.name or name] = changed(inner, node, made, (*path, name))
    for name, put in tree.puts.items():
        what = made((*path, name), put)
        if what is not ABSENT:
            found[name] = what
    return found
