"""``make demo``: builds examples/shop, runs it, calls it, and shows requests and answers."""

from __future__ import annotations

import shlex
import signal
import ssl
import sys
import time
from datetime import date
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import FrameType

from compiler import pipeline
from compiler.cli import options
from compiler.local.envoy import EnvoyProblem
from compiler.local.ports import free_port
from compiler.local.secrets import SecretProblem
from compiler.local.session import PortTaken, Session
from compiler.plan import Deployable
from compiler.records import frozen

EXAMPLE = Path(__file__).parent.parent / "examples" / "shop"
_DAY = date(2026, 12, 1)
"""The day of judgement: the example's first orders are deprecated then, and not past."""
_SHOWN = (
    "content-type",
    "deprecation",
    "sunset",
    "link",
    "allow",
    "vary",
    "x-gatewright-stub",
    "x-gatewright-operation",
)


@frozen
class _Scene:
    """One request, why it is interesting, and the status that it must come to."""

    says: str
    gateway: str
    method: str
    target: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()


_ORDER_1, _ORDER_2 = "/v1/orders/o-17", "/v2/orders/o-17"
_STORY = (
    _Scene("An order by the second version of the contract ...", "public", "GET", _ORDER_2, 200),
    _Scene("... and by the first, which is deprecated and says so.", "public", "GET", _ORDER_1, 200),
    _Scene("A literal path wins over /orders/{id}.", "public", "GET", "/v2/orders/export?year=2026", 200),
    _Scene("A path of no version is a 404 ...", "public", "GET", "/v2/order", 404),
    _Scene("... and a wrong method a 405 that says what is allowed.", "public", "DELETE", _ORDER_2, 405),
    _Scene("removeCustomer is in the contract, but not exposed.", "public", "DELETE", "/v3/customers/c-1", 405),
    _Scene(
        "Another gateway has the version in a header.", "partners", "GET", "/orders", 200, (("x-api-version", "1"),)
    ),
    _Scene("Without it, partners get the default.", "partners", "GET", "/orders", 200),
    _Scene(
        "An unknown version is a 400 that names the others.",
        "partners",
        "GET",
        "/orders",
        400,
        (("x-api-version", "7"),),
    ),
    _Scene("An escaped slash could mean two things, so it is refused.", "public", "GET", f"{_ORDER_2}%2flines", 400),
)


class _Stop(BaseException):
    """Somebody asked us to end."""


def main() -> int:
    """Run the demo: 0 where every request got the status that it must get, else 1."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    outcome = pipeline.validate(EXAMPLE, _DAY)
    if outcome.checked is None:
        options.show(outcome, "text")
        return 1
    binary = options.envoy_binary()
    plan = pipeline.plan(outcome)
    outcome = pipeline.envoy_checked(outcome, plan, binary)
    if outcome.checked is None or outcome.errors:
        options.show(outcome, "text")
        return 1
    files = pipeline.artifacts(plan, "xds", "/etc/envoy")
    print(f"built {EXAMPLE.name}: {len(plan.deployables)} gateways, {len(files)} files, and Envoy takes them")
    session = Session(binary, with_stubs=True, ports={d.name: free_port() for d in plan.deployables})
    try:
        session.start(outcome.checked, plan)
        wrong = [scene for scene in _STORY if _play(session, scene) != scene.status]
        for scene in wrong:
            print(f"the demo failed: {scene.method} {scene.target} must come to {scene.status}", file=sys.stderr)
        return 1 if wrong else _stay(session)
    except _Stop:
        print()
        return 0
    except (EnvoyProblem, PortTaken, SecretProblem, OSError, HTTPException) as problem:
        print(f"the demo failed: {problem}", file=sys.stderr)
        return 1
    finally:
        session.stop()


def _stay(session: Session) -> int:
    """On a terminal go on running, until Ctrl-C or until an Envoy ends by itself."""
    if not sys.stdout.isatty():
        return 0
    print("\nIt goes on running; Ctrl-C ends it.")
    while (dead := session.dead()) is None:
        time.sleep(0.3)
    print(f"Envoy of {dead.name} ended by itself: {dead.last_words()}", file=sys.stderr)
    return 1


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _play(session: Session, scene: _Scene) -> int:
    """Show a request and its answer, whose status is returned."""
    deployable = session.placed[scene.gateway]
    host = deployable.hosts[0]
    listen = deployable.listener
    scheme = "https" if listen.tls else "http"
    words = ["curl", "-i"]
    words += [] if scene.method == "GET" else ["-X", scene.method]
    for name, value in scene.headers:
        words += ["-H", f"{name}: {value}"]
    authority = session.authority(scene.gateway)
    words += ["--cacert", str(authority)] if authority else []
    words += ["--resolve", f"{host}:{listen.port}:{listen.address}", f"{scheme}://{host}:{listen.port}{scene.target}"]
    print(f"\n# {scene.says}\n$ {shlex.join(words)}")
    connection = _connection(session, deployable)
    try:
        connection.request(scene.method, scene.target, headers={"host": host, **dict(scene.headers)})
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    print(f"{answer.status} {answer.reason}")
    for name in _SHOWN:
        if answer.headers.get(name):
            print(f"{name}: {answer.headers[name]}")
    print(f"\n{body.rstrip()}" if body else "")
    return answer.status


def _connection(session: Session, deployable: Deployable) -> HTTPConnection:
    listen = deployable.listener
    if listen.tls is None:
        return HTTPConnection(listen.address, listen.port, timeout=10)
    trust = ssl.create_default_context(cafile=session.authority(deployable.name))
    return HTTPSConnection(listen.address, listen.port, timeout=10, context=trust)


if __name__ == "__main__":
    sys.exit(main())
