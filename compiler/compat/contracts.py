"""Two versions of a contract: what changed, whom it breaks, and which step of the version it needs.

What clients send must still be taken, and what they get must still be understood. Values that are equal are told before
anything is walked; what is walked, is walked once, however many operations lead there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from compiler.compat.bodies import Parameters, compare_parameters, compare_request, compare_responses
from compiler.compat.changes import Change, Comparison, compared
from compiler.compat.naming import shown
from compiler.compat.pairs import Comparing, Pair, changes, reached
from compiler.compat.sameness import Sameness
from compiler.compat.security import compare_schemes, compare_security, requirement
from compiler.contracts.openapi import Api, children
from compiler.contracts.refs import Node
from compiler.contracts.structure import METHODS
from compiler.records import frozen

__all__ = ["Call", "Comparison", "Options", "compare", "compare_data"]


@frozen
class Options:
    """What a project may weigh for itself."""

    enum_values_added_to_responses: Literal["breaking", "risky", "safe"] = "risky"


@frozen
class Call:
    """An operation, of a path, a webhook or a callback."""

    name: str
    node: Node
    item: Node
    parameters: tuple[str, ...]
    """Those of its path, in their order."""
    back: bool
    """Whether the API calls its clients."""


def compare(base: Api, revision: Api, options: Options | None = None) -> Comparison:
    """All changes from one version to the next, and the step that they need from 1.0.0 on."""
    options = options or Options()
    comparing = Comparing(base, revision, options.enum_values_added_to_responses, Sameness(base, revision))
    names: list[str] = []
    roots: list[Pair] = []
    whole = Pair()
    _servers(whole, base.root, revision.root)
    if not comparing.same.of(_part(base, "securitySchemes"), _part(revision, "securitySchemes")):
        compare_schemes(comparing, whole)
    before, after = _calls(base), _calls(revision)
    waiting = [(key, before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after))]
    while waiting:
        key, old, new = waiting.pop()
        one = new or old
        assert one is not None
        pair = Pair(reached=1 << len(names))
        names.append(one.name)
        roots.append(pair)
        if old is not None and new is not None:
            _operation(comparing, pair, old, new)
            here, there = _callbacks(base, key, old), _callbacks(revision, key, new)
            waiting += [(inner, here.get(inner), there.get(inner)) for inner in dict.fromkeys((*here, *there))]
        elif old is not None:
            _gone(pair, old, revision)
        elif new is not None:
            _came(pair, new, base)
    comparing.finish()
    reached(roots)
    found = list(changes((whole, *roots, *comparing.pairs.values()), names))
    if not found and base.root.value != revision.root.value:
        text = "descriptions, examples, order or spelling: nothing that clients can see"
        found.append(Change("safe", "text-changed", "api", (), base.root, revision.root, text, bump="patch"))
    return compared(found)


def _part(api: Api, section: str) -> Node:
    components = api.root.value.get("components", {})
    return api.root["components"][section] if section in components else Node({}, api.document, ())


def _calls(api: Api) -> dict[tuple[str, ...], Call]:
    """All operations by method and the shape of the path, and all webhooks by name."""
    found: dict[tuple[str, ...], Call] = {}
    for o in api.operations:
        key = (o.path.shape, o.method)
        found[key] = Call(f"{o.method} {o.path_text}", o.node, o.item, o.path.parameters, False)
    for hook in children(api.root, "webhooks"):
        name = str(hook.path[-1])
        if not name.startswith("x-"):
            found |= _item(api, ("webhook", name), f"webhook {name}", hook, True)
    return found


def _callbacks(api: Api, key: tuple[str, ...], call: Call) -> dict[tuple[str, ...], Call]:
    found: dict[tuple[str, ...], Call] = {}
    for callback in children(call.node, "callbacks"):
        holder = api.resolve(callback)
        if not isinstance(holder.value, Mapping) or len(key) > 20:
            continue
        for text in holder.value:
            if not str(text).startswith("x-"):
                name = str(callback.path[-1])
                found |= _item(
                    api, (*key, name, str(text)), f"{call.name} callback {name}", holder[text], not call.back
                )
    return found


def _item(api: Api, key: tuple[str, ...], name: str, node: Node, back: bool) -> dict[tuple[str, ...], Call]:
    item = api.resolve(node)
    return {
        (*key, method): Call(f"{name} {method.upper()}", item[method], item, (), back)
        for method in METHODS
        if isinstance(item.value, Mapping) and method in item.value
    }


def _gone(pair: Pair, old: Call, revision: Api) -> None:
    deprecated = " (it was deprecated)" if old.node.value.get("deprecated") is True else ""
    beside = revision.root["paths"] if "paths" in revision.root.value else revision.root
    if old.back:
        pair.add("webhook-removed", "api", old.node, beside, f"clients no longer get the call `{old.name}`")
    else:
        text = f"clients that call `{old.name}` no longer find it{deprecated}"
        pair.add("operation-removed", "api", old.node, beside, text)


def _came(pair: Pair, new: Call, base: Api) -> None:
    beside = base.root["paths"] if "paths" in base.root.value else base.root
    rule, text = ("webhook-added", "may get") if new.back else ("operation-added", "may call")
    pair.add(rule, "api", beside, new.node, f"clients {text} `{new.name}`")


def _operation(comparing: Comparing, pair: Pair, old: Call, new: Call) -> None:
    _said(pair, old, new)
    if not old.back:
        _security(comparing, pair, old, new)
        if (
            "servers" in old.node.value
            or "servers" in new.node.value
            or "servers" in old.item.value
            or ("servers" in new.item.value)
        ):
            _servers(pair, _server_holder(comparing.base, old), _server_holder(comparing.revision, new))
    _parts(comparing, pair, old, new)


def compare_data(comparing: Comparing, pair: Pair, old: Call, new: Call) -> None:
    """Compare what an operation says of itself and the data that flows, with its callbacks."""
    _said(pair, old, new)
    waiting: list[tuple[tuple[str, ...], Call | None, Call | None]] = [(("",), old, new)]
    while waiting:
        key, one, other = waiting.pop()
        if one is not None and other is not None:
            _parts(comparing, pair, one, other)
            here, there = _callbacks(comparing.base, key, one), _callbacks(comparing.revision, key, other)
            waiting += [(inner, here.get(inner), there.get(inner)) for inner in dict.fromkeys((*here, *there))]
        elif one is not None:
            _gone(pair, one, comparing.revision)
        elif other is not None:
            _came(pair, other, comparing.base)


def _parts(comparing: Comparing, pair: Pair, old: Call, new: Call) -> None:
    """Compare parameters, bodies and answers."""
    if comparing.same.of(old.node, new.node) and _same_parameters(comparing, old, new):
        return
    places = (old.node, new.node)
    here, there = _parameters(comparing.base, old), _parameters(comparing.revision, new)
    compare_parameters(comparing, pair, here, there, places, old.back)
    bodies = [
        api.resolve(call.node["requestBody"]) if "requestBody" in call.node.value else None
        for api, call in ((comparing.base, old), (comparing.revision, new))
    ]
    compare_request(comparing, pair, bodies[0], bodies[1], places, old.back)
    answers = [_responses(api, call) for api, call in ((comparing.base, old), (comparing.revision, new))]
    compare_responses(comparing, pair, answers[0], answers[1], places, old.back)


def _said(pair: Pair, old: Call, new: Call) -> None:
    """What an operation says of itself."""
    was, now = (call.node.value.get("deprecated") is True for call in (old, new))
    if was != now:
        rule = "operation-deprecated" if now else "operation-no-longer-deprecated"
        pair.add(rule, "api", old.node, new.node, f"`{new.name}` is {'' if now else 'no longer '}deprecated")
    one, other = (call.node.value.get("operationId") for call in (old, new))
    if one is None and other is not None:
        pair.add("operation-id-added", "api", old.node, new.node["operationId"], f"`{new.name}` is {shown(other)}")
    elif one != other:
        text = f"generated clients know `{new.name}` as {shown(one)}"
        there = new.node["operationId"] if other is not None else new.node
        text += f", and it is {shown(other)} now" if other is not None else ", and it has no name now"
        pair.add("operation-id-changed", "api", old.node["operationId"], there, text)


def _same_parameters(comparing: Comparing, old: Call, new: Call) -> bool:
    """Whether two equal operations have equal parameters of their paths too."""
    if old.item is old.node or old.parameters != new.parameters:
        return old.parameters == new.parameters
    sides = [
        Node(call.item.value.get("parameters", []), call.item.document, (*call.item.path, "parameters"))
        for call in (old, new)
    ]
    return comparing.same.of(*sides)


def _parameters(api: Api, call: Call) -> Parameters:
    found: Parameters = {}
    for holder in (call.item, call.node):
        for node in children(holder, "parameters"):
            parameter = api.resolve(node)
            place, name = str(parameter.value["in"]), str(parameter.value["name"])
            if place == "header":
                name = name.lower()
            if place == "path" and name in call.parameters:
                name = str(call.parameters.index(name))
            found[place, name] = parameter
    return found


def _responses(api: Api, call: Call) -> dict[str, Node]:
    return {
        str(node.path[-1]).upper() if str(node.path[-1]) != "default" else "default": api.resolve(node)
        for node in children(call.node, "responses")
        if not str(node.path[-1]).startswith("x-")
    }


def _security(comparing: Comparing, pair: Pair, old: Call, new: Call) -> None:
    """One entry for one requirement, however many operations inherit it."""
    here, there = requirement(comparing.base, old.node), requirement(comparing.revision, new.node)
    own = (here is not None and here.path[:-1] == old.node.path) or (
        there is not None and there.path[:-1] == new.node.path
    )
    places = (old.node, new.node) if own else (comparing.base.root, comparing.revision.root)
    key = ("security", old.node.identity if own else None, new.node.identity if own else None)
    if key not in comparing.pairs:
        comparing.pairs[key] = Pair()
        compare_security(comparing, comparing.pairs[key], here, there, places)
    pair.below.append(comparing.pairs[key])


def _server_holder(api: Api, call: Call) -> Node:
    return next((node for node in (call.node, call.item) if "servers" in node.value), api.root)


def _servers(pair: Pair, old: Node, new: Node) -> None:
    """Compare where the API is served, by the addresses themselves."""
    before, after = dict(_addresses(old)), dict(_addresses(new))
    for url, node in before.items():
        if url not in after:
            pair.add("server-removed", "api", node, new, f"clients that call {shown(url)} no longer find it named")
    for url, node in after.items():
        if url not in before:
            pair.add("server-added", "api", old, node, f"clients may call {shown(url)}")


def _addresses(holder: Node) -> Iterator[tuple[str, Node]]:
    servers = list(children(holder, "servers"))
    for node in servers:
        yield from ((url, node) for url in _urls(node.value))
    if not servers:
        yield "/", holder


def _urls(server: Mapping[str, Any]) -> list[str]:
    """A server's addresses, with the values that its variables may take; bounded."""
    urls = [str(server["url"]).rstrip("/") or "/"]
    variables = server.get("variables", {})
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping) and f"{{{name}}}" in urls[0]:
            values = variable.get("enum") or [variable.get("default", "")]
            urls = [url.replace(f"{{{name}}}", str(value)) for url in urls for value in values][:100]
    return urls
