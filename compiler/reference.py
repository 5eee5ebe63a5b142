"""The model as docs/fields.md: every field of the language, what it means, what it takes and what stands without it.

``python -m compiler.reference`` writes the page; test_reference.py holds it to the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from compiler.decode import language_fields
from compiler.model.kinds import Bounds, Keys, Raw, Scalar
from compiler.model.project import RootFile
from compiler.schema import schema

FILE = Path(__file__).parent.parent / "docs" / "fields.md"
_INTRODUCTION = """\
# Fields

Every field of the language, by the object that it stands in; [language.md](language.md) tells how they work together.
**Bold** fields are required.

This page is made from the model by `python -m compiler.reference`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    """A section for each class, the root file first, every class before the classes of its fields."""
    described = schema()
    properties = {name: made.get("properties", {}) for name, made in described["definitions"].items()}
    properties[RootFile.__name__] = described["properties"]
    waiting: list[tuple[type, str]] = [(RootFile, "gatewright.yaml")]
    seen: set[type] = set()
    while waiting:
        target, path = waiting.pop(0)
        if target in seen:
            continue
        seen.add(target)
        yield _section(target, path, properties[target.__name__])
        below = [
            (inner, step if target is RootFile else f"{path}.{step}")
            for key, field, annotation in language_fields(target)
            for inner, step in _classes(annotation, key)
        ]
        waiting = below + waiting


def _section(target: type, path: str, properties: Mapping[str, Any]) -> str:
    said = re.sub(r"\s+", " ", (target.__doc__ or "").strip())
    required_first = sorted(language_fields(target), key=lambda named: not _is_required(named[1]))
    rows = [_row(target, key, field, annotation, properties[key]) for key, field, annotation in required_first]
    head = f"## {target.__name__}\n\n`{path}`: {said}\n"
    one_of: tuple[str, ...] = getattr(target, "EXACTLY_ONE", ())
    if one_of:
        head += f"Exactly one of {', '.join(f'`{name}`' for name in one_of)} must be given.\n"
    return head + "\n| field | | takes | example | without it |\n|---|---|---|---|---|\n" + "".join(rows)


def _row(target: type, key: str, field: Field[Any], annotation: Any, described: Mapping[str, Any]) -> str:
    name = f"**`{key}`**" if _is_required(field) else f"`{key}`"
    cells = (
        name,
        field.metadata["doc"],
        _takes(annotation),
        f"`{_flow(described['examples'][0])}`",
        f"`{_flow(described['default'])}`" if "default" in described else "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _classes(annotation: Any, path: str) -> Iterator[tuple[type, str]]:
    """The model classes that a type holds, each with the path to it."""
    if isinstance(annotation, type) and is_dataclass(annotation):
        if "where" in annotation.__dataclass_fields__:
            yield annotation, path
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _classes(arguments[0], path)
    elif origin is tuple:
        yield from _classes(arguments[0], f"{path}[]")
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _classes(arguments[1], f"{path}.<name>")
    elif origin in (Union, UnionType):
        for inner in arguments:
            yield from _classes(inner, path)


def _takes(annotation: Any) -> str:
    """What a field takes, in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _marked(arguments[0], arguments[-1])
    if origin in (Union, UnionType):
        return _one_of([_takes(inner) for inner in arguments if inner is not NoneType])
    if origin is Literal:
        return _one_of([f"`{_flow(value)}`" for value in arguments])
    if origin is tuple:
        return f"a list; each is {_takes(arguments[0])}"
    if annotation is bool:
        return "`true` or `false`"
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def _one_of(texts: list[str]) -> str:
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if texts[1:] else texts)


def _marked(base: Any, mark: Any) -> str:
    if isinstance(mark, Scalar | Raw):
        return mark.says.partition(":")[0]
    if isinstance(mark, Bounds):
        return f"a {'whole ' if base is int else ''}number from {mark.least:g} to {int(mark.most)}"
    if isinstance(mark, Keys):
        return f"by {mark.kind.says.partition(':')[0]}: {_takes(get_args(base)[1])}"
    return _takes(base)


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        plain = re.fullmatch(r"[\w./^~@$%-][\w./^~@$%|*:# -]*", value) and not re.search(r": | #", value)
        return value if plain and not re.fullmatch(r"[\d.]+|true|false|null", value) else json.dumps(value)
    return json.dumps(value)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
