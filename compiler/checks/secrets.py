"""plaintext-secret: what must stay secret stands in no file of a project, and so in nothing that is built of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.source import Source
from compiler.workspace import Workspace

# RFC 7468 section 10 and 11, and the names that OpenSSL and OpenSSH give to their own forms.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----(?:[\s\S]{0,20000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----|[^\n]*)"
)
_CREDENTIALS = frozenset(
    {
        "api-key",
        "apikey",
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-access-token",
        "x-amz-security-token",
        "x-api-key",
        "x-api-token",
        "x-apikey",
        "x-auth-token",
        "x-gitlab-token",
        "x-goog-api-key",
        "x-vault-token",
    }
)


def check(workspace: Workspace) -> Iterator[Finding]:
    """Private keys in any file that was read, and literal credentials among the headers that policies set."""
    for source in workspace.library.sources:
        yield from private_keys(source)
    for policy in workspace.project.policies.values():
        changes = policy.headers.request if policy.headers is not None else None
        for name in changes.where.written("set") if changes is not None else ():
            if changes is not None and name.lower() in _CREDENTIALS:
                yield Finding(
                    "plaintext-secret",
                    f"a literal value for the credential header `{name.lower()}`",
                    changes.where["set", name],
                    "let the service or the client bring it, and revoke what was written here",
                )


def private_keys(source: Source) -> Iterator[Finding]:
    """The places of private keys in a text."""
    for match in _PRIVATE_KEY.finditer(source.text):
        yield Finding(
            "plaintext-secret",
            "a private key stands in a file of the project",
            source.span(match.start(), match.end()),
            "keep it on the gateway's host, refer to it as `{file: /path}`, and replace the key that was written here",
        )
