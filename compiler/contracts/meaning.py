"""What a contract version means to those who send and read: a plain document, and its digest.

Descriptions, examples, extensions, the order of keys, how documents are cut into files and components that nothing
refers to make no difference (:mod:`compiler.contracts.reduction`). Two documents of one meaning may still differ, a
schema written in place or as a component for one: equal digests say that nothing has changed, and different ones that
somebody has to compare (:mod:`compiler.compat`).
"""

from __future__ import annotations

import json
from dataclasses import field
from hashlib import sha256
from pathlib import Path

from compiler.contracts.openapi import Api, load
from compiler.contracts.reduction import reduced
from compiler.files import Library
from compiler.reader import Document
from compiler.records import frozen
from compiler.source import Span

FORM = 1
"""Digests of one form can be compared. A compiler that drops more, or less, has another."""
_NOWHERE = Path("/nonexistent")


@frozen
class Meaning:
    """A version's meaning: a document of OpenAPI as canonical JSON (ASCII, sorted keys, no blanks), and its digest."""

    text: str = field(repr=False)
    digest: str
    """SHA-256 of the text, in hexadecimal."""
    form: int = FORM


def meaning(api: Api) -> Meaning:
    """The meaning of a contract version. Files, key order and spelling of YAML make no difference."""
    text = json.dumps(reduced(api), sort_keys=True, separators=(",", ":"))
    return Meaning(text, digest_of(text))


def digest_of(text: str) -> str:
    """The digest of a meaning's text."""
    return sha256(text.encode("ascii")).hexdigest()


def reload(text: str, where: Span, name: str) -> Api | None:
    """A meaning's text as a document that can be compared, all of it placed at ``where``; None where it is none.

    ``name`` tells it from others of the same file: it becomes the first step of every path.
    """
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return None
    api, _ = load(Document(where.source, {name: root}, where), (name,), Library(_NOWHERE))
    return api
