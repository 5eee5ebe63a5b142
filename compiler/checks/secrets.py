"""Secrets that stand in a project although they look like something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.workspace import Workspace

_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"})
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def check(workspace: Workspace) -> Iterator[Finding]:
    """plaintext-secret: private keys in any file, credentials set as headers."""
    for source in workspace.library.sources:
        for match in _PRIVATE_KEY.finditer(source.text):
            yield Finding(
                "plaintext-secret",
                "a private key stands in the project",
                source.span(match.start(), match.end()),
                "take it out, replace it everywhere, and refer to a file on the gateway's host",
            )
    for policy in workspace.project.policies.values():
        for changes in (policy.headers.request, policy.headers.response) if policy.headers else ():
            for name in sorted(changes.set if changes else ()):
                if name in _CREDENTIALS:
                    assert changes is not None
                    yield Finding(
                        "plaintext-secret",
                        f"the header `{name}` carries a credential, and its value stands here",
                        changes.where["set", name],
                        "let the service and its clients exchange credentials; revoke what was written here",
                    )
