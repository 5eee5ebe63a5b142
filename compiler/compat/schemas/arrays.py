"""Lists: what holds of their items and numbers, and some of what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from compiler.compat.schemas.keywords import Atom
from compiler.compat.schemas.views import View

if TYPE_CHECKING:
    from compiler.compat.schemas.engine import Search

_LONG = 64


def arrays(search: Search, holding: Sequence[Atom], failing: Sequence[Atom]) -> list[Any] | None:
    """Some lists for which keywords hold and others do not; None where there surely is none."""
    low = max([int(a.value) for a in holding if a.keyword == "minItems"], default=0)
    high = min([int(a.value) for a in holding if a.keyword == "maxItems"], default=None)
    unique = any(a.keyword == "uniqueItems" and a.value for a in holding)
    for atom in failing:
        if atom.keyword == "minItems":
            high = _least(high, int(atom.value) - 1)
        elif atom.keyword == "maxItems":
            low = max(low, int(atom.value) + 1)
    known = [a.view for a in holding if a.keyword in ("items", "prefixItems")]
    places = 1 + max([len(_prefix(v)) for v in [*known, *(a.view for a in failing)]], default=0)
    found: list[Any] = []
    for index in range(places):  # where an item cannot be, a list ends
        if (high is None or index < high) and search.some(at(known, index), ()) is None:
            high = _least(high, index)
            break
    for atom in holding:  # as many as are asked for must be possible
        if atom.keyword == "contains" and _least_fitting(atom) > 0:
            low = max(low, _least_fitting(atom))
            last = places if high is None else min(places, high)
            if all(search.some([*at(known, n), atom.view.at("contains")], ()) is None for n in range(last)):
                return None
    if high is not None and low > high:
        return None
    for atom in failing:
        candidates = _against(search, atom, holding, known, places, low, high, unique=unique)
        if candidates is None:
            return None
        found += candidates
    return [*_filled(search, known, holding, found, high), *_plain(search, known, holding, low, high)]


def at(views: Sequence[View], index: int) -> list[View]:
    """What schemas ask of the item at an index."""
    found = []
    for view in views:
        prefix = _prefix(view)
        if index < len(prefix):
            found.append(view.at("prefixItems", index))
        elif "items" in view.node.value:
            found.append(view.at("items"))
    return list({view.key: view for view in found}.values())


def _filled(
    search: Search, known: Sequence[View], holding: Sequence[Atom], found: Sequence[list[Any]], high: int | None
) -> list[Any]:
    """Lists with what else they must contain behind them."""
    more: list[Any] = []
    for atom in holding:
        if atom.keyword == "contains":
            some = search.some([*at(known, _LONG), atom.view.at("contains")], ()) or []
            more += some[:1] * min(_least_fitting(atom), _LONG)
    return [one for one in (*found, *([*one, *more] for one in found if more)) if high is None or len(one) <= high]


def _against(
    search: Search,
    atom: Atom,
    holding: Sequence[Atom],
    known: Sequence[View],
    places: int,
    low: int,
    high: int | None,
    *,
    unique: bool,
) -> list[Any] | None:
    """Lists for which one keyword does not hold; None where it surely does of all."""
    key, view = atom.keyword, atom.view
    if key in ("minItems", "maxItems"):
        return []
    if key in ("items", "prefixItems"):
        first = len(_prefix(view))
        indexes = range(first, max(places, first + 1)) if key == "items" else range(first)
        return _with_item(search, known, view, key, [n for n in indexes if high is None or n < high], low)
    if key == "uniqueItems":
        if not atom.value or unique or (high is not None and high < 2):
            return None
        some = search.some(at(known, places), ()) or []
        return [[value] * max(2, low) for value in some[:2] if max(2, low) <= _LONG]
    if key == "contains":
        return _contains(search, atom, holding, known, places, low, high)
    return []


def _with_item(
    search: Search, known: Sequence[View], view: View, key: str, indexes: Sequence[int], low: int
) -> list[Any] | None:
    """Lists that hold, at one of some indexes, an item that a schema refuses."""
    found: list[Any] = []
    empty = True
    for index in indexes:
        refused = view.at("items") if key == "items" else view.at("prefixItems", index)
        bad = search.some(at(known, index), [refused])
        if bad is None:
            continue
        empty = False
        rest = [search.some(at(known, n), ()) or [] for n in range(min(max(low, index + 1), _LONG))]
        for value in bad[:3]:
            made = [value if n == index else (options[0] if options else None) for n, options in enumerate(rest)]
            found.append(made)
    return None if empty else found


def _contains(
    search: Search, atom: Atom, holding: Sequence[Atom], known: Sequence[View], places: int, low: int, high: int | None
) -> list[Any] | None:
    """Lists with too few items that fit, or too many."""
    inner = atom.view.at("contains")
    least, most = _least_fitting(atom), atom.view.node.value.get("maxContains")
    found: list[Any] = []
    if least > 0:
        others = [search.some(at(known, n), [inner]) for n in range(min(low, places))]
        fitting = sum(options is None for options in others)
        if low > places and others and others[-1] is None:
            fitting += low - places  # what stands behind is like the last
        if least > fitting and not _as_many(search, atom, holding, least):
            made = [options[0] if options else None for options in others]
            found.append(made + made[-1:] * max(0, min(low, _LONG) - len(made)))
    if most is not None and (high is None or high > most) and not _as_few(search, atom, holding, int(most)):
        spots = [search.some([*at(known, n), inner], ()) for n in range(places)]
        if any(options is not None for options in spots):
            found += [[value] * min(int(most) + 1, _LONG) for options in spots for value in (options or ())[:2]]
            found.append([])
    return found or None


def _as_many(search: Search, atom: Atom, holding: Sequence[Atom], least: int) -> bool:
    """Whether something else asks for as many items that all fit."""
    return any(
        other.keyword == "contains"
        and _least_fitting(other) >= least
        and search.some([other.view.at("contains")], [atom.view.at("contains")]) is None
        for other in holding
    )


def _as_few(search: Search, atom: Atom, holding: Sequence[Atom], most: int) -> bool:
    """Whether something else asks for no more items, among which all that fit here are."""
    return any(
        other.keyword == "contains"
        and other.view.node.value.get("maxContains", most + 1) <= most
        and search.some([atom.view.at("contains")], [other.view.at("contains")]) is None
        for other in holding
    )


def _least_fitting(atom: Atom) -> int:
    return int(atom.view.node.value.get("minContains", 1))


def _plain(search: Search, known: Sequence[View], holding: Sequence[Atom], low: int, high: int | None) -> list[Any]:
    """Lists without anything special about them."""
    found: list[Any] = []
    for size in dict.fromkeys((low, low + 1)):
        if (high is not None and size > high) or size > _LONG:
            continue
        options = [search.some(at(known, n), ()) or [] for n in range(size)]
        if all(options):
            found.append([one[n % len(one)] for n, one in enumerate(options)])
    for atom in holding:
        if atom.keyword == "contains":
            some = search.some([*at(known, 0), atom.view.at("contains")], ()) or []
            found += [[value] * max(1, min(low, _LONG)) for value in some[:2]]
    return found


def _prefix(view: View) -> Sequence[Any]:
    found = view.node.value.get("prefixItems", ())
    return found if isinstance(found, list) else ()


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)
