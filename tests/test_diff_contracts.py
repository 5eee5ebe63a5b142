"""Documents that revisions share are read once, and never for more than they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compiler.diff.revisions import Revision, read
from compiler.files import Library
from tests.diffs import base, changes, laid, told, write

SCHEMA = ("paths", "/customers/{id}", "get", "responses", "200", "content", "application/json", "schema")


def with_schema(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The base, in which a customer is what a schema says, and another file has the property `name`."""
    over: Any = {**dict.fromkeys(("type", "properties")), **schema}
    for step in reversed(SCHEMA):
        over = {step: over}
    parts = {"parts.yaml": {"Name": {"type": "object", "required": ["k"], "properties": {name: {"type": "string"}}}}}
    return laid(base(), {"files": {"customers-3.yaml": over, **parts}})  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "parts.yaml#/Name"},
        {
            "oneOf": [{"$ref": "parts.yaml#/Name"}],
            "discriminator": {"propertyName": "k", "mapping": {"name": "parts.yaml#/Name"}},
        },
    ],
)
def test_another_file_that_a_document_refers_to(tmp_path: Path, schema: dict[str, Any]) -> None:
    old = write(tmp_path / "old", with_schema(schema, "name"))
    new = write(tmp_path / "new", with_schema(schema, "title"))
    assert "risky response-property-removed gateway/public: GET /v3/customers/{id}" in map(told, changes(old, new))
    assert changes(old, old) == ()


def test_what_is_the_same_is_read_once(tmp_path: Path) -> None:
    other = laid(base(), {"files": {"orders-2.yaml": {"info": {"title": "All orders"}}}})
    old, new = (Library(write(tmp_path / name, side).resolve()) for name, side in (("old", base()), ("new", other)))
    new.earlier = old
    before, after = revision(old), revision(new)
    shared = {key for key, api in after.workspace.apis.items() if api is before.workspace.apis[key]}
    assert shared == {("orders", "1.4.0"), ("customers", "3.0.0")}


def revision(library: Library) -> Revision:
    found, _ = read(library)
    assert found is not None
    return found
