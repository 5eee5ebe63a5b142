"""What Envoy answers by itself, as problem+json (RFC 9457).

Direct answers of the routing table and those of the payload module pass here too; they have their own bodies and are
left alone. What Envoy says of a failure ("upstream connect error ... reset reason: ...") tells strangers about the
inside, so it is not passed on: it is in the access log.
"""

from __future__ import annotations

from compiler.backends.envoy.auth import insufficient_scope, scope_challenge
from compiler.backends.envoy.types import CEL_FILTER, Data
from compiler.plan import Deployable, applied
from compiler.plan_policies import Jwt
from compiler.problems import MEDIA_TYPE, problem_text

COMPOSED = "gatewright.composed"
"""The response code details with which the payload module answers."""
_LEFT_ALONE = f'response.code_details != "direct_response" && response.code_details != "{COMPOSED}"'
_STATUSES = (400, 401, 403, 404, 408, 413, 426, 429, 431, 500, 502, 503, 504)


def local_reply_config(deployable: Deployable) -> Data:
    """A mapper for each status that Envoy answers with, and one for the rest; the first one that fits is used."""
    refused = [_lacking(scopes) for scopes in _scopes(deployable)]
    return {"mappers": [*refused, *(_mapper(status) for status in _STATUSES), _mapper(None)]}


def _scopes(deployable: Deployable) -> list[tuple[str, tuple[str, ...]]]:
    """The policies that want scopes of tokens, and which."""
    applying = (policies.auth for policies in applied(deployable))
    return sorted(
        {(a.policy, a.way.scopes) for a in applying if a is not None and isinstance(a.way, Jwt) and a.way.scopes}
    )


def _lacking(wanted: tuple[str, tuple[str, ...]]) -> Data:
    """The answer to a sound token without a scope says so to programs (RFC 6750 section 3.1)."""
    made = _mapper(403)
    expression = {"@type": CEL_FILTER, "expression": insufficient_scope(wanted[0])}
    name = "envoy.access_loggers.extension_filters.cel"
    made["filter"] = {"extension_filter": {"name": name, "typed_config": expression}}
    challenge = {"key": "www-authenticate", "value": scope_challenge(wanted[1])}
    made["headers_to_add"] = [{"header": challenge, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]
    return made


def _mapper(status: int | None) -> Data:
    ours: Data = {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {"@type": CEL_FILTER, "expression": _LEFT_ALONE},
        }
    }
    chosen = ours
    if status is None:
        text = '{"type": "about:blank", "status": %RESPONSE_CODE%}\n'
    else:
        equal = {"op": "EQ", "value": {"default_value": status, "runtime_key": "gatewright.unused"}}
        chosen = {"and_filter": {"filters": [{"status_code_filter": {"comparison": equal}}, ours]}}
        text = problem_text(status)
    return {
        "filter": chosen,
        "body_format_override": {
            "text_format_source": {"inline_string": text},
            "content_type": MEDIA_TYPE,
        },
    }
