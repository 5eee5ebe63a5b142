"""Where a request says its version: the tests of Envoy's routes, and what is taken off before a service sees it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from compiler.backends.envoy.types import LUA, Data
from compiler.paths import escape_re2
from compiler.plan import Rule, VersionKey, VersionTest


def asked(test: VersionTest, key: VersionKey) -> Iterator[tuple[Data, bool]]:
    """The parts of a route's ``match`` for a version, each with whether it is for requests that name none.

    Where a version may stand in several places of a text, its absence takes a route of its own.
    """
    if key.source in ("header", "host"):
        yield {"headers": [_as_a_whole(test, key)]}, not test.labels
        return
    if test.labels:
        yield _named(test, key), False
    if test.absent:
        yield {"headers": [_not_named(test.contracts, key)]}, True


@lru_cache(4096)
def _as_a_whole(test: VersionTest, key: VersionKey) -> Data:
    """A header that is the version, or a host that begins with it."""
    labels = _any_of(test.labels)
    if key.source == "host":
        pattern = f"v({labels})\\." if labels else ""
        if test.absent:
            pattern = f"({pattern})?" if pattern else ""
        return _header(":authority", _regex(f"(?i){pattern}({_any_of(key.hosts)})(:[0-9]+)?"))
    pattern = f"v?({labels})" if labels else ""
    if test.absent:
        pattern = f"({pattern})?" if pattern else ""
    matcher = _header(key.name or "", _regex(pattern) if pattern else {"exact": ""})
    if test.absent:
        matcher["treat_missing_header_as_empty"] = True
    return matcher


@lru_cache(4096)
def _named(test: VersionTest, key: VersionKey) -> Data:
    labels = f"v?({_any_of(test.labels)})"
    if key.source == "query":
        return {"query_parameters": [{"name": key.name, "string_match": _regex(labels)}]}
    contracts = _any_of(test.contracts)
    types = rf"(?i)(.*,)?\s*application/vnd\.({contracts})\.{labels}\+json\s*([;,].*)?"
    return {"headers": [_header("accept", _regex(types))]}


@lru_cache(4096)
def _not_named(contracts: tuple[str, ...], key: VersionKey) -> Data:
    if key.source == "query":
        matcher = _header(":path", _regex(rf"[^?]*\?(.*&)?{escape_re2(key.name or '')}=[^&].*"))
    else:
        vendor = rf"(?i)(.*,)?\s*application/vnd\.({_any_of(contracts)})\..*"
        matcher = _header("accept", _regex(vendor))
    return {**matcher, "invert_match": True, "treat_missing_header_as_empty": True}


def _any_of(texts: tuple[str, ...]) -> str:
    return "|".join(escape_re2(text) for text in texts)


def _header(name: str, test: Data) -> Data:
    return {"name": name, "string_match": test}


def _regex(pattern: str) -> Data:
    return {"safe_regex": {"regex": pattern}}


_TAKE_OFF = """\
local name = "{name}"
function envoy_on_request(request)
  local path = request:headers():get(":path")
  local mark = path and string.find(path, "?", 1, true)
  if not mark or not string.find(path, name, mark, true) then
    return
  end
  local kept = {{}}
  for piece in string.gmatch(string.sub(path, mark + 1) .. "&", "([^&]*)&") do
    if piece ~= name and string.sub(piece, 1, #name + 1) ~= name .. "=" then
      kept[#kept + 1] = piece
    end
  end
  local query = table.concat(kept, "&")
  request:headers():replace(":path", string.sub(path, 1, mark - 1) .. (query ~= "" and "?" .. query or ""))
end
"""


def taken_off(key: VersionKey) -> list[Data]:
    """The filter that takes the version's parameter off the query and leaves all else as it was sent.

    Envoy's own mutation of query parameters decodes the others' percent-encoding and sorts them, so that ``%26`` would
    reach the service as a separator.
    """
    if key.source != "query":
        return []
    code = {"inline_string": _TAKE_OFF.format(name=key.name)}
    config = {"@type": LUA, "default_source_code": code, "clear_route_cache": False}
    return [{"name": "envoy.filters.http.lua", "typed_config": config}]


def varies_by(key: VersionKey) -> str | None:
    """The request header that decides which version answers."""
    return key.name if key.source == "header" else "accept" if key.source == "media_type" else None


def unasked_name(rule: Rule) -> str:
    """The name of the route for requests that name no version, where those have one of their own."""
    return f"{rule.name} unasked"


def route_names(rule: Rule, key: VersionKey) -> list[str]:
    """The names of the routes that a rule becomes."""
    if rule.version is None or key.source == "path":
        return [rule.name]
    unasked = [unasked for _, unasked in asked(rule.version, key)]
    alone = len(unasked) == 1
    return list(dict.fromkeys(unasked_name(rule) if one and not alone else rule.name for one in unasked))
