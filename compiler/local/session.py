"""A project running on this machine: one Envoy for each gateway, one for the stub services, and nothing left behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from compiler.artifacts import write
from compiler.backends.envoy import render
from compiler.backends.envoy.secrets import host_secrets, with_secrets
from compiler.checks import Checked
from compiler.contracts.openapi import Api
from compiler.local import stubs
from compiler.local.envoy import EnvoyProblem, Running, start
from compiler.local.ports import free_port, why_not
from compiler.local.reload import Reloaded, followed_counters, wait_for_reload
from compiler.throwaway import pair
from compiler.plan import Deployable, Plan, Secret

LOOPBACK = "127.0.0.1"
_WILDCARDS = {"0.0.0.0": LOOPBACK, "::": "::1"}


class PortTaken(Exception):
    """A gateway's port cannot be listened on; the text says which and why."""


@dataclass(eq=False)
class Session:
    """Running Envoys by name. ``stop`` ends all that ``start`` and ``update`` began; it may be called at any moment."""

    binary: Path
    with_stubs: bool
    on_line: Callable[[str, str], None] | None = None
    address: str | None = None
    """The address to listen on; without it the project's, where a wildcard means loopback alone."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports in the place of the project's, by gateway."""
    folder: Path = field(default_factory=lambda: Path(mkdtemp(prefix="gatewright-up-")))
    running: dict[str, Running] = field(default_factory=dict)
    placed: dict[str, Deployable] = field(default_factory=dict)
    """What runs, as it runs: with the addresses, ports and secrets of this machine."""
    apis: Mapping[tuple[str, str], Api] = field(default_factory=dict)
    throwaway: bool = False
    """Whether a certificate was made up, whose authority is ``authority``."""
    _stub_ports: dict[str, int] = field(default_factory=dict)

    @property
    def authority(self) -> Path:
        """The authority of the throwaway certificates (PEM)."""
        return self.folder / "authority.pem"

    def start(self, checked: Checked, plan: Plan) -> None:
        """Start everything. Raises PortTaken before anything runs, and EnvoyProblem."""
        wanted = self._placed(plan)
        self._check_ports(wanted)
        self.apis = checked.workspace.apis
        self._write_stubs(checked, plan)
        for deployable in wanted:
            self._start(self._pointed(deployable))

    def update(self, checked: Checked, plan: Plan) -> list[str]:
        """Bring what runs to another plan, without a restart where that can be; a line for each change.

        Raises PortTaken with everything as it was, and EnvoyProblem.
        """
        wanted = self._placed(plan)
        self._check_ports([d for d in wanted if self._listens_elsewhere(d)])
        self.apis = checked.workspace.apis
        said = []
        for name in sorted(self.placed.keys() - {d.name for d in wanted}):
            self.running.pop(name).stop()
            del self.placed[name]
            said.append(f"stopped {name}: it is not in the project any more")
        self._write_stubs(checked, plan)
        for placed in wanted:
            deployable = self._pointed(placed)
            if deployable.name not in self.running:
                self._start(deployable)
                said.append(f"started {deployable.name}")
            elif _bootstrap(deployable, self._config(deployable)) != _bootstrap(
                self.placed[deployable.name], self._config(deployable)
            ):
                self.running.pop(deployable.name).stop()
                self._start(deployable)
                said.append(f"restarted {deployable.name}: its bootstrap changed")
            else:
                said += self._reload(deployable)
        return said

    def dead(self) -> Running | None:
        """An Envoy that ended by itself, if any has."""
        return next((r for r in self.running.values() if r.ended), None)

    def stop(self) -> None:
        """End every Envoy and remove the session's folder."""
        for running in self.running.values():
            if not running.ended:
                with suppress(ProcessLookupError):
                    running.process.terminate()
        for running in self.running.values():
            running.stop()
        self.running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End every Envoy at once."""
        for running in self.running.values():
            with suppress(ProcessLookupError):
                running.process.kill()

    def _config(self, deployable: Deployable) -> Path:
        return self.folder / deployable.name

    def _placed(self, plan: Plan) -> list[Deployable]:
        """The plan's deployables on this machine's addresses, with this machine's secrets."""
        made = []
        for deployable in plan.deployables:
            listen = deployable.listener
            address = self.address or _WILDCARDS.get(listen.address, listen.address)
            port = self.ports.get(deployable.name, listen.port)
            local = replace(
                deployable,
                listener=replace(listen, address=address, port=port),
                admin_port=0 if deployable.name in self.ports else deployable.admin_port or 0,
            )
            made.append(self._with_secrets(local))
        return made

    def _with_secrets(self, deployable: Deployable) -> Deployable:
        """Throwaways in the place of secrets that this machine does not have."""
        secrets = host_secrets(deployable)
        if not secrets or all(_is_here(s.secret) for s in secrets):
            return deployable
        self.throwaway = True
        hosts = [h for h in deployable.hosts if h != "*"]
        made = pair((*sorted({*hosts, "localhost"}), LOOPBACK, "::1"))
        folder = self.folder / f"{deployable.name}-secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        replaced = {}
        for wanted in secrets:
            path = folder / f"{wanted.use}.pem"
            path.touch(mode=0o600)
            path.write_bytes(made.certificate if wanted.use == "certificate" else made.key)
            replaced[wanted.secret] = Secret("file", str(path))
        self.authority.write_bytes(made.authority)
        return with_secrets(deployable, replaced)

    def _pointed(self, deployable: Deployable) -> Deployable:
        return stubs.pointed_at_stubs(deployable, self._stub_ports) if self.with_stubs else deployable

    def _check_ports(self, wanted: list[Deployable]) -> None:
        taken: dict[int, str] = {}
        for deployable in wanted:
            listen = deployable.listener
            if listen.port in taken:
                raise PortTaken(
                    f"the gateways {taken[listen.port]} and {deployable.name} both listen on port {listen.port}, "
                    "which only works on two machines"
                )
            taken[listen.port] = deployable.name
            reason = why_not(listen.address, listen.port)
            if reason is not None:
                raise PortTaken(f"port {listen.port} on {listen.address} {reason} (gateway {deployable.name})")
            admin = deployable.admin_port
            if admin and (reason := why_not(LOOPBACK, admin)) is not None:
                raise PortTaken(f"port {admin} on {LOOPBACK} {reason} (admin of gateway {deployable.name})")

    def _listens_elsewhere(self, deployable: Deployable) -> bool:
        before = self.placed.get(deployable.name)
        return before is None or (before.listener.address, before.listener.port) != (
            deployable.listener.address,
            deployable.listener.port,
        )

    def _write_stubs(self, checked: Checked, plan: Plan) -> None:
        if not self.with_stubs:
            return
        names = {c.name for d in plan.deployables for c in d.clusters}
        made = stubs.stubbed(checked.workspace, names)
        for name in made:
            self._stub_ports.setdefault(name, free_port())
        self._stub_ports = {name: self._stub_ports[name] for name in made}
        folder = self.folder / stubs.NAME
        files = {f"{stubs.NAME}/{n}": data for n, data in stubs.render(made, self._stub_ports, str(folder)).items()}
        if stubs.NAME in self.running:
            write(files, self.folder, only=stubs.NAME)
            return
        write(files, self.folder, only=stubs.NAME)
        self.running[stubs.NAME] = start(self.binary, stubs.NAME, folder / "envoy.yaml", folder, on_line=self.on_line)

    def _start(self, deployable: Deployable) -> None:
        folder = self._config(deployable)
        self._write(deployable)
        self.running[deployable.name] = start(
            self.binary, deployable.name, folder / "envoy.yaml", folder, on_line=self.on_line
        )
        self.placed[deployable.name] = deployable

    def _write(self, deployable: Deployable) -> set[str]:
        folder = self._config(deployable)
        folder.mkdir(mode=0o700, exist_ok=True)
        files = {f"{deployable.name}/{n}": data for n, data in render(deployable, "xds", str(folder)).items()}
        return {d.path.partition("/")[2] for d in write(files, self.folder, only=deployable.name)}

    def _reload(self, deployable: Deployable) -> list[str]:
        running = self.running[deployable.name]
        counters = followed_counters(running, deployable.name)
        changed = self._write(deployable) - {"openapi.yaml", "manifest.json", "envoy.yaml"}
        self.placed[deployable.name] = deployable
        if not changed:
            return []
        what = ", ".join(sorted(name.removesuffix(".yaml") for name in changed))
        outcome = wait_for_reload(running, deployable.name, counters, changed)
        if outcome is Reloaded.REFUSED:
            raise EnvoyProblem(f"Envoy of {deployable.name} refuses the new {what}:\n" + "\n".join(running.last_lines))
        late = "" if outcome is Reloaded.DONE else " (not yet confirmed by Envoy)"
        return [f"reloaded {deployable.name}: {what}{late}"]


def _bootstrap(deployable: Deployable, folder: Path) -> bytes:
    return render(deployable, "xds", str(folder))["envoy.yaml"]


def _is_here(secret: Secret) -> bool:
    return os.access(secret.value, os.R_OK) if secret.kind == "file" else secret.value in os.environ
