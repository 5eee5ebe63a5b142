"""Files with public keys for tokens: JSON Web Key Sets (RFC 7517)."""

from __future__ import annotations

from typing import Any

from compiler.diagnostics import Finding
from compiler.files import Library
from compiler.model.policies import Jwt
from compiler.reader import Document

_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members that hold a secret: RFC 7518 section 6.2.2, 6.3.2 and 6.4.1."""


def read_key_set(library: Library, jwt: Jwt) -> dict[str, Any] | Finding | None:
    """The key set that a policy names.

    A finding says why it cannot be used. None where no file is named, or where the file is no JSON, which the library's
    findings say.
    """
    if jwt.jwks_file is None:
        return None
    where = jwt.where["jwks_file"]
    document = library.document(jwt.jwks_file, where.file, where)
    if not isinstance(document, Document):
        return document
    keys = document.root.get("keys") if isinstance(document.root, dict) else None
    if not isinstance(keys, list) or not keys:
        help = 'a key set (RFC 7517) is `{"keys": [...]}`; write the issuer\'s public keys into the file'
        return Finding("schema", f"`{jwt.jwks_file}` holds no keys", where, help)
    for index, key in enumerate(keys):
        wrong = _wrong(key)
        if wrong is not None:
            return Finding(wrong[0], wrong[1], document.span(("keys", index)), wrong[2])
    return {"keys": [dict(key) for key in keys]}


def _wrong(key: object) -> tuple[str, str, str] | None:
    """What is wrong with one key: rule, message and help."""
    if not isinstance(key, dict):
        return "schema", "a key is a mapping", "write it as RFC 7517 has it"
    if _PRIVATE & key.keys():
        help = "keep only the public members in the project, and replace the key that was written here"
        return "plaintext-secret", "a key whose secret half stands in a file of the project", help
    needed = _PUBLIC.get(key.get("kty", ""))
    if needed is None:
        return "schema", f"`{key.get('kty')}` is no kind of public key", "there is RSA, EC and OKP"
    missing = [name for name in needed if not isinstance(key.get(name), str)]
    if missing:
        return "schema", f"the key lacks {' and '.join(f'`{name}`' for name in missing)}", "copy it whole"
    return None
