"""`default` of an exposure: what a request without a version gets must be one of the majors that are exposed."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.contracts.versions import label_order, satisfies
from compiler.diagnostics import Finding, Note
from compiler.model.gateways import Expose
from compiler.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Ranges that come to no exposed major or to several, and entries of one contract that contradict each other."""
    for name, gateway in dict(workspace.project.deployables).items():
        said: dict[str, Expose] = {}
        for expose in gateway.expose:
            if expose.contract is None or expose.default is None:
                continue
            yield from _range(workspace, name, expose.contract, expose)
            first = said.setdefault(expose.contract, expose)
            if first.default != expose.default:
                yield Finding(
                    "schema",
                    f"two entries give `{expose.contract}` different defaults",
                    expose.where["default"],
                    "a request without a version gets one answer; keep one of the two",
                    (Note("the other one", first.where["default"]),),
                )


def _range(workspace: Workspace, gateway: str, contract: str, expose: Expose) -> Iterator[Finding]:
    wanted = expose.default
    if wanted is None or wanted in ("none", "latest", "oldest"):
        return
    exposed = {e.label: e.version for e in workspace.exposures if e.gateway == gateway and e.contract == contract}
    matching = [label for label, version in exposed.items() if satisfies(version, wanted)]
    if not exposed or len(matching) == 1:
        return  # where nothing is exposed, the range of `versions` has a finding of its own
    versions = ", ".join(f"`{exposed[label]}`" for label in sorted(exposed, key=label_order))
    yield Finding(
        "version-unsatisfied",
        f"the default `{wanted}` matches {'several' if matching else 'none'} of the exposed versions of `{contract}`",
        expose.where["default"],
        f"exposed are {versions}; name exactly one major",
    )
