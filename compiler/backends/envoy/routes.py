"""The routing table as a matcher tree: literal prefixes of the path first, then the few routes of a leaf in order.

The tree's input is ``:path`` with its query string, so it only ever decides by prefix; inside a leaf, Envoy's routes
match the path without query, exactly. A leaf is final, so it holds every route that a path under it can still meet.
"""

from __future__ import annotations

from compiler.backends.envoy.payload import NOWHERE, switched_on
from compiler.backends.envoy.types import HEADER_INPUT, ROUTE, ROUTE_LIST, STREAM_IDLE, Data, seconds
from compiler.paths import escape_re2
from compiler.plan import Answer, Compose, Deployable, Forward, HeaderChanges, Rule, VersionKey, VersionTest
from compiler.problems import MEDIA_TYPE, problem_text
from compiler.routing import Choice, tree


def route_configuration(deployable: Deployable) -> Data:
    """All routes of a deployable."""
    largest = max(
        (len(r.action.body.encode()) for r in deployable.rules if isinstance(r.action, Answer)),
        default=0,
    )
    host: Data = {"name": deployable.name, "domains": list(deployable.hosts)}
    if deployable.version_key.source == "header":
        host["request_headers_to_remove"] = [deployable.version_key.name]
    made = {id(rule): _route(rule, deployable.version_key) for rule in deployable.rules}
    paths: Data = {
        "matcher_tree": {
            "input": _header_input("path", ":path"),
            "prefix_match_map": {
                "map": {
                    leaf.prefix: _decision(leaf.choice, made)
                    for leaf in tree(deployable.rules)
                    if leaf.choice.branches or leaf.choice.rest
                }
            },
        }
    }
    if any(name.startswith("*") for name in deployable.hosts):
        paths = _one_host_only(paths)
    host["matcher"] = paths
    data: Data = {
        "name": deployable.name,
        "ignore_port_in_host_matching": True,
        "most_specific_header_mutations_wins": True,
        "response_headers_to_remove": ["server"],
    }
    if largest > 4096:  # Envoy's default limit
        data["max_direct_response_body_size_bytes"] = largest
    data["virtual_hosts"] = [host] if made else []
    return data


def _decision(choice: Choice, made: dict[int, Data]) -> Data:
    """What a matcher does once it has matched: look at the branches, or try the routes."""
    rest = {
        "action": {
            "name": "routes",
            "typed_config": {"@type": ROUTE_LIST, "routes": [made[id(rule)] for rule in choice.rest]},
        }
    }
    if not choice.branches:
        return rest
    branched: Data = {
        "matcher_list": {
            "matchers": [
                {"predicate": _path_is(pattern), "on_match": _decision(inner, made)}
                for pattern, inner in choice.branches
            ]
        }
    }
    if choice.rest:
        branched["on_no_match"] = rest
    return {"matcher": branched}


def _path_is(pattern: str) -> Data:
    """A test of the path with its query; xds.type.matcher.v3 wants the engine of a pattern named."""
    value = {"safe_regex": {"google_re2": {}, "regex": pattern}}
    return {"single_predicate": {"input": _header_input("path", ":path"), "value_match": value}}


def _header_input(name: str, header: str) -> Data:
    return {"name": name, "typed_config": {"@type": HEADER_INPUT, "header_name": header}}


def _one_host_only(paths: Data) -> Data:
    """Refuse two Host headers, which RFC 9112 section 3.2 demands and a wildcard would let through.

    Envoy joins them with a comma, so a gateway with named hosts does not find the joined one.
    """
    refused: Data = {"name": "two hosts", "match": {"prefix": "/"}, "direct_response": {"status": 400}}
    refused["direct_response"]["body"] = {"inline_string": problem_text(400)}
    refused["response_headers_to_add"] = [_set("content-type", MEDIA_TYPE)]
    return {
        "matcher_list": {
            "matchers": [
                {
                    "predicate": {
                        "single_predicate": {
                            "input": _header_input("host", ":authority"),
                            "value_match": {"contains": ","},
                        }
                    },
                    "on_match": {"action": {"name": "route", "typed_config": {"@type": ROUTE, **refused}}},
                }
            ]
        },
        "on_no_match": {"matcher": paths},
    }


def _route(rule: Rule, key: VersionKey) -> Data:
    data: Data = {"name": rule.name, "match": _match(rule, key)}
    if isinstance(rule.action, Answer):
        data["direct_response"] = {"status": rule.action.status}
        if rule.action.body:
            data["direct_response"]["body"] = {"inline_string": rule.action.body}
        if rule.action.headers:
            data["response_headers_to_add"] = [_set(name, value) for name, value in rule.action.headers]
        return data
    forward = rule.action
    if isinstance(forward, Compose):
        data["route"] = {"cluster": NOWHERE}
        data["typed_per_filter_config"] = switched_on()
    else:
        data["route"] = _forward(forward)
    data["metadata"] = {
        "filter_metadata": {
            "gatewright": {
                "contract": forward.contract,
                "version": forward.version,
                "operation": forward.operation,
                "file": rule.where.file,
            }
        }
    }
    _headers(data, "request", forward.request_headers)
    _headers(data, "response", forward.response_headers)
    return data


def _match(rule: Rule, key: VersionKey) -> Data:
    match: Data
    if rule.path is None:
        match = {"prefix": "/"}
    elif rule.path.is_literal:
        match = {"path": rule.path.literal_prefix}
    else:
        match = {"safe_regex": {"regex": rule.path.regex}}
    headers: list[Data] = []
    if rule.methods is not None:
        test = {"exact": rule.methods[0]} if len(rule.methods) == 1 else _regex("|".join(rule.methods))
        headers.append({"name": ":method", "string_match": test})
    if rule.version is not None and key.source == "header":
        headers.append(_version(rule.version, key))
    if headers:
        match["headers"] = headers
    return match


def _version(test: VersionTest, key: VersionKey) -> Data:
    labels = "|".join(escape_re2(label) for label in test.labels)
    pattern = f"v?({labels})" if labels else ""
    if test.absent:
        pattern = f"({pattern})?" if pattern else ""
    matcher: Data = {"name": key.name, "string_match": _regex(pattern) if pattern else {"exact": ""}}
    if test.absent:
        matcher["treat_missing_header_as_empty"] = True
    return matcher


def _regex(pattern: str) -> Data:
    return {"safe_regex": {"regex": pattern}}


def _forward(forward: Forward) -> Data:
    data: Data
    if len(forward.targets) == 1:
        data = {"cluster": forward.targets[0].cluster}
    else:
        data = {
            "weighted_clusters": {"clusters": [{"name": t.cluster, "weight": t.weight} for t in forward.targets]},
        }
    if forward.strip != forward.prepend:
        data["regex_rewrite"] = {
            "pattern": {"regex": "^" + escape_re2(forward.strip)},
            "substitution": forward.prepend.replace("\\", "\\\\"),
        }
    if forward.hash_on:
        data["hash_policy"] = [
            {"header": {"header_name": one.header}} if one.header else {"connection_properties": {"source_ip": True}}
            for one in forward.hash_on
        ]
    data["timeout"] = seconds(forward.timeout)
    if forward.timeout > STREAM_IDLE:  # a service that thinks for long is silent for long
        data["idle_timeout"] = data["timeout"]
    if forward.retry is not None:
        retry: Data = {"retry_on": ",".join(forward.retry.on), "num_retries": forward.retry.attempts}
        if forward.retry.per_try_timeout is not None:
            retry["per_try_timeout"] = seconds(forward.retry.per_try_timeout)
        data["retry_policy"] = retry
    return data


def _headers(data: Data, direction: str, changes: HeaderChanges) -> None:
    if changes.set:
        data[f"{direction}_headers_to_add"] = [_set(name, value) for name, value in changes.set]
    if changes.remove:
        data[f"{direction}_headers_to_remove"] = list(changes.remove)


def _set(name: str, value: str) -> Data:
    """Set a header to just this text; a percent sign begins a variable in Envoy, so it is doubled."""
    header: Data = {
        "header": {"key": name, "value": value.replace("%", "%%")},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
    if not value:
        header["keep_empty_value"] = True
    return header
