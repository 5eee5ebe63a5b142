"""How a gateway names the versions that it exposes: what the checks and the plan must agree on."""

from __future__ import annotations

from compiler.contracts.versions import label_order, satisfies
from compiler.model.gateways import Gateway
from compiler.workspace import Workspace


def versioned_by(gateway: Gateway) -> str:
    """Where the gateway looks for the version of a request."""
    return gateway.versioning.in_ if gateway.versioning else "path"


def version_prefix(gateway: Gateway, label: str) -> str:
    """What stands before ``at`` in the path of a version."""
    return f"/v{label}" if versioned_by(gateway) == "path" else ""


def defaults(workspace: Workspace, gateway: Gateway, name: str) -> dict[str, str]:
    """By contract, the label that a request without a version gets; contracts without a default are left out."""
    chosen: dict[str, str] = {}
    general = gateway.versioning.default if gateway.versioning else "none"
    for contract in {e.contract for e in gateway.expose if e.contract is not None}:
        labels = {e.label: e.version for e in workspace.exposures if (e.gateway, e.contract) == (name, contract)}
        stated = [e.default for e in gateway.expose if e.contract == contract and e.default is not None]
        wanted = stated[0] if stated else general
        ordered = sorted(labels, key=label_order)
        if wanted not in ("none", "latest", "oldest"):
            ordered = [label for label in ordered if satisfies(labels[label], wanted)]
        if wanted != "none" and ordered:
            chosen[contract] = ordered[0] if wanted == "oldest" else ordered[-1]
    return chosen
