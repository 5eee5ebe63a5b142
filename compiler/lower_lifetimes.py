"""What answers say of a version that is on its way out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from compiler.client_paths import client_origin, client_prefix, versioned_by
from compiler.contracts.versions import label_order
from compiler.model.gateways import Gateway
from compiler.workspace import Exposure


def lifetime_headers(gateway: Gateway, exposure: Exposure, family: list[Exposure]) -> tuple[tuple[str, str], ...]:
    """Deprecation (RFC 9745), Sunset (RFC 8594) and the link to the successor (RFC 5829) of a deprecated version."""
    declared = exposure.declared
    if declared.deprecated is None:
        return ()
    headers = [("deprecation", f"@{int(_midnight(declared.deprecated).timestamp())}")]
    if declared.sunset is not None:
        end = datetime.combine(declared.sunset, time(23, 59, 59), UTC)
        headers.append(("sunset", format_datetime(end, usegmt=True)))
    later = [e for e in family if label_order(e.label) > label_order(exposure.label)]
    lasting = [e for e in later if e.declared.deprecated is None] or later
    if lasting and versioned_by(gateway) in ("path", "host"):
        successor = min(lasting, key=lambda e: label_order(e.label))
        path = client_prefix(gateway, successor.label, successor.expose)
        in_host = versioned_by(gateway) == "host"
        origin = client_origin(gateway, f"v{successor.label}.{min(gateway.hosts)}") if in_host else ""
        headers.append(("link", f'<{origin}{path}/>; rel="successor-version"'))
    return tuple(headers)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
