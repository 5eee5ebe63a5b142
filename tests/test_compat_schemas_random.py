"""Containment over many random pairs: nothing that is said to be contained has a counterexample among the documents."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from compiler.compat.schemas import Contained, NotContained, contained
from tests.random_schemas import RandomPair, random_pair
from tests.schemas import valid
from tests.test_compat_schemas import view

PAIRS = 1_000
"""In each of the runs."""


@pytest.mark.parametrize("run", range(24))
def test_no_answer_is_wrong(run: int) -> None:
    answers = [_answer(run * PAIRS + number) for number in range(PAIRS)]
    assert answers.count("Contained") > PAIRS / 10
    assert answers.count("NotContained") > PAIRS / 10
    assert answers.count("Unknown") < PAIRS / 5


def _answer(seed: int) -> str:
    pair = random_pair(seed)
    found = contained(view(pair.inner, **pair.components), view(pair.outer, **pair.components), budget=600)
    if isinstance(found, NotContained):
        assert valid(pair.inner, found.witness, pair.components), seed
        assert not valid(pair.outer, found.witness, pair.components), seed
    elif isinstance(found, Contained):
        assert _counterexample(pair) is None, seed
    return type(found).__name__


def _counterexample(pair: RandomPair) -> Any:
    """A document against the containment. The quick library finds candidates, the careful one decides."""
    inner, outer = (_quick(schema, pair) for schema in (pair.inner, pair.outer))
    candidates = (one for one in pair.documents if inner.is_valid(one) and not outer.is_valid(one))
    for document in candidates:
        if valid(pair.inner, document, pair.components) and not valid(pair.outer, document, pair.components):
            return document
    return None


def _quick(schema: Any, pair: RandomPair) -> jsonschema_rs.Draft202012Validator:
    root = {"components": {"schemas": dict(pair.components)}, "allOf": [schema]}
    return jsonschema_rs.Draft202012Validator(root)
