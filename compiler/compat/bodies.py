"""Parameters, bodies, answers and headers of two operations.

``called`` turns everything round: in a webhook or callback the API calls, and its clients answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.compat.naming import shown
from compiler.compat.pairs import Comparing, Flow, Pair
from compiler.compat.walking import schema_pair
from compiler.contracts.openapi import children
from compiler.contracts.refs import Node

_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_IGNORED = frozenset(("accept", "content-type", "authorization"))
Parameters = dict[tuple[str, str], Node]


def compare_parameters(
    comparing: Comparing, pair: Pair, base: Parameters, revision: Parameters, places: tuple[Node, Node], back: bool
) -> None:
    """Compare parameters by name and place; path parameters are keyed by their position."""
    flow: Flow = "response" if back else "request"
    for key in dict.fromkeys((*base, *revision)):
        old, new = base.get(key), revision.get(key)
        if key[0] == "header" and key[1] in _IGNORED:
            continue
        if old is not None and new is not None:
            if not comparing.same.of(old, new):
                found = comparing.pair(("parameter", flow, id(old.value), id(new.value)), _parameter, old, new, back)
                pair.below.append(found)
        elif new is not None:
            _parameter_came(pair, new, places[0], back)
        elif old is not None:
            _parameter_gone(pair, old, places[1], back)


def _who(parameter: Node) -> str:
    return f"the {parameter.value['in']} parameter {shown(parameter.value['name'])}"


def _parameter_came(pair: Pair, new: Node, beside: Node, back: bool) -> None:
    if back:
        pair.add("webhook-parameter-added", "response", beside, new, f"the call bears {_who(new)}")
    elif new.value.get("required") is True:
        pair.add("parameter-required-added", "request", beside, new, f"clients must send {_who(new)}, which is new")
    else:
        pair.add("parameter-added", "request", beside, new, f"clients may send {_who(new)}")


def _parameter_gone(pair: Pair, old: Node, beside: Node, back: bool) -> None:
    if back:
        required = "-required" if old.value.get("required") is True else ""
        text = f"the call no longer bears {_who(old)}"
        pair.add(f"webhook-parameter{required}-removed", "response", old, beside, text)
    else:
        pair.add("parameter-removed", "request", old, beside, f"{_who(old)} is no longer read where clients send it")


def _parameter(comparing: Comparing, pair: Pair, old: Node, new: Node, back: bool) -> None:
    flow: Flow = "response" if back else "request"
    who, b, r = _who(new), old.value, new.value
    was, now = b.get("required") is True, r.get("required") is True
    if was != now:
        if back:
            text = f"the call {'always bears' if now else 'may come without'} {who}"
        else:
            text = f"clients must send {who}, which could be left out" if now else f"clients may leave {who} out"
        rule = f"{'webhook-' if back else ''}parameter-became-{'required' if now else 'optional'}"
        pair.add(rule, flow, old, new, text)
    _serialization(pair, old, new, flow, "parameter-serialization-changed", who)
    for flag in ("allowReserved", "allowEmptyValue", "deprecated"):
        one, other = b.get(flag) is True, r.get(flag) is True
        if one == other or (r["in"] != "query" and flag != "deprecated"):
            continue
        if flag == "deprecated":
            if other:
                pair.add("parameter-deprecated", flow, old, new, f"{who} is deprecated")
        elif flag == "allowReserved":
            text = f"reserved characters in {who} {'may' if other else 'must no longer'} stand unescaped"
            pair.add("parameter-reserved-changed", flow, old, new, text, level="safe" if other else None)
        else:
            rule = f"parameter-empty-{'allowed' if other else 'refused'}"
            pair.add(rule, flow, old, new, f"{who} may {'be sent' if other else 'no longer be sent'} empty")
    if flow == "request" and not now:
        _default(comparing, pair, old, new, who)
    _value(comparing, pair, old, new, flow)


def _default(comparing: Comparing, pair: Pair, old: Node, new: Node, who: str) -> None:
    sides = []
    for api, node in ((comparing.base, old), (comparing.revision, new)):
        schema = api.resolve(node["schema"]).value if "schema" in node.value else None
        sides.append((schema["default"],) if isinstance(schema, Mapping) and "default" in schema else None)
    if sides[0] != sides[1]:
        said = [shown(side[0]) if side else "open" for side in sides]
        text = f"where clients leave {who} out, the default was {said[0]} and is {said[1]}"
        pair.add("parameter-default-changed", "request", old, new, text)


def _serialization(pair: Pair, old: Node, new: Node, flow: Flow, rule: str, who: str) -> None:
    one, other = _written(old), _written(new)
    if one != other:
        pair.add(rule, flow, old, new, f"{who} was written as {_form(one)} and is as {_form(other)}")


def _written(node: Node) -> tuple[Any, ...]:
    value = node.value
    if "content" in value:
        return ("content", *value["content"])
    style = value.get("style") or _STYLES.get(str(value.get("in", "header")), "simple")
    return (style, value.get("explode", style in ("form", "deepObject")) is True)


def _form(form: tuple[Any, ...]) -> str:
    if form[0] == "content":
        return " or ".join(shown(name) for name in form[1:]) or "nothing"
    return f"`{form[0]}`, {'exploded' if form[1] else 'not exploded'}"


def _value(comparing: Comparing, pair: Pair, old: Node, new: Node, flow: Flow) -> None:
    """The schema of a parameter or a header, or its content of one media type."""
    schemas = []
    for node in (old, new):
        holder = node if "schema" in node.value else next(iter(children(node, "content")), node)
        schemas.append(holder["schema"] if "schema" in holder.value else Node(True, node.document, node.path))
    _schema(comparing, pair, schemas[0], schemas[1], flow)


def _schema(comparing: Comparing, pair: Pair, old: Node, new: Node, flow: Flow) -> None:
    below = schema_pair(comparing, (old,), (new,), flow)
    if below is not None:
        pair.below.append(below)


def compare_request(
    comparing: Comparing, pair: Pair, old: Node | None, new: Node | None, places: tuple[Node, Node], back: bool
) -> None:
    """Compare what is sent as a body, which the API's own calls bring to clients."""
    flow: Flow = "response" if back else "request"
    if old is None and new is None:
        return
    head = "webhook" if back else "request"
    who = "the call" if back else "clients"
    if old is None and new is not None:
        must = new.value.get("required") is True
        if back:
            pair.add("webhook-body-added", flow, places[0], new, "the call bears a body, which it did not")
        else:
            rule = f"request-body{'-required' if must else ''}-added"
            pair.add(rule, flow, places[0], new, f"clients {'must' if must else 'may'} send a body, which is new")
    elif new is None and old is not None:
        text = "the call no longer bears a body" if back else "the body that clients send is no longer taken"
        pair.add(f"{head}-body-removed", flow, old, places[1], text)
    elif old is not None and new is not None and not comparing.same.of(old, new):
        pair.below.append(
            comparing.pair(("body", flow, id(old.value), id(new.value)), _body, old, new, back, head, who)
        )


def _body(comparing: Comparing, pair: Pair, old: Node, new: Node, back: bool, head: str, who: str) -> None:
    flow: Flow = "response" if back else "request"
    was, now = old.value.get("required") is True, new.value.get("required") is True
    if was != now:
        text = f"{who} {'always bears' if back else 'must send'} the body, which could be left out"
        if was:
            text = f"{who} may {'come without' if back else 'leave out'} the body"
        pair.add(f"{head}-body-became-{'required' if now else 'optional'}", flow, old, new, text)
    rules = (
        ("webhook-media-type", "request-encoding-changed")
        if back
        else ("request-media-type", "request-encoding-changed")
    )
    _content(comparing, pair, old, new, flow, rules)


def compare_responses(
    comparing: Comparing,
    pair: Pair,
    base: dict[str, Node],
    revision: dict[str, Node],
    places: tuple[Node, Node],
    back: bool,
) -> None:
    """Compare answers status by status; one that is not declared by itself is met by its range, else by ``default``."""
    flow: Flow = "request" if back else "response"
    asked: dict[tuple[int, int], None] = {}
    for status in dict.fromkeys((*base, *revision)):
        old, new = base.get(status) or _cover(base, status), revision.get(status) or _cover(revision, status)
        if old is not None and new is not None:
            key = (id(old.value), id(new.value))
            if key not in asked and not comparing.same.of(old, new):
                asked[key] = None
                pair.below.append(comparing.pair(("response", flow, *key), _response, old, new, back))
        elif new is not None:
            _status_came(pair, status, new, places[0], base, back)
        elif old is not None:
            _status_gone(pair, status, old, places[1], revision, back)


def _cover(responses: Mapping[str, Node], status: str) -> Node | None:
    """What describes a status that is not declared by itself."""
    if status == "default":
        return None
    return responses.get(f"{status[0]}XX") or responses.get("default")


def _status_came(pair: Pair, status: str, new: Node, beside: Node, base: Mapping[str, Node], back: bool) -> None:
    if back:
        pair.add("webhook-response-added", "request", beside, new, f"clients may answer the call with {shown(status)}")
        return
    if status == "default":
        pair.add("response-added", "response", beside, new, "all other statuses are described now, as `default`")
        return
    fine = status[0] in "123" and any(one[0] in "123" for one in base)
    rule = f"response-{'success-' if fine else ''}added"
    pair.add(rule, "response", beside, new, f"clients may now get the status {shown(status)}")


def _status_gone(pair: Pair, status: str, old: Node, beside: Node, revision: Mapping[str, Node], back: bool) -> None:
    if back:
        text = f"clients that answer the call with {shown(status)} are no longer understood"
        pair.add("webhook-response-removed", "request", old, beside, text)
    elif status == "default":
        told = {"4XX", "5XX"} <= revision.keys()
        text = "clients that read `default` no longer know what comes with other statuses"
        pair.add("response-default-removed", "response", old, beside, text, level="safe" if told else None)
    elif status[0] in "123":
        text = f"clients that wait for the status {shown(status)} no longer get it"
        if status[1:] == "XX" and any(one[0] == status[0] for one in revision):
            text = f"of the statuses {shown(status)} only some are described now"
            pair.add("response-success-removed", "response", old, beside, text, level="safe")
            return
        pair.add("response-success-removed", "response", old, beside, text)
    else:
        pair.add("response-removed", "response", old, beside, f"clients no longer get the status {shown(status)}")


def _response(comparing: Comparing, pair: Pair, old: Node, new: Node, back: bool) -> None:
    flow: Flow = "request" if back else "response"
    rule = "webhook-answer-media-type" if back else "response-media-type"
    _content(comparing, pair, old, new, flow, (rule, f"{flow}-encoding-changed"))
    base = {name.lower(): node for name, node in comparing.base.headers(old)}
    revision = {name.lower(): node for name, node in comparing.revision.headers(new)}
    head = "webhook" if back else "response"
    for name in sorted(base.keys() | revision.keys()):
        one, other = base.get(name), revision.get(name)
        if name == "content-type":
            continue
        if one is not None and other is not None:
            if not comparing.same.of(one, other):
                key = ("header", flow, id(one.value), id(other.value))
                pair.below.append(comparing.pair(key, _header, one, other, name, back))
            continue
        must = (one or other or new).value.get("required") is True
        who = f"the header {shown(name)}"
        if other is not None:
            needed = "-required" if back and must else ""
            text = f"clients {'must' if must else 'may'} answer with {who}" if back else f"the answer bears {who}"
            pair.add(f"{head}-header{needed}-added", flow, old, other, text)
        else:
            needed = "-required" if must and not back else ""
            text = (
                f"{who} of clients' answers is no longer read" if back else f"clients that read {who} no longer find it"
            )
            pair.add(f"{head}-header{needed}-removed", flow, one, new, text)


def _header(comparing: Comparing, pair: Pair, old: Node, new: Node, name: str, back: bool) -> None:
    flow: Flow = "request" if back else "response"
    was, now = old.value.get("required") is True, new.value.get("required") is True
    who = f"the header {shown(name)}"
    if was != now:
        rule = f"{'webhook' if back else 'response'}-header-became-{'required' if now else 'optional'}"
        text = f"{who} is always there now" if now else f"{who} may be absent"
        pair.add(rule, flow, old, new, text)
    _serialization(pair, old, new, flow, "response-header-serialization-changed", who)
    _value(comparing, pair, old, new, flow)


def _content(comparing: Comparing, pair: Pair, old: Node, new: Node, flow: Flow, rules: tuple[str, str]) -> None:
    """The media types of a body, in pairs of one name; a form that a range covers is met by the range."""
    base, revision = ({_media(str(n.path[-1])): n for n in children(side, "content")} for side in (old, new))
    for name in dict.fromkeys((*base, *revision)):
        one, other = base.get(name), revision.get(name)
        if one is None:
            one = _range(base, name)
        if other is None:
            other = _range(revision, name)
        if one is not None and other is not None:
            _media_type(comparing, pair, one, other, flow, rules[1])
        elif other is not None:
            text = f"the body may be {shown(name)}" if base else f"there is a body now, of {shown(name)}"
            pair.add(f"{rules[0]}-added", flow, old, other, text)
        elif one is not None:
            pair.add(f"{rules[0]}-removed", flow, one, new, f"the body can no longer be {shown(name)}")


def _media(name: str) -> str:
    """A media type as it is compared: in lower case, its parameters without blanks; a charset makes no other form."""
    kind, *parameters = (part.strip() for part in name.lower().split(";"))
    return ";".join([kind, *sorted(p for p in parameters if not p.startswith("charset="))])


def _range(content: Mapping[str, Node], name: str) -> Node | None:
    return content.get(name.partition("/")[0] + "/*") or content.get("*/*")


def _media_type(comparing: Comparing, pair: Pair, old: Node, new: Node, flow: Flow, rule: str) -> None:
    one, other = (
        node["schema"] if "schema" in node.value else Node(True, node.document, node.path) for node in (old, new)
    )
    _schema(comparing, pair, one, other, flow)
    was, now = (
        {
            name: {key: inner for key, inner in encoding.items() if key in ("contentType", "style", "explode")}
            for name, encoding in node.value.get("encoding", {}).items()
        }
        for node in (old, new)
    )
    for name in sorted(was.keys() | now.keys()):
        if was.get(name, {}) != now.get(name, {}):
            pair.add(rule, flow, old, new, f"the part {shown(name)} of the body is written in another way")
