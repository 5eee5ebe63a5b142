"""Mirrors: a copy bears the path that the service gets, so the other service must have it at the same place."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Finding, Note
from compiler.model.policies import Mirror
from compiler.model.services import Service
from compiler.policies import effective
from compiler.workspace import Exposure, Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Mirrors whose base path is not that of the services whose requests they get; each pair once."""
    seen: set[tuple[str, str]] = set()
    for exposure in workspace.exposures:
        for mirror in _mirrors(workspace, exposure):
            shadow = workspace.project.services.get(mirror.service)
            for name in exposure.services if shadow is not None else ():
                if (mirror.service, name) not in seen:
                    seen.add((mirror.service, name))
                    yield from _paths(mirror, shadow, workspace.project.services[name], name)


def _mirrors(workspace: Workspace, exposure: Exposure) -> Iterator[Mirror]:
    gateway = dict(workspace.project.deployables)[exposure.gateway]
    for settings in dict.fromkeys(exposed.settings for exposed in exposure.operations):
        mirror = effective(workspace.project, gateway, exposure.expose, settings).mirror
        if mirror is not None:
            yield mirror


def _paths(mirror: Mirror, shadow: Service | None, service: Service, name: str) -> Iterator[Finding]:
    if shadow is not None and shadow.base_path.rstrip("/") != service.base_path.rstrip("/"):
        yield Finding(
            "schema",
            f"copies for `{mirror.service}` bear the path that `{name}` gets, and their base paths differ",
            mirror.where["service"],
            "give both services the same `base_path`",
            (
                Note(f"that of `{mirror.service}`", shadow.where["base_path"]),
                Note(f"that of `{name}`", service.where["base_path"]),
            ),
        )
