"""Whatever changes in a document: the comparison ends, and finds nothing where nothing changed."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest

from compiler.compat.contracts import compare
from compiler.contracts.openapi import Api, load
from compiler.files import Library
from compiler.reader import Document
from compiler.report.changes import github, json, markdown, sarif, text
from tests.test_compat_contracts import CASES, NOWHERE
from tests.test_contracts_mutated import RICH

PIECES: tuple[Any, ...] = (
    True,
    False,
    None,
    0,
    2.5,
    "string",
    [],
    {},
    {"$ref": "#/components/schemas/Pet"},
    {"$ref": "#/components/schemas/Cat"},
    {"type": ["string", "null"]},
    {"oneOf": [{"$ref": "#/components/schemas/Pet"}]},
    {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "additionalProperties": False}]},
    {"not": {"$ref": "#/components/schemas/Pet"}},
    {"type": "object", "properties": {"a": {"enum": [1, "a", None]}}, "required": ["a"]},
)


def mutated(random: Random, value: Any, times: int) -> Any:
    """A copy of a document with some of its values replaced, taken away or doubled."""
    made = copy.deepcopy(value)
    for _ in range(times):
        places = list(_places(made))
        holder, key = random.choice(places)
        if isinstance(holder, dict) and random.random() < 0.3:
            del holder[key]
        elif random.random() < 0.5:
            other, step = random.choice(places)
            holder[key] = copy.deepcopy(other[step]) if step in other or isinstance(other, list) else None
        else:
            holder[key] = copy.deepcopy(random.choice(PIECES))
    return made


def _places(value: Any) -> list[tuple[Any, Any]]:
    found, waiting = [], [value]
    while waiting:
        inner = waiting.pop()
        keys = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        for key in keys:
            found.append((inner, key))
            waiting.append(inner[key])
    return found


def sound(value: Any) -> Api | None:
    """The API of plain data; None where it is broken."""
    return load(Document(NOWHERE.source, value, NOWHERE), (), Library(CASES))[0]


@pytest.mark.parametrize("seed", range(12))
def test_mutated_documents_are_compared(seed: int) -> None:
    random = Random(seed)
    base = sound(RICH)
    assert base is not None
    met = 0
    while met < 25:
        revision = sound(mutated(random, RICH, random.randint(1, 2)))
        if revision is None:
            continue
        met += 1
        there, back = compare(base, revision), compare(revision, base)
        assert bool(there.changes) == bool(back.changes)
        assert there == compare(base, revision)
        assert compare(revision, sound(copy.deepcopy(revision.root.value)) or base).changes == ()
        for render in (text.render, json.render, markdown.render, github.render):
            assert render(there).endswith("\n") or not there.changes
        assert sarif.render(there, "1")
