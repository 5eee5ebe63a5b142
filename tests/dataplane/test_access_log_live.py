"""What a running Envoy writes for each request."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

from compiler.backends.envoy import static
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.tables import by_path
from compiler.yaml_text import dump
from tests.dataplane.conftest import Upstream
from tests.plans import deployable, served


def logged(folder: Path, upstream: Upstream, form: Literal["json", "text"], *targets: str) -> list[str]:
    """The lines that Envoy writes for some requests."""
    port = free_port()
    made = deployable(
        rules=by_path([served("/orders/{id}", under="/v1")]), clusters=(upstream.cluster(),), access_log=form
    )
    made = replace(made, listener=replace(made.listener, port=port))
    (folder / "envoy.yaml").write_text(dump(static(made)))
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
