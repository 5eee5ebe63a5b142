"""A picture in Graphviz's language (https://graphviz.org/doc/info/lang.html), for those who draw with it."""

from __future__ import annotations

from html import escape

from compiler.graph.content import COLUMN, Box, Graph

_FILL = {"gateway": "#dbeafe", "edge": "#ccfbf1", "aggregator": "#ede9fe", "contract": "#f3f4f6", "service": "#dcfce7"}


def render(graph: Graph) -> str:
    """A digraph from left to right with a table for each box; links go from row to row."""
    lines = [
        "digraph gatewright {",
        '  graph [rankdir=LR, ranksep=1.2, nodesep=0.25, fontname="Helvetica"];',
        '  node [shape=plain, fontname="Helvetica", fontsize=11];',
        '  edge [color="#64748b", arrowsize=0.7];',
    ]
    for column in sorted({COLUMN[box.kind] for box in graph.boxes}):
        boxes = [box for box in graph.boxes if COLUMN[box.kind] == column]
        lines += ["  {", "    rank=same;", *(f"    {_quoted(box.id)} [label=<{_table(box)}>];" for box in boxes), "  }"]
    ends = {id: f"{_quoted(box.id)}:{_quoted(id)}" for id, box in graph.owners().items()}
    for link in graph.links:
        style = " [style=dashed]" if link.aside else ""
        lines.append(f"  {ends[link.source]}:e -> {ends[link.target]}:w{style};")
    return "\n".join([*lines, "}"]) + "\n"


def _table(box: Box) -> str:
    said = "".join(f"<BR/><FONT POINT-SIZE='9'>{escape(line)}</FONT>" for line in box.lines)
    head = f"<TR><TD BGCOLOR='{_FILL[box.kind]}' PORT='{escape(box.id)}'><B>{escape(box.title)}</B>{said}</TD></TR>"
    rows = "".join(
        f"<TR><TD ALIGN='LEFT' PORT='{escape(row.id)}'>{_row(row.text, row.note, faded=row.faded)}</TD></TR>"
        for row in box.rows
    )
    return f"<TABLE BORDER='0' CELLBORDER='1' CELLSPACING='0' CELLPADDING='5'>{head}{rows}</TABLE>"


def _row(text: str, note: str, *, faded: bool) -> str:
    said = escape(text) + (f" <FONT COLOR='#6b7280'>{escape(note)}</FONT>" if note else "")
    return f"<I>{said}</I>" if faded else said


def _quoted(id: str) -> str:
    return '"' + id.replace("\\", "\\\\").replace('"', '\\"') + '"'
