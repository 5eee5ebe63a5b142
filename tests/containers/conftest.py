"""The Docker engine, the image with Envoy, and the example project as containers on one network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import docker
import pytest

from compiler import pipeline
from compiler.backends.envoy import static
from compiler.checks import Checked
from compiler.local.credentials import Credential, with_local_credentials
from compiler.local.stubs import stubbed
from compiler.plan import Deployable, Plan, Secret, ServerTls
from compiler.source import Source
from compiler.throwaway import pair
from compiler.yaml_text import dump
from tests.containers.images import envoy_image

os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # read on import; each container is removed by its own context

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "shop"
_NOWHERE = Source("tests", "").span(0, 0)
_SERVICE_TLS = ServerTls(Secret("file", "/etc/certs/tls.crt"), Secret("file", "/etc/certs/tls.key"), _NOWHERE)
_SERVING = "all dependencies initialized. starting workers"


@dataclass(frozen=True, slots=True)
class Shop:
    """The example in containers: ``address`` has what stands before each gateway's port on this machine."""

    checked: Checked
    plan: Plan
    address: dict[str, tuple[str, int]]
    authority: bytes
    """The authority (PEM) of the gateways' certificates."""
    credentials: dict[str, dict[str, Credential]]
    """What calls bear, by gateway and policy."""

    def deployable(self, name: str) -> Deployable:
        return next(d for d in self.plan.deployables if d.name == name)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of an engine that answers. Without one the tests are skipped, or fail with GATEWRIGHT_REQUIRE_DOCKER."""
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        if os.environ.get("GATEWRIGHT_REQUIRE_DOCKER"):
            pytest.fail(f"GATEWRIGHT_REQUIRE_DOCKER is set, and no Docker engine answers: {error}")
        pytest.skip(f"no Docker engine answers: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def shop(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Every gateway and every endpoint of the example, each in a container of its own."""
    folder = tmp_path_factory.mktemp("containers")
    outcome = pipeline.validate(EXAMPLE, date(2026, 12, 1))
    assert outcome.checked is not None
    credentials = {}
    placed = []
    for deployable in pipeline.plan(outcome).deployables:
        made, credentials[deployable.name] = with_local_credentials(deployable, folder / "credentials")
        placed.append(made)
    plan = Plan(tuple(placed))
    for name, data in pipeline.artifacts(plan, "xds", "/etc/envoy").items():
        _write(folder / name, data)
    services = {endpoint.host for d in plan.deployables for cluster in d.clusters for endpoint in cluster.endpoints}
    secrets = pair(tuple(sorted(services.union(*(d.hosts for d in plan.deployables)))))
    _write(folder / "certs" / "tls.crt", secrets.certificate)
    _write(folder / "certs" / "tls.key", secrets.key)
    _write(folder / "certs" / "ca.pem", secrets.authority)
    image = envoy_image(engine)
    with ExitStack() as running:
        network = running.enter_context(Network())
        for host, data in _upstreams(outcome.checked, plan).items():
            _write(folder / host / "envoy.yaml", data)
            running.enter_context(_envoy(image, network, folder / host).with_network_aliases(host))
        address = {}
        for deployable in plan.deployables:
            port = deployable.listener.port
            gateway = _envoy(image, network, folder / deployable.name).with_exposed_ports(port)
            running.enter_context(gateway)
            address[deployable.name] = gateway.get_container_host_ip(), int(gateway.get_exposed_port(port))
        yield Shop(outcome.checked, plan, address, secrets.authority, credentials)


def _upstreams(checked: Checked, plan: Plan) -> dict[str, bytes]:
    """By host name, the configuration of an Envoy that answers as the service there would."""
    clusters = {cluster.name: cluster for deployable in plan.deployables for cluster in deployable.clusters}
    made = {}
    for name, stub in stubbed(checked.workspace, clusters).items():
        for endpoint in clusters[name].endpoints:
            tls = _SERVICE_TLS if clusters[name].tls is not None else None
            placed = replace(stub.listener, address="0.0.0.0", port=endpoint.port, tls=tls)
            made[endpoint.host] = dump(static(replace(stub, listener=placed, admin_port=None))).encode()
    return made


def _envoy(image: str, network: Network, folder: Path) -> DockerContainer:
    """A container, not started yet, that runs the configuration in a folder and can write nowhere."""
    return (
        DockerContainer(image)
        .with_command(["--config-path", "/etc/envoy/envoy.yaml", "--concurrency", "1"])
        .with_volume_mapping(folder, "/etc/envoy")
        .with_volume_mapping(folder.parent / "certs", "/etc/certs")
        .with_network(network)
        .with_kwargs(read_only=True)
        .waiting_for(LogMessageWaitStrategy(_SERVING).with_poll_interval(0.1))
    )


def _write(path: Path, data: bytes) -> None:
    """A file that every user may read: Envoy's in the container is another one."""
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    path.write_bytes(data)
    path.chmod(0o644)
