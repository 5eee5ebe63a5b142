"""The line of a project that causes what a plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.diff.entries import Steps
from compiler.model.gateways import Expose, Gateway, OperationSettings
from compiler.model.project import Project
from compiler.policies import applied
from compiler.records import frozen
from compiler.source import Span
from compiler.workspace import Exposure, Workspace


@frozen
class Exposing:
    """What exposes an operation: the exposed version, and what is said of the operation alone."""

    exposure: Exposure
    settings: OperationSettings | None

    @property
    def expose(self) -> Expose:
        """The entry of ``expose``."""
        return self.exposure.expose


def exposing(workspace: Workspace, deployable: str) -> dict[Span, Exposing]:
    """What exposes the operations of a gateway or edge, by the place that rules of the plan bear."""
    return {
        exposed.where: Exposing(exposure, exposed.settings)
        for exposure in workspace.exposures
        if exposure.gateway == deployable
        for exposed in exposure.operations
    }


def of_policy(project: Project, gateway: Gateway, by: Exposing | None, at: Steps) -> Span:
    """The place of a setting in the policy that it comes from; where policies are named, if none says it."""
    expose, settings = (by.expose, by.settings) if by is not None else (None, None)
    best, depth = None, 0
    for policy, _ in applied(project, gateway, expose, settings):
        reached = _depth(policy.where.node, at)
        if reached and reached >= depth:
            best, depth = policy.where.key(*at), reached
    if best is not None:
        return best
    holders: list[Any] = [holder for holder in (settings, expose, gateway) if holder is not None]
    named = next((holder for holder in holders if "policies" in holder.where), gateway)
    return named.where.key("policies")


def _depth(node: Any, at: Steps) -> int:
    """How many steps of a path are there."""
    for count, step in enumerate(at):
        if not isinstance(node, Mapping) or step not in node:
            return count
        node = node[step]
    return len(at)


def of_service(project: Project, name: str, at: Steps) -> Span | None:
    """The place of something that a service says; None where there is no such service."""
    service = project.services.get(name)
    return None if service is None else service.where.key(*at) if at else service.where.span


def of_version(project: Project, contract: str, version: str) -> Span | None:
    """Where a version of a contract is declared."""
    declared = project.contracts.get(contract)
    return None if declared is None else declared.where.key("versions", version)


def of_expose(expose: Expose, at: Steps) -> Span:
    """The place of something that an entry of ``expose`` says; bodies are changed by `shape` or by `decorate`."""
    if at[0] == "shape" and "shape" not in expose.where and "decorate" in expose.where:
        at = ("decorate", *at[1:])
    return expose.where.key(*at)
