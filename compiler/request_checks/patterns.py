"""Patterns as deterministic automata, so that no text takes longer than its length."""

from __future__ import annotations

from bisect import bisect_right

from compiler.compat.schemas.languages import Language, language
from compiler.requested import Automaton

_MOST_STATES = 1_000
_MOST_CELLS = 100_000
_LAST = 0x10FFFF


def automaton(pattern: str) -> Automaton | None:
    """The automaton that finds a pattern anywhere in a text; None where it cannot be read or would be too large."""
    found = language(pattern)
    if found is None:
        return None
    starts, classes, samples = _kinds(found)
    first = found.closed({0}, at_start=True, at_end=False)
    numbers: dict[tuple[frozenset[int], bool], int] = {(first, True): 0}
    waiting = [(first, True)]
    steps: dict[int, tuple[int, ...]] = {}
    good: set[int] = set()
    while waiting:
        state = waiting.pop()
        number = numbers[state]
        inside, at_start = state
        if found.final in found.closed(inside, at_start=at_start, at_end=True):
            good.add(number)
        row: list[int] = []
        for code in samples:
            after = (found.after(inside, code), False)
            if not after[0]:
                row.append(-1)
                continue
            if after not in numbers:
                if len(numbers) >= _MOST_STATES or len(numbers) * len(samples) > _MOST_CELLS:
                    return None
                numbers[after] = len(numbers)
                waiting.append(after)
            row.append(numbers[after])
        steps[number] = tuple(row)
    rows = [steps[n] for n in range(len(numbers))]
    return _smallest(starts, classes, _without_lost(rows, good), good)


def _kinds(found: Language) -> tuple[tuple[int, ...], tuple[int, ...], list[int]]:
    """Where classes of characters begin, which class it is, and a character of each."""
    starts = sorted({0, *(bound for bound in found.bounds() if bound <= _LAST)})
    ranges = [edge for edges in found.edges for edge, _ in edges if isinstance(edge, tuple)]
    samples: list[int] = []
    by_signature: dict[tuple[bool, ...], int] = {}
    classes: list[int] = []
    for code in starts:
        signature = tuple(any(low <= code <= high for low, high in edge) for edge in ranges)
        if signature not in by_signature:
            by_signature[signature] = len(samples)
            samples.append(code)
        classes.append(by_signature[signature])
    return tuple(starts), tuple(classes), samples


def _without_lost(steps: list[tuple[int, ...]], good: set[int]) -> list[tuple[int, ...]]:
    """The steps, of which those to where nothing good can follow are -1."""
    before: dict[int, set[int]] = {}
    for state, row in enumerate(steps):
        for after in row:
            before.setdefault(after, set()).add(state)
    hopeful, waiting = set(good), list(good)
    while waiting:
        new = before.get(waiting.pop(), set()) - hopeful
        hopeful |= new
        waiting += new
    return [tuple(after if after in hopeful else -1 for after in row) for row in steps]


def _smallest(
    starts: tuple[int, ...], classes: tuple[int, ...], steps: list[tuple[int, ...]], good: set[int]
) -> Automaton:
    """States that cannot be told apart become one (Moore's algorithm); they are numbered as they are reached."""
    group = [int(state in good) for state in range(len(steps))]
    while True:
        seen: dict[tuple[int, tuple[int, ...]], int] = {}
        refined = [
            seen.setdefault((group[s], tuple(-1 if t < 0 else group[t] for t in row)), len(seen))
            for s, row in enumerate(steps)
        ]
        if len(seen) == len(set(group)):
            break
        group = refined
    order: list[int] = []
    numbers: dict[int, int] = {}
    waiting = [0]
    while waiting:
        state = waiting.pop(0)
        if group[state] in numbers:
            continue
        numbers[group[state]] = len(order)
        order.append(state)
        waiting += [t for t in steps[state] if t >= 0]
    return Automaton(
        starts,
        classes,
        tuple(tuple(-1 if t < 0 else numbers[group[t]] for t in steps[state]) for state in order),
        frozenset(numbers[group[state]] for state in order if state in good),
    )


def accepts(made: Automaton, text: str) -> bool:
    """Whether a text has the pattern, as whoever runs the automaton finds out."""
    state = 0
    for letter in text:
        state = made.steps[state][made.classes[bisect_right(made.starts, ord(letter)) - 1]]
        if state < 0:
            return False
    return state in made.good
