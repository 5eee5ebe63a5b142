"""What a contract shows of itself: an answer of each operation for a stub, and a request that fits it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from compiler.contracts.fits import Direction
from compiler.contracts.modern import plain
from compiler.contracts.openapi import Api, Operation
from compiler.contracts.refs import Node
from compiler.contracts.values import ImpossibleError, Maker

MAX_BODY = 64 * 1024
"""A body that is made here is at most so many bytes long; longer lists are cut."""
_BOUNDARY = "gatewright"
_NOT_PARAMETERS = ("accept", "authorization", "content-type")
"""Header parameters of these names do not count (https://spec.openapis.org/oas/v3.1.1.html#parameter-object)."""


def answer(api: Api, operation: Operation) -> tuple[int, str | None, str]:
    """Status, media type and body of a good answer; no media type where the answer has no body.

    The lowest declared 2xx; where there is none, 200 for ``default`` and 204 otherwise. The body is the contract's own
    example if there is one, and is made from the schema otherwise.
    """
    responses = dict(api.responses(operation))
    exact = sorted(status for status in responses if status.startswith("2") and status.isdigit())
    chosen = exact[0] if exact else "2XX" if "2XX" in responses else "default" if "default" in responses else None
    if chosen is None:
        return 204, None, ""
    status = int(chosen) if chosen.isdigit() else 200
    if status in (204, 205):
        return status, None, ""
    media_type, body = _body(api, responses[chosen], "response")
    return status, media_type, body or ""


def sample_request(
    api: Api, operation: Operation
) -> tuple[dict[str, str], dict[str, str], dict[str, str], str | None, str | None]:
    """Path, query and header parameters that a request needs, its body and the body's media type.

    Values are plain text: whoever writes a URL of them has to escape them. The values of path parameters hold no slash.
    """
    path: dict[str, str] = {}
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    for parameter in api.parameters(operation):
        name, place = parameter.value["name"], parameter.value["in"]
        if place != "path" and parameter.value.get("required") is not True:
            continue
        value = _parameter_value(api, parameter)
        if place == "path":
            text = _text(value).replace("/", "-")
            path[name] = text if text.strip(".") else f"a{text}"
        elif place == "query" and isinstance(value, dict) and parameter.value.get("style") == "deepObject":
            query |= {f"{name}[{key}]": _text(inner) for key, inner in value.items()}
        elif (
            place == "query"
            and isinstance(value, dict)
            and parameter.value.get("explode", True)
            and "schema" in parameter.value
        ):
            query |= {str(key): _text(inner) for key, inner in value.items()}
        elif place == "query":
            query[name] = _text(value)
        elif place == "cookie":
            headers["cookie"] = "; ".join(filter(None, (headers.get("cookie"), f"{name}={_text(value)}")))
        elif name.lower() not in _NOT_PARAMETERS:
            headers[name] = _text(value)
    body = api.request_body(operation)
    if body is None or (operation.method in ("GET", "HEAD") and body.value.get("required") is not True):
        return path, query, headers, None, None
    media_type, text_body = _body(api, body, "request")
    return path, query, headers, text_body, media_type


def _body(api: Api, holder: Node, direction: Direction) -> tuple[str | None, str | None]:
    """A media type and a text of it, for a response or a request body."""
    content = dict(api.content(holder))
    if not content:
        return None, None
    name = min(content, key=_preference)
    media_type = _concrete(name)
    text = ""
    for most in (3_000, 200):  # what is too long is made again, with fewer of the optional parts
        value = _media_value(api, content[name], direction, most)
        text = _encoded(value, media_type)
        if _size(text) <= MAX_BODY:
            break
    else:
        text = _encoded(_cut(value, media_type), media_type)
    if media_type == "multipart/form-data":
        media_type += f"; boundary={_BOUNDARY}"
    return media_type, text


def _preference(name: str) -> int:
    """JSON first, then what may be JSON, then whatever comes first."""
    essence = name.partition(";")[0].strip().lower()
    if essence == "application/json":
        return 0
    if essence.endswith("+json"):
        return 1
    return 2 if essence in ("*/*", "application/*") else 3


def is_json(media_type: str) -> bool:
    """Whether bodies of a media type are JSON."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def _concrete(name: str) -> str:
    essence = name.partition(";")[0].strip().lower()
    if essence in ("*/*", "application/*"):
        return "application/json"
    if "*" in essence:
        return "text/plain" if essence == "text/*" else "application/octet-stream"
    return name


def _media_value(api: Api, media: Node, direction: Direction, most: int = 3_000) -> Any:
    found, value = _example(api, media)
    if found:
        return value
    if "schema" not in media.value:
        return {} if is_json(str(media.path[-1])) else ""
    return made_value(api, media["schema"], direction, most)


def _example(api: Api, holder: Node) -> tuple[bool, Any]:
    """Whether a media type or a parameter shows an example, and it."""
    if "example" in holder.value:
        return True, holder.value["example"]
    for name in holder.value.get("examples", ()):
        example = api.resolve(holder["examples"][name])
        if isinstance(example.value, dict) and "value" in example.value:
            return True, example.value["value"]
    return False, None


def made_value(api: Api, schema: Node, direction: Direction, most: int = 3_000) -> Any:
    """A value for a schema; the schema's own example where it has one that fits. Null where none can be made.

    Beyond ``most`` values in it, only what is required is made.
    """
    try:
        return Maker(api, direction, most).make([schema])[0]
    except ImpossibleError:
        return None


def _parameter_value(api: Api, parameter: Node) -> Any:
    found, value = _example(api, parameter)
    if found:
        return value
    if "schema" in parameter.value:
        return made_value(api, parameter["schema"], "request")
    return next((_encoded(_media_value(api, media, "request"), name) for name, media in api.content(parameter)), "")


def _encoded(value: Any, media_type: str) -> str:
    if is_json(media_type):
        return _json(value)
    if media_type == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return urlencode([(key, _text(inner)) for key, inner in value.items()])
    if media_type == "multipart/form-data" and isinstance(value, dict):
        parts = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{_text(inner)}\r\n'
            for key, inner in value.items()
        )
        return "".join(parts) + f"--{_BOUNDARY}--\r\n"
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    except ValueError:  # YAML writes .nan and .inf, which JSON has no word for
        return "null"


def _text(value: Any) -> str:
    """A value as a parameter's text (RFC 6570's simple expansion for lists and objects)."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ",".join(f"{key},{_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ",".join(_text(inner) for inner in value)
    return _json(value)


def _cut(value: Any, media_type: str) -> Any:
    """The value with its lists, then its texts, cut until it is short enough; null if that does not help."""
    for most in (64, 16, 4, 1, 0):
        shorter = _shorter(value, most)
        if _size(_encoded(shorter, media_type)) <= MAX_BODY:
            return shorter
    return None


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _shorter(value: Any, most: int) -> Any:
    if isinstance(value, dict):
        return {key: _shorter(inner, most) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shorter(inner, most) for inner in value[:most]]
    return value[: most * 256] if isinstance(value, str) else value
