"""Builds the payload module from its sources, with the Zig compiler that the package ``ziglang`` carries.

Part of the build hook, and of ``python -m compiler.dataplane`` for those who change the sources. It imports nothing of
gatewright, as it runs before that is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).parent
MODULE = "payload.wasm"
_WASM = (
    *("-O", "ReleaseSafe", "-fstrip"),
    *("-target", "wasm32-freestanding", "-fno-entry", "-rdynamic", "--stack", "262144"),
)
"""Stripped, so that the bytes do not depend on where the sources are."""
NATIVE = ("-O", "Debug")
"""For this machine, as tests want it: built fast, and with every check."""


class BuildFailed(Exception):
    """The module cannot be built; the text is what Zig says, or that it is not there."""


def build(root: str = "payload.zig", into: Path | None = None, options: Sequence[str] = _WASM) -> Path:
    """The file that was built of a source here and all that it imports. Raises BuildFailed.

    ``into`` is where it goes, beside the sources if that is None. The former file stays if it fails.
    """
    target = into or SOURCES / MODULE
    with tempfile.TemporaryDirectory(prefix="gatewright-") as folder:
        made = Path(folder, "made")
        command = [sys.executable, "-m", "ziglang", "build-exe", root, *options]
        caches = {"ZIG_GLOBAL_CACHE_DIR": f"{folder}/global", "ZIG_LOCAL_CACHE_DIR": f"{folder}/local"}
        done = subprocess.run(
            [*command, f"-femit-bin={made}"],
            cwd=SOURCES,
            env={**os.environ, **caches},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip()
            if "No module named ziglang" in said:
                said = "the package `ziglang` is not installed: pip install 'ziglang~=0.17.1'"
            raise BuildFailed(said)
        placed = target.with_name(f".{target.name}.{os.getpid()}")
        placed.write_bytes(made.read_bytes())
        placed.chmod(0o755 if options is not _WASM else 0o644)
        placed.replace(target)
    return target


def is_current() -> bool:
    """Whether the module is there and no older than any of its sources."""
    target = SOURCES / MODULE
    if not target.is_file():
        return False
    built = target.stat().st_mtime
    return all(path.stat().st_mtime <= built for path in (*SOURCES.glob("*.zig"), Path(__file__)))
