"""A project running on this machine: one Envoy for each gateway, one for the stub services, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from compiler.artifacts import write
from compiler.backends.envoy import render
from compiler.backends.envoy.bootstrap import bootstrap
from compiler.checks import Checked
from compiler.contracts.openapi import Api
from compiler.local import stubs
from compiler.local.credentials import Credential, with_local_credentials
from compiler.local.envoy import EnvoyProblem, Running, launch, wait_until_ready
from compiler.local.folder import Folder
from compiler.local.ports import LOOPBACK, collide, free_ports, reached_at, why_not
from compiler.local.reload import Reloaded, Taken, followed, refused, wait_for_reload
from compiler.local.secrets import with_local_secrets
from compiler.plan import Deployable, Plan
from compiler.records import frozen
from compiler.workspace import Workspace

_STUBS = "stub services"
"""No gateway's name has a space in it."""


class PortTaken(Exception):
    """A gateway's port cannot be listened on; the text says which and why."""


@frozen
class Change:
    """What an update did to one gateway, in words; ``moved`` where clients find it under another address."""

    gateway: str
    said: str
    moved: bool = False


@dataclass(eq=False)
class Session:
    """Running Envoys by gateway. ``stop`` ends all that ``start`` and ``update`` began; it may be called at any moment.

    Use it in a ``with`` statement, or call ``stop``.
    """

    binary: Path
    with_stubs: bool
    on_line: Callable[[str, str], None] | None = None
    """Gets (name, line) for each line that an Envoy logs, from another thread."""
    address: str | None = None
    """The address to listen on; without it the project's, where a wildcard means loopback alone."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports in the place of the project's, by gateway."""
    running: dict[str, Running] = field(default_factory=dict)
    placed: dict[str, Deployable] = field(default_factory=dict)
    """What runs, as it runs: with the addresses, ports and secrets of this machine."""
    apis: Mapping[tuple[str, str], Api] = field(default_factory=dict)
    workspace: Workspace | None = None
    """Of the project that runs; None before it does."""
    failing: set[str] = field(default_factory=set)
    """Services that will not be reached, because this machine lacks a file that TLS towards them needs."""
    credentials: dict[str, dict[str, Credential]] = field(default_factory=dict)
    """What calls bear, by gateway and policy."""
    _folder: Folder = field(default_factory=Folder)
    _authorities: dict[str, Path] = field(default_factory=dict)
    _stub: Running | None = None
    _stub_ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """Where everything is written that the Envoys read; it is gone after ``stop``."""
        return self._folder.path

    def authority(self, gateway: str) -> Path | None:
        """The authority (PEM) of a gateway's certificate where that is a throwaway."""
        return self._authorities.get(gateway)

    def start(self, checked: Checked, plan: Plan) -> None:
        """Start everything and return when it serves.

        Raises PortTaken and SecretProblem before anything runs, and EnvoyProblem.
        """
        stand_ins = self._stand_ins(checked, plan)
        wanted = self._localized(plan)
        self._check_ports(wanted)
        self.workspace, self.apis = checked.workspace, checked.workspace.apis
        self._write_stubs(stand_ins)
        for deployable in wanted:
            self._launch(deployable)
        if self._stub is not None:
            _wait(self._stub, stubs.NAME)
        for name in self.placed:
            _wait(self.running[name], name)

    def update(self, checked: Checked, plan: Plan) -> list[Change]:
        """Bring what runs to another plan, without a restart where that can be.

        Raises PortTaken and SecretProblem with everything as it was, and EnvoyProblem where an Envoy cannot go on.
        """
        stand_ins = self._stand_ins(checked, plan)
        wanted = self._localized(plan)
        self._check_ports(wanted)
        self.workspace, self.apis = checked.workspace, checked.workspace.apis
        changes = [self._stopped(name) for name in sorted(self.placed.keys() - {d.name for d in wanted})]
        changes += self._write_stubs(stand_ins)
        for deployable in wanted:
            if deployable.name in self.placed:
                changes += self._updated(deployable)
        for deployable in wanted:
            if deployable.name not in self.placed:
                self._launch(deployable)
                _wait(self.running[deployable.name], deployable.name)
                changes.append(Change(deployable.name, f"started {deployable.name}", moved=True))
        return changes

    def dead(self) -> Running | None:
        """An Envoy that ended by itself, if any has."""
        return next((running for running in self._all() if running.ended), None)

    def stop(self) -> None:
        """End every Envoy and remove the session's folder."""
        for running in self._all():
            running.ask_to_end()
        for running in self._all():
            running.stop()
        self.running.clear()
        self._stub = None
        self._folder.remove()

    def kill(self) -> None:
        """End every Envoy at once."""
        for running in self._all():
            running.kill()

    def _all(self) -> Iterator[Running]:
        yield from [*self.running.values(), *([self._stub] if self._stub else [])]

    def _localized(self, plan: Plan) -> list[Deployable]:
        """The plan's deployables on this machine's addresses, with this machine's secrets."""
        made = []
        self.failing = set()
        taken: set[int] = {self.ports.get(d.name, d.listener.port) for d in plan.deployables}
        for deployable in plan.deployables:
            listen = deployable.listener
            address = self.address or reached_at(listen.address)
            port = self.ports.get(deployable.name, listen.port)
            placed = replace(deployable, listener=replace(listen, address=address, port=port))
            placed = self._with_own_ports(placed, taken)
            hosts = {host for host in deployable.hosts if host != "*"}
            names = (*sorted({*hosts, "localhost"}), *sorted({LOOPBACK, "::1", reached_at(address)}))
            placed, self.credentials[deployable.name] = with_local_credentials(
                placed, self.folder / "credentials" / deployable.name
            )
            pointed = stubs.pointed_at_stubs(placed, self._stub_ports)
            local = with_local_secrets(pointed, names, self.folder / "secrets" / deployable.name)
            self._authorities.pop(deployable.name, None)
            self.failing |= set(local.failing)
            if local.authority is not None:
                self._authorities[deployable.name] = self.folder / "authority.pem"
                self._authorities[deployable.name].write_bytes(local.authority)
            made.append(local.deployable)
        return made

    def _with_own_ports(self, deployable: Deployable, taken: set[int]) -> Deployable:
        """The deployable with its administration interface, and its metrics if it has any, on ports that are free."""
        before = self.placed.get(deployable.name)
        admin = self._near(LOOPBACK, deployable.admin_port or 0, before.admin_port if before else None, taken)
        if deployable.metrics_port is None:
            return replace(deployable, admin_port=admin)
        known = before.metrics_port if before else None
        metrics = self._near(deployable.listener.address, deployable.metrics_port, known, taken)
        # metrics are read from the administration interface, so its port must be known beforehand
        spare = iter(free_ports(2))
        former = before.admin_port if before and before.metrics_port is not None else None
        return replace(
            deployable,
            admin_port=admin or former or next(spare),
            metrics_port=metrics or known or next(spare),
        )

    def _near(self, address: str, wanted: int, ours: int | None, taken: set[int]) -> int:
        """The project's port where it is free or ours already, else 0 for any other, as nothing depends on it."""
        if wanted in taken or (wanted and wanted != ours and why_not(address, wanted) is not None):
            return 0
        if wanted:
            taken.add(wanted)
        return wanted

    def _check_ports(self, wanted: Sequence[Deployable]) -> None:
        held = [_socket(d) for d in self.placed.values()]
        for index, deployable in enumerate(wanted):
            address, port = _socket(deployable)
            other = next((d for d in wanted[:index] if collide(_socket(d), (address, port))), None)
            if other is not None:
                both = f"the gateways {other.name} and {deployable.name}"
                raise PortTaken(f"{both} both listen on port {port} of {address}")
            if (address, port) in held:
                continue
            reason = why_not(address, port)
            if reason is not None:
                raise PortTaken(f"port {port} on {address} {reason} ({deployable.kind} {deployable.name})")

    def _stand_ins(self, checked: Checked, plan: Plan) -> dict[str, Deployable]:
        """The stub of each service that the plan calls; each keeps its port for as long as it is there."""
        if not self.with_stubs:
            return {}
        made = stubs.stubbed(checked.workspace, {c.name for d in plan.deployables for c in d.clusters})
        missing = [name for name in made if name not in self._stub_ports]
        ports = self._stub_ports | dict(zip(missing, free_ports(len(missing)), strict=True))
        self._stub_ports = {name: ports[name] for name in made}
        return made

    def _write_stubs(self, made: Mapping[str, Deployable]) -> list[Change]:
        """Bring the Envoy of the stubs to them, before the gateways that are led there."""
        if not self.with_stubs:
            return []
        folder = self.folder / "stubs"
        before = followed(self._stub, stubs.NAME) if self._stub else {}
        changed = self._write(folder, stubs.render(made, self._stub_ports, str(folder)))
        if self._stub is None:
            self._stub = launch(self.binary, _STUBS, folder / "envoy.json", folder, on_line=self.on_line)
            return []
        return _reloaded(self._stub, stubs.NAME, before, changed)

    def _launch(self, deployable: Deployable) -> None:
        folder = self._config(deployable.name)
        self._write(folder, self._rendered(deployable))
        self.running[deployable.name] = launch(
            self.binary, deployable.name, folder / "envoy.yaml", folder, on_line=self.on_line
        )
        self.placed[deployable.name] = deployable

    def _stopped(self, name: str) -> Change:
        self.running[name].stop()
        del self.running[name], self.placed[name]
        return Change(name, f"stopped {name}: it is not in the project any more")

    def _updated(self, deployable: Deployable) -> list[Change]:
        name, former = deployable.name, self.placed[deployable.name]
        moved = _seen_by_clients(former) != _seen_by_clients(deployable)
        if bootstrap(former) != bootstrap(deployable):
            self.running[name].stop()
            self._launch(deployable)
            _wait(self.running[name], name)
            return [Change(name, f"restarted {name}: its bootstrap changed", moved)]
        before = followed(self.running[name], name)
        changed = self._write(self._config(name), self._rendered(deployable))
        self.placed[name] = deployable
        return [replace(change, moved=moved) for change in _reloaded(self.running[name], name, before, changed)]

    def _config(self, name: str) -> Path:
        return self.folder / "gateways" / name

    def _rendered(self, deployable: Deployable) -> dict[str, bytes]:
        return render(deployable, "xds", str(self._config(deployable.name)))

    def _write(self, folder: Path, files: Mapping[str, bytes]) -> set[str]:
        """Write files into a folder of ours and give the names of those that changed, without their endings."""
        differences = write({f"{folder.name}/{n}": data for n, data in files.items()}, folder.parent, only=folder.name)
        return {Path(difference.path).stem for difference in differences}


def _wait(running: Running, name: str) -> None:
    """Until Envoy serves with all its files: without one of them it would go on, and answer to nobody."""
    wait_until_ready(running)
    files = refused(running, name)
    if files:
        raise EnvoyProblem(f"Envoy of {running.name} refuses {', '.join(files)}:\n{running.last_words()}")


def _reloaded(running: Running, name: str, before: Mapping[str, Taken], changed: set[str]) -> list[Change]:
    files = sorted(changed & before.keys())
    if not files:
        return []
    what = ", ".join(files)
    said = {
        Reloaded.DONE: f"reloaded {running.name}: {what}",
        Reloaded.LATE: f"reloaded {running.name}: {what} (not yet confirmed by Envoy)",
        Reloaded.REFUSED: f"Envoy of {running.name} refuses the new {what} and goes on with the former; "
        "this is a defect of gatewright",
    }
    return [Change(running.name, said[wait_for_reload(running, name, before, files)])]


def _seen_by_clients(deployable: Deployable) -> tuple[object, ...]:
    return (*_socket(deployable), deployable.hosts, deployable.listener.tls is None)


def _socket(deployable: Deployable) -> tuple[str, int]:
    return deployable.listener.address, deployable.listener.port
