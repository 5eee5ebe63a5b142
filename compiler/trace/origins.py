"""Which policy each setting of an operation comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.model.gateways import Expose, Gateway, OperationSettings
from compiler.model.kinds import duration_text
from compiler.model.project import Project
from compiler.policies import DEFAULT_TIMEOUT, applied
from compiler.reader import ListNode, MapNode
from compiler.records import frozen
from compiler.source import Span


@frozen
class Setting:
    """One setting that applies: ``timeout``, or of headers ``headers.request.x-a``.

    ``value`` is as the project writes it, and None for a header that is taken off. ``policy`` is None for a default of
    the language.
    """

    key: str
    value: Any
    policy: str | None
    where: Span | None


def settings(
    project: Project, gateway: Gateway, expose: Expose, operation: OperationSettings | None
) -> Iterator[Setting]:
    """What applies, by key. A later policy replaces a key whole; headers merge by name, and ``deny_ips`` unite."""
    found: dict[str, Setting] = {"timeout": Setting("timeout", duration_text(DEFAULT_TIMEOUT), None, None)}
    for policy, origin in applied(project, gateway, expose, operation):
        node = policy.where.node
        for key in node if isinstance(node, MapNode) else ():
            assert isinstance(node, MapNode)
            if key == "headers":
                found.update((one.key, one) for one in _headers(origin.policy, node[key]))
                continue
            value, before = node[key], found.get(key)
            if key == "deny_ips" and before is not None:
                value = [*before.value, *(network for network in value if network not in before.value)]
            found[key] = Setting(key, value, origin.policy, node.value_span(key))
    yield from (found[key] for key in sorted(found))


def _headers(policy: str, headers: Any) -> Iterator[Setting]:
    """Each header that a policy changes; what is both removed and set is set."""
    for direction, changes in headers.items() if isinstance(headers, MapNode) else ():
        removed, made = changes.get("remove"), changes.get("set")
        if isinstance(removed, ListNode):
            for at, name in enumerate(removed):
                yield Setting(f"headers.{direction}.{name.lower()}", None, policy, removed.value_span(at))
        if isinstance(made, MapNode):
            for name, value in made.items():
                yield Setting(f"headers.{direction}.{name.lower()}", value, policy, made.value_span(name))
