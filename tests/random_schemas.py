"""Random pairs of schemas from a seed: many in little time, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.schemas import COMPONENTS, TYPES, endless

_NAMES = ("a", "b", "c", "kind")
_PATTERNS = ("^a", "b+$", "^[a-c]{1,3}$", r"^\d{2}-\d{2}$", "^(x|y)z?$", "kind", "^.{0,2}$", "[^a]")
_SCALARS = (None, True, False, -4, -1, 0, 1, 2, 3, 5, 6, 9, 0.5, 1.0, 2.5, "", "a", "ab", "b", "12-34", "xz", "kind")
_BOUNDS = (-3, -1, 0, 1, 2, 4, 6, 0.5, 1.5)
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")


@dataclass(frozen=True, slots=True)
class RandomPair:
    """Two schemas, the components that both refer to, and documents to try."""

    inner: Any
    outer: Any
    components: Mapping[str, Any]
    documents: tuple[Any, ...]


def random_pair(seed: int) -> RandomPair:
    """A pair, of which the second is mostly the first with something changed."""
    random = Random(seed)
    while True:
        components = {name: schema(random, random.choice((0, 1, 2))) for name in COMPONENTS}
        if not endless(components):
            break
    inner = schema(random, random.choice((1, 2, 2, 3)))
    outer = changed(random, inner) if random.random() < 0.75 else schema(random, random.choice((1, 2)))
    return RandomPair(inner, outer, components, tuple(value(random, 3) for _ in range(40)))


def value(random: Random, depth: int) -> Any:
    """A JSON value."""
    kind = random.random()
    if depth and kind < 0.25:
        return [value(random, depth - 1) for _ in range(random.randint(0, 3))]
    if depth and kind < 0.55:
        return {random.choice((*_NAMES, "zz")): value(random, depth - 1) for _ in range(random.randint(0, 3))}
    return random.choice(_SCALARS)


def schema(random: Random, depth: int) -> Any:
    """A schema of up to four keywords, and of such schemas below."""
    if depth == 0:
        plain = [True, True, False, {}, {"type": random.choice(TYPES)}]
        return random.choice([*plain, *({"$ref": f"#/components/schemas/{name}"} for name in COMPONENTS)])
    made = _keywords(random, depth)
    return {key: made[key]() for key in random.sample(sorted(made), random.choice((1, 1, 2, 2, 3, 4)))}


def _keywords(random: Random, depth: int) -> dict[str, Callable[[], Any]]:
    def below() -> Any:
        return schema(random, depth - 1 if random.random() < 0.7 else 0)

    def several() -> list[Any]:
        return [below() for _ in range(random.randint(1, 3))]

    def small() -> int:
        return random.randint(0, 3)

    def bound() -> float:
        return random.choice(_BOUNDS)

    def names() -> list[str]:
        return random.sample(_NAMES, random.randint(0, 2))

    return {
        "type": lambda: random.choice(TYPES) if random.random() < 0.6 else random.sample(TYPES, random.randint(1, 3)),
        "enum": lambda: [value(random, 2) for _ in range(random.randint(1, 3))],
        "const": lambda: value(random, 2),
        "minimum": bound,
        "maximum": bound,
        "exclusiveMinimum": bound,
        "exclusiveMaximum": bound,
        "multipleOf": lambda: random.choice((1, 2, 3, 0.5)),
        "minLength": small,
        "maxLength": small,
        "pattern": lambda: random.choice(_PATTERNS),
        "format": lambda: random.choice(("date", "uuid")),
        "properties": lambda: {random.choice(_NAMES): below() for _ in range(random.randint(1, 3))},
        "required": names,
        "additionalProperties": below,
        "patternProperties": lambda: {random.choice(("^a", "b", "k.nd")): below()},
        "propertyNames": below,
        "minProperties": small,
        "maxProperties": small,
        "dependentRequired": lambda: {random.choice(_NAMES): names()},
        "dependentSchemas": lambda: {random.choice(_NAMES): below()},
        "items": below,
        "prefixItems": several,
        "contains": below,
        "minContains": small,
        "maxContains": small,
        "minItems": small,
        "maxItems": small,
        "uniqueItems": lambda: random.random() < 0.7,
        "unevaluatedItems": below,
        "unevaluatedProperties": below,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": below,
        "if": below,
        "then": below,
        "else": below,
    }


def changed(random: Random, former: Any) -> Any:
    """A schema with one thing in it changed, added or left out."""
    if not isinstance(former, dict) or not former:
        return schema(random, 1)
    made = deepcopy(former)
    key = random.choice(sorted(made))
    how = random.random()
    if how < 0.35:
        del made[key]
    elif how < 0.6:
        made |= schema(random, 1)
    elif key in _BY_NAME:
        made[key] = {name: changed(random, below) for name, below in made[key].items()}
    elif key in _SEVERAL:
        made[key] = [changed(random, below) if random.random() < 0.5 else below for below in made[key]]
        if random.random() < 0.5:
            random.shuffle(made[key])
    elif isinstance(made[key], dict):
        made[key] = made[key] if key in ("const", "dependentRequired") else changed(random, made[key])
    elif isinstance(made[key], int) and not isinstance(made[key], bool):
        made[key] = max(1 if key == "multipleOf" else 0, made[key] + random.choice((-1, 1)))
    return made
