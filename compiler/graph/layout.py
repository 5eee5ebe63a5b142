"""Where the boxes of a picture stand, and how its links run: columns from left to right, few crossings, short ways.

The order in a column and the heights are found together: each column in turn moves to the height of what it is linked
with, back and forth, and the arrangement with the fewest crossings is kept. What a gateway exposes and the steps of an
aggregator have no order of their own in a picture, so these rows are put in the order of what they lead to.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from compiler.graph.content import COLUMN, Box, Graph, Link
from compiler.records import frozen, mutable

MARGIN, GAP, WAY = 24, 14, 120
"""Pixels around the picture, between boxes of a column, and between columns."""
TITLE, LINE, ROW, END = 28, 15, 22, 6
"""Heights in pixels: a box's title, a line below it, a row, and what follows the last row."""
HEADING = 30
_PASSES = 16
_NARROW, _WIDE = frozenset("iljftrI.,:;'!|()[]/- "), frozenset("mwMW@%")


@frozen
class Placed:
    """A box with its left upper corner and its size, and the height of each place at which links end, by id."""

    box: Box
    x: int
    y: int
    width: int
    height: int
    ends: Mapping[str, int]


@frozen
class Way:
    """A link as level stretches (from x, to x, y), which are to be joined by curves; the first and last are points."""

    link: Link
    stretches: tuple[tuple[int, int, int], ...]


@frozen
class Layout:
    """Everything in its place. ``columns`` are the left edge of each column that has boxes, by its number."""

    width: int
    height: int
    columns: Mapping[int, int]
    boxes: tuple[Placed, ...]
    ways: tuple[Way, ...]


@mutable
class _Item:
    """What takes room in a column: a box, or a link on its way past (``box`` is None)."""

    id: str
    box: Box | None
    height: int
    ends: dict[str, int]
    """Heights at which links end, from the item's top."""
    y: float = 0.0


@frozen
class _Step:
    """A part of a link between neighbouring columns: (column, item, end) on both sides."""

    source: tuple[int, str, str]
    target: tuple[int, str, str]


def text_width(text: str, size: float) -> int:
    """About how many pixels a text takes in a wide sans serif face of a size in pixels."""
    return round(sum(_em(character) for character in text) * size)


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.37
    if character in _WIDE:
        return 0.95
    if ord(character) > 0x2E80:  # from here on most are as wide as high
        return 1.0
    return 0.7 if character.isupper() else 0.62


def lay_out(graph: Graph) -> Layout:
    """The picture in pixels; the same for the same content."""
    numbers = sorted({COLUMN[box.kind] for box in graph.boxes})
    at = {number: index for index, number in enumerate(numbers)}
    columns: list[dict[str, _Item]] = [{} for _ in numbers]
    for box in graph.boxes:
        columns[at[COLUMN[box.kind]]][box.id] = _item(box)
    owners = graph.owners()
    routes = [_route(owners[link.source], owners[link.target], link, columns, at) for link in graph.links]
    steps = [_Step(a, b) for route in routes for a, b in pairwise(route)]
    _arrange(columns, steps)
    lefts, widths = _across(columns)
    down = MARGIN + HEADING - min((item.y for column in columns for item in column.values()), default=0)
    placed = []
    for index, column in enumerate(columns):
        for item in sorted(column.values(), key=lambda i: (i.y, i.id)):
            top = round(item.y + down)
            if item.box is not None:
                ends = {id: top + end for id, end in item.ends.items()}
                placed.append(Placed(item.box, lefts[index], top, widths[index], item.height, ends))
    linked = zip(graph.links, routes, strict=True)
    ways = tuple(_way(link, route, columns, lefts, widths, down) for link, route in linked)
    lowest = [p.y + p.height for p in placed] + [y for way in ways for _, _, y in way.stretches]
    width = lefts[-1] + widths[-1] + MARGIN if lefts else 2 * MARGIN
    height = max(lowest, default=MARGIN + HEADING) + MARGIN
    return Layout(width, height, {number: lefts[at[number]] for number in numbers}, tuple(placed), ways)


def _item(box: Box) -> _Item:
    height = TITLE + LINE * len(box.lines) + ROW * len(box.rows) + END
    return _Item(box.id, box, height, _ends(box, TITLE // 2 if box.rows else height // 2))


def _ends(box: Box, own: int) -> dict[str, int]:
    """Heights in a box at which links end: ``own`` for the box itself, and one for each row."""
    top = TITLE + LINE * len(box.lines) + ROW // 2
    return {box.id: own, **{row.id: top + ROW * index for index, row in enumerate(box.rows)}}


def _route(
    source: Box, target: Box, link: Link, columns: list[dict[str, _Item]], at: Mapping[int, int]
) -> list[tuple[int, str, str]]:
    """The ends of a link and, between them, the places in columns that it passes; these are shared between boxes."""
    first, last = at[COLUMN[source.kind]], at[COLUMN[target.kind]]
    route = [(first, source.id, link.source)]
    for index in range(first + 1, last):
        passing = f"{source.id}>{target.id}"
        columns[index].setdefault(passing, _Item(passing, None, 0, {passing: 0}))
        route.append((index, passing, passing))
    return [*route, (last, target.id, link.target)]


def _across(columns: list[dict[str, _Item]]) -> tuple[list[int], list[int]]:
    """The left edge and the width of each column."""
    lefts, widths, x = [], [], MARGIN
    for column in columns:
        width = max((_box_width(item.box) for item in column.values() if item.box is not None), default=0)
        lefts.append(x)
        widths.append(width)
        x += width + WAY
    return lefts, widths


def _box_width(box: Box) -> int:
    """Wide enough for the longest of its texts."""
    texts = [text_width(box.title, 14.5), *(text_width(line, 11.5) for line in box.lines)]
    texts += [text_width(row.text, 12.5) + (12 + text_width(row.note, 11) if row.note else 0) for row in box.rows]
    return max(110, *texts) + 24


def _arrange(columns: list[dict[str, _Item]], steps: list[_Step]) -> None:
    """Give each item its height: of all passes, those of the one with the fewest crossings, then the shortest ways."""
    for column in columns:
        _stack(list(column.values()))
    best: tuple[tuple[int, float], list[dict[str, _Item]]] | None = None
    for turn in range(_PASSES):
        rightwards = turn % 2 == 0
        for index in range(len(columns)) if rightwards else reversed(range(len(columns))):
            _settle(columns, index, steps, left=rightwards, right=not rightwards, reorder=True)
        for index in range(len(columns)):
            _sort_rows(columns, index, steps)
        for _ in range(2):
            for index in range(len(columns)):
                _settle(columns, index, steps, left=True, right=True, reorder=False)
        cost = _cost(columns, steps)
        if best is None or cost < best[0]:
            best = cost, [{id: replace(item) for id, item in column.items()} for column in columns]
    assert best is not None
    columns[:] = best[1]


def _sort_rows(columns: list[dict[str, _Item]], index: int, steps: list[_Step]) -> None:
    """Put the rows of gateways, edges and aggregators in the order of the heights that their links lead to."""
    led: dict[str, list[float]] = {}
    for step in steps:
        if step.source[0] == index:
            led.setdefault(step.source[2], []).append(_height(columns, step.target))
    for item in columns[index].values():
        if item.box is not None and item.box.kind not in ("contract", "service"):
            means = {row.id: sum(led[row.id]) / len(led[row.id]) for row in item.box.rows if row.id in led}
            rows = sorted(item.box.rows, key=lambda row: (round(means.get(row.id, 1e9), 3), row.id))
            item.box = replace(item.box, rows=tuple(rows))
            item.ends = _ends(item.box, item.ends[item.id])


def _settle(
    columns: list[dict[str, _Item]], index: int, steps: list[_Step], *, left: bool, right: bool, reorder: bool
) -> None:
    """Move the items of a column towards the heights of what they are linked with on the asked sides."""
    wanted: dict[str, list[float]] = {}
    for step in steps:
        for here, there, asked in ((step.target, step.source, left), (step.source, step.target, right)):
            if asked and here[0] == index:
                top = _height(columns, there) - columns[index][here[1]].ends[here[2]]
                wanted.setdefault(here[1], []).append(top)
    items = sorted(columns[index].values(), key=lambda item: (item.y, item.id))
    means = {id: sum(found) / len(found) for id, found in wanted.items()}
    if reorder:
        items.sort(key=lambda item: (round(means.get(item.id, item.y), 3), item.y, item.id))
    _stack(items, [means.get(item.id, item.y) for item in items])


def _stack(items: list[_Item], wanted: list[float] | None = None) -> None:
    """Put items below each other, as near to the wanted heights as their order and size allow.

    The least sum of squares, by pooling neighbours that are in each other's way (isotonic regression).
    """
    above = [0.0]
    for one, next_one in pairwise(items):
        gap = GAP if one.box is not None and next_one.box is not None else GAP / 2
        above.append(above[-1] + one.height + gap)
    pools: list[tuple[float, int]] = []  # mean of what is wanted of the pool's top, and how many are in it
    for index in range(len(items)):
        pools.append((wanted[index] - above[index] if wanted else 0.0, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, n), (high, m) = pools.pop(), pools.pop()
            pools.append(((low * n + high * m) / (n + m), n + m))
    tops = [top for top, count in pools for _ in range(count)]
    for item, top, over in zip(items, tops, above, strict=False):
        item.y = top + over


def _cost(columns: list[dict[str, _Item]], steps: list[_Step]) -> tuple[int, float]:
    """How many pairs of links cross, and how far up or down all of them lead."""
    crossings, length = 0, 0.0
    for index in range(len(columns)):
        ends = sorted((_height(columns, s.source), _height(columns, s.target)) for s in steps if s.source[0] == index)
        seen: list[float] = []
        for source, target in ends:
            crossings += len(seen) - bisect_right(seen, target + 0.5)
            insort(seen, target)
            length += abs(source - target)
    return crossings, round(length, 3)


def _height(columns: list[dict[str, _Item]], end: tuple[int, str, str]) -> float:
    item = columns[end[0]][end[1]]
    return item.y + item.ends[end[2]]


def _way(
    link: Link,
    route: list[tuple[int, str, str]],
    columns: list[dict[str, _Item]],
    lefts: list[int],
    widths: list[int],
    down: float,
) -> Way:
    """A link's stretches: the first begins where its box ends, and the last ends where its box begins."""
    heights = [round(columns[index][id].y + down) + columns[index][id].ends[end] for index, id, end in route]
    first, *middle, last = [
        (lefts[index], lefts[index] + widths[index], y) for (index, _, _), y in zip(route, heights, strict=True)
    ]
    return Way(link, ((first[1], first[1], first[2]), *middle, (last[0], last[0], last[2])))
