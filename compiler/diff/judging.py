"""How a change of one value is judged, and how the value is shown. The table is made of these."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compiler.compat.changes import LEVELS, Level
from compiler.model.kinds import duration_text
from compiler.records import frozen


@frozen
class Verdict:
    """How bad a change is, and whether it weakens a protection."""

    level: Level
    weakened: bool = False


Judge = Callable[[Any, Any], Verdict | None]
"""A judge sees two values that are not written alike; None says that they come to the same."""
Show = Callable[[Any], str]

BREAKING, RISKY, SAFE = Verdict("breaking"), Verdict("risky"), Verdict("safe")
WEAKER = Verdict("risky", weakened=True)
"""Weakened protection breaks nobody, and is never safe."""
BROKEN_AND_WEAKER = Verdict("breaking", weakened=True)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """All of several verdicts in one."""
    found = list(verdicts)
    level = next((level for level in LEVELS if any(one.level == level for one in found)), LEVELS[-1])
    return Verdict(level, any(one.weakened for one in found))


def always(verdict: Verdict) -> Judge:
    """Whatever the values are."""
    return lambda old, new: verdict


def number(less: Verdict, more: Verdict, *, unbounded: bool = True) -> Judge:
    """By direction; ``unbounded`` says that None stands for no bound, and else it is none at all."""

    def judge(old: Any, new: Any) -> Verdict:
        absent = float("inf") if unbounded else float("-inf")
        before, after = (absent if one is None else one for one in (old, new))
        return less if after < before else more

    return judge


def switch(off: Verdict, on: Verdict) -> Judge:
    """Of yes and no, or of something that is there or None."""
    return lambda old, new: on if new else off


def members(lost: Verdict, won: Verdict) -> Judge:
    """Of collections whose order has no meaning."""

    def judge(old: Sequence[Any], new: Sequence[Any]) -> Verdict:
        verdicts = [lost] if set(old) - set(new) else []
        return worst([*verdicts, won] if set(new) - set(old) else verdicts)

    return judge


def optional(came: Verdict, gone: Verdict, both: Verdict) -> Judge:
    """Of something that may be None on one side."""

    def judge(old: Any, new: Any) -> Verdict:
        if old is None:
            return came
        return gone if new is None else both

    return judge


def let_in(old: Sequence[str] | None, new: Sequence[str] | None) -> Verdict | None:
    """Of the networks whose clients are let in; None lets in all."""
    widened = not _within(new, old)
    narrowed = not _within(old, new)
    return _either(widened, narrowed)


def kept_out(old: Sequence[str], new: Sequence[str]) -> Verdict | None:
    """Of the networks whose clients are turned away."""
    return _either(not _within(old, new), not _within(new, old))


def _either(weaker: bool, breaking: bool) -> Verdict | None:
    if weaker and breaking:
        return BROKEN_AND_WEAKER
    return WEAKER if weaker else BREAKING if breaking else None


def _within(inner: Sequence[str] | None, outer: Sequence[str] | None) -> bool:
    """Whether each address of some networks is one of others."""
    if outer is None or inner is None:
        return outer is None
    covers = (
        list(ipaddress.collapse_addresses(_networks(outer, 4))),
        list(ipaddress.collapse_addresses(_networks(outer, 6))),
    )
    return all(
        any(network.subnet_of(other) for other in covers[version == 6])
        for version in (4, 6)
        for network in _networks(inner, version)
    )


def _networks(texts: Sequence[str], version: int) -> list[Any]:
    return [one for one in map(ipaddress.ip_network, texts) if one.version == version]


def served_hosts(old: Sequence[str], new: Sequence[str]) -> Verdict:
    """Of names in Host, where ``*.suffix`` and ``*`` stand for many."""
    lost = [host for host in old if not any(_host_covers(other, host) for other in new)]
    return BREAKING if lost else SAFE


def _host_covers(pattern: str, host: str) -> bool:
    if pattern in ("*", host):
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[1:]


# How values are shown.


def plain(value: Any) -> str:
    """A value as the project would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(plain, value)) or "none"
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def duration(value: int | None) -> str:
    """Milliseconds."""
    return "none" if value is None else duration_text(value)


def size(value: int | None) -> str:
    """Bytes."""
    if value is None:
        return "none"
    for unit, bytes_ in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value and value % bytes_ == 0:
            return f"{value // bytes_}{unit}"
    return f"{value}B"


def percent(per_million: int | None) -> str:
    """Millionths as a percentage."""
    return "none" if per_million is None else f"{per_million / 10_000:g}%"


def seconds(value: int) -> str:
    """Seconds."""
    return duration_text(value * 1000)


def secret(value: Any) -> str:
    """A reference to a secret: never what it leads to, which nobody here knows."""
    return "none" if value is None else f"{value.kind} {value.value}"
