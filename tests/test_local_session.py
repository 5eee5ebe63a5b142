"""A session on the real Envoy: what an update does to what runs."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.checks import Checked
from compiler.local.envoy import EnvoyProblem, find_envoy
from compiler.local.ports import free_port, free_ports, why_not
from compiler.local.session import Change, PortTaken, Session
from compiler.plan import Answer, Endpoint, HeaderChanges, Plan
from tests.processes import alive, eventually
from tests.projects import write_project

DAY = date(2026, 11, 1)


@pytest.fixture
def begin() -> Iterator[Callable[..., Session]]:
    binary = find_envoy()
    assert binary is not None
    made: list[Session] = []

    def session(**fields: object) -> Session:
        made.append(Session(binary, **{"with_stubs": True, **fields}))  # type: ignore[arg-type]
        return made[-1]

    yield session
    for one in made:
        pids = [running.process.pid for running in one.running.values()]
        one.stop()
        one.stop()
        assert alive(pids) == []
        assert not one.folder.exists()


def project(folder: Path, *gateways: str) -> tuple[Checked, Plan]:
    """The project of ``write_project`` with other gateways, each as ``at`` writes it, checked and planned."""
    text = (write_project(folder) / "gatewright.yaml").read_text()
    listed = "".join(f"  {gateway}\n    expose: [{{contract: orders}}]\n" for gateway in gateways)
    (folder / "gatewright.yaml").write_text(text[: text.index("gateways:")] + "gateways:\n" + listed)
    outcome = pipeline.validate(folder, DAY)
    assert outcome.checked is not None, outcome.diagnostics
    return outcome.checked, pipeline.plan(outcome)


def at(name: str, port: int, more: str = "", address: str = "127.0.0.1") -> str:
    return f"{name}:\n    listen: {{address: {address}, port: {port}}}{more}"


def get(port: int, path: str = "/v1/orders/1") -> tuple[int, str | None]:
    """Status and who answered."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.headers["x-gatewright-stub"]
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-gatewright-stub"]


def serves(port: int) -> Callable[[], bool]:
    return lambda: get(port) == (200, "orders")


def test_a_session_serves_until_its_with_ends(tmp_path: Path) -> None:
    binary = find_envoy()
    assert binary is not None
    port = free_port()
    with Session(binary, with_stubs=True, ports={"public": port}) as session:
        session.start(*project(tmp_path, at("public", 1)))
        assert get(port) == (200, "orders")
        assert get(port, "/v1/nothing") == (404, None)
        assert session.dead() is None
        pids = [running.process.pid for running in session.running.values()]
    assert alive(pids) == []
    assert not session.folder.exists()
    assert why_not("127.0.0.1", port) is None


def test_a_gateway_may_take_the_port_of_one_that_goes(tmp_path: Path, begin: Callable[..., Session]) -> None:
    port = free_port()
    session = begin()
    session.start(*project(tmp_path, at("public", port)))
    changes = session.update(*project(tmp_path, at("renamed", port)))
    assert [(c.said, c.moved) for c in changes] == [
        ("stopped public: it is not in the project any more", False),
        ("started renamed", True),
    ]
    assert get(port) == (200, "orders")


def test_gateways_may_swap_their_ports(tmp_path: Path, begin: Callable[..., Session]) -> None:
    one, two = free_ports(2)
    hosts = "\n    hosts: [HOST.test]"
    session = begin()
    session.start(
        *project(tmp_path, at("a", one, hosts.replace("HOST", "a")), at("b", two, hosts.replace("HOST", "b")))
    )
    pids = [running.process.pid for running in session.running.values()]
    changes = session.update(
        *project(tmp_path, at("a", two, hosts.replace("HOST", "a")), at("b", one, hosts.replace("HOST", "b")))
    )
    assert changes == [
        Change("a", "reloaded a: listeners", moved=True),
        Change("b", "reloaded b: listeners", moved=True),
    ]
    assert [running.process.pid for running in session.running.values()] == pids

    def asked(port: int, host: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/orders/1", headers={"host": host})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def swapped() -> bool:
        return [asked(p, h) for p in (one, two) for h in ("a.test", "b.test")] == [404, 200, 200, 404]

    assert eventually(swapped)


def test_a_taken_port_changes_nothing(tmp_path: Path, begin: Callable[..., Session]) -> None:
    port = free_port()
    session = begin()
    session.start(*project(tmp_path, at("public", port)))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        other = taken.getsockname()[1]
        with pytest.raises(
            PortTaken, match=rf"port {other} on 127.0.0.1 is in use by another process \(gateway public\)"
        ):
            session.update(*project(tmp_path, at("public", other)))
    assert get(port) == (200, "orders")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_two_gateways_on_one_port_are_told_of(tmp_path: Path, begin: Callable[..., Session], address: str) -> None:
    port = free_port()
    session = begin()
    with pytest.raises(PortTaken, match=rf"the gateways a and b both listen on port {port} of 127.0.0.1"):
        session.start(*project(tmp_path, at("a", port), at("b", port, address=address)))
    assert session.running == {}


def test_metrics_of_several_gateways_have_ports_of_their_own(tmp_path: Path, begin: Callable[..., Session]) -> None:
    one, two, wanted = free_ports(3)
    more = f"\n    observability: {{metrics: {{port: {wanted}}}}}"
    session = begin()
    session.start(*project(tmp_path, at("a", one, more), at("b", two, more)))
    ports = {name: placed.metrics_port for name, placed in session.placed.items()}
    assert ports["a"] == wanted
    assert ports["b"] not in (None, 0, wanted)
    for port in ports.values():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats/prometheus", timeout=10) as answer:
            assert b"envoy_server_live" in answer.read()
    changes = session.update(*project(tmp_path, at("a", one, more), at("b", two, more), at("c", free_port())))
    assert changes == [Change("c", "started c", moved=True)], "nothing else moves"


def test_an_admin_port_that_is_taken_is_no_obstacle(tmp_path: Path, begin: Callable[..., Session]) -> None:
    one, two, admin = free_ports(3)
    more = f"\n    admin: {{port: {admin}}}"
    session = begin()
    session.start(*project(tmp_path, at("a", one, more), at("b", two, more)))
    assert session.running["a"].admin == f"127.0.0.1:{admin}"
    assert session.running["b"].admin != f"127.0.0.1:{admin}"
    assert session.update(*project(tmp_path, at("a", one, more), at("b", two, more))) == []


def test_only_a_changed_bootstrap_restarts(tmp_path: Path, begin: Callable[..., Session]) -> None:
    one, two, admin = free_ports(3)
    session = begin()
    session.start(*project(tmp_path, at("a", one), at("b", two)))
    before = {name: running.process.pid for name, running in session.running.items()}
    changes = session.update(*project(tmp_path, at("a", one, f"\n    admin: {{port: {admin}}}"), at("b", two)))
    assert changes == [Change("a", "restarted a: its bootstrap changed")]
    assert session.running["b"].process.pid == before["b"]
    assert session.running["a"].process.pid != before["a"]
    assert eventually(serves(one))


def test_a_refused_update_leaves_the_former(tmp_path: Path, begin: Callable[..., Session]) -> None:
    port = free_port()
    session = begin()
    checked, plan = project(tmp_path, at("public", port))
    session.start(checked, plan)
    (deployable,) = plan.deployables
    broken = tuple(
        replace(r, action=replace(r.action, response_headers=HeaderChanges((("x-a", "a\nb"),))))
        if not isinstance(r.action, Answer)
        else r
        for r in deployable.rules
    )
    (change,) = session.update(checked, Plan((replace(deployable, rules=broken),)))
    assert "refuses the new routes and goes on with the former" in change.said
    assert get(port) == (200, "orders")


def test_a_start_that_envoy_refuses_is_a_problem(tmp_path: Path, begin: Callable[..., Session]) -> None:
    checked, plan = project(tmp_path, at("public", free_port()))
    (deployable,) = plan.deployables
    session = begin(with_stubs=False)
    cluster = replace(deployable.clusters[0], endpoints=(Endpoint("127.0.0.1", 8080, 0),))
    with pytest.raises(EnvoyProblem, match=r"Envoy of public refuses clusters:\n.*"):
        session.start(checked, Plan((replace(deployable, clusters=(cluster,)),)))


def test_the_death_of_one_is_seen(tmp_path: Path, begin: Callable[..., Session]) -> None:
    session = begin()
    session.start(*project(tmp_path, at("public", free_port())))
    session.running["public"].kill()
    assert eventually(lambda: session.dead() is session.running["public"])


def test_services_without_stubs_are_called_where_they_are(tmp_path: Path, begin: Callable[..., Session]) -> None:
    port = free_port()
    session = begin(with_stubs=False)
    session.start(*project(tmp_path, at("public", port)))
    assert session.placed["public"].clusters[0].endpoints == (Endpoint("orders.internal", 8080, None),)
    assert list(session.folder.glob("stubs")) == []
