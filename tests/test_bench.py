"""The measurements run, on sizes that say nothing, and their tables have what they should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench import comparing, compiling, routing, shaping, starting
from bench.__main__ import kept, main
from bench.load import Load, _Connection, request
from bench.projects import OPERATIONS, write_project
from compiler import dataplane


def test_projects_are_the_same_each_time_and_sound(tmp_path: Path) -> None:
    assert write_project(tmp_path / "a", 2) == write_project(tmp_path / "b", 2)
    one, other = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab")
    assert one == other
    (made,) = routing.planned(tmp_path / "a")
    assert sum(len(exposed.operations) for exposed in made.exposed) == 2 * OPERATIONS


def test_compiling() -> None:
    measured = compiling.measure([1, 4], 1)
    assert [(one.form, one.operations) for one in measured] == [
        (form, n * OPERATIONS) for n in (1, 4) for form in ("yaml", "json")
    ]
    assert all(one.floors[0] > 0 < one.builds[0] and one.memory > one.size for one in measured)
    rows = compiling.table(measured).splitlines()
    assert len({row.count("|") for row in rows}) == 1
    assert [row.split("|")[1].strip() for row in rows] == ["documents", "---", "YAML", "YAML", "JSON", "JSON"]


def test_comparing() -> None:
    measured = comparing.measure(2, 1)
    assert measured.operations == 2 * OPERATIONS
    assert measured.told > 0 < measured.diff
    assert len({row.count("|") for row in comparing.table([measured]).splitlines()}) == 1


def test_starting() -> None:
    measured = starting.measure(1)
    assert list(measured) == list(starting.COMMANDS)
    assert starting.table(measured).count("\n") == 1 + len(measured)


def test_routing() -> None:
    one, measured = routing.measure([1], seconds=0.2, rounds=1)
    assert one > 0
    assert [(routed.versioning, routed.routes, list(routed.shares)) for routed in measured] == [
        (kind, OPERATIONS, ["first", "middle", "last"]) for kind in ("path", "header")
    ]
    assert routing.table(one, measured).count("\n") == 5


@pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")
def test_shaping() -> None:
    plain, measured = shaping.measure([2048], seconds=0.2, rounds=1)
    assert plain > 0
    assert [one.what for one in measured] == list(shaping.SHAPES)
    assert all(one.size > 2000 and one.share > 0 for one in measured)
    assert shaping.table(plain, measured).count("\n") == 5


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/fine" else 503)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A load ends with requests under way."""

    made = Quiet(("127.0.0.1", 0), Answers)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_load_counts_answers_and_takes_no_other_for_one(server: ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    assert Load(port, request("/fine"), connections=2).rate(0.2) > 0
    with pytest.raises(RuntimeError, match="not every answer is a 200"):
        Load(port, request("/other"), connections=2).rate(0.2)


@pytest.mark.parametrize("size", [1, 5, 9, 10, 11, 12, 13, 40])
@pytest.mark.parametrize(("status", "good"), [(b"200 OK", True), (b"503 No", False)])
def test_answers_that_come_in_pieces_are_counted_once(size: int, status: bytes, good: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = _Connection(ours)
        said = (b"HTTP/1.1 200 OK\r\n\r\n" * 3 + b"HTTP/1.1 " + status + b"\r\n\r\n") * 2

        def counted() -> int:
            total = 0
            for at in range(0, len(said), size):
                theirs.sendall(said[at : at + size])
                total += made.answered()
            return total

        if good:
            assert counted() == 8
        else:
            with pytest.raises(RuntimeError, match="not every answer is a 200"):
                counted()


def test_tables_stand_between_their_markers() -> None:
    text = "a\n<!-- bench: start -->\nold\n<!-- end -->\nb\n<!-- bench: routes -->\n<!-- end -->\n"
    once = kept(text, {"start": "| new |"})
    assert once == "a\n<!-- bench: start -->\n\n| new |\n\n<!-- end -->\nb\n<!-- bench: routes -->\n<!-- end -->\n"
    assert kept(once, {"start": "| new |"}) == once


def test_a_part_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compiling"])
    assert "there is no part `compiling`" in capsys.readouterr().err
