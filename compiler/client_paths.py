"""What clients write before an operation's own path, and which version a request that names none gets."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.contracts.versions import label_order, satisfies
from compiler.model.gateways import Expose, Gateway
from compiler.workspace import Exposure


def versioned_by(gateway: Gateway) -> str:
    """Where a request to a gateway says its version, as `versioning.in` has it."""
    return gateway.versioning.in_ if gateway.versioning else "path"


def version_prefix(gateway: Gateway, label: str) -> str:
    """What stands before ``at`` in the path of a version; empty where the version stands elsewhere."""
    return f"/v{label}" if versioned_by(gateway) == "path" else ""


def at_prefix(expose: Expose) -> str:
    """``at`` without its trailing slash, so empty for ``/``."""
    return expose.at.rstrip("/")


def client_prefix(gateway: Gateway, label: str, expose: Expose) -> str:
    """What stands before an operation's own path where a version of an exposure is called."""
    return version_prefix(gateway, label) + at_prefix(expose)


def default_labels(gateway: Gateway, exposures: Sequence[Exposure]) -> dict[str, str]:
    """By contract, the label that a request without a version gets; contracts without a default are left out.

    ``exposures`` are those of the gateway. What one entry of a contract says holds for its other entries, too.
    """
    usual = gateway.versioning.default if gateway.versioning else "none"
    said = {e.contract: e.default for e in gateway.expose if e.contract is not None and e.default is not None}
    versions: dict[str, dict[str, str]] = {}
    for exposure in exposures:
        versions.setdefault(exposure.contract, {})[exposure.label] = exposure.version
    chosen: dict[str, str] = {}
    for contract, labels in versions.items():
        wanted = said.get(contract, usual)
        ordered = sorted(labels, key=label_order)
        if wanted in ("latest", "oldest"):
            chosen[contract] = ordered[-1 if wanted == "latest" else 0]
        elif wanted != "none":
            matching = [label for label in ordered if satisfies(labels[label], wanted)]
            chosen.update({contract: matching[-1]} if matching else {})
    return chosen


def client_origin(gateway: Gateway, host: str) -> str:
    """Scheme, host and port as clients write them, without the port that is usual."""
    scheme, usual = ("https", 443) if gateway.listen.tls else ("http", 80)
    port = "" if gateway.listen.port == usual else f":{gateway.listen.port}"
    return f"{scheme}://{host}{port}"
