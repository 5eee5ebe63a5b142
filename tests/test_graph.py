"""Pictures of projects: what is in them, and that everything has its place."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date
from itertools import pairwise
from pathlib import Path
from shutil import which
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import pipeline
from compiler.files import Library
from compiler.graph import dot, mermaid, svg
from compiler.graph.content import COLUMN, Box, Graph, Kind, Link, Row, graph_of, short
from compiler.graph.layout import MARGIN, lay_out, text_width
from compiler.lock import Lock
from compiler.workspace import build
from tests.test_cli import run
from tests.test_docs import blocks

ROOT = Path(__file__).parent.parent
DAY = date(2026, 12, 1)
DOCUMENT = json.dumps(
    {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "d"}}}}},
    }
)
PROJECT = f"""\
gatewright: 1
contracts:
  orders:
    owner: "<team> & \\u0007 {"x" * 100}"
    versions:
      1.0.0: {{openapi: {DOCUMENT}, deprecated: 2026-01-01}}
      2.0.0: {{openapi: {DOCUMENT}}}
      3.0.0: {{openapi: {DOCUMENT}}}
  overview: {{versions: {{1.0.0: {{openapi: {DOCUMENT}}}}}}}
services:
  old: {{implements: orders@1.0.0, endpoints: [{{host: a, port: 1}}]}}
  blue: {{implements: orders@2.0.0, weight: 9, endpoints: [{{host: b, port: 1}}, {{host: c, port: 1}}]}}
  green: {{implements: orders@2.0.0, weight: 1, endpoints: [{{host: d, port: 1}}]}}
  shadow: {{endpoints: [{{host: e, port: 1}}]}}
policies:
  mirrored: {{mirror: {{service: shadow}}}}
aggregators:
  overview:
    implements: overview@1.0.0#a
    deadline: 1s
    steps: {{orders: {{call: orders@^2#a, timeout: 1s}}}}
    response: {{body: "${{orders.body}}"}}
gateways:
  public:
    listen: {{address: 127.0.0.1, port: 8080}}
    policies: [mirrored]
    expose: [{{contract: orders, versions: ^1 || ^2, at: /shop, operations: [a]}}]
edges:
  mobile:
    client: {{name: phone, supported_until: 2027-12-31}}
    listen: {{address: 127.0.0.1, port: 8081}}
    expose: [{{aggregator: overview}}, {{contract: orders, versions: ^2}}]
"""


def drawn(folder: Path) -> Graph:
    library = Library(folder.resolve())
    project, findings = pipeline.read_project(library)
    assert project is not None, [f.message for f in findings]
    return graph_of(build(project, library, DAY, Lock())[0])


@pytest.fixture
def everything(tmp_path: Path) -> Graph:
    (tmp_path / "gatewright.yaml").write_text(PROJECT, encoding="utf-8")
    return drawn(tmp_path)


def test_who_calls_what(everything: Graph) -> None:
    links = {(link.source, link.target): link.aside for link in everything.links}
    assert links == {
        ("gateway/public#0", "contract/orders@1.0.0"): False,
        ("gateway/public#0", "contract/orders@2.0.0"): False,
        ("gateway/public!mirrored", "service/shadow"): True,
        ("edge/mobile#0", "aggregator/overview"): False,
        ("edge/mobile#1", "contract/orders@2.0.0"): False,
        ("aggregator/overview#orders", "contract/orders@2.0.0"): False,
        ("contract/orders@1.0.0", "service/old"): False,
        ("contract/orders@2.0.0", "service/blue"): False,
        ("contract/orders@2.0.0", "service/green"): False,
    }


def test_what_stands_in_the_boxes(everything: Graph) -> None:
    boxes = {box.id: box for box in everything.boxes}
    assert set(boxes) == {
        *("gateway/public", "edge/mobile", "aggregator/overview", "contract/orders"),
        *("service/old", "service/blue", "service/green", "service/shadow"),
    }
    assert [(row.text, row.note) for row in boxes["gateway/public"].rows] == [
        ("orders ^1 || ^2", "at /shop, 1 operation"),
        ("by policy mirrored", ""),
    ]
    assert [(row.text, row.note, row.faded) for row in boxes["contract/orders"].rows] == [
        ("1.0.0", "deprecated", True),
        ("2.0.0", "", False),
        ("3.0.0", "not used", True),
    ]
    assert boxes["edge/mobile"].lines == ("for phone, until 2027-12-31", "*:8081")
    assert boxes["service/blue"].lines == ("b:1 and 1 more", "weight 9")
    (owner,) = boxes["contract/orders"].lines
    assert owner.startswith("<team> & xxx")
    assert len(owner) == 48


IDS = st.text("abcxyz-", min_size=1, max_size=8)
KINDS: list[Kind] = ["gateway", "edge", "aggregator", "contract", "service"]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any boxes, with links from rows of a column to rows or boxes of one further right."""
    names = draw(st.lists(st.tuples(st.sampled_from(KINDS), IDS), max_size=14, unique=True))
    boxes = []
    for kind, name in names:
        count = 0 if kind == "service" else draw(st.integers(1, 4))
        texts = st.text(max_size=30).map(short)
        rows = tuple(Row(f"{kind}/{name}#{i}", draw(texts), draw(texts), draw(st.booleans())) for i in range(count))
        boxes.append(Box(f"{kind}/{name}", kind, name, tuple(draw(st.lists(IDS, max_size=2))), rows))
    ends = [(box, row.id) for box in boxes for row in box.rows]
    links = set()
    for _ in range(draw(st.integers(0, 30)) if ends else 0):
        box, source = draw(st.sampled_from(ends))
        right = [other for other in boxes if COLUMN[other.kind] > COLUMN[box.kind]]
        if right:
            other = draw(st.sampled_from(right))
            target = draw(st.sampled_from([other.id, *(row.id for row in other.rows)]))
            links.add(Link(source, target, draw(st.booleans())))
    boxes.sort(key=lambda box: (COLUMN[box.kind], box.kind, box.title))
    return Graph(tuple(boxes), tuple(sorted(links, key=lambda link: (link.source, link.target, link.aside))))


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_everything_has_its_place(graph: Graph) -> None:
    laid = lay_out(graph)
    assert sorted(placed.box.id for placed in laid.boxes) == sorted(box.id for box in graph.boxes)
    by_column: dict[int, list[tuple[int, int]]] = {}
    for placed in laid.boxes:
        assert placed.x >= MARGIN
        assert placed.x + placed.width <= laid.width - MARGIN
        assert placed.y + placed.height <= laid.height - MARGIN
        by_column.setdefault(placed.x, []).append((placed.y, placed.y + placed.height))
        texts = [placed.box.title, *placed.box.lines, *(row.text + row.note for row in placed.box.rows)]
        assert all(text_width(text, 10) <= placed.width for text in texts)
    for spans in by_column.values():
        assert all(above[1] < below[0] for above, below in pairwise(sorted(spans))), "boxes lie over each other"
    ends = {id: (placed, y) for placed in laid.boxes for id, y in placed.ends.items()}
    assert [way.link for way in laid.ways] == list(graph.links)
    for way in laid.ways:
        (source, start), (target, end) = ends[way.link.source], ends[way.link.target]
        assert way.stretches[0] == (source.x + source.width, source.x + source.width, start)
        assert way.stretches[-1] == (target.x, target.x, end)
        assert all(one[1] < other[0] for one, other in pairwise(way.stretches)), "a way leads back"
    assert lay_out(graph) == laid


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_every_format_is_well_formed(graph: Graph) -> None:
    root = ElementTree.fromstring(svg.render(graph))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lines = mermaid.render(graph).splitlines()
    assert lines[0] == "flowchart LR"
    named = re.findall(r"^ +(?:subgraph )?(\w+)(?:\[\[|\{\{|\(\[|\[)", "\n".join(lines), re.MULTILINE)
    assert len(named) == len(set(named))
    assert all(line.count('"') in (0, 2) for line in lines)
    assert dot.render(graph).count(" -> ") == len(graph.links)


def test_lines_that_need_not_cross_do_not() -> None:
    names = [f"n{index:02}" for index in range(30)]
    gateway = Box("gateway/g", "gateway", "g", (), tuple(Row(f"gateway/g#{n}", n) for n in sorted(names, key=hash_of)))
    contracts = [Box(f"contract/{n}", "contract", n, (), (Row(f"contract/{n}@1", "1"),)) for n in names]
    services = [Box(f"service/{n}", "service", n) for n in sorted(names, reverse=True)]
    links = [Link(f"gateway/g#{n}", f"contract/{n}@1") for n in names]
    links += [Link(f"contract/{n}@1", f"service/{n}") for n in names]
    laid = lay_out(Graph((gateway, *contracts, *services), tuple(links)))
    for part in ("gateway/", "contract/"):
        ways = sorted((w.stretches[0][2], w.stretches[-1][2]) for w in laid.ways if w.link.source.startswith(part))
        assert [end for _, end in ways] == sorted(end for _, end in ways)


def hash_of(text: str) -> int:
    """An order that is no order, the same in every run."""
    return sum(ord(c) * (7919, 104729, 31)[i] for i, c in enumerate(text)) % 1009


@pytest.mark.skipif(which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it(everything: Graph) -> None:
    done = subprocess.run(
        ["dot", "-Tplain"], input=dot.render(everything), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command(tmp_path: Path) -> None:
    shown = run("graph", "examples/shop", "--as-of", str(DAY), cwd=ROOT)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == mermaid.render(drawn(ROOT / "examples" / "shop"))
    assert run("graph", "examples/shop", "--as-of", str(DAY), "--format", "dot", cwd=ROOT).stdout.startswith("digraph")
    (tmp_path / "gatewright.yaml").write_text("gatewright: 2\n")
    broken = run("graph", str(tmp_path))
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "error[schema]" in broken.stderr


def test_the_documentation_shows_the_example() -> None:
    graph = drawn(ROOT / "examples" / "shop")
    assert (ROOT / "docs" / "shop.svg").read_text(encoding="utf-8") == svg.render(graph), "run: make update"
    assert blocks("docs/graph.md", "mermaid") == [mermaid.render(graph)]
