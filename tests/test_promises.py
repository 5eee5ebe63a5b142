"""What edges promise: the operations as clients call them, recorded in the lock, kept until their day is over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compiler.lock import Lock, LockedEdge, Promise
from compiler.lock.append import append_only
from compiler.lock.edges import renewed_edge
from compiler.lock.text import read_lock, render
from compiler.pipeline import renew_lock, validate
from compiler.promises import promised
from compiler.source import Source
from tests.projects import CONTRACT

DAY = date(2026, 6, 1)
PROJECT = """\
gatewright: 1
contracts:
  orders:
    versions:
      1.0.0: {openapi: orders.yaml}
      2.0.0: {openapi: orders.yaml}
services:
  one: {implements: orders@1.0.0, endpoints: [{host: one.internal, port: 8080}]}
  two: {implements: orders@2.0.0, endpoints: [{host: two.internal, port: 8080}]}
gateways:
  public: {listen: {address: 127.0.0.1, port: 8080}, expose: [{contract: orders}]}
edges:
  mobile:
    client: {name: shop-mobile, supported_until: 2027-12-31}
    listen: {address: 127.0.0.1, port: 8444}
    versioning: VERSIONING
    expose: [{contract: orders, versions: ^1 || ^2, at: /shop}]
"""


def project(folder: Path, versioning: str = "{in: path}", **changes: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "orders.yaml").write_text(CONTRACT)
    text = PROJECT.replace("VERSIONING", versioning)
    for before, after in changes.items():
        text = text.replace(before.replace("__", "-"), after)
    (folder / "gatewright.yaml").write_text(text)
    return folder


def of_mobile(folder: Path) -> LockedEdge:
    outcome = validate(folder, DAY)
    assert outcome.checked is not None
    return promised(outcome.checked.workspace)["mobile"]


@pytest.mark.parametrize(
    ("versioning", "said", "lines"),
    [
        ("{in: path}", "path", ["/v1/shop/orders/{id} orders@1.0.0", "/v2/shop/orders/{id} orders@2.0.0"]),
        (
            "{in: path, default: latest}",
            "path",
            [
                "/shop/orders/{id} orders@2.0.0",
                "/v1/shop/orders/{id} orders@1.0.0",
                "/v2/shop/orders/{id} orders@2.0.0",
            ],
        ),
        (
            "{in: header, name: X-Version, default: oldest}",
            "header:x-version",
            ["/shop/orders/{id} orders@1.0.0 default", "/shop/orders/{id} orders@2.0.0"],
        ),
        ("{in: query, name: V}", "query:V", ["/shop/orders/{id} orders@1.0.0", "/shop/orders/{id} orders@2.0.0"]),
        ("{in: media_type}", "media_type", ["/shop/orders/{id} orders@1.0.0", "/shop/orders/{id} orders@2.0.0"]),
    ],
)
def test_what_is_promised(tmp_path: Path, versioning: str, said: str, lines: list[str]) -> None:
    found = of_mobile(project(tmp_path, versioning))
    assert (found.client, found.supported_until, found.versioning) == ("shop-mobile", date(2027, 12, 31), said)
    assert [f"{p.path} {p.contract}@{p.number}{' default' if p.default else ''}" for p in found.promises] == lines
    assert {p.method for p in found.promises} == {"GET"}


def test_drafts_are_no_promises(tmp_path: Path) -> None:
    folder = project(tmp_path)
    text = (folder / "gatewright.yaml").read_text()
    (folder / "gatewright.yaml").write_text(text.replace("2.0.0", "2.0.0-rc.1").replace("^2", "2.0.0-rc.1"))
    assert [p.number for p in of_mobile(folder).promises] == ["1.0.0"]


def lock_of(folder: Path, day: date = DAY) -> Lock:
    outcome, renewal = renew_lock(folder, day)
    assert renewal is not None, outcome.diagnostics
    (folder / "gatewright.lock").write_text(render(renewal.lock))
    made, findings = read_lock(Source("gatewright.lock", render(renewal.lock)))
    assert made is not None, findings
    return made


def test_the_lock_grows_with_the_edge_and_keeps_its_line_when_it_goes(tmp_path: Path) -> None:
    folder = project(tmp_path, versions="versions")
    first = lock_of(folder)
    assert [(p.path, p.number) for p in first.edges["mobile"].promises] == [
        ("/v1/shop/orders/{id}", "1.0.0"),
        ("/v2/shop/orders/{id}", "2.0.0"),
    ]
    assert lock_of(folder) == first
    project(folder, "{in: path, default: ^2}".replace("^2", "latest"), **{"2027__12__31": "2028-12-31"})
    second = lock_of(folder)
    assert second.edges["mobile"].supported_until == date(2028, 12, 31)
    assert len(second.edges["mobile"].promises) == 3
    assert append_only(first, second) == []
    text = (folder / "gatewright.yaml").read_text()
    (folder / "gatewright.yaml").write_text(text.partition("edges:")[0])
    assert validate(folder, date(2028, 12, 31)).checked is None
    assert [d.finding.rule for d in validate(folder, date(2029, 1, 1)).diagnostics] == ["lock-outdated"]
    third = lock_of(folder, date(2029, 1, 1))
    assert third.edges["mobile"].removed
    assert append_only(second, third) == []
    assert validate(folder, date(2029, 1, 1)).diagnostics == ()
    (folder / "gatewright.yaml").write_text(text.replace("2028-12-31", "2030-12-31").replace("/shop", "/other"))
    assert [d.finding.rule for d in validate(folder, date(2029, 1, 2)).diagnostics][:1] == ["lock-outdated"]
    fourth = lock_of(folder, date(2029, 1, 2))
    assert not fourth.edges["mobile"].removed
    assert {p.path.split("/")[1] for p in fourth.edges["mobile"].promises} == {"v1", "v2", "other"}
    assert append_only(third, fourth, date(2029, 1, 2)) == []


def test_only_another_deployable_is_judged_without_it(tmp_path: Path) -> None:
    folder = project(tmp_path)
    lock_of(folder)
    text = (folder / "gatewright.yaml").read_text()
    (folder / "gatewright.yaml").write_text(text.partition("edges:")[0])
    assert [d.finding.rule for d in validate(folder, DAY).diagnostics] == ["edge-removed-early"]
    assert validate(folder, DAY, "public").diagnostics == ()
    (folder / "gatewright.yaml").write_text(text.replace("2027-12-31", "2026-05-31"))
    assert {d.finding.rule for d in validate(folder, DAY).diagnostics} == {"edge-expired", "support-shortened"}
    assert validate(folder, DAY, "public").diagnostics == ()
    assert {d.finding.rule for d in validate(folder, DAY, "mobile").diagnostics} == {
        "edge-expired",
        "support-shortened",
    }


def test_locked_asks_for_a_lock_where_there_is_an_edge(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert [d.finding.rule for d in validate(folder, DAY, locked=True).diagnostics] == ["lock-outdated"]


A, B = (Promise("GET", f"/{name}", "orders", "1.1.0") for name in "ab")
EDGE = LockedEdge("mobile", "shop-mobile", date(2027, 12, 31), (A, B))


def edges(*edges: LockedEdge) -> Lock:
    return Lock({}, {edge.name: edge for edge in edges})


def test_what_append_only_says_of_edges() -> None:
    def said(now: Lock, day: date = DAY) -> list[tuple[str, str]]:
        return [(f.rule, f.message) for f in append_only(edges(EDGE), now, day)]

    later = Promise("GET", "/a", "orders", "1.2.0")
    assert said(edges(LockedEdge("mobile", "shop-mobile", date(2028, 1, 1), (later, B)))) == []
    assert said(Lock()) == [("edge-removed-early", "the edge `mobile` is gone from gatewright.lock")]
    assert said(edges(LockedEdge("mobile", "shop-mobile", date(2027, 12, 30), (A, B)))) == [
        ("support-shortened", "`shop-mobile` was promised 2027-12-31, and 2027-12-30 now")
    ]
    fewer = edges(LockedEdge("mobile", "shop-mobile", date(2027, 12, 31), (A,)))
    lost = [("edge-removed-early", "the edge `mobile` does not promise `GET /b` to `shop-mobile` any more")]
    assert said(fewer) == lost
    assert said(fewer, date(2027, 12, 31)) == lost
    assert said(fewer, date(2028, 1, 1)) == []
    other = edges(LockedEdge("mobile", "shop-web", date(2027, 12, 31), (A, B)))
    assert [rule for rule, _ in said(other)] == ["edge-removed-early"]


def test_a_promise_is_the_same_whatever_its_parameters_are_called() -> None:
    one, other = (Promise("GET", f"/a/{{{name}}}", "orders", "1.1.0") for name in ("id", "order"))
    assert one.key == other.key
    assert one.key != Promise("GET", "/a/{id}", "orders", "2.1.0").key


def test_what_a_comment_allowed_is_not_forgotten() -> None:
    now = LockedEdge("mobile", "shop-web", date(2028, 12, 31), (A,))
    kept = renewed_edge(EDGE, now, DAY)
    assert (kept.client, kept.promises, kept.supported_until) == ("shop-mobile", (A, B), date(2028, 12, 31))
    assert renewed_edge(EDGE, now, date(2028, 1, 1)) == now
    fewer = LockedEdge("mobile", "shop-mobile", date(2027, 12, 31), (Promise("GET", "/a", "orders", "1.0.0"),))
    assert renewed_edge(EDGE, fewer, DAY) == EDGE


SHAPED = """\
gatewright: 1
contracts:
  orders: {versions: {1.0.0: {openapi: orders.yaml}}}
  own: {versions: {1.0.0: {openapi: own.yaml}}}
services:
  orders: {implements: orders@1.0.0, endpoints: [{host: orders.internal, port: 8080}]}
edges:
  mobile:
    client: {name: shop-mobile, supported_until: 2027-12-31}
    listen: {address: 127.0.0.1, port: 8444}
    expose: [{contract: orders, SHAPE}]
"""
TEXT = "{type: string}"
FIELDS = f"{{type: object, required: [id, total], properties: {{id: {TEXT}, total: {TEXT}, note: {TEXT}}}}}"
DOCUMENT = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    get:
      operationId: listOrders
      responses: {"200": {description: The orders., content: {application/json: {schema: SCHEMA}}}}
"""


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        ("shape: {response: {include: [id]}}", "shape: {response: {include: [id, note]}}", True),
        (
            "shape: {response: {include: [id, note]}}",
            "shape: {response: {include: [id]}}",
            True,
        ),  # it need not be there
        ("shape: {response: {include: [id, total]}}", "shape: {response: {include: [id]}}", False),
        ("shape: {response: {include: [total, id]}}", "shape: {response: {remove: [note]}}", True),
        ("shape: {response: {remove: [note]}}", "operations: [listOrders]", True),
        ("operations: [listOrders]", "shape: {response: {remove: [total]}}", False),
        ("shape: {response: {set: {by: edge}}}", "shape: {response: {set: {by: mobile}}}", False),
        ("shape: {response: {rename: {id: key}}}", "shape: {response: {rename: {id: number}}}", False),
        (
            "shape: {response: {include: [id, total]}}, publish: own@1.0.0",
            "shape: {response: {include: [id]}}, publish: own@1.0.0",
            True,
        ),
    ],
)
def test_other_changes_of_bodies(tmp_path: Path, before: str, now: str, kept: bool) -> None:
    own = "{type: object, required: [id], properties: {id: {type: string}}}"
    (tmp_path / "orders.yaml").write_text(DOCUMENT.replace("SCHEMA", FIELDS))
    (tmp_path / "own.yaml").write_text(DOCUMENT.replace("SCHEMA", own))
    (tmp_path / "gatewright.yaml").write_text(SHAPED.replace("SHAPE", before))
    lock_of(tmp_path)
    (tmp_path / "gatewright.yaml").write_text(SHAPED.replace("SHAPE", now))
    found = {d.finding.rule for d in validate(tmp_path, DAY).diagnostics} - {"unused", "lock-outdated"}
    assert found == (set() if kept else {"edge-removed-early"})


TAKING = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    post:
      operationId: placeOrder
      requestBody: {content: {application/json: {schema: SCHEMA}}}
      responses: {"201": {description: Placed.}}
"""


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        ("shape: {request: {remove: [note]}}", "operations: [placeOrder]", True),
        ("shape: {request: {remove: [note]}}", "shape: {request: {include: [total, id]}}", True),
        ("shape: {request: {set: {total: '1'}}}", "shape: {request: {set: {total: '2'}}}", True),
        ("operations: [placeOrder]", "shape: {request: {set: {total: '1'}}}", False),
        ("shape: {request: {set: {total: '1'}}}", "operations: [placeOrder]", False),  # clients must send it now
        ("operations: [placeOrder]", "shape: {request: {remove: [note]}}", False),
        ("shape: {request: {remove: [note]}}", "shape: {request: {rename: {id: key}, remove: [note]}}", False),
        ("shape: {request: {rename: {id: key}}}", "shape: {request: {rename: {id: number}}}", False),
        ("shape: {request: {rename: {id: key}}}", "operations: [placeOrder]", False),
    ],
)
def test_other_changes_of_requests(tmp_path: Path, before: str, now: str, kept: bool) -> None:
    (tmp_path / "orders.yaml").write_text(TAKING.replace("SCHEMA", FIELDS))
    (tmp_path / "own.yaml").write_text(TAKING.replace("SCHEMA", FIELDS))
    (tmp_path / "gatewright.yaml").write_text(SHAPED.replace("SHAPE", before))
    lock_of(tmp_path)
    (tmp_path / "gatewright.yaml").write_text(SHAPED.replace("SHAPE", now))
    found = [d.finding for d in validate(tmp_path, DAY).diagnostics if d.finding.rule == "edge-removed-early"]
    assert (not found) == kept
    assert kept or "takes other requests than" in found[0].message
