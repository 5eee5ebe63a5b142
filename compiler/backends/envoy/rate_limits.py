"""How often may be called: for each policy with ``rate_limit`` filters with buckets of tokens.

Each value that is counted by has a bucket of its own. Envoy forgets some of them where there are very many, so that a
client with ever new values would never find an empty one; one more bucket, which all share, bounds them together.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.backends.envoy.auth import CONSUMER
from compiler.backends.envoy.types import LOCAL_RATE_LIMIT, RATE_LIMIT, SET_METADATA, Data, seconds
from compiler.plan_policies import COUNTED_WITHIN, RateLimit

MOST_KEYS = 10_000
"""Values that are counted at one time; beyond it, the one that was silent the longest is forgotten."""
DOMAIN = "gatewright"
_SILENT = "silent"
_UNITS = {1_000: "SECOND", 60_000: "MINUTE", 3_600_000: "HOUR", 86_400_000: "DAY"}
_NAMESPACE = "gatewright.rate_limit"
_ALL = {"default_value": {"numerator": 100}, "runtime_key": "gatewright.unused"}


def before_auth(limit: RateLimit) -> bool:
    """Whether calls are counted before it is known who calls.

    Addresses are: that bounds guesses at passwords. All else comes behind it, so that strangers use up nobody's share.
    """
    return limit.by == "client_ip"


def rate_limit_filters(limit: RateLimit) -> Iterator[Data]:
    """The filters of a policy, in their order, each by name and configuration."""
    yield {"name": f"gatewright.rate_limit.{limit.policy}", "typed_config": _local(limit)}
    if limit.cluster is not None:
        yield {"name": f"gatewright.rate_limit.{limit.policy}.number", "typed_config": _number(limit)}
        yield {"name": f"gatewright.rate_limit.{limit.policy}.distributed", "typed_config": _distributed(limit)}


def _local(limit: RateLimit) -> Data:
    """Counted by this process: all values together, and each one where no service counts them."""
    data: Data = {
        "@type": LOCAL_RATE_LIMIT,
        "stat_prefix": f"gatewright.{limit.policy}",
        "token_bucket": _bucket(limit.overall, limit.per),
        "filter_enabled": _ALL,
        "filter_enforced": _ALL,
        "response_headers_to_add": [_retry_after(limit)],
    }
    if limit.cluster is None:
        data["enable_x_ratelimit_headers"] = "DRAFT_VERSION_03"
        if limit.by != "global":
            data["rate_limits"] = [{"actions": [value]} for value in _values(limit)]
            keys: list[Data] = [{"key": _key(limit)}]
            if limit.by != "client_ip":
                keys.append({"key": _SILENT, "value": "-"})
            bucket = _bucket(limit.requests, limit.per)
            data["descriptors"] = [{"entries": [key], "token_bucket": bucket} for key in keys]
            data["max_dynamic_descriptors"] = MOST_KEYS
    return data


def _bucket(requests: int, per: int) -> Data:
    return {"max_tokens": requests, "tokens_per_fill": requests, "fill_interval": seconds(per)}


def _retry_after(limit: RateLimit) -> Data:
    """A bucket fills steadily, so the next request is let through after one request's share of the period."""
    share = limit.per if limit.cluster is not None else limit.per // limit.requests
    value = str(max(1, -(-share // 1000)))
    return {"header": {"key": "retry-after", "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _key(limit: RateLimit) -> str:
    return "masked_remote_address" if limit.by == "client_ip" else limit.by


def _values(limit: RateLimit) -> Iterator[Data]:
    """What is counted together, of which one holds for a request.

    Of IPv6 that is a /64, which one household has. Those who say nothing are counted as one.
    """
    if limit.by == "client_ip":
        yield {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
    elif limit.by == "global":
        yield {"generic_key": {"descriptor_key": "global", "descriptor_value": "all"}}
    else:
        header = CONSUMER if limit.by == "consumer" else limit.by.removeprefix("header:")
        yield {"request_headers": {"header_name": header, "descriptor_key": _key(limit)}}
        silent = {"name": header, "string_match": {"exact": ""}, "treat_missing_header_as_empty": True}
        yield {"header_value_match": {"descriptor_key": _SILENT, "descriptor_value": "-", "headers": [silent]}}


def _number(limit: RateLimit) -> Data:
    """The project's number, for the service: its own configuration need not know it."""
    value = {"requests_per_unit": limit.requests, "unit": _UNITS[limit.per]}
    entry = {"metadata_namespace": _NAMESPACE, "value": {limit.policy: value}, "allow_overwrite": True}
    return {"@type": SET_METADATA, "metadata": [entry]}


def _distributed(limit: RateLimit) -> Data:
    """Counted by a service. Where it does not answer, requests are let through, and ``overall`` alone bounds them."""
    number = {"metadata_key": {"key": _NAMESPACE, "path": [{"key": limit.policy}]}}
    named = {"generic_key": {"descriptor_key": "policy", "descriptor_value": limit.policy}}
    return {
        "@type": RATE_LIMIT,
        "domain": DOMAIN,
        "timeout": seconds(COUNTED_WITHIN),
        "failure_mode_deny": False,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "disable_x_envoy_ratelimited_header": True,
        "response_headers_to_add": [_retry_after(limit)],
        "rate_limit_service": {
            "grpc_service": {"envoy_grpc": {"cluster_name": limit.cluster}, "timeout": seconds(COUNTED_WITHIN)},
            "transport_api_version": "V3",
        },
        "rate_limits": [{"actions": [named, value], "limit": {"dynamic_metadata": number}} for value in _values(limit)],
    }
