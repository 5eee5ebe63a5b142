"""GitHub's OpenAPI document, 13 MB and over 1,000 operations, from its file to answers through a running gateway.

The document comes from the npm package @octokit/openapi when the test runs. It is kept in the user's cache and never
in this repository.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import pytest

from compiler import pipeline
from compiler.backends.envoy import verify
from compiler.contracts.openapi import Operation
from compiler.local.curl import Call, call
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.local.session import Session
from compiler.pipeline import Outcome

pytestmark = pytest.mark.slow

PACKAGE, RELEASE = "@octokit/openapi", "23.0.2"
MEMBER = "package/generated/api.github.com.json"
CALLED = 50


@dataclass(frozen=True, slots=True)
class Fetched:
    path: Path
    data: dict[str, Any] = field(repr=False)

    @property
    def operations(self) -> int:
        methods = {"get", "put", "post", "delete", "patch", "head", "options"}
        return sum(len(methods & item.keys()) for item in self.data["paths"].values())


@pytest.fixture(scope="module")
def document() -> Fetched:
    """The document, from the cache where it is sound there; skipped where it can be had from nowhere."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cached = Path(home, "gatewright", f"api.github.com-{RELEASE}.json")
    with suppress(OSError, ValueError):
        return _sound(cached)
    reasons = []
    with TemporaryDirectory() as folder:
        for fetch in (_by_npm, _by_https):
            try:
                with tarfile.open(fetch(Path(folder))) as package:
                    member = package.extractfile(MEMBER)
                    assert member is not None
                    _keep(member.read(), cached)
                return _sound(cached)
            except (OSError, LookupError, subprocess.SubprocessError, tarfile.TarError, ValueError) as error:
                reasons.append(f"{fetch.__name__}: {error}")
    pytest.skip(f"{PACKAGE}@{RELEASE} cannot be fetched: {'; '.join(reasons)}")


def _sound(path: Path) -> Fetched:
    found = Fetched(path, json.loads(path.read_bytes()))
    if found.operations < 1000 or not 10e6 < path.stat().st_size < 20e6:
        raise ValueError(f"{path} is not the document that it should be")
    return found


def _by_npm(folder: Path) -> Path:
    done = subprocess.run(
        ["npm", "pack", f"{PACKAGE}@{RELEASE}", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return folder / done.stdout.split()[-1]


def _by_https(folder: Path) -> Path:
    """From the registry that npm is told of, by its variable or by its configuration."""
    registry = os.environ.get("npm_config_registry")  # noqa: SIM112, npm writes it so
    if not registry and shutil.which("npm"):
        asked = subprocess.run(
            ["npm", "config", "get", "registry"], capture_output=True, text=True, timeout=60, check=True
        )
        registry = asked.stdout.strip()
    if not registry:
        raise LookupError("neither npm nor npm_config_registry says where the registry is")
    archive = folder / "package.tgz"
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{PACKAGE.partition('/')[2]}-{RELEASE}.tgz"
    with urllib.request.urlopen(url, timeout=300) as answer, archive.open("wb") as out:
        shutil.copyfileobj(answer, out)
    return archive


def _keep(data: bytes, place: Path) -> None:
    """Write beside and rename, because several test runs may share the cache."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=place.parent, delete=False) as beside:
        beside.write(data)
    os.replace(beside.name, place)


@pytest.fixture(scope="module")
def outcome(document: Fetched, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A project of one gateway and one service around the document."""
    folder = tmp_path_factory.mktemp("github")
    shutil.copy(document.path, folder / "github.json")
    version = document.data["info"]["version"]
    (folder / "gatewright.yaml").write_text(
        f"""\
gatewright: 1
contracts:
  github: {{versions: {{{version}: {{openapi: github.json}}}}}}
services:
  github:
    implements: github@{version}
    endpoints: [{{host: github.internal, port: 8080}}]
    base_path: /api
gateways:
  public:
    listen: {{address: 127.0.0.1, port: 8080}}
    expose: [{{contract: github, at: /gh}}]
""",
        encoding="utf-8",
    )
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
    assert not outcome.diagnostics
    (exposure,) = outcome.checked.workspace.exposures
    assert len(exposure.operations) == document.operations > 1000


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
