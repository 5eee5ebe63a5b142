"""Numbers and texts that should satisfy a schema, best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import lcm
from typing import Any

from compiler.contracts.patterns import candidates

_MAX_TEXT = 4096
_FORMATS = {
    "date-time": "2024-01-15T09:30:00Z",
    "date": "2024-01-15",
    "time": "09:30:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "idn-email": "user@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "https://example.com/",
    "iri": "https://example.com/",
    "iri-reference": "https://example.com/",
    "url": "https://example.com/",
    "uri-template": "https://example.com/{id}",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "^a$",
    "byte": "c3RyaW5n",
}


def texts(schemas: Sequence[Mapping[str, Any]], turn: int) -> Iterator[str]:
    """Texts for several schemas at once; ``turn`` asks for one that differs from those of other turns."""
    least = int(min(max((schema.get("minLength", 0) for schema in schemas), default=0), _MAX_TEXT))
    most = int(min((schema["maxLength"] for schema in schemas if "maxLength" in schema), default=_MAX_TEXT))
    for schema in schemas:
        if "pattern" in schema:
            for text in candidates(schema["pattern"], turn):
                yield text
                if len(text) < least:
                    yield text.ljust(least, "a")
                    yield text.rjust(least, "a")
    formats = [schema["format"] for schema in schemas if schema.get("format") in _FORMATS]
    text = _FORMATS[formats[0]] if formats else "string"
    if turn:
        text = _other(text, turn)
    yield text
    fitted = text.ljust(least, "a")[:most] if not turn else f"{turn}".ljust(least, "a")[:most]
    yield fitted
    yield chr(ord("a") + turn % 26) * max(least, min(1, most))


def _other(text: str, turn: int) -> str:
    """The text with its last digits counted on, so that most formats are kept; with a number behind it otherwise."""
    if text[-1:].isdigit():
        return text[: -len(str(turn))] + str(turn)
    if text.startswith("2024-01-15T"):
        return f"2024-01-{turn % 28 + 1:02}T{turn // 28 % 24:02}:30:00Z"
    if "@" in text:
        return f"user{turn}{text[4:]}"
    return f"{text}{turn}"


def numbers(schemas: Sequence[Mapping[str, Any]], whole: bool, turn: int, dialect: str) -> Iterator[int | float]:
    """Numbers for several schemas at once, those within their bounds; ``turn`` leaves that many out."""
    low, high = _bounds(schemas, dialect)
    steps = [schema["multipleOf"] for schema in schemas if "multipleOf" in schema]
    step = _step(steps, whole)
    found: dict[int | float, None] = {}
    if not whole and not steps and low is not None and high is not None:
        middle = (low + high) / 2
        found |= dict.fromkeys(
            _plain(middle + (high - low) * Decimal(part) / 200) for part in range(-turn - 1, turn + 2)
        )
        found |= dict.fromkeys((_plain(low), _plain(high)))
        ordered = sorted(found, key=lambda value: abs(Decimal(str(value)) - middle))
    else:
        if low is not None:
            start = (low / step).to_integral_value(ROUND_CEILING)
            count = 1
        elif high is not None:
            start = (high / step).to_integral_value(ROUND_FLOOR)
            count = -1
        else:
            start, count = Decimal(1), 1
        if turn == 0 and (low is None or low < step) and (high is None or high >= step):
            found[_plain(step)] = None
        found |= dict.fromkeys(_plain((start + count * index) * step) for index in range(turn + 12))
        ordered = list(found)
    fitting = [value for value in ordered if _within(value, schemas, dialect)]
    yield from fitting[turn:] if len(fitting) > turn else fitting[-1:]


def _bounds(schemas: Sequence[Mapping[str, Any]], dialect: str) -> tuple[Decimal | None, Decimal | None]:
    lows = [schema["minimum"] for schema in schemas if "minimum" in schema]
    highs = [schema["maximum"] for schema in schemas if "maximum" in schema]
    if dialect == "3.1":
        lows += [schema["exclusiveMinimum"] for schema in schemas if "exclusiveMinimum" in schema]
        highs += [schema["exclusiveMaximum"] for schema in schemas if "exclusiveMaximum" in schema]
    return (Decimal(str(max(lows))) if lows else None, Decimal(str(min(highs))) if highs else None)


def _step(steps: Sequence[int | float], whole: bool) -> Decimal:
    """The distance between numbers that are multiples of all steps, and whole where that is wanted."""
    ratios = [Decimal(str(step)).as_integer_ratio() for step in steps] + ([(1, 1)] if whole or not steps else [])
    denominator = lcm(*(below for _, below in ratios))
    return Decimal(lcm(*(above * (denominator // below) for above, below in ratios))) / Decimal(denominator)


def _within(value: float, schemas: Sequence[Mapping[str, Any]], dialect: str) -> bool:
    for schema in schemas:
        if dialect == "3.0":
            low, high = schema.get("minimum"), schema.get("maximum")
            if (schema.get("exclusiveMinimum") and value == low) or (schema.get("exclusiveMaximum") and value == high):
                return False
        elif value in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")):
            return False
    return True


def _plain(value: Decimal) -> int | float:
    if value == value.to_integral_value() and abs(value) < Decimal(10) ** 18:
        return int(value)
    return float(value)
