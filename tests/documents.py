"""OpenAPI documents that their owners publish as npm packages: fetched when they are needed, kept in the user's cache.

They are never committed to this repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from compiler.reader import read
from compiler.source import Source

_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@dataclass(frozen=True, slots=True)
class Published:
    """A document in a release of a package, and what it must be: ``sizes`` in bytes, least and most; ``operations``."""

    name: str
    package: str
    release: str
    member: str
    sizes: tuple[int, int]
    operations: int


GITHUB = Published(
    "github", "@octokit/openapi", "23.0.2", "package/generated/api.github.com.json", (10_000_000, 20_000_000), 1000
)
FIGMA = Published("figma", "@figma/rest-api-spec", "0.43.0", "package/openapi/openapi.yaml", (300_000, 600_000), 50)
BLOCKFROST = Published("blockfrost", "@blockfrost/openapi", "0.1.93", "package/openapi.yaml", (300_000, 700_000), 100)
DOCUMENTS = (GITHUB, FIGMA, BLOCKFROST)


class NotHere(LookupError):
    """A document can be had from nowhere; the text says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document on this machine: its file, its `info.version`, and how many operations it has."""

    path: Path
    version: str
    operations: int


def fetch(wanted: Published) -> Fetched:
    """The document, from the cache where it is sound there. Raises NotHere."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cached = Path(home, "gatewright", f"{wanted.name}-{wanted.release}{Path(wanted.member).suffix}")
    with suppress(OSError, ValueError):
        return _sound(cached, wanted)
    reasons = []
    with TemporaryDirectory() as folder:
        for way in (_by_npm, _by_https):
            try:
                with tarfile.open(way(wanted, Path(folder))) as package:
                    member = package.extractfile(wanted.member)
                    assert member is not None
                    _keep(member.read(), cached)
                return _sound(cached, wanted)
            except (OSError, LookupError, subprocess.SubprocessError, tarfile.TarError, ValueError) as error:
                reasons.append(f"{way.__name__}: {error}")
    raise NotHere(f"{wanted.package}@{wanted.release} cannot be fetched: {'; '.join(reasons)}")


def _sound(path: Path, wanted: Published) -> Fetched:
    data = path.read_bytes()
    document, _ = read(Source(path.name, data.decode()))
    root: Any = document.root if document is not None else {}
    found = sum(len(_METHODS & item.keys()) for item in root.get("paths", {}).values())
    if not wanted.sizes[0] < len(data) < wanted.sizes[1] or found < wanted.operations:
        raise ValueError(f"{path} is not the document that it should be")
    return Fetched(path, root["info"]["version"], found)


def _by_npm(wanted: Published, folder: Path) -> Path:
    done = subprocess.run(
        ["npm", "pack", f"{wanted.package}@{wanted.release}", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return folder / done.stdout.split()[-1]


def _by_https(wanted: Published, folder: Path) -> Path:
    """From the registry that npm is told of, by its variable or by its configuration."""
    registry = os.environ.get("npm_config_registry")  # noqa: SIM112, npm writes it so
    if not registry and shutil.which("npm"):
        asked = subprocess.run(
            ["npm", "config", "get", "registry"], capture_output=True, text=True, timeout=60, check=True
        )
        registry = asked.stdout.strip()
    if not registry:
        raise LookupError("neither npm nor npm_config_registry says where the registry is")
    archive = folder / "package.tgz"
    url = f"{registry.rstrip('/')}/{wanted.package}/-/{wanted.package.partition('/')[2]}-{wanted.release}.tgz"
    with urllib.request.urlopen(url, timeout=300) as answer, archive.open("wb") as out:
        shutil.copyfileobj(answer, out)
    return archive


def _keep(data: bytes, place: Path) -> None:
    """Write beside and rename, because several test runs may share the cache."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=place.parent, delete=False) as beside:
        beside.write(data)
    os.replace(beside.name, place)
