"""Secrets on a laptop: the files that are there, and throwaways for those that are not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from compiler.backends.envoy.secrets import host_secrets, with_secrets
from compiler.plan import Deployable, Secret
from compiler.throwaway import Pair, pair, why_not_a_pair


class SecretProblem(Exception):
    """A file is there and cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Local:
    """A deployable whose secrets are all on this machine; ``authority`` (PEM) signed its throwaway, if it has one."""

    deployable: Deployable
    authority: bytes | None


def with_local_secrets(deployable: Deployable, names: tuple[str, ...], folder: Path) -> Local:
    """The deployable with secrets that are here: its own files, or throwaways that are written into ``folder``.

    A throwaway certificate is good for ``names``. It stands in for the pair as soon as one of the two files is missing, or is
    named by an environment variable. Raises SecretProblem where both are there and Envoy could not use them.
    """
    secrets = host_secrets(deployable)
    if not secrets:
        return Local(deployable, None)
    if all(s.secret.kind == "file" and _is_there(s.secret.value) for s in secrets):
        found = {s.use: _content(s.secret.value, s.use, deployable.name) for s in secrets}
        reason = why_not_a_pair(found["certificate"], found["key"])
        if reason is not None:
            files = " and ".join(f"`{s.secret.value}`" for s in secrets)
            raise SecretProblem(f"gateway {deployable.name} cannot use {files}: {reason}")
        return Local(deployable, None)
    made = pair(names)
    # a folder for each pair: a running Envoy is led to another one by its listener, never to half of each
    place = folder / hashlib.sha256(made.certificate).hexdigest()[:12]
    replaced = {s.secret: Secret("file", str(_written(place, made, s.use))) for s in secrets}
    return Local(with_secrets(deployable, replaced), made.authority)


def _is_there(path: str) -> bool:
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it is, or who knows, behind something that we may not look into
        return True
    return True


def _content(path: str, use: str, name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SecretProblem(f"the {use} of gateway {name}, `{path}`, cannot be read: {error.strerror}") from error


def _written(place: Path, made: Pair, use: str) -> Path:
    path = place / f"{use}.pem"
    if not path.exists():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(made.certificate if use == "certificate" else made.key)
    return path
