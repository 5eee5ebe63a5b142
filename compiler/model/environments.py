"""What an environment may say of a project: derived from the model, so that a new field of it is no work here.

``VARIES`` of a class names the fields that may differ between places; in a class without it, all of them may. Every
field may be left out, and ``null`` drops one that is not required. Lists are given whole.
"""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from compiler.model.edges import Edge
from compiler.model.gateways import Gateway
from compiler.model.kinds import NAME, Keys, Where, place
from compiler.model.policies import Policy
from compiler.model.services import Service

SECTIONS: Mapping[str, type] = {"services": Service, "policies": Policy, "gateways": Gateway, "edges": Edge}
"""The sections of a project of which an environment may say something."""
_DROPPED = Literal[None]


@cache
def environment_file() -> type:
    """The class of a file of ``environments/``: the sections, with what may differ between places."""
    sections = [
        (name, _named(str, partial(target), Keys(NAME, least=1)), _section(name, target))
        for name, target in SECTIONS.items()
    ]
    says = "What differs in one place from the project: laid over it with `-e`."
    return _class("EnvironmentFile", says, sections, {})


@cache
def partial(target: type) -> type:
    """A model class as an environment writes it."""
    varies: frozenset[str] | None = getattr(target, "VARIES", None)
    hints = get_type_hints(target, include_extras=True)
    made = []
    for one in fields(target):
        if one.name == "where" or (varies is not None and one.name not in varies):
            continue
        members = [_partial(member) for member in _members(hints[one.name])]
        required = one.default is MISSING and one.default_factory is MISSING
        annotation = _union(members if required else [*members, _DROPPED])
        made.append((one.name, annotation, field(default=None, metadata=one.metadata)))
    secret = {"SECRET": True} if getattr(target, "SECRET", False) else {}
    return _class(f"{target.__name__}InEnvironment", target.__doc__ or "", made, secret)


def _union(members: list[Any]) -> Any:
    return Union[tuple(members)]  # noqa: UP007, made at run time


def _named(key: Any, value: Any, mark: Keys) -> Any:
    return Annotated[Mapping[key, value], mark]


def _members(annotation: Any) -> list[Any]:
    """The alternatives of a type, but for None, which stands for a field that is left out."""
    alternatives = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [inner for inner in alternatives if inner is not NoneType]


def _partial(annotation: Any) -> Any:
    """A type as an environment writes it: mappings are given in part, all else whole."""
    if isinstance(annotation, type) and is_dataclass(annotation):
        return partial(annotation)
    if get_origin(annotation) is Annotated:
        base, *marks = get_args(annotation)
        mark = marks[-1]
        if isinstance(mark, Keys):
            key, value = get_args(base)
            return _named(key, _union([_partial(value), _DROPPED]), Keys(mark.kind, most=mark.most))
    return annotation


def _section(name: str, target: type) -> Any:
    varies: frozenset[str] | None = getattr(target, "VARIES", None)
    first = next(f for f in fields(target) if f.name != "where" and (varies is None or f.name in varies))
    said = f"What differs of {name} of the project, by name."
    return field(default=None, metadata={"doc": said, "example": {"shop": {first.name: first.metadata["example"]}}})


def _class(name: str, says: str, made: list[Any], more: dict[str, Any]) -> type:
    """A class for the decoder and the schema. Its objects hold nothing: they are made to see whether they can be."""
    body = {"__doc__": says, "__init__": lambda self, **values: None, **more}
    return make_dataclass(name, [("where", Where, place()), *made], init=False, eq=False, repr=False, namespace=body)
