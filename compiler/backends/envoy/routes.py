"""The routing table as a matcher tree: literal prefixes of the path first, then the few routes of a leaf in order.

The tree's input is ``:path`` with its query string, so it only ever decides by prefix; inside a leaf, Envoy's routes
match the path without query, exactly. A leaf is final, so it holds every route that a path under it can still meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from compiler.backends.envoy.filters import host_filters, route_filters
from compiler.backends.envoy.payload import NOWHERE
from compiler.backends.envoy.types import HEADER_INPUT, ROUTE, ROUTE_LIST, STREAM_IDLE, Data, seconds
from compiler.backends.envoy.versions import asked, unasked_name
from compiler.paths import escape_re2
from compiler.plan import (
    Answer,
    Compose,
    Deployable,
    Forward,
    HashOn,
    HeaderChanges,
    Mirror,
    Retry,
    Rule,
    Target,
)
from compiler.problems import MEDIA_TYPE, problem_text
from compiler.routing import Choice, tree
from compiler.yaml_text import Line, line, quoted

SILENT_STREAM = 3_600_000
"""Milliseconds without a byte in either direction after which a stream of an exposure with `streaming` is ended."""


def route_configuration(deployable: Deployable) -> Data:
    """All routes of a deployable."""
    largest = max(
        (len(r.action.body.encode()) for r in deployable.rules if isinstance(r.action, Answer)),
        default=0,
    )
    host: Data = {"name": deployable.name, "domains": list(deployable.hosts)}
    if deployable.version_key.source == "header":
        host["request_headers_to_remove"] = [deployable.version_key.name]
    usual = host_filters(deployable)
    if usual is not None:
        host["typed_per_filter_config"] = usual
    filters = route_filters(deployable)
    made = {id(rule): list(_routes(rule, deployable, filters(rule))) for rule in deployable.rules}
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


def _decision(choice: Choice, made: dict[int, list[Data]]) -> Data:
    """What a matcher does once it has matched: look at the branches, or try the routes."""
    routes = [route for rule in choice.rest for route in made[id(rule)]]
    rest = {"action": {"name": "routes", "typed_config": {"@type": ROUTE_LIST, "routes": routes}}}
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
    refused: Data = {"name": "two hosts", "match": {"prefix": "/"}}
    refused["direct_response"] = _direct_response(400, problem_text(400))
    refused["response_headers_to_add"] = _set((("content-type", MEDIA_TYPE),))
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


def _routes(rule: Rule, deployable: Deployable, filters: Line | None) -> Iterator[Data]:
    """The routes of a rule: one, or one for each service where their base paths differ.

    A weighted cluster has no path of its own, so the routes draw: Envoy holds all of them against one random number.
    The first takes its share of it, the next what its own and the former's come to, and the last takes the rest.
    """
    action = rule.action
    if not isinstance(action, Forward) or all(target.prepend is None for target in action.targets):
        yield from _asked_routes(rule, deployable, filters, {})
        return
    total, drawn = sum(t.weight for t in action.targets), 0
    for target in action.targets:
        own = action.prepend if target.prepend is None else target.prepend
        alone = replace(action, targets=(Target(target.cluster, 1),), prepend=own)
        drawn += target.weight
        share: Data = {}
        if drawn < total:
            part = {"numerator": round(drawn * 1_000_000 / total), "denominator": "MILLION"}
            share = {"runtime_fraction": {"default_value": part, "runtime_key": "gatewright.unused"}}
        yield from _asked_routes(replace(rule, action=alone), deployable, filters, share)


def _asked_routes(rule: Rule, deployable: Deployable, filters: Line | None, share: Data) -> Iterator[Data]:
    """A rule as one route, or as one for requests that name a version and one for those that do not."""
    key = deployable.version_key
    if rule.version is None or key.source == "path":
        yield _route(rule, deployable, filters, rule.name, share, {})
        return
    parts = list(asked(rule.version, key))
    for match, unasked in parts:
        name = unasked_name(rule) if unasked and len(parts) > 1 else rule.name
        plain_json = key.source == "media_type" and not unasked
        sent = {"accept": "application/json"} if plain_json else {}
        yield _route(rule, deployable, filters, name, {**match, **share}, sent)


def _route(
    rule: Rule, deployable: Deployable, filters: Line | None, name: str, match: Data, sent: Mapping[str, str]
) -> Data:
    """A route; ``match`` is what it asks beside path and method, ``sent`` are headers for the service.

    ``filters`` is its ``typed_per_filter_config``.
    """
    data: Data = {"name": name, "match": _match(rule, match)}
    if filters is not None:
        data["typed_per_filter_config"] = filters
    if rule.preflight is not None and rule.cors is not None:
        # the filter does not look at direct responses; it answers every one of these, so no cluster is ever asked
        data["route"] = {"cluster": deployable.clusters[0].name}
        return data
    if isinstance(rule.action, Answer):
        data["direct_response"] = _direct_response(rule.action.status, rule.action.body)
        if rule.action.headers:
            data["response_headers_to_add"] = _set(rule.action.headers)
        return data
    forward = rule.action
    if isinstance(forward, Compose):
        data["route"] = {"cluster": NOWHERE}
    else:
        data["route"] = _forward(
            forward.targets,
            forward.strip,
            forward.prepend,
            forward.timeout,
            forward.retry,
            forward.hash_on,
            forward.mirror,
            forward.streaming,
        )
    data["metadata"] = _told(forward, rule.where.file)
    _headers(data, "request", forward.request_headers, sent)
    _headers(data, "response", forward.response_headers)
    return data


# Each part of a route is a line of its own: a table of ten thousand is read by machines, and its changes by people.
# What many routes say alike is made once.


@lru_cache(4096)
def _direct_response(status: int, body: str) -> Line:
    return line({"status": status, "body": {"inline_string": body}} if body else {"status": status})


def _told(action: Forward | Compose, file: str) -> Line:
    """What the log and the metrics know of a request."""
    told = (
        f'{{"contract": {quoted(action.contract)}, "version": {quoted(action.version)}, '
        f'"operation": {quoted(action.operation)}, "file": {quoted(file)}}}'
    )
    return Line(f'{{"filter_metadata": {{"gatewright": {told}}}}}')


def _match(rule: Rule, more: Data) -> Line:
    if rule.path is None:
        path = '"prefix": "/"'
    elif rule.path.is_literal:
        path = f'"path": {quoted(rule.path.literal_prefix)}'
    else:
        path = f'"safe_regex": {{"regex": {quoted(rule.path.regex)}}}'
    if more or rule.preflight is not None:
        rest = _asked(rule, more)
    else:
        rest = _methods(rule.methods) if rule.methods is not None else ""
    return Line(f"{{{path}{rest}}}")


@lru_cache(256)
def _methods(methods: tuple[str, ...]) -> str:
    return f', "headers": {line([_method(methods)])}'


def _asked(rule: Rule, more: Data) -> str:
    """What a route asks beside the path."""
    headers = [_method(rule.methods)] if rule.methods is not None else []
    headers += more.get("headers", ())
    if rule.preflight is not None:
        named = "|".join(escape_re2(origin) for origin in rule.preflight)
        headers += [
            {"name": "access-control-request-method", "string_match": _regex(".+")},
            {"name": "origin", "string_match": _regex(".+" if "*" in rule.preflight else named)},
        ]
    said: Data = {"headers": headers} if headers else {}
    said |= {key: value for key, value in more.items() if key != "headers"}
    return "".join(f", {quoted(key)}: {line(value)}" for key, value in said.items())


def _method(methods: tuple[str, ...]) -> Data:
    test = {"exact": methods[0]} if len(methods) == 1 else _regex("|".join(methods))
    return {"name": ":method", "string_match": test}


def _regex(pattern: str) -> Data:
    return {"safe_regex": {"regex": pattern}}


@lru_cache(4096)
def _forward(
    targets: tuple[Target, ...],
    strip: str,
    prepend: str,
    timeout: int,
    retry: Retry | None,
    hash_on: tuple[HashOn, ...],
    mirror: Mirror | None,
    streaming: bool,
) -> Line:
    data: Data
    if len(targets) == 1:
        data = {"cluster": targets[0].cluster}
    else:
        data = {
            "weighted_clusters": {"clusters": [{"name": t.cluster, "weight": t.weight} for t in targets]},
        }
    if strip != prepend:
        data["regex_rewrite"] = {
            "pattern": {"regex": "^" + escape_re2(strip)},
            "substitution": prepend.replace("\\", "\\\\"),
        }
    if mirror is not None:
        share = {"numerator": mirror.per_million, "denominator": "MILLION"}
        data["request_mirror_policies"] = [
            {
                "cluster": mirror.cluster,
                "runtime_fraction": {"default_value": share, "runtime_key": "gatewright.unused"},
                "trace_sampled": False,
                "disable_shadow_host_suffix_append": True,
            }
        ]
    if hash_on:
        data["hash_policy"] = [
            {"header": {"header_name": one.header}} if one.header else {"connection_properties": {"source_ip": True}}
            for one in hash_on
        ]
    if streaming:
        data["timeout"] = "0s"
        data["idle_timeout"] = seconds(SILENT_STREAM)
        data["upgrade_configs"] = [{"upgrade_type": "websocket"}]
    else:
        data["timeout"] = seconds(timeout)
    if not streaming and timeout > STREAM_IDLE:  # a service that thinks for long is silent for long
        data["idle_timeout"] = data["timeout"]
    if retry is not None:
        policy: Data = {"retry_on": ",".join(retry.on), "num_retries": retry.attempts}
        if retry.per_try_timeout is not None:
            policy["per_try_timeout"] = seconds(retry.per_try_timeout)
        data["retry_policy"] = policy
    return line(data)


def _headers(data: Data, direction: str, changes: HeaderChanges, usual: Mapping[str, str] | None = None) -> None:
    """Header changes of a route; ``usual`` are set where the project says nothing else."""
    wanted = {**(usual or {}), **dict(changes.set)}
    if wanted:
        data[f"{direction}_headers_to_add"] = _set(tuple(sorted(wanted.items())))
    if changes.remove:
        data[f"{direction}_headers_to_remove"] = list(changes.remove)


@lru_cache(4096)
def _set(headers: tuple[tuple[str, str], ...]) -> Line:
    """Set headers to just these texts; a percent sign begins a variable in Envoy, so it is doubled."""
    made: list[Data] = [
        {
            "header": {"key": name, "value": value.replace("%", "%%")},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            **({} if value else {"keep_empty_value": True}),
        }
        for name, value in headers
    ]
    return line(made)
