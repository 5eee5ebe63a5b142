"""How the engines agree with cases that others wrote: ``python -m bench.conformance FOLDER``.

``FOLDER/containment`` has pairs of schemas with the truth in both directions, ``FOLDER/oasdiff`` pairs of OpenAPI
documents with the opinion of another tool. Where we differ, the case is printed with what we say.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compiler.compat.contracts import compare
from compiler.compat.schemas import Contained, Dialect, NotContained, Unknown, Verdict, View, contained
from compiler.contracts.openapi import Api, load
from compiler.contracts.refs import Scope
from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.reader import Document
from compiler.source import Source

_DIALECTS: dict[str, Dialect] = {"draft4": "3.0", "draft2020-12": "3.1"}
_VALUES = ("enum", "const", "default", "examples")
_ELSEWHERE = ("$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")
"""Keywords by which references lead elsewhere than a pointer says; contracts with them are refused."""


def main(folder: Path) -> int:
    """Print the agreement; 1 where an answer is wrong."""
    wrong = 0
    for path in sorted((folder / "containment").glob("*.json")):
        counts: Counter[str] = Counter()
        for name, answer, inner, outer, found in containment(path):
            kind = said(found)
            counts["agree" if kind == answer else "unknown" if kind == "unknown" else "wrong"] += 1
            if kind != answer:
                print(f"  {path.stem} {name}: {kind}, expected {answer}: {_short(inner)} in {_short(outer)}")
        print(f"{path.stem}: {_counted(counts)}")
        wrong += counts["wrong"]
    counts = Counter()
    for name, expected, level, rules in opinions(folder / "oasdiff"):
        same = expected == (level == "breaking")
        counts["agree" if same else "stricter" if level == "breaking" else "milder"] += 1
        if not same:
            theirs = "breaking" if expected else "not breaking"
            print(f"  oasdiff {name}: {level}, expected {theirs}: {', '.join(rules) or 'no change'}")
    if counts:
        print(f"oasdiff: {_counted(counts)}")
    return int(bool(wrong))


def containment(path: Path) -> Iterator[tuple[str, str, Any, Any, Verdict]]:
    """(case, expected, inner, outer, what we say) for each direction of which the truth is known."""
    dialect = _DIALECTS[path.stem]
    for case in json.loads(path.read_text(encoding="utf-8")):
        for inner, outer, key in (("schema1", "schema2", "first_in_second"), ("schema2", "schema1", "second_in_first")):
            expected = case[key]
            if expected is None:
                continue
            one, other = case[inner], case[outer]
            if readable(one, dialect) and readable(other, dialect):
                found: Verdict = contained(view(one, "inner", dialect), view(other, "outer", dialect))
            else:
                found = Unknown("it refers elsewhere, which contracts may not")
            yield f"{case['id']} {key}", "contained" if expected else "not contained", one, other, found


def said(found: Verdict) -> str:
    """A verdict in a word."""
    if isinstance(found, Contained):
        return "contained"
    return "not contained" if isinstance(found, NotContained) else "unknown"


def view(schema: Any, name: str, dialect: Dialect) -> View:
    """A schema as a document of its own."""
    source = Source(name, "{}")
    document = Document(source, schema, source.span(0, 0))
    scope = Scope(Library(Path("/nonexistent")), document, ())
    return View(scope.root_of(document), scope, dialect)


def readable(schema: Any, dialect: Dialect) -> bool:
    """Whether a schema says nothing that the loading of contracts would refuse."""
    if isinstance(schema, list):
        return all(readable(one, dialect) for one in schema)
    if not isinstance(schema, dict):
        return True
    for key, value in schema.items():
        if key in _VALUES:
            continue
        if key in _ELSEWHERE and isinstance(value, str):
            return False
        if (key == "items" and isinstance(value, list)) or (key == "dependencies" and dialect == "3.0"):
            return False
        if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
            return False
        if not readable(value, dialect):
            return False
    return True


def opinions(folder: Path) -> Iterator[tuple[str, bool, str, list[str]]]:
    """(case, whether the other tool calls it breaking, our worst level, the rules of our worst changes)."""
    listed = json.loads((folder / "expected.json").read_text(encoding="utf-8")) if folder.is_dir() else {}
    cases = listed.items() if isinstance(listed, dict) else ((one.get("case") or one["id"], one) for one in listed)
    for name, expected in sorted(cases):
        base, revision = (api(folder / name, f"{side}.yaml") for side in ("base", "revision"))
        if base is None or revision is None:
            yield name, bool(expected["breaking"]), "unread", []
            continue
        changes = compare(base, revision).changes
        level = next((one for one in ("breaking", "risky", "safe") if any(c.level == one for c in changes)), "none")
        yield name, bool(expected["breaking"]), level, sorted({c.rule for c in changes if c.level == level})


def api(folder: Path, name: str) -> Api | None:
    """A document of a folder; None where it is broken."""
    library = Library(folder.resolve())
    start = Source(name, "").span(0, 0)
    document = library.document(name, name, start)
    if document is None or isinstance(document, Finding):
        return None
    return load(document, (), library)[0]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def _short(schema: Any) -> str:
    text = json.dumps(schema)
    return text if len(text) < 160 else text[:157] + "..."


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "containment").is_dir():
        sys.exit("usage: python -m bench.conformance FOLDER, which holds `containment` and `oasdiff`")
    sys.exit(main(Path(sys.argv[1])))
