"""`at` and `base_path`: literal prefixes that a normalized request path can start with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.model.kinds import Where
from compiler.paths import ESCAPED_SLASH, PathTemplate
from compiler.workspace import Workspace

_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def check(workspace: Workspace) -> Iterator[Finding]:
    """Prefixes with dot segments, double slashes or broken escapes."""
    project = workspace.project
    for _, gateway in project.deployables:
        for expose in gateway.expose:
            yield from _prefix(expose.at, expose.where, "at")
    for service in project.services.values():
        yield from _prefix(service.base_path, service.where, "base_path")


def _prefix(text: str, where: Where, key: str) -> Iterator[Finding]:
    problem = None
    if _ESCAPE.search(text):
        problem = "`%` starts an escape of two hexadecimal digits"
    elif ESCAPED_SLASH.search(text):
        problem = "a path with an escaped slash is refused"
    else:
        try:
            PathTemplate.parse(text)
        except ValueError as error:
            problem = str(error)
    if problem:
        yield Finding("schema", f"`{text}`: {problem}", where[key], "write a plain prefix such as `/shop`")
