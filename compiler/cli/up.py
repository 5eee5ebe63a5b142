"""``gatewright up``: the project on this machine, until Ctrl-C."""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType

import click

from compiler import pipeline
from compiler.cli import options
from compiler.diagnostics import Diagnostic, did_you_mean, one_of
from compiler.environments import UnknownEnvironment
from compiler.local import curl
from compiler.local.envoy import TRIED_WITH, EnvoyProblem, envoy_version
from compiler.local.ports import bracketed, free_port
from compiler.local.secrets import SecretProblem
from compiler.local.session import PortTaken, Session
from compiler.local.watch import Signature, signature
from compiler.pipeline import Outcome
from compiler.plan import Deployable, Plan, is_address
from compiler.records import frozen

_LOOK_EVERY = 0.3
"""Seconds between two looks at the project's files."""
_PATIENCE = 20
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MENDING = "stop what uses it, change the port in the project, or listen elsewhere with --port NAME=PORT"


class _Stop(BaseException):
    """Somebody asked us to end."""


@dataclass(eq=False)
class _Stopping:
    """What a signal does: the first raises _Stop, wherever we are; those behind it end everything at once."""

    asked: bool = False
    session: Session | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            if self.session is not None:
                self.session.kill()
            return
        self.asked = True
        raise _Stop


@frozen
class _Asked:
    """The project that was asked for: its folder and environment, the day on which dates are judged, and `--locked`."""

    project: Path
    environment: str | None
    as_of: date | None
    locked: bool


def _port(given: str) -> tuple[str, int]:
    name, equals, port = given.partition("=")
    if not equals or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"`{given}` is not NAME=PORT, such as public=9443", param_hint="--port")
    return name, int(port)


@click.command()
@options.project
@click.option("--no-stubs", is_flag=True, help="Call the services that the project names instead of stubs.")
@click.option("--address", metavar="ADDRESS", help="Listen there; by default 0.0.0.0 means loopback alone.")
@click.option("--port", "ports", multiple=True, metavar="NAME=PORT", help="Another port for a gateway; 0 is any.")
@options.environment
@options.locked
@options.as_of
def command(
    project: Path,
    no_stubs: bool,
    address: str | None,
    ports: tuple[str, ...],
    environment: str | None,
    locked: bool,
    as_of: date | None,
) -> None:
    """Run PROJECT (default: this folder) on this machine: an Envoy for each gateway, and stub services behind them.

    Prints what to call, follows the files, and ends with Ctrl-C.

    Example: gatewright up examples/shop
    """
    if address is not None and not is_address(address):
        raise click.BadParameter(f"`{address}` is not an IP address", param_hint="--address")
    elsewhere = dict(_port(given) for given in ports)
    gc.enable()
    stopping = _Stopping()
    for number in _SIGNALS:
        signal.signal(number, stopping)
    code = 0
    try:
        asked = _Asked(project, environment, as_of, locked)
        code = _run(stopping, asked, not no_stubs, address, elsewhere)
    except _Stop:
        pass
    finally:
        stopping.asked = True
        if stopping.session is not None:
            stopping.session.stop()
            with suppress(OSError):  # the terminal may have gone
                click.echo("stopped", err=True)
    sys.exit(code)


def _run(stopping: _Stopping, asked: _Asked, with_stubs: bool, address: str | None, ports: dict[str, int]) -> int:
    outcome = options.outcome_of(asked.project, asked.as_of, environment=asked.environment, locked=asked.locked)
    if outcome.checked is None:
        options.show(outcome, "text")
        return 1
    if outcome.diagnostics:
        options.show(outcome, "text", err=True)
    plan = pipeline.plan(outcome)
    _check_names(plan, ports)
    binary = options.envoy_binary()
    _warn_of_version(binary)
    given = {name: port or free_port() for name, port in ports.items()}
    session = stopping.session = Session(binary, with_stubs, on_line=_log, address=address, ports=given)
    gateways = f"{len(plan.deployables)} gateway{'' if len(plan.deployables) == 1 else 's'}"
    click.echo(f"starting {gateways}{' and stub services' if with_stubs else ''} ...", err=True)
    try:
        session.start(outcome.checked, plan)
    except PortTaken as problem:
        options.say(str(problem), _MENDING)
        return 2
    except (SecretProblem, EnvoyProblem) as problem:
        options.say(str(problem))
        return 2
    _warn_of_failing(session, set())
    _announce(session, plan.deployables)
    click.echo("Ctrl-C stops everything; changes to the project are taken up as they are saved.", err=True)
    try:
        return _follow(session, outcome, asked)
    except EnvoyProblem as problem:
        options.say(_obituary(session) or str(problem))
        return 1


def _check_names(plan: Plan, ports: Iterable[str]) -> None:
    known = [d.name for d in plan.deployables]
    for name in ports:
        if name not in known:
            options.stop(f"no gateway is named `{name}`; {did_you_mean(name, known) or f'there is {one_of(known)}'}")


def _warn_of_version(binary: Path) -> None:
    found = envoy_version(binary)
    if found is None or not found.startswith(TRIED_WITH + "."):
        click.echo(f"warning: {binary} is Envoy {found or 'of an unknown version'}; tried is {TRIED_WITH}", err=True)


def _warn_of_failing(session: Session, known: set[str]) -> None:
    for name in sorted(session.failing - known):
        click.echo(
            f"warning: calls to the service {name} will fail: files of its `tls` are not on this machine", err=True
        )


def _log(name: str, text: str) -> None:
    """A line that Envoy logged, which at this level is a warning or worse.

    That it was asked to end is no news, and fields that a later Envoy will no longer take are ours to replace, not the
    user's.
    """
    if "caught ENVOY_SIGTERM" in text or "Using deprecated option" in text:
        return
    with suppress(OSError, ValueError):  # the terminal may have gone, or we are at the very end
        print(f"[{name}] {text}", file=sys.stderr, flush=True)


def _announce(session: Session, deployables: Iterable[Deployable]) -> None:
    """Where gateways are and what to call there, as a result on stdout. ``deployables`` are as the project has them."""
    for declared in deployables:
        placed = session.placed[declared.name]
        address = placed.listener.address
        narrowed = "" if declared.listener.address == address or session.address else "; --address opens it to others"
        click.echo(f"{placed.name}: {curl.base(placed)} (listens on {address}{narrowed})")
        if declared.admin_port is not None:
            taken = f" ({declared.admin_port} is taken)" if declared.admin_port != placed.admin_port else ""
            click.echo(f"  admin: http://{session.running[placed.name].admin}{taken}")
        if declared.metrics_port is not None:
            taken = f" ({declared.metrics_port} is taken)" if declared.metrics_port != placed.metrics_port else ""
            click.echo(f"  metrics: http://{bracketed(address)}:{placed.metrics_port}/stats/prometheus{taken}")
        for exposed in placed.exposed:
            click.echo(f"  {exposed.contract}@{exposed.version}")
            assert session.workspace is not None
            api = curl.api_of(session.workspace, placed.name, exposed)
            for one in curl.calls(placed, exposed, api, credentials=session.credentials[placed.name]):
                how = curl.options(placed, session.authority(placed.name), exposed)
                click.echo("    " + curl.line(curl.base(placed, exposed), one, how))
    sys.stdout.flush()


def _follow(session: Session, outcome: Outcome, asked: _Asked) -> int:
    """Take up changes until somebody ends it, or an Envoy dies: then 1. Raises EnvoyProblem where one cannot go on."""
    shown = outcome.diagnostics
    names, globs = set(outcome.library.asked), list(outcome.library.globs)
    root = outcome.library.root
    seen = signature(root, names, globs)
    while True:
        started = time.monotonic()
        obituary = _obituary(session)
        if obituary is not None:
            options.say(obituary)
            return 1
        if signature(root, names, globs) == seen:
            # a large tree takes its time to look at, and is looked at less often
            time.sleep(max(_LOOK_EVERY, 5 * (time.monotonic() - started)))
            continue
        seen = _settled(root, names, globs)
        taken = _taken_up(session, root, asked, shown)
        if taken is None:
            continue
        shown = taken.diagnostics
        # what is asked for anew was not looked at before, so that a change of it meanwhile is noticed late at worst
        names |= taken.library.asked
        globs = taken.library.globs or globs
        seen = {**signature(root, names, globs), **seen}


def _settled(root: Path, names: set[str], globs: list[str]) -> Signature:
    """The signature once it stays the same for a moment: an editor or a checkout may still be at it."""
    seen = signature(root, names, globs)
    for _ in range(_PATIENCE):
        time.sleep(0.05)
        now = signature(root, names, globs)
        if now == seen:
            break
        seen = now
    return seen


def _obituary(session: Session) -> str | None:
    dead = session.dead()
    if dead is None:
        return None
    said = dead.last_words().replace("\n", "\n  ")
    return f"Envoy of {dead.name} ended with code {dead.process.returncode}:\n  {said}"


def _taken_up(session: Session, root: Path, asked: _Asked, shown: tuple[Diagnostic, ...]) -> Outcome | None:
    """Bring what runs up to the files; what is wrong with them is said, and then everything stays as it is."""
    day = asked.as_of or options.today()
    try:
        outcome = pipeline.validate(root, day, environment=asked.environment, locked=asked.locked)
    except (OSError, UnknownEnvironment) as error:
        click.echo(f"the project cannot be read: {error}; everything runs on as it was", err=True)
        return None
    if outcome.checked is None:
        options.show(outcome, "text", err=True)
        click.echo("everything runs on as it was", err=True)
        return outcome
    if outcome.diagnostics and outcome.diagnostics != shown:
        options.show(outcome, "text", err=True)
    plan = pipeline.plan(outcome)
    failing = session.failing
    try:
        changes = session.update(outcome.checked, plan)
    except (PortTaken, SecretProblem) as problem:
        click.echo(f"{problem}; everything runs on as it was", err=True)
        return outcome
    _warn_of_failing(session, failing)
    for change in changes:
        click.echo(change.said, err=True)
    if not changes:
        click.echo("read again: nothing changes for the gateways", err=True)
    moved = {change.gateway for change in changes if change.moved}
    _announce(session, [d for d in plan.deployables if d.name in moved])
    return outcome
