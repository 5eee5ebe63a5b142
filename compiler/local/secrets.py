"""Secrets on a laptop: the files that are there, and throwaways for those that are not."""

from __future__ import annotations

import hashlib
from pathlib import Path

from compiler.backends.envoy.secrets import with_secrets
from compiler.plan import Deployable, Secret
from compiler.records import frozen
from compiler.throwaway import Pair, pair, why_not_a_pair


class SecretProblem(Exception):
    """A file is there and cannot be used; the text says which and why."""


@frozen
class Local:
    """A deployable whose secrets are all on this machine."""

    deployable: Deployable
    authority: bytes | None
    """What signed the listener's certificate (PEM) where that is a throwaway."""
    failing: tuple[str, ...]
    """Services that will not be reached, because a throwaway stands in for what they want to see; sorted."""


def with_local_secrets(deployable: Deployable, names: tuple[str, ...], folder: Path) -> Local:
    """The deployable with secrets that are here: its own files, or throwaways that are written into ``folder``.

    A throwaway certificate is good for ``names``. It stands in for a pair as soon as one of the two is missing or is
    given by an environment variable. Raises SecretProblem where files are there and Envoy could not use them.
    """
    replaced: dict[Secret, Secret] = {}
    failing: set[str] = set()

    def replace(secret: Secret, use: str) -> None:
        replaced[secret] = Secret("file", str(_written(folder, pair(names), use)))

    tls, authority = deployable.listener.tls, None
    if tls is not None and not _pair_is_here(tls.certificate, tls.key, f"gateway {deployable.name}"):
        replace(tls.certificate, "certificate")
        replace(tls.key, "key")
        authority = pair(names).authority
    for cluster in deployable.clusters:
        shown = cluster.tls
        if shown is None:
            continue
        if shown.authority is not None and _content(shown.authority, f"service {cluster.name}") is None:
            replace(shown.authority, "authority")
            failing.add(cluster.name)
        if shown.certificate is None or shown.key is None:
            continue
        if not _pair_is_here(shown.certificate, shown.key, f"service {cluster.name}"):
            replace(shown.certificate, "certificate")
            replace(shown.key, "key")
            failing.add(cluster.name)
    return Local(with_secrets(deployable, replaced), authority, tuple(sorted(failing)))


def _pair_is_here(certificate: Secret, key: Secret, owner: str) -> bool:
    shown, private = _content(certificate, owner), _content(key, owner)
    if shown is None or private is None:
        return False
    reason = why_not_a_pair(shown, private)
    if reason is not None:
        raise SecretProblem(f"{owner} cannot use `{certificate.value}` and `{key.value}`: {reason}")
    return True


def _content(secret: Secret, owner: str) -> bytes | None:
    """What a file holds; None where there is none, or where a variable is to hold it."""
    if secret.kind == "env":
        return None
    try:
        return Path(secret.value).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SecretProblem(f"`{secret.value}` of {owner} cannot be read: {error.strerror}") from error


def _written(folder: Path, made: Pair, use: str) -> Path:
    # a folder for each pair: a running Envoy is led to another one by its listener, never to half of each
    path = folder / hashlib.sha256(made.certificate).hexdigest()[:12] / f"{use}.pem"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes({"certificate": made.certificate, "key": made.key, "authority": made.authority}[use])
    return path
