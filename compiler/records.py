"""``@frozen`` and ``@mutable``: the slotted dataclasses that all is made of, at a tenth of the cost at import.

``dataclasses`` compiles up to six methods for each class when it is defined, whether they are ever called or not: half
a millisecond a class, and a command that does little defines 200 of them. Here ``dataclasses`` only finds the fields,
so that ``fields``, ``replace`` and ``is_dataclass`` work as ever; ``__init__`` is compiled when the first object is
made, and the other methods need no compiling.
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
        made = _made(plain, kw_only=kw_only)
        made.__setattr__ = made.__delattr__ = _refuse
        if eq:
            _give(made, __eq__=_equal(made), __hash__=_hash(made))
        return made

    return make if cls is None else make(cls)


@overload
def mutable(cls: Class, /) -> Class: ...
@overload
def mutable(*, eq: bool = True) -> Callable[[Class], Class]: ...
@dataclass_transform(field_specifiers=(field,))
def mutable(cls: Any = None, /, *, eq: bool = True) -> Any:
    """``@dataclass(slots=True)``, made cheaply; ``eq`` as there, and limits as those of ``frozen``."""

    def make(plain: type) -> Any:
        made = _made(plain, kw_only=False)
        if eq:
            _give(made, __eq__=_equal(made), __hash__=None)
        return made

    return make if cls is None else make(cls)


def _made(plain: type, *, kw_only: bool) -> Any:
    """The class with its slots, an ``__init__`` and a ``__repr__``."""
    made: Any = dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=True)(plain)
    made.__init__ = _first(made)
    _give(made, __repr__=_repr)
    return made


def _give(made: type, **methods: Any) -> None:
    """Methods for a class, but for those that it has of its own."""
    for name, method in methods.items():
        if name not in vars(made):
            setattr(made, name, method)


def _first(cls: Any) -> Callable[..., None]:
    """An ``__init__`` that makes the true one when it is first called, and leaves the rest to it."""

    def first(self: Any, *args: Any, **values: Any) -> None:
        if cls.__init__ is first:
            cls.__init__ = _init(cls)
        cls.__init__(self, *args, **values)

    return first


def _init(cls: Any) -> Callable[..., None]:
    """The ``__init__`` of a class: a parameter a field, in order.

    A frozen object's fields are written through the descriptors of their slots, the fastest way around ``__setattr__``.
    """
    names: dict[str, Any] = {"MISSING": MISSING}
    is_frozen = cls.__setattr__ is _refuse
    plain, lines = ["self"], []
    keywords: list[str] = []
    for one in fields(cls):
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
        if is_frozen:
            names[f"write_{one.name}"] = getattr(cls, one.name).__set__
            lines.append(f"    write_{one.name}(self, {value})")
        else:
            lines.append(f"    self.{one.name} = {value}")
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


def _compared(cls: type) -> Callable[[Any], object]:
    names = [one.name for one in fields(cls) if one.compare]
    return attrgetter(*names) if names else lambda _: ()


def _equal(cls: type) -> Callable[[Any, object], Any]:
    """``__eq__`` over the fields that are compared; objects of another class are never equal."""
    read = _compared(cls)

    def equal(self: Any, other: object) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(cls: type) -> Callable[[Any], int]:
    """``__hash__`` over the fields that are compared."""
    read = _compared(cls)

    def hashed(self: Any) -> int:
        return hash(read(self))

    return hashed
