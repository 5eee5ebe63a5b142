"""Who waits for whom, and how long the worst case takes."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.model.aggregators import Step

BACK_OFF = 25
"""Milliseconds before the first retry of a step; before each further one it is twice as long, up to MOST_BACK_OFF."""
MOST_BACK_OFF = 250


def circle(waits: Mapping[str, frozenset[str]]) -> list[str] | None:
    """Names that wait for each other, each for the next one and the last for the first; None where there are none."""
    done: set[str] = set()
    for start in waits:
        path: list[str] = []
        here: str | None = start
        stack = [(start, iter(sorted(waits[start])))] if start not in done else []
        while stack:
            here, rest = stack[-1]
            if here not in path:
                path.append(here)
            following = next((name for name in rest if name in waits and name not in done), None)
            if following is None:
                done.add(here)
                path.pop()
                stack.pop()
            elif following in path:
                return path[path.index(following) :]
            else:
                stack.append((following, iter(sorted(waits[following]))))
    return None


def in_order(waits: Mapping[str, frozenset[str]]) -> list[str]:
    """Each name behind all that it waits for, otherwise in the order in which they are given. There is no circle."""
    ordered: list[str] = []
    left = list(waits)
    while left:
        ready = next(name for name in left if not (waits[name] & set(left)))
        ordered.append(ready)
        left.remove(ready)
    return ordered


def rounds(step: Step) -> int:
    """How many times a step calls one after the other, at most: for each element, so many at a time."""
    if step.for_each is None or step.max is None:
        return 1
    return -(-step.max // min(step.concurrency or step.max, step.max))


def worst_case(step: Step) -> int:
    """Milliseconds until a step has surely ended: each try in each round, and the waiting between tries."""
    retries = step.retry.attempts if step.retry is not None else 0
    waiting = sum(min(BACK_OFF << n, MOST_BACK_OFF) for n in range(retries))
    return rounds(step) * (step.timeout * (retries + 1) + waiting)


def critical_path(steps: Mapping[str, Step], waits: Mapping[str, frozenset[str]]) -> tuple[int, list[str]]:
    """The longest worst case in milliseconds, and the steps that it goes through. There is no circle."""
    ends: dict[str, tuple[int, list[str]]] = {}
    for name in in_order(waits):
        before = max((ends[other] for other in sorted(waits[name])), key=lambda end: end[0], default=(0, []))
        ends[name] = (before[0] + worst_case(steps[name]), [*before[1], name])
    return max(ends.values(), key=lambda end: end[0], default=(0, []))
