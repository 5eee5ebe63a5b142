"""A picture as SVG, drawn without any other program; it looks the same on light and on dark pages."""

from __future__ import annotations

from html import escape

from compiler.graph.content import Graph, Kind
from compiler.graph.layout import HEADING, LINE, MARGIN, ROW, TITLE, Placed, Way, lay_out

_HEADINGS = ("Gateways and edges", "Aggregators", "Contracts", "Services")
_COLOURS: dict[Kind, tuple[str, str]] = {
    "gateway": ("#dbeafe", "#1d4ed8"),
    "edge": ("#ccfbf1", "#0f766e"),
    "aggregator": ("#ede9fe", "#6d28d9"),
    "contract": ("#f1f5f9", "#475569"),
    "service": ("#dcfce7", "#15803d"),
}
"""Of each kind, the colour of its title's ground and of its lines."""
_WAYS = ("#2563eb", "#db2777", "#0d9488", "#d97706", "#7c3aed", "#65a30d", "#0891b2", "#dc2626")
"""Colours of links, one for each box that they come from, so that the eye can follow them."""
_STYLE = (
    "text{font-family:system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif;fill:#0f172a}"
    ".t{font-size:14px;font-weight:600}.l{font-size:11px;fill:#475569}.r{font-size:12px}.n{font-size:10.5px;fill:#64748b}"
    ".f{fill:#b45309}.h{font-size:11px;fill:#64748b;letter-spacing:.06em}"
    "path{fill:none;stroke-width:1.5;stroke-opacity:.8}"
)


def render(graph: Graph) -> str:
    """A self-contained SVG document."""
    laid = lay_out(graph)
    callers = [box.id for box in graph.boxes if box.kind not in ("contract", "service")]
    colours = {id: _WAYS[index % len(_WAYS)] for index, id in enumerate(callers)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{laid.width}" height="{laid.height}" '
        f'viewBox="0 0 {laid.width} {laid.height}" role="img">',
        "<title>Who calls what, in which version, and what serves it</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{laid.width}" height="{laid.height}" fill="#ffffff"/>',
    ]
    for number, x in laid.columns.items():
        parts.append(f'<text class="h" x="{x}" y="{MARGIN + HEADING - 16}">{_HEADINGS[number].upper()}</text>')
    owners = graph.owners()
    parts += [_way(way, colours.get(owners[way.link.source].id, "#64748b")) for way in laid.ways]
    parts += [line for placed in laid.boxes for line in _box(placed)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _way(way: Way, colour: str) -> str:
    (_, x, y), *rest = way.stretches
    said = [f"M{x} {y}"]
    for left, right, height in rest:
        half = (left - x) // 2
        said.append(f"C{x + half} {y} {left - half} {height} {left} {height}" + (f"H{right}" if right != left else ""))
        x, y = right, height
    dashed = ' stroke-dasharray="5 4"' if way.link.aside else ""
    tip = f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
    return f'<path d="{"".join(said)}" stroke="{colour}"{dashed}/>{tip}'


def _box(placed: Placed) -> list[str]:
    box, x, y = placed.box, placed.x, placed.y
    ground, line = _COLOURS[box.kind]
    head = TITLE + LINE * len(box.lines) - (0 if box.rows else -6)
    frame = f'x="{x}" y="{y}" width="{placed.width}" height="{placed.height}" rx="7"'
    parts = [
        f'<rect {frame} fill="#ffffff" stroke="{line}"/>',
        f'<path d="M{x} {y + head}V{y + 7}a7 7 0 0 1 7 -7H{x + placed.width - 7}a7 7 0 0 1 7 7V{y + head}Z" '
        f'style="fill:{ground};stroke:none"/>' if box.rows else f'<rect {frame} fill="{ground}" stroke="{line}"/>',
        f'<text class="t" x="{x + 12}" y="{y + 19}">{escape(box.title)}</text>',
    ]  # fmt: skip
    for index, said in enumerate(box.lines):
        parts.append(f'<text class="l" x="{x + 12}" y="{y + TITLE + 6 + LINE * index}">{escape(said)}</text>')
    for index, row in enumerate(box.rows):
        middle = y + TITLE + LINE * len(box.lines) + ROW * index + ROW // 2 + 4
        faded = " f" if row.faded else ""
        parts.append(f'<text class="r{faded}" x="{x + 12}" y="{middle}">{escape(row.text)}</text>')
        if row.note:
            end = x + placed.width - 12
            parts.append(f'<text class="n" x="{end}" y="{middle}" text-anchor="end">{escape(row.note)}</text>')
    return parts
