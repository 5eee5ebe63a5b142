"""The model as JSON Schema, draft-07 (the newest that yaml-language-server knows), for editors.

``python -m compiler.schema`` writes schemas/gatewright.schema.json and, for the files of ``environments/``,
schemas/environment.schema.json. The model's annotations are the one source of this and of the decoder; test_schema.py
holds the two together, and names what only the decoder can say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from compiler.decode import language_fields
from compiler.model.environments import environment_file
from compiler.model.kinds import Bounds, Items, Keys, Raw, Scalar, duration_text
from compiler.model.project import RootFile

FOLDER = Path(__file__).parent.parent / "schemas"
Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of any file of a project: the root file, and those that it includes.

    An included file lacks what the root file must have, so `gatewright` is asked for only beside the other keys that
    belong into the root file alone.
    """
    definitions: dict[str, Schema] = {}
    root = _object(RootFile, definitions)
    del root["required"]
    root["dependencies"] = {"include": ["gatewright"], "settings": ["gatewright"]}
    return _titled("gatewright project", root, definitions)


def environment_schema() -> Schema:
    """The schema of a file of ``environments/``."""
    definitions: dict[str, Schema] = {}
    return _titled("gatewright environment", _object(environment_file(), definitions), definitions)


def texts() -> dict[str, str]:
    """The schemas as they are written, by the names of their files."""
    made = {"gatewright.schema.json": schema(), "environment.schema.json": environment_schema()}
    return {name: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in made.items()}


def _titled(title: str, root: Schema, definitions: dict[str, Schema]) -> Schema:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        **root,
        "definitions": {name: definitions[name] for name in sorted(definitions)},
    }


def _of(annotation: Any, definitions: dict[str, Schema]) -> Schema:
    """The schema of a type as the model writes it; classes go to the definitions."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *marks = get_args(annotation)
        return _annotated(base, marks[-1], definitions)
    if origin in (Union, UnionType):
        members = [_of(a, definitions) for a in get_args(annotation) if a is not NoneType]
        return members[0] if len(members) == 1 else {"anyOf": members}
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin is tuple:
        return _list(get_args(annotation)[0], Items(), definitions)
    if annotation is bool:
        return {"type": "boolean"}
    assert is_dataclass(annotation), annotation
    assert isinstance(annotation, type), annotation
    name = annotation.__name__
    if name not in definitions:
        definitions[name] = {}  # a place for the name while its own parts are made
        definitions[name] = _object(annotation, definitions)
    return {"$ref": f"#/definitions/{name}"}


def _annotated(base: Any, mark: Any, definitions: dict[str, Schema]) -> Schema:
    if isinstance(mark, Scalar):
        numbers = mark.raw and any(re.fullmatch(mark.pattern, number) for number in ("1", "1.5"))
        return {"type": ["string", "number"] if numbers else "string", "pattern": _whole(mark)}
    if isinstance(mark, Bounds):
        return {"type": "integer" if base is int else "number", "minimum": mark.least, "maximum": mark.most}
    if isinstance(mark, Raw):
        return {"type": "object"} if mark.mapping_only else {}
    if isinstance(mark, Keys):
        made: Schema = {
            "type": "object",
            "propertyNames": {"pattern": _whole(mark.kind)},
            "additionalProperties": _of(get_args(base)[1], definitions),
        }
        if mark.least:
            made["minProperties"] = mark.least
        if mark.most is not None:
            made["maxProperties"] = mark.most
        return made
    if isinstance(mark, Items):
        return _list(get_args(base)[0], mark, definitions)
    return _of(base, definitions)


def _whole(kind: Scalar) -> str:
    return f"^(?:{kind.pattern})$"


def _list(item: Any, mark: Items, definitions: dict[str, Schema]) -> Schema:
    made: Schema = {"type": "array", "items": _of(item, definitions)}
    if mark.least:
        made["minItems"] = mark.least
    if mark.unique and "$ref" not in made["items"]:  # the decoder compares texts, not mappings
        made["uniqueItems"] = True
    return made


def _object(target: type, definitions: dict[str, Schema]) -> Schema:
    properties: dict[str, Schema] = {}
    required = []
    for key, field, annotation in language_fields(target):
        inner = _of(annotation, definitions)
        described: Schema = {"description": field.metadata["doc"], "examples": [field.metadata["example"]]}
        described |= _default(field, annotation)
        # draft-07 does not look at what stands beside a $ref
        properties[key] = {**described, "allOf": [inner]} if "$ref" in inner else {**described, **inner}
        if field.default is MISSING and field.default_factory is MISSING:
            required.append(key)
    made: Schema = {
        "type": "object",
        "description": re.sub(r"\s+", " ", (target.__doc__ or "").strip()),
        "additionalProperties": False,
        "properties": properties,
    }
    if required:
        made["required"] = required
    one_of: tuple[str, ...] = getattr(target, "EXACTLY_ONE", ())
    if one_of:
        made["oneOf"] = [{"required": [name]} for name in one_of]
    together: Mapping[str, str] = getattr(target, "ONLY_WITH", {})
    if together:
        made["dependencies"] = {name: [partner] for name, partner in together.items()}
    return made


def _default(field: Field[Any], annotation: Any) -> Schema:
    """``default`` as the language writes it, where there is one that says something."""
    value = field.default
    if value is MISSING or value is None or value == ():
        return {}
    if isinstance(value, tuple):
        return {"default": list(value)}
    mark = get_args(annotation)[-1] if get_origin(annotation) is Annotated else None
    if isinstance(mark, Scalar) and not isinstance(value, str):
        texts = [duration_text(value) if isinstance(value, int) else "", field.metadata["example"]]
        written = [t for t in texts if re.fullmatch(mark.pattern, t) and mark.convert(t) == value]
        assert written, f"no text for the default of {field.name}; make it the example"
        return {"default": written[0]}
    return {"default": value}


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
