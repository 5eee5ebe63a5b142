"""The JSON Schema for editors says what the decoder says, as far as draft-07 can."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import schema as module
from compiler.decode import decode, language_fields
from compiler.diagnostics import Finding
from compiler.model.project import RootFile
from compiler.reader import read_yaml
from compiler.source import Source

LANGUAGE = Path(__file__).parent / "cases" / "language" / "gatewright.yaml"
SCHEMA = module.schema()
ENVIRONMENT = module.environment_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

ONLY_DECODED = (
    r"^`[\s\S]*`: ",  # a text of the right form that means nothing: a 30th of February, 4000d, 10.0.0.1/8
    r"^the key `gatewright` is missing$",  # an included file lacks it
    r"^expected a whole number .* found the number \d+\.0$",  # to JSON Schema, 2.0 is a whole number
    r" stands twice in this mapping$",  # keys that differ in case alone, where case does not count
)
"""What findings say that JSON Schema cannot."""


def decoded(data: Any) -> list[Finding]:
    """The findings of plain data as a root file; JSON is YAML."""
    document, findings = read_yaml(Source("gatewright.yaml", json.dumps(data)))
    assert document is not None, findings
    return findings + decode(RootFile, document.root, document.top)[1]


def language() -> dict[str, Any]:
    document, findings = read_yaml(Source("gatewright.yaml", LANGUAGE.read_text(encoding="utf-8")))
    assert document is not None, findings
    plain: dict[str, Any] = json.loads(json.dumps(document.root))
    return plain


EXAMPLE = language()


def test_the_file_is_up_to_date() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in module.FOLDER.glob("*.json")}
    assert written == module.texts(), "run: python -m compiler.schema"


def test_the_schemas_are_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator.check_schema(ENVIRONMENT)


def test_the_whole_language_decodes_and_is_valid() -> None:
    assert decoded(EXAMPLE) == []
    assert [error.message for error in VALIDATOR.iter_errors(EXAMPLE)] == []


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of the language with its schema."""
    if isinstance(node, dict):
        for name, field in node.get("properties", {}).items() if node.get("type") == "object" else ():
            yield f"{path}/{name}", field
        for key, inner in node.items():
            yield from properties(inner, f"{path}/{key}")


FIELDS = {
    f"{schema['title']}{path}": (field, schema["definitions"])
    for schema in (SCHEMA, ENVIRONMENT)
    for path, field in properties(schema)
}


@pytest.mark.parametrize("path", sorted(FIELDS))
def test_a_field_is_explained_and_its_example_and_default_are_valid(path: str) -> None:
    field, definitions = FIELDS[path]
    assert re.fullmatch(r"[A-Z`].*\.", field["description"], re.DOTALL)
    judge = jsonschema.Draft7Validator({**field, "definitions": definitions})
    for value in [*field["examples"], *([field["default"]] if "default" in field else [])]:
        assert [error.message for error in judge.iter_errors(value)] == []
    assert field["examples"]


def test_an_included_file_is_valid_without_the_language_version() -> None:
    assert VALIDATOR.is_valid({"policies": {"default": {"timeout": "5s"}}})
    assert not VALIDATOR.is_valid({"include": ["*.yaml"]})


def test_keys_come_in_the_order_of_the_model() -> None:
    assert list(SCHEMA["properties"]) == [key for key, _, _ in language_fields(RootFile)]


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in plain data, but for what stands in an inline OpenAPI document."""
    yield path
    if path and path[-1] == "openapi":
        return
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in pairs:
        yield from places(inner, (*path, step))


def at(root: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        root = root[step]
    return root


TEXTS = sorted({str(at(EXAMPLE, p)) for p in places(EXAMPLE) if isinstance(at(EXAMPLE, p), str)})
KEYS = sorted({str(p[-1]) for p in places(EXAMPLE) if p})
SCALARS = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(["", "0s", "4000d", "2027-02-30", "10.0.0.1/8", "none", "x y", "${a}", "*", "1.0", "true"]),
    st.sampled_from([None, True, False, 0, 1, -1, 65536, 1.5, 2.0, [], {}, ["a", "a"], [1], {"a": 1}, {"file": "/x"}]),
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The language example with up to three changes of its structure."""
    data = copy.deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(data) if p]))
        holder, step = at(data, path[:-1]), path[-1]
        match draw(st.sampled_from(["replace", "remove", "rename", "add", "copy", "append"])):
            case "replace":
                holder[step] = copy.deepcopy(draw(SCALARS))
            case "remove":
                del holder[step]
            case "rename" if isinstance(holder, dict):
                holder[draw(st.sampled_from([*KEYS, "x", "Upper"]))] = holder.pop(step)
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from([*KEYS, "x", "Upper"]))] = copy.deepcopy(draw(SCALARS))
            case "copy":
                other = draw(st.sampled_from([p for p in places(data) if p]))
                holder[step] = copy.deepcopy(at(data, other))
            case "append" if isinstance(holder, list):
                holder.append(copy.deepcopy(draw(st.one_of(SCALARS, st.just(holder[-1])))))
    return data


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_editor_and_compiler_agree(data: dict[str, Any]) -> None:
    findings = decoded(data)
    left = [f for f in findings if not any(re.search(pattern, f.message) for pattern in ONLY_DECODED)]
    errors = [f"{error.json_path}: {error.message[:300]}" for error in VALIDATOR.iter_errors(data)]
    if left:
        assert errors, [f.message for f in left]
    elif not findings:
        assert errors == []
