"""Objects: what holds of their properties, names and numbers, and some of what does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from compiler.compat.schemas.keywords import Atom
from compiler.compat.schemas.views import View
from compiler.contracts.fits import matches
from compiler.contracts.patterns import candidates as texts_of
from compiler.records import mutable

if TYPE_CHECKING:
    from compiler.compat.schemas.engine import Search

_OPEN = ("additionalProperties", "patternProperties", "unevaluatedProperties")
_FRESH = "other"


@mutable
class _Known:
    """What holds of an object: schemas with properties, and what they come to."""

    search: Search
    views: list[View]
    """Whose ``properties`` and companions hold."""
    sending: list[View]
    """All schemas of a sender that hold, whatever they say."""
    names: list[View]
    """Schemas that names satisfy."""
    required: list[str]
    low: int
    high: int | None
    dependent: list[Mapping[str, Sequence[str]]]

    def closed(self) -> set[str] | None:
        """The names that a sender declares, where it sends no other; None where it may."""
        if not self.sending or any(key in view.node.value for view in self.sending for key in _OPEN):
            return None
        if not any("properties" in view.node.value for view in self.sending):
            return None
        declared = {name for view in self.sending for name in view.node.value.get("properties", ())}
        return declared | set(self.required)

    def at(self, name: str) -> list[View] | None:
        """What is asked of a property by this name; None where there can be none."""
        closed = self.closed()
        if closed is not None and name not in closed:
            return None
        found: list[View] = []
        for view in self.views:
            for part in parts(view, name):
                if part.stays(part):
                    if part.sender:
                        return None  # it is not sent
                    continue  # whoever gets it does not look
                if part.node.value is False:
                    return None
                found.append(part)
        for names in self.names:
            if names.accepts(name) is False:
                return None
        return found

    def value(self, name: str, against: Sequence[View] = ()) -> list[Any] | None:
        """Values of a property by this name, that some schemas refuse; None where there can be none."""
        asked = self.at(name)
        if asked is None:
            return None
        return self.search.some(list({view.key: view for view in asked}.values()), against)

    def object(self, given: dict[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
        """An object with these properties, and as many others as are asked for."""
        made = dict(given)
        left_out = set(without)
        wanted = list(self.required)
        for name in [*wanted, *made]:  # and what these bring with them
            wanted += [other for needed in self.dependent for other in needed.get(name, ()) if other not in wanted]
        for name in wanted:
            if name not in made and name not in left_out:
                options = self.value(name)
                made[name] = options[0] if options else None
        fillers = [n for v in self.views for n in v.node.value.get("properties", ())]
        fillers += [f"{_FRESH}{n}" for n in range(min(self.low, 40))]
        for name in fillers:
            if len(made) >= self.low:
                break
            if name not in made and name not in left_out and (options := self.value(name)):
                made[name] = options[0]
        return made


def objects(search: Search, holding: Sequence[Atom], failing: Sequence[Atom]) -> list[Any] | None:
    """Some objects for which keywords hold and others do not; None where there surely is none."""
    known = _known(search, holding)
    against = list(failing)
    while True:
        lacking = _trigger(holding, known)
        if lacking is None:
            break
        known.required.append(lacking)
    for name in known.required:
        if known.value(name) is None:
            return None
    for atom in against:
        if atom.keyword == "minProperties":
            known.high = _least(known.high, int(atom.value) - 1)
        elif atom.keyword == "maxProperties":
            known.low = max(known.low, int(atom.value) + 1)
    closed = known.closed()
    if closed is not None and len(closed) < known.low:
        return None
    shut = _only_declared(known)
    if shut is not None and len([n for n in shut if known.value(n) is not None]) < known.low:
        return None
    if known.high is not None and (known.low > known.high or len(set(known.required)) > known.high):
        return None
    found: list[Any] = []
    for atom in against:
        candidates = _against(search, known, atom)
        if candidates is None:
            return None
        found += candidates
    return [*found, known.object({}), *_fuller(known)]


def _known(search: Search, holding: Sequence[Atom]) -> _Known:
    views = [a.view for a in holding if a.keyword == "properties"]
    sending = list({a.view.key: a.view for a in holding if a.view.sender}.values())
    required: list[str] = []
    for atom in holding:
        if atom.keyword == "required":
            required += [name for name in atom.value if not _spared(atom.view, name)]
    return _Known(
        search,
        views,
        sending,
        [a.view.at("propertyNames") for a in holding if a.keyword == "propertyNames"],
        list(dict.fromkeys(required)),
        max([int(a.value) for a in holding if a.keyword == "minProperties"], default=0),
        min([int(a.value) for a in holding if a.keyword == "maxProperties"], default=None),
        [a.value for a in holding if a.keyword == "dependentRequired"],
    )


def parts(view: View, name: str) -> list[View]:
    """The schemas that one schema has for a property."""
    schema = view.node.value
    found = []
    if name in schema.get("properties", ()):
        found.append(view.at("properties", name))
    found += [view.at("patternProperties", p) for p in schema.get("patternProperties", ()) if matches(p, name)]
    if not found and "additionalProperties" in schema:
        found.append(view.at("additionalProperties"))
    return found


def _spared(view: View, name: str) -> bool:
    return any(part.stays(part) for part in parts(view, name))


def _trigger(holding: Sequence[Atom], known: _Known) -> str | None:
    """A name that something else which is required brings with it."""
    for atom in holding:
        if atom.keyword == "dependentRequired":
            for name, needed in atom.value.items():
                if name in known.required:
                    for other in needed:
                        if other not in known.required:
                            return str(other)
    return None


def _only_declared(known: _Known) -> set[str] | None:
    """The names that there can be, where all others are refused."""
    for view in known.views:
        schema = view.node.value
        if schema.get("additionalProperties") is False and not schema.get("patternProperties"):
            return set(schema.get("properties", ()))
    return None


def _against(search: Search, known: _Known, atom: Atom) -> list[Any] | None:
    """Objects for which one keyword does not hold; None where it surely does of all."""
    key, view = atom.keyword, atom.view
    found: list[Any] = []
    if key == "required":
        lacking = [n for n in atom.value if n not in known.required and not _spared(view, n)]
        return [known.object({}, [name]) for name in lacking[:4]] or None
    if key in ("minProperties", "maxProperties"):
        return [known.object({})]
    if key == "properties":
        return _bad_property(known, view)
    if key == "propertyNames":
        return _bad_name(search, known, view.at("propertyNames"))
    if key == "dependentRequired":
        for name, needed in atom.value.items():
            values = known.value(name)
            for other in needed:
                may_lack = values is not None and other != name and other not in known.required
                if may_lack and not _brought(known, name, other):
                    found.append(known.object({name: (values or [None])[0]}, [other]))
        return found or None
    return []


def _brought(known: _Known, name: str, other: str) -> bool:
    """Whether something that holds asks for the one property where there is the other."""
    return any(other in needed.get(name, ()) for needed in known.dependent)


def _bad_property(known: _Known, view: View) -> list[Any] | None:
    """Objects with a property that a schema refuses."""
    schema = view.node.value
    explicit = dict.fromkeys(
        [
            *schema.get("properties", ()),
            *(n for v in known.views for n in v.node.value.get("properties", ())),
            *known.required,
        ]
    )
    found: list[Any] = []
    empty = True
    for name in explicit:
        for part in parts(view, name):
            if part.node.value is True or part.stays(part):
                continue
            values = known.value(name, [part])
            if values is not None:
                empty = False
                found += [known.object({name: value}) for value in values[:3]]
    for pattern in schema.get("patternProperties", ()):
        part = view.at("patternProperties", pattern)
        values = _of_pattern(known, pattern, part)
        if values is not None:
            empty = False
            names = [n for n in islice(texts_of(pattern), 3) if matches(pattern, n) and n not in explicit]
            found += [known.object({name: value}) for name in names[:2] for value in values[:2]]
    if "additionalProperties" in schema and schema["additionalProperties"] is not True:
        part = view.at("additionalProperties")
        values = _of_others(known, schema.get("patternProperties", ()), part)
        if values is not None:
            empty = False
            found += [known.object({name: value}) for name in _fresh(known, view, explicit) for value in values[:2]]
    return None if empty else found


def _of_pattern(known: _Known, pattern: str, part: View) -> list[Any] | None:
    """Values, refused by ``part``, of properties that nothing names and whose names match a pattern."""
    if known.closed() is not None:
        return None
    asked = []
    for view in known.views:
        own = view.node.value.get("patternProperties", {})
        if pattern in own:
            asked.append(view.at("patternProperties", pattern))
        elif not own and "additionalProperties" in view.node.value:
            asked.append(view.at("additionalProperties"))
    return known.search.some(list({v.key: v for v in asked}.values()), [part])


def _of_others(known: _Known, patterns: Iterable[str], part: View) -> list[Any] | None:
    """Values, refused by ``part``, of properties that nothing names and that match none of some patterns."""
    if known.closed() is not None:
        return None
    theirs = set(patterns)
    asked = [
        view.at("additionalProperties")
        for view in known.views
        if "additionalProperties" in view.node.value and set(view.node.value.get("patternProperties", ())) <= theirs
    ]
    found = known.search.some(list({v.key: v for v in asked}.values()), [part])
    if found is None:
        return None
    values = list(found)
    for view in known.views:  # names that match a pattern of what holds may have values of their own
        for pattern in view.node.value.get("patternProperties", ()):
            if pattern not in theirs:
                values += _of_pattern(known, pattern, part) or []
    return values


def _fresh(known: _Known, view: View, explicit: Iterable[str]) -> list[str]:
    """Names that nothing declares, and that match what patterns want or none of them."""
    taken = set(explicit)
    made = [_FRESH, "a", "x-other", "0"]
    for one in [*known.views]:
        for pattern in one.node.value.get("patternProperties", ()):
            made += [name for name in islice(texts_of(pattern), 2) if matches(pattern, name)]
    for names in known.names:
        some = known.search.some([names], ()) or []
        made += [name for name in some if isinstance(name, str)]
    own = view.node.value.get("patternProperties", ())
    return [n for n in dict.fromkeys(made) if n not in taken and not any(matches(p, n) for p in own)][:4]


def _bad_name(search: Search, known: _Known, names: View) -> list[Any] | None:
    """Objects with a property whose name a schema refuses."""
    closed, shut = known.closed(), _only_declared(known)
    only = closed if shut is None else shut if closed is None else closed & shut
    if only is not None:
        bad = [name for name in sorted(only) if names.accepts(name) is not True and known.value(name) is not None]
        return [known.object({name: (known.value(name) or [None])[0]}) for name in bad[:4]] or None
    if known.high == 0:
        return None
    text = _texts_only(search, known.names, names)
    if text is None:
        return None
    declared = [n for v in known.views for n in v.node.value.get("properties", ()) if names.accepts(n) is False]
    return [known.object({name: (known.value(name) or [None])[0]}) for name in [*text, *declared][:6]]


def _texts_only(search: Search, holding: Sequence[View], failing: View) -> list[str] | None:
    found: list[str] = []
    empty = True
    for branch in search.opened(holding, "string"):
        some = search.in_branch(branch.atoms, [*branch.failing, failing], "string")
        if some is not None:
            empty = False
            found += [text for text in some if isinstance(text, str)]
    return None if empty else found


def _fuller(known: _Known) -> list[Any]:
    """An object with all that is declared."""
    names = dict.fromkeys(n for v in known.views for n in v.node.value.get("properties", ()))
    made = {n: options[0] for n in islice(names, 40) if (options := known.value(n))}
    full = known.object(made)
    if known.high is not None:
        for name in [n for n in reversed(full) if n not in known.required][: max(0, len(full) - known.high)]:
            del full[name]
    return [full]


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)
