"""What `up` prints to paste."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.contracts.openapi import Api
from compiler.local.curl import Call, api_of, base, call, calls, line, options
from compiler.plan import Deployable, Exposed, Listener, Secret, ServerTls, VersionKey
from tests.contracts import api, minimal
from tests.plans import SPAN, deployable
from tests.projects import write_project

DAY = date(2026, 11, 1)
TLS = ServerTls(Secret("file", "/c"), Secret("file", "/k"), SPAN)


def project(folder: Path, paths: str) -> tuple[Deployable, Api]:
    """The gateway of a project whose contract has other paths."""
    write_project(folder)
    head = "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths:\n"
    (folder / "orders.yaml").write_text(head + paths)
    outcome = pipeline.validate(folder, DAY)
    assert outcome.checked is not None, outcome.diagnostics
    (made,) = pipeline.plan(outcome).deployables
    return made, outcome.checked.workspace.apis["orders", "1.0.0"]


def test_readers_come_first_and_a_writer_is_among_them(tmp_path: Path) -> None:
    body = "requestBody: {required: true, content: {application/json: {example: {note: it's}}}}"
    answer = "responses: {'200': {description: ok}}"
    made, api = project(
        tmp_path,
        f"  /a: {{get: {{{answer}}}, delete: {{{answer}}}}}\n"
        "  /b/{id}: {get: {parameters: [{name: id, in: path, required: true, schema: {type: string}, example: a/b c}], "
        f"{answer}}}}}\n"
        f"  /c: {{get: {{{answer}}}, post: {{{body}, {answer}}}}}\n",
    )
    (exposed,) = made.exposed
    assert [(c.method, c.target) for c in calls(made, exposed, api)] == [
        ("GET", "/v1/a"),
        ("GET", "/v1/c"),
        ("POST", "/v1/c"),
    ]
    assert [(c.method, c.target) for c in calls(made, exposed, api, 9)] == [
        ("GET", "/v1/a"),
        ("GET", "/v1/c"),
        ("GET", "/v1/b/a-b%20c"),
        ("POST", "/v1/c"),
        ("DELETE", "/v1/a"),
    ]
    (post,) = [c for c in calls(made, exposed, api) if c.method == "POST"]
    assert shlex.split(line("http://h:1", post, ("--cacert", "a b"))) == [
        *("curl", "-i", "--cacert", "a b", "-X", "POST", "-H", "content-type: application/json"),
        *("--data-raw", '{"note": "it\'s"}', "http://h:1/v1/c"),
    ]


def test_long_bodies_are_left_out(tmp_path: Path) -> None:
    long = "x" * 2000
    made, api = project(
        tmp_path,
        f"  /a: {{post: {{requestBody: {{content: {{text/plain: {{example: {long}}}}}}}, "
        "responses: {'200': {description: ok}}}}\n",
    )
    assert list(calls(made, made.exposed[0], api)) == []


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Call("HEAD", "/a", {}, None), ["curl", "-i", "--head", "http://h/a"]),
        (Call("GET", "/a", {"x-a": "", "b": "@c"}, None), ["curl", "-i", "-H", "b: @c", "-H", "x-a;", "http://h/a"]),
        (Call("PUT", "/a", {}, "@b"), ["curl", "-i", "-X", "PUT", "--data-raw", "@b", "http://h/a"]),
    ],
)
def test_what_curl_would_read_otherwise(made: Call, expected: list[str]) -> None:
    assert shlex.split(line("http://h", made, ())) == expected


@pytest.mark.parametrize(
    ("hosts", "address", "expected", "resolved"),
    [
        (("*",), "127.0.0.1", "http://127.0.0.1:80", []),
        (("*",), "0.0.0.0", "http://127.0.0.1:80", []),
        (("*",), "::1", "http://[::1]:80", []),
        (("*", "a.test"), "127.0.0.1", "http://127.0.0.1:80", []),
        (("a.test", "b.test"), "127.0.0.1", "http://a.test:80", ["--resolve", "a.test:80:127.0.0.1"]),
        (("*.b.test",), "::1", "http://any.b.test:80", ["--resolve", "any.b.test:80:[::1]"]),
    ],
)
def test_where_a_gateway_is(hosts: tuple[str, ...], address: str, expected: str, resolved: list[str]) -> None:
    made = deployable(hosts=hosts, listener=Listener(address, 80, None, 0, False, SPAN))
    assert base(made) == expected
    assert list(options(made, None)) == resolved
    secure = replace(made, listener=replace(made.listener, tls=TLS))
    assert base(secure) == expected.replace("http:", "https:")
    assert list(options(secure, Path("/ca.pem"))) == [*resolved, "--cacert", "/ca.pem"]


@pytest.mark.parametrize(
    ("key", "target", "headers", "where"),
    [
        (VersionKey("query", "v"), "/orders?v=2", {}, "http://127.0.0.1:8080"),
        (
            VersionKey("media_type", None),
            "/orders",
            {"accept": "application/vnd.orders.v2+json"},
            "http://127.0.0.1:8080",
        ),
        (VersionKey("host", None, ("a.test", "b.test")), "/orders", {}, "http://v2.a.test:8080"),
    ],
    ids=lambda value: value.source if isinstance(value, VersionKey) else "",
)
def test_where_a_call_says_its_version(key: VersionKey, target: str, headers: dict[str, str], where: str) -> None:
    made_api = api(minimal({"/orders": {"get": {"responses": {"200": {"description": "fine"}}}}}))
    exposed = Exposed("orders", "2.0.0", "2", "", ("GET /orders",), ("orders-v2",))
    made = deployable(version_key=key, hosts=key.hosts or ("*",), exposed=(exposed,))
    one = call(made, exposed, made_api, made_api.operations[0])
    assert (one.target, one.headers) == (target, headers)
    assert base(made, exposed) == where


def test_bodies_that_are_changed_are_those_that_clients_send(tmp_path: Path) -> None:
    fields = "required: [id, by], properties: {id: {type: string}, by: {type: string}}"
    body = f"requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, {fields}}}}}}}}}"
    write_project(tmp_path)
    head = "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths:\n"
    post = f"  /a: {{post: {{{body}, responses: {{'200': {{description: ok}}}}}}}}\n"
    (tmp_path / "orders.yaml").write_text(head + post)
    root = tmp_path / "gatewright.yaml"
    entries = [
        "{contract: orders, at: /x, decorate: {request: {rename: {id: key}, set: {by: us}}}}",
        "{contract: orders, at: /y, decorate: {request: {rename: {id: name}, set: {by: us}}}}",
        "{contract: orders}",
    ]
    root.write_text(root.read_text().replace("- {contract: orders}", "\n      ".join(f"- {one}" for one in entries)))
    outcome = pipeline.validate(tmp_path, DAY)
    assert outcome.checked is not None, outcome.diagnostics
    (made,) = pipeline.plan(outcome).deployables
    bodies = {}
    for exposed in made.exposed:
        (one,) = calls(made, exposed, api_of(outcome.checked.workspace, "public", exposed))
        bodies[one.target] = set(json.loads(one.body or "{}"))
    assert bodies == {"/v1/x/a": {"key"}, "/v1/y/a": {"name"}, "/v1/a": {"id", "by"}}
