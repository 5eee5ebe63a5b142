"""What became of a request, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from compiler.plan import Compose, Forward
from compiler.source import Span
from compiler.trace import Traced
from compiler.trace.origins import Setting

NOBODY: Mapping[str, Any] = {
    "matched": False,
    "deployable": None,
    "route": None,
    "contract": None,
    "version": None,
    "operation": None,
    "service": None,
    "services": {},
    "aggregator": None,
    "status": 404,
    "policies": {},
    "where": None,
    "why": ["no gateway bears this host"],
}
"""What is said where no gateway bears a request's host."""


def data(traced: Traced | None) -> dict[str, Any]:
    """Plain data of a fixed shape.

    ``service`` is None where several share the requests, see ``services``, and where an ``aggregator`` answers.
    """
    if traced is None:
        return dict(NOBODY)
    forward, action = traced.forward, traced.action
    services = {target.cluster: target.weight for target in forward.targets} if forward else {}
    return {
        "matched": traced.matched,
        "deployable": f"{traced.deployable.kind}/{traced.deployable.name}",
        "route": traced.rule.name if traced.rule else None,
        "contract": action.contract if action else None,
        "version": action.version if action else None,
        "operation": action.operation if action else None,
        "service": next(iter(services)) if len(services) == 1 else None,
        "services": services,
        "aggregator": action.aggregate if isinstance(action, Compose) else None,
        "status": traced.status,
        "policies": {one.key: _setting(one) for one in traced.settings},
        "where": _place(traced.where),
        "why": list(traced.why),
    }


def as_json(traced: Traced | None) -> str:
    """``data`` as JSON that ends with a newline."""
    return json.dumps(data(traced), indent=2) + "\n"


def _setting(setting: Setting) -> dict[str, Any]:
    return {"value": setting.value, "policy": setting.policy, "where": _place(setting.where)}


def _place(where: Span | None) -> dict[str, Any] | None:
    return {"file": where.file, "line": where.line, "column": where.column} if where is not None else None


def as_text(traced: Traced | None) -> str:
    """Headline, what was found, which policies apply, and why."""
    if traced is None:
        return "404 Not Found\n\nwhy\n  no gateway bears this host\n"
    lines = [_headline(traced), ""]
    lines += _columns(_found(traced))
    if traced.settings:
        lines += ["", "policies", *_columns([_shown(one) for one in traced.settings])]
    lines += ["", "why", *(f"  {sentence}" for sentence in traced.why)]
    return "\n".join(lines) + "\n"


def _headline(traced: Traced) -> str:
    if traced.action is not None and traced.rule is not None:
        return traced.rule.name
    status = traced.status or 0
    return f"{status} {HTTPStatus(status).phrase}"


def _found(traced: Traced) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [(traced.deployable.kind, traced.deployable.name)]
    action = traced.action
    if action is not None:
        rows += [("contract", f"{action.contract} {action.version}"), ("operation", action.operation)]
        rows.append(("aggregator", action.aggregate) if isinstance(action, Compose) else ("service", _services(action)))
    if traced.where is not None:
        rows.append(("place", _named_place(traced.where)))
    return rows


def _services(forward: Forward) -> str:
    if len(forward.targets) == 1:
        return forward.targets[0].cluster
    return ", ".join(f"{target.cluster} ({target.weight})" for target in forward.targets)


def _named_place(where: Span) -> str:
    """``gatewright.yaml:12:5``."""
    return f"{where.file}:{where.line}:{where.column}"


def _shown(setting: Setting) -> tuple[str, ...]:
    value = "removed" if setting.value is None else _flow(setting.value)
    if setting.policy is None or setting.where is None:
        return (setting.key, value, "where no policy says otherwise")
    return (setting.key, value, f"{setting.policy}, {_named_place(setting.where)}")


def _flow(value: Any) -> str:
    """A value on one line, as YAML writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    return ["  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
