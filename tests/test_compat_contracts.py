"""The corpus of changes: pairs of documents, and what has to be said of each."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.compat.catalog import KINDS
from compiler.compat.changes import ABSENT, Comparison, below_one
from compiler.compat.contracts import Options, compare
from compiler.contracts.openapi import Api, load
from compiler.contracts.versions import BUMPS
from compiler.files import Library
from compiler.reader import Document
from compiler.source import Source, Span

CASES = Path(__file__).parent / "cases" / "changes"
NOWHERE = Span(Source("api.yaml", ""), 0, 0)


def api(value: Any) -> Api:
    """A document of plain data, which must be sound."""
    loaded, findings = load(Document(NOWHERE.source, value, NOWHERE), (), Library(CASES))
    assert loaded is not None, [finding.message for finding in findings]
    return loaded


def with_schema(schema: Any, flow: str, version: str, components: dict[str, Any]) -> dict[str, Any]:
    """A document in which clients send, or get, what a schema says."""
    content = {"content": {"application/json": {"schema": schema}}}
    operation: dict[str, Any] = {"responses": {"200": {"description": "Fine."}}}
    if flow == "request":
        operation["requestBody"] = content
    else:
        operation["responses"]["200"] |= content
    return document({"paths": {"/things": {"post": operation}}, "components": {"schemas": components}}, version)


def document(parts: dict[str, Any], version: str = "3.1.0") -> dict[str, Any]:
    """A whole document of its telling parts."""
    return {"openapi": version, "info": {"title": "Things", "version": "1.0.0"}, "paths": {}, **copy.deepcopy(parts)}


def corpus() -> list[Any]:
    """Each case of each file; a case of a schema stands for one in each direction that it tells of."""
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for name, case in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if "schema" in case:
                flows = [flow for flow in ("request", "response") if flow in case]
                found += [pytest.param(case, flow, id=f"{path.stem}: {name}, {flow}") for flow in flows]
            else:
                found.append(pytest.param(case, "api", id=f"{path.stem}: {name}"))
    return found


def compared(case: dict[str, Any], flow: str) -> Comparison:
    """What is said of a case."""
    sides = []
    for index, side in enumerate(("base", "revision")):
        version = case.get("openapi", "3.1.0")
        version = version[index] if isinstance(version, list) else version
        if "schema" in case:
            components = case.get("components", {})
            components = components[index] if isinstance(components, list) else components
            sides.append(with_schema(case["schema"][index], flow, version, components))
        else:
            sides.append(document(case[side], version))
    options = Options(**case.get("options", {}))
    return compare(api(sides[0]), api(sides[1]), options)


@pytest.mark.parametrize(("case", "flow"), corpus())
def test_each_case_is_told(case: dict[str, Any], flow: str) -> None:
    expected = case[flow] if "schema" in case else case["expect"]
    expected = expected if isinstance(expected, list) else [expected]
    comparison = compared(case, flow)
    told = sorted(f"{change.level} {change.rule}" for change in comparison.changes if change.bump != "patch")
    assert told == sorted(one for one in expected if one != "none")
    levels = {change.level for change in comparison.changes}
    bump = "major" if "breaking" in levels else "minor" if told else comparison.bump
    assert comparison.bump == bump
    for change in comparison.changes:
        assert change.rule in KINDS
        assert change.message


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(corpus()) >= 150
    assert len(Counter(case.id for case in corpus())) == len(corpus())


def test_one_entry_for_one_schema_that_many_operations_share() -> None:
    def shop(kind: str) -> Api:
        answer = {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
        paths = {f"/p{index}": {"get": {"responses": {"200": answer}}} for index in range(500)}
        schemas = {
            "A": {"type": "object", "properties": {"n": {"type": kind}, "next": {"$ref": "#/components/schemas/A"}}}
        }
        return api(document({"paths": paths, "components": {"schemas": schemas}}))

    comparison = compare(shop("integer"), shop("string"))
    (change,) = comparison.changes
    assert len(change.operations) == 500
    assert change.revision_pointer == "/components/schemas/A/properties/n"
    assert change.witness is not ABSENT


def test_a_document_is_the_same_as_itself() -> None:
    one = document({"paths": {"/a": {"get": {"responses": {"200": {"description": ""}}}}}})
    assert compare(api(one), api(copy.deepcopy(one))) == Comparison((), "none")


def test_below_one_each_step_is_one_less() -> None:
    assert [below_one(bump) for bump in BUMPS] == ["none", "patch", "patch", "minor"]


def test_the_documentation_has_every_kind_of_change() -> None:
    text = (Path(__file__).parent.parent / "docs" / "compatibility.md").read_text(encoding="utf-8")
    rows = [f"| {rule} | {kind.level} | {kind.says} |" for rule, kind in sorted(KINDS.items())]
    assert text.endswith("\n".join(rows) + "\n")
