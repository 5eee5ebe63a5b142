"""Fields of the plan that are compared by code: headers, and the services and endpoints that get requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from compiler.diff.entries import Found, Kind
from compiler.diff.judging import BREAKING, RISKY, SAFE, WEAKER, Verdict, plain
from compiler.plan import Endpoint, HeaderChanges, Target

HEADER_KINDS = (
    Kind("header-changed", "A header that is set, or taken off."),
    Kind("deprecation-changed", "Since when clients are told that a version is deprecated."),
    Kind("sunset-changed", "Until when clients are told that a version lives."),
)
SERVICE_KINDS = (
    Kind("services-changed", "Which services answer."),
    Kind("weights-changed", "How requests are shared among services or endpoints."),
)
ENDPOINT_KINDS = (Kind("endpoints-changed", "Where a service is reached."), SERVICE_KINDS[1])

OF_VERSION = ("versions",)
"""Where a found change comes from the dates of the contract's version, and not from what the field comes from."""
_REMOVED = object()


def changed_headers(direction: str, old: HeaderChanges, new: HeaderChanges) -> Iterator[Found]:
    """A change for each header; the headers that tell of a version's end are judged by their dates."""
    before, after = _by_name(old), _by_name(new)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if direction == "response" and name in ("deprecation", "sunset") and _REMOVED not in (was, now):
            dates = [None if value is None else _date(str(value)) for value in (was, now)]
            rule = f"{name}-changed"
            words = "deprecated since" if name == "deprecation" else "lives until"
            verdict = _earlier(*dates) if name == "sunset" else SAFE
            yield Found(rule, verdict, f"{words}: {plain(dates[0])} -> {plain(dates[1])}", OF_VERSION)
            continue
        removed = now is _REMOVED or (was is _REMOVED and now is None)
        at = ("remove",) if removed else ("set", name)
        verdict, said = _header(direction, was, now)
        if 'rel="successor-version"' in f"{was} {now}":
            verdict, at = SAFE, OF_VERSION
        yield Found("header-changed", verdict, f"{direction} header {name}: {said}", at)


def _by_name(changes: HeaderChanges) -> dict[str, object]:
    return {**dict.fromkeys(changes.remove, _REMOVED), **dict(changes.set)}


def _header(direction: str, was: object, now: object) -> tuple[Verdict, str]:
    """Of clients' own headers, what is no longer replaced or removed reaches services as clients write it."""
    if now is None:
        verdict = WEAKER if direction == "request" or was is _REMOVED else RISKY
        return verdict, "no longer removed" if was is _REMOVED else f"no longer set to {plain(was)}"
    if now is _REMOVED:
        return RISKY, "removed" if was is None else f"removed, and was set to {plain(was)}"
    if was is None:
        return (SAFE if direction == "response" else RISKY), f"set to {plain(now)}"
    return RISKY, f"{'removed' if was is _REMOVED else plain(was)} -> {plain(now)}"


def _date(value: str) -> date | str:
    """The day of ``@<seconds>`` (RFC 9745) or of an HTTP date (RFC 8594); the text where it is neither."""
    try:
        if value.startswith("@"):
            return datetime.fromtimestamp(int(value[1:]), UTC).date()
        return parsedate_to_datetime(value).date()
    except (ValueError, OverflowError, OSError):
        return value


def _earlier(was: date | str | None, now: date | str | None) -> Verdict:
    """An end is news that may break those who cannot move in time; an earlier one breaks a promise."""
    if now is None:
        return SAFE
    if was is None:
        return RISKY
    if isinstance(was, date) and isinstance(now, date):
        return BREAKING if now < was else SAFE
    return RISKY


def changed_targets(old: Sequence[Target], new: Sequence[Target]) -> Iterator[Found]:
    """Which services answer, and how requests are shared among them."""
    before, after = _shares(old), _shares(new)
    if before.keys() != after.keys():
        came = sorted(after.keys() - before.keys())
        said = f"services: {_shared(old)} -> {_shared(new)}"
        yield Found(
            "services-changed", RISKY if came else SAFE, said, ("services", *(came or sorted(after or before))[:1])
        )
    elif before != after:
        at = ("services", next(name for name in sorted(after) if before[name] != after[name]), "weight")
        yield Found("weights-changed", SAFE, f"shares of services: {_shared(old)} -> {_shared(new)}", at)


def _shares(targets: Sequence[Target]) -> dict[str, float]:
    whole = sum(target.weight for target in targets) or 1
    return {target.cluster: target.weight / whole for target in targets}


def _shared(targets: Sequence[Target]) -> str:
    if len(targets) == 1:
        return targets[0].cluster
    shown = sorted((target.cluster, target.weight) for target in targets)
    return ", ".join(f"{name} ({weight})" for name, weight in shown) or "none"


def changed_endpoints(old: Sequence[Endpoint], new: Sequence[Endpoint]) -> Iterator[Found]:
    """Where a service is reached. Without weights all endpoints get the same."""
    before, after = _weights(old), _weights(new)
    gone = [name for name in before if name not in after]
    came = [name for name in after if name not in before]
    if gone or came:
        said = [f"without {plain(gone)}"] if gone else []
        said += [f"now with {plain(came)}"] if came else []
        yield Found("endpoints-changed", RISKY if gone else SAFE, f"endpoints: {', '.join(said)}")
    moved = [name for name in before if name in after and before[name] != after[name]]
    if moved:
        said = [f"{name} {before[name]} -> {after[name]}" for name in moved]
        yield Found("weights-changed", SAFE, f"weights of endpoints: {', '.join(said)}")


def _weights(endpoints: Sequence[Endpoint]) -> dict[str, int]:
    shown = ((f"[{e.host}]" if ":" in e.host else e.host, e) for e in endpoints)
    return {f"{host}:{e.port}": 1 if e.weight is None else e.weight for host, e in shown}
