"""Requests a second through a gateway that holds bodies against a contract, against the same one that does not."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.load import Load
from bench.routing import planned, running
from bench.shaping import placed, with_rule
from compiler.local.ports import free_port
from compiler.plan import Answer, Deployable, Forward, Rule
from compiler.records import frozen
from compiler.source import Source
from compiler.yaml_text import dump

_WHERE = Source("bench", "").span(0, 0)
LINE = {"sku": "tea-1001", "quantity": 2, "price": 59.9, "note": "leave it with a neighbour", "tags": ["gift", "fresh"]}
_TEXT = {"type": "string", "maxLength": 200}
_LINE_SCHEMA = {
    "type": "object",
    "required": ["sku", "quantity"],
    "additionalProperties": False,
    "properties": {
        "sku": {"type": "string", "pattern": "^[a-z]+-[0-9]{4}$"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
        "price": {"type": "number", "minimum": 0},
        "note": _TEXT,
        "tags": {"type": "array", "items": {"enum": ["gift", "fresh", "large"]}, "uniqueItems": True},
    },
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "paths": {
        "/orders": {
            "post": {
                "operationId": "createOrder",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["customer", "lines"],
                                "properties": {
                                    "customer": {"type": "string", "minLength": 1},
                                    "lines": {"type": "array", "minItems": 1, "items": _LINE_SCHEMA},
                                },
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "The order."}},
            }
        }
    },
}


@frozen
class Checked:
    """The rate for bodies of ``size`` bytes that are looked at, as a share of the rate without."""

    size: int
    share: float


def body(size: int) -> bytes:
    """An order of about so many bytes that satisfies the contract."""
    lines = max(1, round(size / len(json.dumps(LINE))))
    return json.dumps({"customer": "c-1", "lines": [LINE] * lines}).encode()


def measure(sizes: tuple[int, ...], seconds: float, rounds: int) -> tuple[float, list[Checked]]:
    """Requests a second without a look for the first size, and the shares. Raises RuntimeError without an Envoy."""
    found: list[Checked] = []
    first = 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = free_port()
        gateways = {name: _gateway(folder / name, name, upstream) for name in ("none", "request")}
        service = with_rule(gateways["none"], Rule("all", None, None, None, Answer(200, (), ""), _WHERE), upstream)
        stack.enter_context(running(_taking_bodies(service), folder / "service"))
        for name, made in gateways.items():
            stack.enter_context(running(placed(made, folder / f"{name}-run"), folder / f"{name}-run"))
        for size in sizes:
            sent = body(size)
            fields = f"host: a\r\ncontent-type: application/json\r\ncontent-length: {len(sent)}\r\n\r\n"
            data = f"POST /v1/orders HTTP/1.1\r\n{fields}".encode() + sent
            plain, looked = (Load(made.listener.port, data) for made in gateways.values())
            rates = [plain.rate(seconds)]
            shares = []
            for _ in range(rounds):
                rate = looked.rate(seconds)
                rates.append(plain.rate(seconds))
                shares.append(rate / mean(rates[-2:]))
            first = first or median(rates)
            found.append(Checked(len(sent), median(shares)))
    return first, found


def _gateway(folder: Path, validate: str, upstream: int) -> Deployable:
    folder.mkdir()
    (folder / "orders.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    endpoints = [{"host": "127.0.0.1", "port": upstream}]
    expose: dict[str, Any] = {"contract": "orders"}
    if validate == "request":
        expose["validate"] = "request"
    project = {
        "gatewright": 1,
        "contracts": {"orders": {"versions": {"1.0.0": {"openapi": "orders.json"}}}},
        "services": {"orders": {"implements": "orders@1.0.0", "endpoints": endpoints}},
        "gateways": {"public": {"listen": {"address": "127.0.0.1", "port": 8080}, "expose": [expose]}},
    }
    (folder / "gatewright.yaml").write_text(dump(project), encoding="utf-8")
    (made,) = planned(folder)
    assert any(isinstance(rule.action, Forward) for rule in made.rules)
    return replace(made, listener=replace(made.listener, port=free_port()), admin_port=0)


def _taking_bodies(service: Deployable) -> dict[str, Any]:
    """The service, which reads a body before it answers: an early answer would end the connection."""
    from compiler.backends.envoy import static

    data = static(replace(service, clusters=()))
    manager = data["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    buffer = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer"
    buffered = {"name": "buffer", "typed_config": {"@type": buffer, "max_request_bytes": 1 << 20}}
    manager["http_filters"] = [buffered, *manager["http_filters"]]
    return data


def table(plain: float, measured: list[Checked]) -> str:
    """The shares as a Markdown table."""
    lines = [
        f"Without a look: {plain:,.0f} requests a second. As a share of that, where bodies are looked at:",
        "",
        "| bytes | share |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| {one.size:,} | {one.share:.0%} |" for one in measured)])
