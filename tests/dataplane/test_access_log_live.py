"""What a running Envoy writes for each request."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

from compiler.backends.envoy import render, static
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.plan import Deployable
from compiler.tables import by_path
from compiler.yaml_text import dump
from tests.dataplane.composing import aggregate, says, step
from tests.dataplane.conftest import Upstream
from tests.plans import deployable, served


def logged(folder: Path, upstream: Upstream, form: Literal["json", "text"], *targets: str) -> list[str]:
    """The lines that Envoy writes for some requests."""
    rules = by_path([served("/orders/{id}", under="/v1")])
    return lines_of(folder, deployable(rules=rules, clusters=(upstream.cluster(),), access_log=form), *targets)


def lines_of(folder: Path, made: Deployable, *targets: str) -> list[str]:
    port = free_port()
    made = replace(made, listener=replace(made.listener, port=port))
    for name, data in render(made, "static", str(folder)).items():
        (folder / name).write_bytes(data)
    binary = find_envoy()
    assert binary is not None
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [binary, "-c", folder / "envoy.yaml", "--use-dynamic-base-id", "--log-level", "error"], stdout=log
        )
        try:
            for target in targets:
                deadline = time.monotonic() + 15
                while time.monotonic() < deadline:
                    connection = HTTPConnection("127.0.0.1", port, timeout=5)
                    with suppress(OSError):
                        connection.request("GET", target)
                        connection.getresponse().read()
                        break
                    time.sleep(0.05)
        finally:
            process.terminate()
            process.wait(10)
    return (folder / "log").read_text().splitlines()


def test_json_speaks_the_projects_words(tmp_path: Path, upstream: Upstream) -> None:
    lines = logged(tmp_path, upstream, "json", "/v1/orders/7?key=secret", "/none")
    found, missing = (json.loads(line) for line in lines)
    assert found["path"] == "/v1/orders/7"
    assert found["status"] == 200
    assert (found["contract"], found["version"], found["operation"]) == ("orders", "1.0.0", "getOrder")
    assert (found["service"], found["file"], found["method"]) == ("echo", "gatewright.yaml", "GET")
    assert isinstance(found["duration_ms"], int)
    assert len(found["request_id"]) == 36
    assert "secret" not in "".join(lines)
    assert missing["status"] == 404
    assert "contract" not in missing


def test_text_is_one_line(tmp_path: Path, upstream: Upstream) -> None:
    (line,) = logged(tmp_path, upstream, "text", "/v1/orders/7?key=secret")
    assert " GET /v1/orders/7 200 " in line
    assert " contract=orders version=1.0.0 operation=getOrder file=gatewright.yaml service=echo " in line
    assert "secret" not in line


def test_silence_is_the_default() -> None:
    assert "StdoutAccessLog" not in dump(static(deployable()))


def test_what_became_of_an_aggregates_steps(tmp_path: Path, upstream: Upstream) -> None:
    upstream.behaviour |= {"/b": says({"name": "x"}), "/c": says({}, 500)}
    steps = {
        "b": step("b"),
        "c": step("c", optional={"fallback": {"name": "-"}}),
        "d": step("c", when="${b.body.name == 'y'}", optional=True),
    }
    body = ["${b.body.name}", "${c.body.name}", "${has(d.body.name)}"]
    made = replace(aggregate(tmp_path / "project", upstream, steps, body), access_log="json")
    (line,) = lines_of(tmp_path, made, "/v1/whole")
    assert re.fullmatch(r"b=200/\d+ms c=500/\d+ms d=-", json.loads(line)["steps"])
