"""A line for each request, in the words of the project: contract, version, operation, service.

The path is the client's, from before it was rewritten, and without its query: keys and personal data stand there.
Formats: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
"""

from __future__ import annotations

from typing import Literal

from compiler.backends.envoy.types import SET_FILTER_STATE, STDOUT_LOG, Data

FIELDS = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%FILTER_STATE(gatewright.path:PLAIN)%",
    "host": "%REQ(:AUTHORITY)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "duration_ms": "%DURATION%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "contract": "%METADATA(ROUTE:gatewright:contract)%",
    "version": "%METADATA(ROUTE:gatewright:version)%",
    "operation": "%METADATA(ROUTE:gatewright:operation)%",
    "file": "%METADATA(ROUTE:gatewright:file)%",
    "route": "%ROUTE_NAME%",
    "service": "%UPSTREAM_CLUSTER%",
    "endpoint": "%UPSTREAM_HOST%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%",
    "user_agent": "%REQ(USER-AGENT)%",
}
_TEXT = (
    "%START_TIME% %REQ(:METHOD)% %FILTER_STATE(gatewright.path:PLAIN)% %RESPONSE_CODE% %DURATION%ms route=%ROUTE_NAME% "
    "contract=%METADATA(ROUTE:gatewright:contract)% version=%METADATA(ROUTE:gatewright:version)% "
    "operation=%METADATA(ROUTE:gatewright:operation)% file=%METADATA(ROUTE:gatewright:file)% "
    "service=%UPSTREAM_CLUSTER% flags=%RESPONSE_FLAGS% "
    "client=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% request_id=%REQ(X-REQUEST-ID)%\n"
)


STEPS = "%FILTER_STATE(wasm.gatewright.steps:PLAIN)%"
"""What the payload module notes of an aggregate's steps."""


def access_log(form: Literal["json", "text"], *, composes: bool = False) -> Data:
    """The logger of a connection manager. In JSON, what a request does not have is left out.

    With ``composes``, each line says what became of the steps of an aggregate.
    """
    steps = {"steps": STEPS} if composes else {}
    text = _TEXT.replace(" flags=", f" steps={STEPS} flags=") if composes else _TEXT
    log_format: Data = (
        {"json_format": FIELDS | steps, "omit_empty_values": True}
        if form == "json"
        else {"text_format_source": {"inline_string": text}}
    )
    return {
        "name": "envoy.access_loggers.stdout",
        "typed_config": {"@type": STDOUT_LOG, "log_format": log_format},
    }


def path_noted() -> Data:
    """A filter that notes the client's path before the router rewrites it."""
    note = {
        "object_key": "gatewright.path",
        "factory_key": "envoy.string",
        "format_string": {"text_format_source": {"inline_string": "%PATH(NQ)%"}},
    }
    return {
        "name": "envoy.filters.http.set_filter_state",
        "typed_config": {"@type": SET_FILTER_STATE, "on_request_headers": [note]},
    }
