"""Small projects in a folder, for tests of the whole road."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compiler.lock.text import render
from compiler.pipeline import renew_lock
from compiler.report import text

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


def locked(folder: Path, as_of: date) -> str:
    """The text of the lock of a project as it is; nothing is written."""
    outcome, renewal = renew_lock(folder, as_of)
    assert renewal is not None, text.render(outcome.diagnostics)
    return render(renewal.lock)
