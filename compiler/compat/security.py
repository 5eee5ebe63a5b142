"""Who may call: what an operation asks for, by what the schemes are rather than by what they are named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.compat.flat import canonical
from compiler.compat.naming import shown
from compiler.compat.pairs import Comparing, Pair
from compiler.contracts.openapi import Api
from compiler.contracts.refs import Node

_IDENTITY = {"apiKey": ("name", "in"), "http": ("scheme",), "oauth2": (), "openIdConnect": (), "mutualTLS": ()}
Credential = str
Alternative = dict[Credential, frozenset[str]]
"""Credentials that are shown together, each with its scopes."""


def requirement(api: Api, operation: Node) -> Node | None:
    """What an operation asks for: its own `security`, else the document's; None where there is none."""
    for node in (operation, api.root):
        if "security" in node.value:
            return node["security"]
    return None


def compare_security(
    comparing: Comparing, pair: Pair, old: Node | None, new: Node | None, places: tuple[Node, Node]
) -> None:
    """Compare two lists of alternatives: what let clients in must still let them in."""
    before, after = _alternatives(comparing.base, old), _alternatives(comparing.revision, new)
    base, revision = old or places[0], new or places[1]
    lost = [one for one in before if not any(_enough(one, other) for other in after)]
    won = [other for other in after if not any(_enough(other, one) for one in before)]
    if lost:
        text = (
            f"clients that call with {_text(lost[0])} must now show {' or '.join(map(_text, after)) or 'what none can'}"
        )
        pair.add("security-added", "request", base, revision, text)
    elif won or (any(one == {} for one in after) and not any(one == {} for one in before)):
        pair.add("security-widened", "request", base, revision, f"clients may call with {' or '.join(map(_text, won))}"
                 if won else "clients may call without a credential")  # fmt: skip
    elif len(after) > len(before):
        pair.add("security-widened", "request", base, revision, "clients have one more way to show who they are")


def compare_schemes(comparing: Comparing, pair: Pair) -> None:
    """Compare where clients get their credentials, for schemes of one name."""
    base, revision = _schemes(comparing.base), _schemes(comparing.revision)
    for name in sorted(base.keys() & revision.keys()):
        old, new = base[name], revision[name]
        for key in ("openIdConnectUrl",):
            if old.value.get(key) != new.value.get(key) and old.value.get("type") == new.value.get("type"):
                text = f"{shown(name)}: clients get their credentials elsewhere"
                pair.add("security-scheme-changed", "request", old, new, text)
        flows = [node.value.get("flows") for node in (old, new)]
        if isinstance(flows[0], Mapping) and isinstance(flows[1], Mapping):
            _flows(pair, name, old, new, flows[0], flows[1])


def _flows(pair: Pair, name: str, old: Node, new: Node, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for flow in sorted(key for key in was if not key.startswith("x-")):
        if flow not in now:
            text = f"{shown(name)}: the flow {shown(flow)}, by which clients get their tokens, is gone"
            pair.add("security-scheme-changed", "request", old, new, text, level="breaking")
            continue
        for key in ("authorizationUrl", "tokenUrl", "refreshUrl"):
            if was[flow].get(key) != now[flow].get(key):
                text = f"{shown(name)}: `{key}` of the flow {shown(flow)} has changed"
                pair.add("security-scheme-changed", "request", old, new, text)
        scopes = [side[flow].get("scopes") or {} for side in (was, now)]
        gone = sorted(scopes[0].keys() - scopes[1].keys())
        if gone:
            text = f"{shown(name)}: clients can no longer ask for {', '.join(map(shown, gone))}"
            pair.add("security-scheme-changed", "request", old, new, text)
        elif scopes[1].keys() - scopes[0].keys():
            text = f"{shown(name)}: clients may ask for more scopes"
            pair.add("security-scheme-changed", "request", old, new, text, level="safe")
    if now.keys() - was.keys():
        text = f"{shown(name)}: clients may get their tokens in another way too"
        pair.add("security-scheme-changed", "request", old, new, text, level="safe")


def _alternatives(api: Api, node: Node | None) -> list[Alternative]:
    if node is None or not node.value:
        return [{}]
    schemes = _schemes(api)
    found = []
    for one in node.value:
        credentials: Alternative = {}
        for name, scopes in one.items():
            credential = _credential(schemes[name].value) if name in schemes else f"the scheme {shown(name)}"
            credentials[credential] = credentials.get(credential, frozenset()) | frozenset(map(str, scopes or ()))
        found.append(credentials)
    return found


def _schemes(api: Api) -> dict[str, Node]:
    components = api.root.value.get("components", {})
    if "securitySchemes" not in components:
        return {}
    holder = api.root["components"]["securitySchemes"]
    return {name: api.resolve(holder[name]) for name in holder.value}


def _credential(scheme: Mapping[str, Any]) -> Credential:
    """What clients show for a scheme, in words that tell it from others."""
    kind = str(scheme.get("type"))
    if kind == "apiKey":
        name = str(scheme.get("name"))
        return f"the {scheme.get('in')} key {shown(name.lower() if scheme.get('in') == 'header' else name)}"
    if kind == "http":
        return f"HTTP {str(scheme.get('scheme')).lower()}"
    if kind in _IDENTITY:
        return {"oauth2": "OAuth 2", "openIdConnect": "OpenID Connect", "mutualTLS": "a client certificate"}[kind]
    return canonical(scheme)


def _enough(held: Alternative, asked: Alternative) -> bool:
    """Whether what a client shows is all that is asked for."""
    return all(credential in held and scopes <= held[credential] for credential, scopes in asked.items())


def _text(alternative: Alternative) -> str:
    if not alternative:
        return "no credential"
    return " and ".join(
        credential + (f" with {', '.join(map(shown, sorted(scopes)))}" if scopes else "")
        for credential, scopes in sorted(alternative.items())
    )
