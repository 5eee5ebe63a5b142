"""Sets of numbers: an interval of multiples, without some of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import field
from fractions import Fraction
from typing import Any

from compiler.records import mutable

_FEW = 400


def exact(value: Any) -> Fraction:
    """A JSON number as it was written: ``0.1`` is a tenth."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


@mutable
class Numbers:
    """Whole numbers, or those that are not whole. Bounds are None where there is none; the flags say "without it"."""

    whole: bool
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    steps: list[Fraction] = field(default_factory=list)
    not_steps: list[Fraction] = field(default_factory=list)
    excluded: set[Fraction] = field(default_factory=set)

    def at_least(self, bound: Fraction, *, without: bool) -> None:
        """Take off what is below a bound."""
        if self.low is None or bound > self.low:
            self.low, self.low_open = bound, without
        elif bound == self.low:
            self.low_open = self.low_open or without

    def at_most(self, bound: Fraction, *, without: bool) -> None:
        """Take off what is above a bound."""
        if self.high is None or bound < self.high:
            self.high, self.high_open = bound, without
        elif bound == self.high:
            self.high_open = self.high_open or without

    def holds(self, number: Fraction) -> bool:
        """Whether a number is one of them."""
        return (
            (number.denominator == 1) == self.whole
            and (self.low is None or number > self.low or (number == self.low and not self.low_open))
            and (self.high is None or number < self.high or (number == self.high and not self.high_open))
            and all((number / step).denominator == 1 for step in self.steps)
            and all((number / step).denominator != 1 for step in self.not_steps)
            and number not in self.excluded
        )

    def is_empty(self) -> bool:
        """Whether there surely is none."""
        if self.low is not None and self.high is not None:
            if self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)):
                return True
            if self.low == self.high:
                return not self.holds(self.low)
        step = self._step()
        if step is None:
            return False  # not whole, and no multiples of anything: an interval has many
        if not self.whole and step.denominator == 1:
            return True
        if any((step / other).denominator == 1 for other in self.not_steps):
            return True
        if self.low is None or self.high is None:
            return False
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        if last - first > _FEW:
            return False
        return not any(self.holds(number * step) for number in range(first, last + 1))

    def _step(self) -> Fraction | None:
        steps = [*self.steps, Fraction(1)] if self.whole else self.steps
        found: Fraction | None = None
        for step in steps:
            if step == 0:
                continue
            found = step if found is None else _common(found, step)
        return found

    def some(self) -> Iterator[Any]:
        """A few of them, as JSON numbers."""
        step = self._step() or Fraction(1, 2)
        anchors: Iterable[Fraction | None] = (self.low, self.high, Fraction(0))
        near = [step * (math.floor(a / step) + n) for a in anchors if a is not None for n in (0, 1, -1, 2, -2, 3, -3)]
        between: list[Fraction] = []
        if self.low is not None and self.high is not None:
            between.append((self.low + self.high) / 2)
        if not self.whole:
            near += [a + n for a in anchors if a is not None for n in (Fraction(1, 2), Fraction(-1, 2), Fraction(1, 8))]
        for number in dict.fromkeys([*near, *between]):
            if self.holds(number):
                yield plain(number)


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least common multiple."""
    one, other = abs(one), abs(other)
    return Fraction(math.lcm(one.numerator * other.denominator, other.numerator * one.denominator)) / (
        one.denominator * other.denominator
    )


def plain(number: Fraction) -> Any:
    """A number as JSON has it."""
    return number.numerator if number.denominator == 1 else float(number)
