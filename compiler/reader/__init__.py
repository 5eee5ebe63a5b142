"""YAML or JSON text to a :class:`Document` whose every key and value knows where it stands. A file a format."""

from __future__ import annotations

from compiler.diagnostics import Finding
from compiler.reader.json_text import read_json
from compiler.reader.nodes import MAX_DEPTH, Document, LaidNode, ListNode, MapNode, Path, find_in_nodes
from compiler.reader.scalars import MAX_DIGITS, plain_scalar
from compiler.reader.yaml_plain import read_plain
from compiler.reader.yaml_text import MAX_EXPANDED, read_yaml
from compiler.source import Source

__all__ = [
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_EXPANDED",
    "Document",
    "LaidNode",
    "ListNode",
    "MapNode",
    "Path",
    "find_in_nodes",
    "plain_scalar",
    "read",
    "read_yaml",
]


def read(source: Source, texts: dict[str, str] | None = None) -> tuple[Document | None, list[Finding]]:
    """The document of a source. ``None`` comes with at least one error; a document may come with errors too.

    Documents that are given the same ``texts`` share what is equal: versions of a contract say most things alike.
    """
    if source.name.endswith(".json"):
        return read_json(source)
    return read_plain(source, {} if texts is None else texts)
