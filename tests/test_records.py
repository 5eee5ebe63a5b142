"""``@frozen`` and ``@mutable`` against ``@dataclass``: the same classes, to whoever uses them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from typing import Any

import pytest

from compiler.records import frozen, mutable


def both(plain: type, *, changing: bool = False) -> list[Any]:
    """A class made by each, from two copies of its body."""
    bodies = [
        {name: value for name, value in vars(plain).items() if name not in ("__dict__", "__weakref__")} for _ in "12"
    ]
    copies: list[Any] = [type(plain.__name__, plain.__bases__, body) for body in bodies]
    ours: Any = mutable if changing else frozen
    return [ours(copies[0]), dataclass(frozen=not changing, slots=True)(copies[1])]


class Plain:
    """A field of each kind."""

    name: str
    size: int = 3
    parts: dict[str, int] = field(default_factory=dict)
    place: str = field(default="", compare=False, repr=False)


class Empty:
    """No field at all."""


@pytest.mark.parametrize("which", [0, 1], ids=["frozen", "dataclass"])
class TestTheSame:
    """What holds for the one and for the other."""

    def test_positions_names_and_defaults(self, which: int) -> None:
        made = both(Plain)[which]
        assert (made("a").size, made("a", 4).size, made(size=5, name="a").size) == (3, 4, 5)
        assert made("a").parts == {}
        assert made("a").parts is not made("a").parts
        given = {"x": 1}
        assert made("a", parts=given).parts is given

    def test_equality_and_hash_leave_out_what_is_not_compared(self, which: int) -> None:
        class Keyed:
            """What can be hashed."""

            name: str
            place: str = field(default="", compare=False)

        made = both(Keyed)[which]
        assert made("a", "here") == made("a", "there")
        assert hash(made("a", "here")) == hash(made("a", "there"))
        assert made("a") != made("b")
        assert made("a") != "a"
        assert len({made("a"), made("a"), made("b")}) == 2

    def test_the_representation_names_fields(self, which: int) -> None:
        made = both(Plain)[which]
        assert repr(made("a", place="here")).endswith("Plain(name='a', size=3, parts={})")

    def test_nothing_is_written_afterwards(self, which: int) -> None:
        one = both(Plain)[which]("a")
        with pytest.raises(FrozenInstanceError):
            one.name = "b"
        with pytest.raises(FrozenInstanceError):
            del one.name
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            one.other = "b"
        assert not hasattr(one, "__dict__")

    def test_fields_and_replacing(self, which: int) -> None:
        made = both(Plain)[which]
        assert [one.name for one in fields(made)] == ["name", "size", "parts", "place"]
        assert replace(made("a", 4), name="b") == made("b", 4)
        assert made.__match_args__ == ("name", "size", "parts", "place")
        assert is_dataclass(made)

    def test_wrong_arguments(self, which: int) -> None:
        made = both(Plain)[which]
        for _ in "12":  # the first call and those after it
            with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
                made()
            with pytest.raises(TypeError, match="unexpected keyword argument 'nam'"):
                made("a", nam="b")

    def test_what_may_change(self, which: int) -> None:
        made = both(Plain, changing=True)[which]
        one = made("a")
        assert one == made("a")
        one.name = "b"
        assert one == made("b")
        with pytest.raises(AttributeError):
            one.other = "b"
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)

    def test_nothing_to_hold(self, which: int) -> None:
        made = both(Empty)[which]
        assert made() == made()
        assert hash(made()) == hash(made())


def test_by_identity_where_equality_is_not_wanted() -> None:
    @frozen(eq=False)
    class One:
        """Compared by identity."""

        name: str

    one = One("a")
    assert one == one
    assert one != One("a")
    assert len({one, One("a")}) == 2

    @mutable(eq=False)
    class Other:
        """As well."""

        name: str

    assert Other("a") != Other("a")


def test_names_alone() -> None:
    @frozen(kw_only=True)
    class One:
        """Given by name alone."""

        name: str
        size: int = 1

    assert One(name="a") == One(size=1, name="a")
    with pytest.raises(TypeError):
        One("a")  # type: ignore[call-arg]


def test_fields_of_a_parent_come_first_and_own_methods_stay() -> None:
    @frozen
    class Parent:
        """One field."""

        name: str

    @frozen
    class Child(Parent):
        """Another field, and what it says of itself."""

        size: int = 2

        def __repr__(self) -> str:
            return "a child"

        def __post_init__(self) -> None:
            assert self.size > 0, "a child has a size"

    assert (Child("a").name, Child("a", 3).size, repr(Child("a"))) == ("a", 3, "a child")
    assert Child("a") != Parent("a")
    with pytest.raises(AssertionError, match="a child has a size"):
        Child("a", 0)
