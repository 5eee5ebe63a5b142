"""Problem details (RFC 9457): how a gateway says what is wrong, whichever part of it says so."""

from __future__ import annotations

import json
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"


def problem_text(status: int, detail: str | None = None, **more: object) -> str:
    """The body of a problem: type, title and status, then ``detail`` and further members where there are any."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail is not None:
        body["detail"] = detail
    return json.dumps(body | more, ensure_ascii=False) + "\n"
