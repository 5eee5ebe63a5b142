"""The parts of `up` that can be looked at alone: ports, watching, curl lines, certificates, stubs."""

from __future__ import annotations

import shlex
import socket
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.local.curl import calls, line
from compiler.local.envoy import EnvoyProblem, envoy_version, find_envoy, start
from compiler.local.ports import free_port, why_not
from compiler.local.stubs import pointed_at_stubs, stubbed
from compiler.throwaway import pair
from compiler.local.watch import Signature, signature
from compiler.routing import Request, answer
from tests.projects import write_project

DAY = date(2026, 11, 1)


def test_a_port_that_shares_is_still_in_use() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert why_not("127.0.0.1", port) == "is in use by another process"
    assert why_not("127.0.0.1", free_port()) is None
    assert why_not("203.0.113.7", 8080) == "is not on this machine: it has no such address"


def test_signature_notices_every_kind_of_change(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    for name in ("gatewright.yaml", "teams/a.yaml"):
        (tmp_path / name).write_text("a: 1\n")

    def look() -> Signature:
        return signature(tmp_path, ["gatewright.yaml", "contracts/orders.yaml"], ["teams/**/*.yaml"])

    seen = [look()]
    assert look() == seen[-1]
    for change in (
        lambda: (tmp_path / "teams/a.yaml").write_text("a: 22\n"),
        lambda: (tmp_path / "teams/b.yaml").write_text("b: 1\n"),
        lambda: (tmp_path / "teams/new").mkdir(),
        lambda: (tmp_path / "teams/new/c.yaml").write_text("c: 1\n"),
        lambda: (tmp_path / "contracts").mkdir(),
        lambda: (tmp_path / "contracts/orders.yaml").write_text("d: 1\n"),
        lambda: (tmp_path / "contracts/orders.yaml").rename(tmp_path / "contracts/other.yaml"),
        lambda: (tmp_path / "gatewright.yaml").unlink(),
    ):
        change()
        seen.append(look())
    assert [before == after for before, after in pairwise(seen)] == [
        False,
        False,
        True,
        False,
        True,
        False,
        False,
        False,
    ]
    (tmp_path / "teams/notes.txt").write_text("no part of the project\n")
    assert look() == seen[-1]


def test_throwaway_pairs_share_an_authority_and_name_their_hosts() -> None:
    from cryptography import x509

    one, other = pair(("a.test", "127.0.0.1")), pair(("b.test",))
    assert one.authority == other.authority
    certificate = x509.load_pem_x509_certificate(one.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(one.authority))


def test_curl_lines_are_quoted_for_a_shell(tmp_path: Path) -> None:
    outcome = pipeline.validate(write_project(tmp_path), DAY)
    assert outcome.checked is not None
    (deployable,) = pipeline.plan(outcome).deployables
    (exposed,) = deployable.exposed
    (made,) = calls(deployable, exposed, outcome.checked.workspace.apis["orders", "1.0.0"])
    assert made.target == "/v1/orders/o-1"
    assert shlex.split(line("http://h:1", made, ("--cacert", "a b"))) == [
        "curl", "-i", "--cacert", "a b", "http://h:1/v1/orders/o-1"
    ]  # fmt: skip


def test_stubs_answer_from_the_contract(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    text = (project / "gatewright.yaml").read_text()
    (project / "gatewright.yaml").write_text(text.replace("    endpoints", "    base_path: /api/\n    endpoints"))
    outcome = pipeline.validate(project, DAY)
    assert outcome.checked is not None
    stub = stubbed(outcome.checked.workspace, ["orders"])["orders"]
    rule = answer(stub, Request("GET", "any", "/api/orders/9", {}))
    assert rule is not None
    assert rule.action.body == '{"id": "o-1"}'  # type: ignore[union-attr]
    headers = dict(rule.action.headers)  # type: ignore[union-attr]
    assert headers["x-gatewright-operation"] == "getOrder"
    assert headers["x-gatewright-stub"] == "orders"
    assert answer(stub, Request("GET", "any", "/orders/9", {})) is None
    pointed = pointed_at_stubs(pipeline.plan(outcome).deployables[0], {"orders": 4711})
    assert [(e.host, e.port) for e in pointed.clusters[0].endpoints] == [("127.0.0.1", 4711)]


def test_find_envoy_takes_the_named_one_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = find_envoy()
    assert found is not None
    assert (envoy_version(found) or "").startswith("1.40.")
    monkeypatch.setenv("GATEWRIGHT_ENVOY", str(tmp_path / "none"))
    assert find_envoy() is None
    monkeypatch.setenv("GATEWRIGHT_ENVOY", str(found))
    assert find_envoy() == found


def test_an_envoy_that_does_not_start_says_why(tmp_path: Path) -> None:
    binary = find_envoy()
    assert binary is not None
    (tmp_path / "envoy.yaml").write_text("admin: 12\n")
    with pytest.raises(EnvoyProblem, match=r"Envoy of public ended with code 1:\n.*admin"):
        start(binary, "public", tmp_path / "envoy.yaml", tmp_path)
