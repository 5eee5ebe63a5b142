"""``gatewright up``: the project on this machine, until Ctrl-C."""

from __future__ import annotations

import gc
import signal
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from types import FrameType

import click

from compiler import pipeline
from compiler.cli import options
from compiler.local.curl import calls, line
from compiler.local.envoy import TRIED_WITH, EnvoyProblem, envoy_version
from compiler.local.session import PortTaken, Session
from compiler.local.watch import signature
from compiler.pipeline import Outcome
from compiler.plan import Deployable

_LOOK_EVERY = 0.3


class _Stop(BaseException):
    """Somebody asked us to end."""


@click.command()
@options.project
@click.option("--no-stubs", is_flag=True, help="Call the services that the project names instead of stubs.")
@click.option("--address", metavar="ADDRESS", help="Listen there; by default 0.0.0.0 means loopback alone.")
@options.as_of
def command(project: Path, no_stubs: bool, address: str | None, as_of: date | None) -> None:
    """Run PROJECT (default: this folder) on this machine: an Envoy for each gateway, and stub services behind them.

    Prints what to call, follows the files, and ends with Ctrl-C.

    Example: gatewright up examples/shop
    """
    gc.enable()
    _heed_signals()
    session: Session | None = None
    code = 0
    try:
        outcome = options.outcome_of(project, as_of)
        if outcome.checked is None:
            options.show(outcome, "text")
            sys.exit(1)
        if outcome.diagnostics:
            options.show(outcome, "text", err=True)
        binary = options.envoy_binary()
        _warn_of_version(binary)
        session = Session(binary, with_stubs=not no_stubs, on_line=_log, address=address)
        session.start(outcome.checked, pipeline.plan(outcome))
        _announce(session)
        code = _follow(session, project, as_of, outcome)
    except _Stop:
        pass
    except (PortTaken, EnvoyProblem) as problem:
        hint = "stop what uses it, or change the port" if isinstance(problem, PortTaken) else None
        click.echo(f"gatewright: {problem}" + (f"\n  {hint}" if hint else ""), err=True)
        code = 2
    finally:
        if session is not None:
            _end(session)
    sys.exit(code)


def _heed_signals() -> None:
    """Turn requests to end into one exception, wherever we are."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _end(session: Session) -> None:
    """Stop everything; whoever is in a hurry and asks again gets it at once."""

    def hurry(number: int, frame: FrameType | None) -> None:
        session.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hurry)
    session.stop()
    with suppress(OSError):  # the terminal may have gone
        click.echo("stopped", err=True)


def _warn_of_version(binary: Path) -> None:
    found = envoy_version(binary)
    if found is None or not found.startswith(TRIED_WITH + "."):
        click.echo(f"warning: {binary} is Envoy {found or 'of an unknown version'}; tried is {TRIED_WITH}", err=True)


def _log(name: str, text: str) -> None:
    """A line that Envoy logged, which at this level is a warning or worse; that it was asked to end is no news."""
    if "caught ENVOY_SIGTERM" in text:
        return
    with suppress(OSError):
        print(f"[{name}] {text}", file=sys.stderr, flush=True)


def _announce(session: Session) -> None:
    for deployable in session.placed.values():
        click.echo(f"{deployable.name}: {_base(deployable)}")
        if session.running[deployable.name].admin and deployable.admin_port:
            click.echo(f"  admin: http://{session.running[deployable.name].admin}")
        for exposed in deployable.exposed:
            api = session.apis[exposed.contract, exposed.version]
            click.echo(f"  {exposed.contract}@{exposed.version}")
            for one in calls(deployable, exposed, api):
                click.echo("    " + line(_base(deployable), one, _curl_options(session, deployable)))
    click.echo("Ctrl-C stops everything; changes to the project are taken up as they are saved.", err=True)
    sys.stdout.flush()


def _host(deployable: Deployable) -> str:
    named = [h.replace("*.", "any.") for h in deployable.hosts if h != "*"]
    address = deployable.listener.address
    return named[0] if named else f"[{address}]" if ":" in address else address


def _base(deployable: Deployable) -> str:
    scheme = "https" if deployable.listener.tls else "http"
    return f"{scheme}://{_host(deployable)}:{deployable.listener.port}"


def _curl_options(session: Session, deployable: Deployable) -> tuple[str, ...]:
    """What makes curl find the gateway under its own name, and believe a throwaway certificate."""
    found: list[str] = []
    if deployable.hosts != ("*",):
        found += ["--resolve", f"{_host(deployable)}:{deployable.listener.port}:{deployable.listener.address}"]
    if deployable.listener.tls and session.throwaway:
        found += ["--cacert", str(session.authority)]
    return tuple(found)


def _follow(session: Session, project: Path, as_of: date | None, outcome: Outcome) -> int:
    """Take up changes until somebody ends it, or an Envoy dies: then 1."""
    root = project if project.is_dir() else project.parent
    names = [source.name for source in outcome.sources]
    seen = signature(root.resolve(), names)
    while True:
        time.sleep(_LOOK_EVERY)
        dead = session.dead()
        if dead is not None:
            said = "\n  ".join(dead.last_lines) or "it said nothing"
            click.echo(
                f"gatewright: Envoy of {dead.name} ended with code {dead.process.returncode}:\n  {said}", err=True
            )
            return 1
        now = signature(root.resolve(), names)
        if now == seen:
            continue
        time.sleep(0.05)  # an editor may still be at it
        seen = signature(root.resolve(), names)
        read = _taken_up(session, root, as_of)
        names = sorted({*names, *read})
        seen = {**signature(root.resolve(), names), **seen}


def _taken_up(session: Session, root: Path, as_of: date | None) -> list[str]:
    """Bring what runs up to the files; what is wrong with them is said, and then everything stays as it is."""
    try:
        outcome = pipeline.validate(root, as_of or options.today())
    except OSError as error:
        click.echo(f"the project cannot be read, so everything runs on as it was: {error}", err=True)
        return []
    if outcome.checked is None:
        options.show(outcome, "text", err=True)
        click.echo("everything runs on as it was", err=True)
    else:
        try:
            for said in session.update(outcome.checked, pipeline.plan(outcome)):
                click.echo(said, err=True)
        except PortTaken as problem:
            click.echo(f"{problem}; everything runs on as it was", err=True)
    return [source.name for source in outcome.sources]
