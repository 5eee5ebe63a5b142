"""plaintext-secret: what must stay secret stands in no file of a project, and so in nothing that is built of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Finding
from compiler.files import ROOT_FILE
from compiler.reader import Document
from compiler.source import Source, Span
from compiler.workspace import Workspace

# RFC 7468 section 10 and 11, and the names that OpenSSL and OpenSSH give to their own forms.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----"
    r"(?:[\s\S]{0,20000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----|[^\n]*)"
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
    documents = {document.source.name: document for document in workspace.library.documents}
    for source in workspace.library.sources:
        found = list(private_keys(source))
        document = documents.get(source.name)
        if found and source.name in workspace.history.unread:
            read = workspace.library.document(source.name, ROOT_FILE, source.span(0, 0))
            document = read if isinstance(read, Document) else None
        if found and document is not None:  # what a contract shows as an example was published with it
            shown = list(_examples(document))
            found = [f for f in found if not any(e.start <= f.where.start and f.where.end <= e.end for e in shown)]
        yield from found
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


def _examples(document: Document) -> Iterator[Span]:
    """The places of texts with private keys among the examples of an OpenAPI document."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), document.root)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, str) and {"example", "examples"} & set(path) and _PRIVATE_KEY.search(value):
            yield document.span(path)
