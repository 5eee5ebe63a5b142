"""Plans of the payload module, requests and services' answers at random, for comparisons."""

from __future__ import annotations

import json
from random import Random
from typing import Any

_NAMES = ("a", "b", "id", "ä", "\U0001f600", 'q"')
_SCALARS = ("0", "-0.0", "1", "1.0", "12e-1", "1e400", "12345678901234567890123", "-5", "true", "false", "null")
_TEXTS = ('""', '"a"', '"b"', '"\\u0061"', '"\\n\\u0000"', '"\U0001f600"', '"\\ud83d\\ude00"', '"/.."', '".."')
_CONSTANTS = (None, True, False, 0, 1, 1.5, "a", "", "b", [1, "a"], {"a": 1})
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in", "+", "&&", "||")


def case(random: Random) -> dict[str, Any]:
    """What ``trial`` reads as a line: a plan, a request, and answers."""
    many = random.randint(1, 4)
    steps = [_step(random, index) for index in range(many)]
    response = ["object", *([f"f{i}", _value(random, 3, many, ())] for i in range(random.randint(1, 4)))]
    whole = {
        "deadline": 60_000,
        "max_concurrent": None,
        "max_body": 100_000,
        "forward": [],
        "parameters": [
            {"in": "path", "name": "id", "kinds": ["string"], "required": True},
            {"in": "query", "name": "n", "kinds": ["integer"], "required": False},
        ],
        "body": "optional",
        "steps": steps,
        "response": {"status": 200, "headers": [], "body": response},
    }
    routes = {"r": {"path": [["v"], ["", "id", ""]], "aggregate": "whole"}}
    return {
        "plan": {
            "version": 1,
            "routes": routes,
            "aggregates": {"whole": whole},
            "schemas": [],
            "patterns": [],
        },
        "path": "/v/k%20%C3%A4" + random.choice(("", "?n=7", "?n=1.0")),
        "headers": [],
        "body": random.choice((None, _document(random, 3))),
        "answers": {step["name"]: [_answer(random) for _ in range(random.randint(1, 3))] for step in steps},
    }


def request(made: dict[str, Any]) -> dict[str, str | None]:
    """The texts of the parameters of a case."""
    _, _, number = made["path"].partition("?n=")
    return {"id": json.dumps("k ä"), "n": number or None}


def _step(random: Random, index: int) -> dict[str, Any]:
    inside = ("item",) if (each := random.random() < 0.3) else ()
    free = random.random()
    return {
        "name": f"s{index}",
        "clusters": [{"name": "c", "weight": 1}],
        "method": "GET",
        "prefix": "",
        "path": [["x"], ["", "id", ""]],
        "inputs": {
            "path": {"id": _value(random, 1, index, inside) if free < 0.2 else ["json", "k"]},
            "query": [["q", _value(random, 1, index, inside)]] if free > 0.8 else [],
            "headers": [],
            "body": _value(random, 2, index, inside) if 0.4 < free < 0.6 else None,
        },
        "good": random.choice((["200"], ["2XX"], ["200", "404"])),
        "timeout": 1000,
        "retries": random.choice((0, 0, 1)),
        "max_body": 100_000,
        "after": [f"s{before}" for before in range(index)],
        "when": _condition(random, 2, index, ()) if random.random() < 0.2 else None,
        "for_each": _value(random, 1, index, ()) if each else None,
        "max": random.randint(1, 3),
        "on_excess": random.choice(("cut", "fail")),
        "concurrency": random.randint(1, 3),
        "optional": random.random() < 0.85,
        "fallback": random.choice((None, {"a": [1, 2]}, [])),
        "expect": [_expected(random)] if random.random() < 0.2 else [],
    }


def _expected(random: Random) -> dict[str, Any]:
    path = [random.choice(("a", "b", "*", "*", 0)) for _ in range(random.randint(0, 2))]
    kinds = random.sample(("object", "array", "string", "integer", "number", "boolean", "null"), 3)
    return {"path": path, "kinds": kinds, "absent": random.random() < 0.7}


def _answer(random: Random) -> list[Any]:
    status = random.choice((200, 200, 200, 200, 200, 201, 404, 500, 503))
    text = random.choice((_document(random, 4), _document(random, 4), _document(random, 4), "", "{", "nul"))
    return [status, [["etag", '"1"'], ["x", "ä"]], text]


def _document(random: Random, depth: int) -> str:
    """A JSON text; names may come twice."""
    if depth == 0 or random.random() < 0.25:
        return random.choice(_SCALARS if random.random() < 0.5 else _TEXTS)
    blank = random.choice(("", "", " ", "\n "))
    parts = [_document(random, depth - 1) for _ in range(random.randint(0, 4))]
    if random.random() < 0.4:
        return f"[{blank}" + f"{blank},".join(parts) + f"{blank}]"
    named = [f"{json.dumps(random.choice(_NAMES), ensure_ascii=random.random() < 0.5)}{blank}:{p}" for p in parts]
    return f"{{{blank}" + f",{blank}".join(named) + "}"


def _value(random: Random, depth: int, steps: int, variables: tuple[str, ...]) -> list[Any]:
    if depth == 0 or random.random() < 0.4:
        return _get(random, steps, variables)
    match random.randrange(10):
        case 0:
            return ["json", random.choice(_CONSTANTS)]
        case 1 | 2:
            names = random.sample(_NAMES, random.randint(0, 3))
            return ["object", *([name, _value(random, depth - 1, steps, variables)] for name in names)]
        case 3:
            many = random.randint(0, 3)
            kind = random.choice(("text", "list"))
            return [kind, *(_value(random, depth - 1, steps, variables) for _ in range(many))]
        case 4:
            return ["size", _value(random, depth - 1, steps, variables)]
        case 5:
            branches = [_value(random, depth - 1, steps, variables) for _ in range(2)]
            return ["?", _condition(random, depth - 1, steps, variables), *branches]
        case 6 | 7:
            of, name = _value(random, depth - 1, steps, variables), f"v{len(variables)}"
            inside = (*variables, name)
            if random.random() < 0.5:
                return ["filter", of, name, _condition(random, depth - 1, steps, inside)]
            return ["map", of, name, _value(random, depth - 1, steps, inside)]
        case 8:
            left, right = (_value(random, depth - 1, steps, variables) for _ in range(2))
            return [random.choice(_OPERATORS), left, right]
    return _condition(random, depth, steps, variables)


def _condition(random: Random, depth: int, steps: int, variables: tuple[str, ...]) -> list[Any]:
    if depth == 0:
        return ["json", random.random() < 0.6]
    match random.randrange(6):
        case 0 | 1:
            return ["has", _value(random, depth - 1, steps, variables)]
        case 2 | 3:
            left, right = (_value(random, depth - 1, steps, variables) for _ in range(2))
            return [random.choice(("==", "!=", "<", "in")), left, right]
        case 4:
            return ["!", _condition(random, depth - 1, steps, variables)]
    left, right = (_condition(random, depth - 1, steps, variables) for _ in range(2))
    return [random.choice(("&&", "||")), left, right]


def _get(random: Random, steps: int, variables: tuple[str, ...]) -> list[Any]:
    way = [random.choice(("a", "b", "id", "ä", 0, 1)) for _ in range(random.randint(0, 2))]
    if variables and random.random() < 0.5:
        return ["get", random.choice(variables), *way]
    if steps and random.random() < 0.85:
        part = random.choice(
            (["body"], ["body"], ["body"], ["status"], ["headers", "etag"], ["headers"], [], [0, "body"])
        )
        return ["get", f"s{random.randrange(steps)}", *part, *way]
    return ["get", "request", *random.choice((["path", "id"], ["query", "n"], ["query"], ["body"], ["body"])), *way]
