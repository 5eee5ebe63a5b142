"""A picture as a flowchart of Mermaid (https://mermaid.js.org/syntax/flowchart.html), for pages that draw it."""

from __future__ import annotations

import re

from compiler.graph.content import Box, Graph, Kind

_SHAPES: dict[Kind, tuple[str, str]] = {
    "gateway": ("[[", "]]"),
    "edge": ("[[", "]]"),
    "aggregator": ("{{", "}}"),
    "contract": ("[", "]"),
    "service": ("([", "])"),
}


def render(graph: Graph) -> str:
    """A flowchart from left to right: a contract is a frame around its versions, what else there is a node."""
    lines = ["flowchart LR"]
    for box in graph.boxes:
        lines += _contract(box) if box.kind == "contract" else [f"  {_node(box)}"]
    texts = {row.id: row.text for box in graph.boxes for row in box.rows}
    owners = graph.owners()
    for link in graph.links:
        owner = owners[link.source]
        arrow = "-.->" if link.aside else "-->"
        source = _id(link.source if owner.kind == "contract" else owner.id)
        label = "" if owner.kind == "contract" else f'|"{_text(texts[link.source])}"|'
        lines.append(f"  {source} {arrow}{label} {_id(link.target)}")
    faded = [_id(row.id) for box in graph.boxes if box.kind == "contract" for row in box.rows if row.faded]
    if faded:
        lines += ["  classDef faded stroke-dasharray: 4 3, color: #888", f"  class {','.join(faded)} faded"]
    return "\n".join(lines) + "\n"


def _node(box: Box) -> str:
    before, after = _SHAPES[box.kind]
    said = "<br/>".join((f"<b>{_text(box.title)}</b>", *map(_text, box.lines)))
    return f'{_id(box.id)}{before}"{said}"{after}'


def _contract(box: Box) -> list[str]:
    said = {row.id: f"{row.text} ({row.note})" if row.note else row.text for row in box.rows}
    rows = [f'    {_id(id)}["{_text(text)}"]' for id, text in said.items()]
    return [f'  subgraph {_id(box.id)}["{_text(box.title)}"]', *rows, "  end"]


def _id(id: str) -> str:
    """An id of letters, digits and underscores alone; two that differ stay different, since each other one is named."""
    return re.sub(r"[^a-z0-9]", lambda found: f"_{ord(found[0]):x}_", id)


def _text(text: str) -> str:
    """Text in which nothing is taken for Mermaid's own or for markup."""
    return re.sub(r"[^\w .,:/@()*^~<=>+-]|[<>]", lambda found: f"#{ord(found[0])};", text)
