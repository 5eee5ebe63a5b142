"""What `up` makes up for callers: each printed call is let in, and the same call without it is not."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.local import curl
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.local.session import Session
from compiler.throwaway import key_set
from tests.projects import write_project

AUTHS = {
    "jwt": {
        "issuer": "https://id.example",
        "audiences": ["shop"],
        "jwks_file": "jwks.json",
        "require_scopes": ["a", "b"],
    },
    "basic": {"users": {"file": "/nowhere/users"}},
    "mtls": {"ca": "/nowhere/clients.pem", "subjects": ["spiffe://shop/*"]},
    "api_key": {"in": "query", "name": "key", "keys": {"digests": "keys.txt"}},
    "api_key of a variable": {"in": "header", "name": "x-api-key", "keys": {"env": "NOBODY_SET_THIS"}},
}


@pytest.mark.parametrize("way", AUTHS)
def test_what_is_printed_is_let_in(tmp_path: Path, way: str) -> None:
    write_project(tmp_path, free_port())
    text = (tmp_path / "gatewright.yaml").read_text()
    policies = json.dumps({"who": {"auth": {way.partition(" ")[0]: AUTHS[way]}}})
    tls = "tls: {certificate: {file: /nowhere/a.crt}, key: {file: /nowhere/a.key}}"
    text = text.replace("gateways:\n", f"policies: {policies}\ngateways:\n")
    text = re.sub(r"(port: \d+)\}\n    expose", rf"\1, {tls}}}\n    policies: [who]\n    expose", text)
    (tmp_path / "gatewright.yaml").write_text(text)
    (tmp_path / "jwks.json").write_text(key_set())
    (tmp_path / "keys.txt").write_text(f"somebody:{'a' * 64}\n")
    outcome = pipeline.validate(tmp_path, date(2026, 11, 1))
    assert outcome.checked is not None, outcome.diagnostics
    binary = find_envoy()
    assert binary is not None
    with Session(binary, with_stubs=True) as session:
        session.start(outcome.checked, pipeline.plan(outcome))
        placed = session.placed["public"]
        (exposed,) = placed.exposed
        api = session.apis[exposed.contract, exposed.version]
        options = curl.options(placed, session.authority("public"), exposed)
        for credentials, good in ((session.credentials["public"], True), ({}, False)):
            (call,) = curl.calls(placed, exposed, api, credentials=credentials)
            printed = curl.line(curl.base(placed, exposed), call, options)
            done = subprocess.run(printed, shell=True, capture_output=True, text=True, timeout=20, check=False)
            status = re.match(r"HTTP/\S+ (\d+)", done.stdout)
            assert (status is not None and status[1] == "200") is good, (printed, done.stdout, done.stderr)
