"""``make demo``: builds examples/shop, runs it, calls it, and shows requests and answers."""

from __future__ import annotations

import signal
import ssl
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from types import FrameType

from compiler import pipeline
from compiler.backends.envoy.verify import check_all
from compiler.cli import options
from compiler.local.envoy import EnvoyProblem
from compiler.local.ports import free_port
from compiler.local.session import PortTaken, Session
from compiler.plan import Deployable

EXAMPLE = Path(__file__).parent.parent / "examples" / "shop"
_SHOWN = ("content-type", "deprecation", "sunset", "link", "allow", "vary", "x-gatewright-stub", "x-gatewright-operation")


@dataclass(frozen=True, slots=True)
class _Scene:
    says: str
    gateway: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()


_STORY = (
    _Scene("An order by the second version of the contract ...", "public", "GET", "/v2/orders/o-17"),
    _Scene("... and by the first, which is deprecated and says so.", "public", "GET", "/v1/orders/o-17"),
    _Scene("A literal path wins over /orders/{id}.", "public", "GET", "/v2/orders/export?year=2026"),
    _Scene("A path of no version is a 404 ...", "public", "GET", "/v2/order"),
    _Scene("... and a wrong method a 405 that says what is allowed.", "public", "DELETE", "/v2/orders/o-17"),
    _Scene("removeCustomer is in the contract, but not exposed.", "public", "DELETE", "/v3/customers/c-1"),
    _Scene("Another gateway has the version in a header.", "partners", "GET", "/orders", (("x-api-version", "1"),)),
    _Scene("Without it, partners get the default.", "partners", "GET", "/orders"),
    _Scene("A version that there is not is a 400 with those that there are.", "partners", "GET", "/orders", (("x-api-version", "7"),)),
    _Scene("An escaped slash could mean two things, so it is refused.", "public", "GET", "/v2/orders/o-17%2flines"),
)


class _Stop(BaseException):
    pass


def main() -> int:
    """Run the demo; 0 where every call was answered."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    outcome = pipeline.validate(EXAMPLE, options.today())
    if outcome.checked is None:
        options.show(outcome, "text")
        return 1
    binary = options.envoy_binary()
    plan = pipeline.plan(outcome)
    refused = check_all(binary, plan)
    files = pipeline.artifacts(plan, "xds", "/etc/envoy")
    print(f"built {EXAMPLE.name}: {len(plan.deployables)} gateways, {len(files)} files, {len(refused)} refusals by Envoy")
    ports = {d.name: free_port() for d in plan.deployables}
    session = Session(binary, with_stubs=True, ports=ports)
    try:
        session.start(outcome.checked, plan)
        for scene in _STORY:
            _play(session, scene)
        if sys.stdout.isatty():
            print("\nIt goes on running; Ctrl-C ends it.")
            while session.dead() is None:
                time.sleep(0.3)
            return 1
    except _Stop:
        print()
    except (EnvoyProblem, PortTaken, OSError) as problem:
        print(f"the demo failed: {problem}", file=sys.stderr)
        return 1
    finally:
        session.stop()
    return int(bool(refused))


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _play(session: Session, scene: _Scene) -> None:
    deployable = session.placed[scene.gateway]
    host = deployable.hosts[0]
    listen = deployable.listener
    extra = "".join(f" -H '{name}: {value}'" for name, value in scene.headers)
    method = "" if scene.method == "GET" else f" -X {scene.method}"
    print(f"\n# {scene.says}")
    print(
        f"$ curl -i{method}{extra} --cacert {session.authority} --resolve {host}:{listen.port}:{listen.address} "
        f"'https://{host}:{listen.port}{scene.target}'"
    )
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


def _connection(session: Session, deployable: Deployable) -> HTTPConnection:
    listen = deployable.listener
    if listen.tls is None:
        return HTTPConnection(listen.address, listen.port, timeout=10)
    trust = ssl.create_default_context(cafile=str(session.authority) if session.throwaway else None)
    return HTTPSConnection(listen.address, listen.port, timeout=10, context=trust)


if __name__ == "__main__":
    sys.exit(main())
