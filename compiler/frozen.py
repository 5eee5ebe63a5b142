"""``@frozen``: the frozen, slotted dataclass that everything here is made of, at a tenth of the cost at import.

``dataclasses`` compiles six methods for each class when it is defined, whether they are ever called or not: half a
millisecond a class, and a command that does little defines 200 of them. Here ``dataclasses`` only finds the fields, so
that ``fields``, ``replace`` and ``is_dataclass`` work as ever; ``__init__`` is compiled when the first object is made,
and the other methods need no compiling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

Class = TypeVar("Class", bound=type)


@overload
def frozen(cls: Class, /) -> Class: ...
@overload
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[Class], Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, eq: bool = True, kw_only: bool = False) -> Any:
    """``@dataclass(frozen=True, slots=True)``, made cheaply; ``eq`` and ``kw_only`` as there.

    Not for classes with ``InitVar`` fields: ``__post_init__`` is called with nothing. Raises what ``dataclass`` raises
    for fields that cannot be.
    """

    def make(plain: type) -> Any:
        made: Any = dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=True)(plain)
        made.__init__ = _first(made)
        made.__setattr__ = made.__delattr__ = _refuse
        methods = {"__repr__": _repr, **(_comparison(made) if eq else {})}
        for name, method in methods.items():
            if name not in vars(plain):
                setattr(made, name, method)
        return made

    return make if cls is None else make(cls)


def _first(cls: Any) -> Callable[..., None]:
    """An ``__init__`` that makes the true one when it is first called, and leaves the rest to it."""

    def first(self: Any, *args: Any, **values: Any) -> None:
        if cls.__init__ is first:
            cls.__init__ = _init(cls)
        cls.__init__(self, *args, **values)

    return first


def _init(cls: Any) -> Callable[..., None]:
    """The ``__init__`` of a class: a parameter a field, in order, each written through the descriptor of its slot."""
    names: dict[str, Any] = {"MISSING": MISSING}
    plain, lines = ["self"], []
    keywords: list[str] = []
    for one in fields(cls):
        names[f"write_{one.name}"] = getattr(cls, one.name).__set__
        value = one.name
        if one.default_factory is not MISSING:
            names[f"make_{one.name}"] = one.default_factory
            value = f"make_{one.name}()"
        if one.init:
            parameter = one.name
            if one.default is not MISSING:
                names[f"default_{one.name}"] = one.default
                parameter = f"{one.name}=default_{one.name}"
            elif one.default_factory is not MISSING:
                parameter = f"{one.name}=MISSING"
                value = f"{value} if {one.name} is MISSING else {one.name}"
            (keywords if one.kw_only else plain).append(parameter)
        elif one.default is not MISSING:
            names[f"default_{one.name}"] = one.default
            value = f"default_{one.name}"
        elif one.default_factory is MISSING:
            continue  # written by __post_init__
        lines.append(f"    write_{one.name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    parameters = ", ".join([*plain, *(["*", *keywords] if keywords else [])])
    exec("\n".join([f"def __init__({parameters}):", *(lines or ["    pass"])]), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(self: Any) -> str:
    said = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({said})"


def _refuse(self: Any, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"cannot change field {name!r} of {type(self).__qualname__}")


def _comparison(cls: type) -> dict[str, Callable[..., Any]]:
    """``__eq__`` and ``__hash__`` over the fields that are compared; objects of another class are never equal."""
    names = [one.name for one in fields(cls) if one.compare]
    read: Callable[[Any], object] = attrgetter(*names) if names else lambda _: ()

    def equal(self: Any, other: object) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(read(self))

    return {"__eq__": equal, "__hash__": hashed}
