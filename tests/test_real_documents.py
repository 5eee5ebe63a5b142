"""Real OpenAPI documents, from their files to answers through a running gateway.

GitHub's is 13 MB of JSON with over 1,000 operations, Figma's is OpenAPI 3.1 in YAML, Blockfrost's OpenAPI 3.0 in YAML.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.backends.envoy import verify
from compiler.contracts.openapi import Operation
from compiler.local.curl import Call, call
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.local.session import Session
from compiler.pipeline import Outcome
from tests.contracts import loaded
from tests.documents import DOCUMENTS, Fetched, NotHere, Published, fetch

pytestmark = pytest.mark.slow

CALLED = 50
PROJECT = """\
gatewright: 1
contracts:
  {name}: {{versions: {{{version}: {{openapi: {file}}}}}}}
services:
  {name}:
    implements: {name}@{version}
    endpoints: [{{host: {name}.internal, port: 8080}}]
    base_path: /api
gateways:
  public:
    listen: {{address: 127.0.0.1, port: 8080}}
    expose: [{{contract: {name}, at: /real}}]
"""


@pytest.fixture(scope="module", params=DOCUMENTS, ids=lambda p: p.name)
def published(request: pytest.FixtureRequest) -> Published:
    wanted: Published = request.param
    return wanted


@pytest.fixture(scope="module")
def document(published: Published) -> Fetched:
    """The document; skipped where it can be had from nowhere."""
    try:
        return fetch(published)
    except NotHere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def outcome(published: Published, document: Fetched, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A project of one gateway and one service around the document."""
    folder = tmp_path_factory.mktemp(published.name)
    file = f"{published.name}{document.path.suffix}"
    shutil.copy(document.path, folder / file)
    said = PROJECT.format(name=published.name, version=document.version, file=file)
    (folder / "gatewright.yaml").write_text(said, encoding="utf-8")
    return pipeline.validate(folder, date(2026, 12, 1))


@pytest.fixture(scope="module")
def binary() -> Path:
    found = find_envoy()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def session(outcome: Outcome, binary: Path) -> Iterator[Session]:
    assert outcome.checked is not None
    running = Session(binary, with_stubs=True, ports={"public": free_port()})
    try:
        running.start(outcome.checked, pipeline.plan(outcome))
        yield running
    finally:
        running.stop()


def _spread(operations: tuple[Operation, ...]) -> list[Operation]:
    ordered = sorted(operations, key=lambda o: (o.path_text, o.method))
    return [ordered[i * len(ordered) // CALLED] for i in range(CALLED)]


def test_it_validates_with_every_operation(document: Fetched, outcome: Outcome) -> None:
    assert outcome.checked is not None, outcome.diagnostics[:5]
    assert {d.finding.rule for d in outcome.diagnostics} <= {"auth-mismatch"}, "no gateway of the test asks for tokens"
    (exposure,) = outcome.checked.workspace.exposures
    assert len(exposure.operations) == document.operations


def test_envoy_takes_what_it_becomes(outcome: Outcome, binary: Path) -> None:
    plan = pipeline.plan(outcome)
    assert verify.check_all(binary, plan) == []
    files = pipeline.artifacts(plan, "xds", "/etc/envoy")
    assert sorted(files) == [
        f"public/{name}"
        for name in ("clusters.yaml", "envoy.yaml", "listeners.yaml", "manifest.json", "openapi.yaml", "routes.yaml")
    ]
    routes = json.loads(files["public/manifest.json"])["routes"]
    (exposed,) = plan.deployables[0].exposed
    assert len(routes) == len(exposed.operations)


def test_its_effective_api_is_a_sound_document(document: Fetched, outcome: Outcome) -> None:
    (deployable,) = pipeline.plan(outcome).deployables
    again, findings = loaded(dict(deployable.api))
    assert again is not None, [(f.message, str(f.where)) for f in findings[:5]]
    assert len(again.operations) == document.operations


def test_fifty_operations_reach_the_right_one(session: Session) -> None:
    deployable = session.placed["public"]
    (exposed,) = deployable.exposed
    api = session.apis[exposed.contract, exposed.version]
    wrong = []
    for operation in _spread(api.operations):
        made = call(deployable, exposed, api, operation)
        status, reached = _reached(deployable.listener.port, made)
        if reached != operation.key or status >= 400:
            wrong.append((operation.key, made.method, made.target, status, reached))
    assert wrong == []


def _reached(port: int, made: Call) -> tuple[int, str | None]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(made.method, made.target, body=made.body, headers=made.headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("x-gatewright-operation")
    finally:
        connection.close()
