"""What aggregates are measured with: a project of them, and services that answer at once, late or wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.routing import planned
from compiler.local.ports import free_port
from compiler.plan import Deployable
from compiler.yaml_text import dump

DELAY = 0.1
"""Seconds that the late service takes."""
SIZES = {"small": 200, "large": 100 << 10}
"""Bytes of the answers of services."""
_PART = {
    "type": "object",
    "required": ["name", "text"],
    "properties": {"name": {"type": "string"}, "text": {"type": "string"}},
}
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def body(size: int) -> str:
    """A part of so many bytes."""
    empty = json.dumps({"name": "part", "text": ""})
    return empty[:-2] + "x" * (size - len(empty)) + empty[-2:]


def gateway(folder: Path, services: int, late: int) -> Deployable:
    """A gateway that passes on ``parts`` and composes three of them: small and large ones, in a chain, with faults."""
    paths = {f"/{name}": _operation(f"get-{name}", _PART) for name in (*SIZES, "faulty")}
    wholes: dict[str, Any] = {name: _steps(f"parts@^1#get-{name}") for name in SIZES}
    wholes["faulty"] = _steps("parts@^1#get-faulty", timeout="200ms")
    for name in "bc":
        wholes["faulty"]["steps"][name]["optional"] = {"fallback": {"name": "", "text": ""}}
    wholes["parallel"] = _steps("late@^1#get-late")
    chain = _steps("late@^1#get-late")
    del chain["steps"]["c"]
    chain["steps"]["b"]["when"] = "${a.body.name != ''}"
    chain["response"]["body"]["c"] = "${a.body}"
    chain["steps"]["b"]["optional"] = {"fallback": {"name": "", "text": ""}}
    wholes["chain"] = chain
    whole = {"type": "object", "required": ["a", "b", "c"], "properties": dict.fromkeys("abc", _PART)}
    documents = {
        "parts": paths,
        "late": {"/late": _operation("get-late", _PART)},
        "whole": {f"/whole/{name}": _operation(name, whole) for name in wholes},
    }
    folder.mkdir(parents=True)
    for name, said in documents.items():
        document = {"openapi": "3.1.0", "info": {"title": name, "version": "1.0.0"}, "paths": said}
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    exposed = [{"contract": "parts"}, *({"aggregator": name} for name in wholes)]
    project = {
        "gatewright": 1,
        "contracts": {name: {"versions": {"1.0.0": {"openapi": f"{name}.json"}}} for name in documents},
        "services": {
            name: {"implements": f"{name}@1.0.0", "endpoints": [{"host": "127.0.0.1", "port": port}]}
            for name, port in (("parts", services), ("late", late))
        },
        "aggregators": {name: {"implements": f"whole@1.0.0#{name}", **made} for name, made in wholes.items()},
        "gateways": {"public": {"listen": {"address": "127.0.0.1", "port": 8080}, "expose": exposed}},
    }
    (folder / "gatewright.yaml").write_text(dump(project), encoding="utf-8")
    (made,) = planned(folder)
    return replace(made, listener=replace(made.listener, port=free_port()), admin_port=0)


def _operation(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    answer = {"description": "Fine.", "content": {"application/json": {"schema": schema}}}
    return {"get": {"operationId": name, "responses": {"200": answer, "default": {"description": "Not fine."}}}}


def _steps(call: str, timeout: str = "2s") -> dict[str, Any]:
    return {
        "deadline": "5s",
        "steps": {name: {"call": call, "timeout": timeout} for name in "abc"},
        "response": {"body": {name: f"${{{name}.body}}" for name in "abc"}},
    }


def services(port: int) -> dict[str, Any]:
    """An Envoy in the services' place, as configuration. `/faulty` is wrong in one of ten answers, in three ways."""
    texts = {name: body(size) for name, size in SIZES.items()}
    faults = [(5, 503, "{}"), (4, 200, texts["small"][:-1])]
    routes = [
        *(_answer("/faulty", status, text, of_hundred) for of_hundred, status, text in faults),
        _answer("/faulty", 200, texts["small"], 100),
        *(_answer(f"/{name}", 200, text, 100) for name, text in texts.items()),
    ]
    late = {
        "name": "envoy.filters.http.fault",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            "delay": {"fixed_delay": "0.3s", "percentage": {"numerator": 1}},
            "headers": [{"name": ":path", "string_match": {"exact": "/faulty"}}],
        },
    }
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "services",
        "route_config": {
            "name": "all",
            "max_direct_response_body_size_bytes": 1 << 20,
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
        "http_filters": [late, {"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    listener = {
        "name": "services",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    admin = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
    return {"admin": admin, "static_resources": {"listeners": [listener]}}


def _answer(path: str, status: int, text: str, of_hundred: int) -> dict[str, Any]:
    match: dict[str, Any] = {"path": path}
    if of_hundred < 100:
        match["runtime_fraction"] = {"default_value": {"numerator": of_hundred}}
    header = {"header": {"key": "content-type", "value": "application/json"}}
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": text}},
        "response_headers_to_add": [header],
    }


@contextmanager
def late_service(port: int) -> Iterator[None]:
    """A service that answers each request a tenth of a second later."""
    said = body(SIZES["small"]).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n\r\n".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(DELAY)
                writer.write(head + said)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def end() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon(loop.stop)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(end)
        thread.join()
        loop.close()
