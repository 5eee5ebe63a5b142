"""Small projects in a folder, for tests of the whole road."""

from __future__ import annotations

from pathlib import Path

CONTRACT = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: o-1}]
      responses:
        "200":
          description: The order.
          content: {application/json: {example: {id: o-1}}}
"""
PROJECT = """\
gatewright: 1
contracts:
  orders:
    versions:
      1.0.0: {openapi: orders.yaml}
services:
  orders:
    implements: orders@1.0.0
    endpoints: [{host: orders.internal, port: 8080}]
gateways:
  public:
    listen: {address: 127.0.0.1, port: PORT}
    expose:
      - {contract: orders}
"""


def write_project(folder: Path, port: int = 8080) -> Path:
    """A project of one gateway with one operation, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.yaml").write_text(CONTRACT)
    (folder / "gatewright.yaml").write_text(PROJECT.replace("PORT", str(port)))
    return folder
