"""``trace`` says of a request what the real Envoy does with it, over generated projects and requests."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from compiler import pipeline
from compiler.plan import Answer, Deployable, Endpoint, Forward, Plan
from compiler.trace import Traced, trace
from compiler.trace.asked import asked
from compiler.trace.reasons import sent_path
from compiler.workspace import Workspace
from tests.dataplane.conftest import Reply, Serve, Upstream
from tests.test_tables import PATHS

EACH = 560
PLACES: dict[str, dict[str, Any]] = {
    "path": {"in": "path"},
    "header": {"in": "header", "name": "x-api-version"},
    "query": {"in": "query", "name": "v"},
    "media_type": {"in": "media_type"},
    "host": {"in": "host"},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PIECES = ("orders", "export", "7", "7.json", "a.json", "lines", "x", "*", "+", ";v=1", "%41", "%c3%a9", "%C3%A9")
ODD_PIECES = (
    "",
    ".",
    "..",
    "%2e%2E",
    "a%2Fb",
    "%5c",
    "%00",
    "{id}",
    "a|b",
    "\\",
    "%7E",
    "%zz",
    "a%20b",
    "'",
    "~",
    "Orders",
)
ODD_HEADERS = (
    {"x_underscored": "1"},
    {"connection": "upgrade", "upgrade": "websocket"},
    {"upgrade": "websocket"},
    {"origin": "https://shop.example", "access-control-request-method": "GET"},
    {"origin": "https://other.example", "access-control-request-method": "GET"},
    {"x-envoy-original-path": "/"},
)


def write_project(chance: random.Random, folder: Path, place: str) -> None:
    """Two contracts in some versions, each version with a service that one knows by its base path."""
    contracts: dict[str, Any] = {}
    services: dict[str, Any] = {}
    policies: dict[str, Any] = {"usual": {"timeout": "5s"}}
    expose: list[dict[str, Any]] = []
    if chance.random() < 0.5:
        policies["usual"]["cors"] = {"origins": ["https://shop.example"], "methods": ["GET", "POST"]}
    for contract in ("orders", "stock"):
        versions = chance.sample(["0.3.1", "1.4.2", "2.1.0", "10.0.0"], chance.randint(1, 3))
        contracts[contract] = {"versions": {}}
        operations: dict[str, None] = {}
        for version in versions:
            paths: dict[str, Any] = {}
            for path in chance.sample(PATHS, chance.randint(2, len(PATHS))):
                for method in chance.sample(METHODS, chance.randint(1, 3)):
                    name = f"{method.lower()}{PATHS.index(path)}"
                    operations[name] = None
                    paths.setdefault(path, {})[method.lower()] = operation(name, path)
            document = {"openapi": "3.1.0", "info": {"title": contract, "version": version}, "paths": paths}
            name = f"{contract}-{version}"
            (folder / f"{name}.json").write_text(json.dumps(document))
            contracts[contract]["versions"][version] = {"openapi": f"{name}.json"}
            services[name.replace(".", "-")] = {
                "implements": f"{contract}@{version}",
                "base_path": f"/{name.replace('.', '-')}",
                "endpoints": [{"host": "127.0.0.1", "port": 1}],
            }
        entry: dict[str, Any] = {"contract": contract, "at": "/" if contract == "orders" else "/stock/x"}
        if chance.random() < 0.7 and (place, contract) != ("path", "orders"):  # /{any}/export would meet /v1/export
            entry["default"] = chance.choice(["latest", "oldest", "none"])
        if len(versions) == 1:  # then every version has each of them
            entry["operations"] = [{name: {"policies": [f"of-{name}"]}} for name in operations]
            for name in operations:
                policies[f"of-{name}"] = {"headers": {"response": {"set": {"x-operation": name}}}}
        expose.append(entry)
    hosts = ["a.test", "b.a.test"] if place == "host" or chance.random() < 0.3 else chance.choice([["*"], ["*.test"]])
    gateway = {
        "listen": {"address": "127.0.0.1", "port": 8080},
        "hosts": hosts,
        "versioning": PLACES[place],
        "policies": ["usual"],
        "expose": expose,
    }
    project = {"gatewright": 1, "settings": {"versioning": {"max_live_majors": 4}}, "contracts": contracts}
    project |= {"services": services, "policies": policies, "gateways": {"public": gateway}}
    (folder / "gatewright.yaml").write_text(json.dumps(project))


def operation(name: str, path: str) -> dict[str, Any]:
    parameters = [
        {"name": piece.partition("}")[0], "in": "path", "required": True, "schema": {"type": "string"}}
        for piece in path.split("{")[1:]
    ]
    return {"operationId": name, "parameters": parameters, "responses": {"200": {"description": "Done."}}}


def request(chance: random.Random, made: Deployable) -> tuple[str, str, str, dict[str, str]]:
    """Method, host, target and headers: near to what is served, with something odd in it now and then."""
    near = chance.choice([rule for rule in made.rules if isinstance(rule.action, Forward)])
    if near.path is not None and chance.random() < 0.8:
        segments = near.path.segments
        pieces = [
            "".join(part if at % 2 == 0 else chance.choice(PIECES) for at, part in enumerate(segment.parts))
            for segment in segments
        ]
    else:
        pieces = [chance.choice(PIECES) for _ in range(chance.randint(1, 4))]
        pieces = [*chance.choice([[], ["v1"], ["v2"], ["stock", "x"], ["v0.3"]]), *pieces]
    while chance.random() < 0.15:
        pieces.insert(chance.randint(0, len(pieces)), chance.choice(ODD_PIECES))
    usual = near.methods if near.methods and chance.random() < 0.6 else ()
    method = chance.choice(usual or [*METHODS, "GET", "HEAD", "OPTIONS", "OPTIONS", "TRACE", "get", "QUERY"])
    headers: dict[str, str] = {}
    query = chance.choice(["", "", "?", "?a=/orders/export", "?v=9"])
    host = (
        "a.test"
        if chance.random() < 0.7
        else chance.choice(["a.test", "A.test:81", "a.test.", "b.a.test", "test", "c.test", "a.test,b.test", "a/b"])
    )
    labels = near.version.labels if near.version and chance.random() < 0.6 else ()
    version = chance.choice(labels or ["1", "2", "v2", "0.3", "v10", "3", "", "02"])
    match made.version_key.source:
        case "header" if chance.random() < 0.8:
            headers["x-api-version"] = version
        case "query" if chance.random() < 0.8:
            query = chance.choice([f"?v={version}", f"?x=1&v={version}&v=1", f"?v={version}&", "?vv=1"])
        case "media_type" if chance.random() < 0.8:
            owner = near.action.contract if isinstance(near.action, Forward) else "orders"
            owner = owner if chance.random() < 0.8 else "other"
            accept = f"application/vnd.{owner}.{version}+json"
            headers["accept"] = chance.choice([accept, f"text/html, {accept};q=0.3", f"{accept},*/*", "*/*"])
        case "host" if chance.random() < 0.8:
            host = (
                f"{chance.choice(['v1', 'v2', 'V2', 'v10', 'v0.3', '2', 'x'])}.{chance.choice(['a.test', 'b.a.test'])}"
            )
    if chance.random() < 0.08:
        headers |= chance.choice(ODD_HEADERS)
    return method, host, "/" + "/".join(pieces) + query, headers


class Client:
    """One connection to a gateway for as long as it lasts."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=15)

    def call(self, method: str, host: str, target: str, headers: dict[str, str]) -> Reply:
        for last in (False, True):
            try:
                self.connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in {"host": host, **headers}.items():
                    self.connection.putheader(name, value)
                self.connection.endheaders()
                answer = self.connection.getresponse()
                return Reply(answer.status, answer.headers, answer.read())
            except (HTTPException, OSError):  # the gateway closed it after an odd request
                self.connection.close()
                if last:
                    raise
        raise AssertionError


def compare(found: Traced | None, reply: Reply, method: str) -> None:
    """Hold what was traced to what came back: status, service, path, operation."""
    if found is None or found.status is not None:
        assert reply.status == (404 if found is None else found.status)
        if found is not None and found.rule is not None and isinstance(found.rule.action, Answer):
            assert reply.headers["allow"] == dict(found.rule.action.headers).get("allow")
            assert reply.body.decode() == (found.rule.action.body if method != "HEAD" else "")
        return
    assert reply.status == 200
    assert found.request is not None
    assert isinstance(found.forward, Forward)
    (target,) = found.forward.targets
    own = {one.key: one.value for one in found.settings}
    assert reply.headers["x-operation"] == own.get("headers.response.x-operation")
    assert own.get("headers.response.x-operation") in (None, found.forward.operation)
    if method != "HEAD":
        path = sent_path(found.forward, target, found.request)
        assert urlsplit(reply.json["path"]).path == path
        assert path.split("/")[1] == target.cluster
        assert target.cluster == f"{found.forward.contract}-{found.forward.version}".replace(".", "-")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("place", PLACES)
def test_envoy_does_what_trace_says(place: str, seed: int, tmp_path: Path, serve: Serve, upstream: Upstream) -> None:
    chance = random.Random(f"{place} {seed}")
    project = tmp_path / "project"
    project.mkdir()
    write_project(chance, project, place)
    workspace, made = planned(project)
    gateway = serve(to_upstream(made, upstream))
    client = Client(gateway.port)
    plan = Plan((gateway.deployable,))
    served, statuses = 0, set()
    for _ in range(EACH):
        method, host, target, headers = request(chance, made)
        if "/" in host:
            headers, host = {**headers, "host": host}, "a.test"
        sent_host = headers.pop("host", host)
        lines = [f"{name}: {value}" for name, value in {**headers, "host": sent_host}.items()]
        found = trace(workspace, plan, asked(method, f"http://{host.split(',')[0]}{target}", lines))
        reply = client.call(method, sent_host, target, headers)
        try:
            compare(found, reply, method)
        except AssertionError as wrong:
            said = None if found is None else (found.status, found.rule and found.rule.name, found.why)
            raise AssertionError(f"{method} {sent_host} {target} {headers}: {said}, got {reply.status}") from wrong
        served += found is not None and found.status is None
        statuses.add(reply.status)
    client.connection.close()
    assert served > EACH / 20  # or nothing was compared but refusals
    assert statuses >= {200, 204, 400, 404, 405}


def planned(folder: Path) -> tuple[Workspace, Deployable]:
    outcome = pipeline.validate(folder, date(2026, 1, 1))
    assert outcome.checked is not None, outcome.diagnostics
    (made,) = pipeline.plan(outcome).deployables
    return outcome.checked.workspace, made


def to_upstream(made: Deployable, upstream: Upstream) -> Deployable:
    """The same with every service where the test's own one listens."""
    there = (Endpoint("127.0.0.1", upstream.port, None),)
    return replace(made, clusters=tuple(replace(cluster, endpoints=there) for cluster in made.clusters))


def test_the_number_of_requests() -> None:
    assert EACH * len(PLACES) * 2 >= 5_000
