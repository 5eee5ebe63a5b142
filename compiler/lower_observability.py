"""What a gateway tells of itself, in the plan."""

from __future__ import annotations

from typing import Literal

from compiler.model.gateways import Observability
from compiler.plan import Tracing


def lower_access_log(observability: Observability | None) -> Literal["json", "text"] | None:
    """The form of the log; None for none."""
    log = observability.access_log if observability else None
    return None if log == "none" else log


def lower_metrics_port(observability: Observability | None) -> int | None:
    """The port that Prometheus asks; None for none."""
    return observability.metrics.port if observability and observability.metrics else None


def lower_tracing(observability: Observability | None) -> Tracing | None:
    """Where spans go, and how many; None for nowhere."""
    asked = observability.tracing if observability else None
    if asked is None:
        return None
    return Tracing(asked.otlp.host, asked.otlp.port, round(asked.sampling * 10_000), asked.where.span)
