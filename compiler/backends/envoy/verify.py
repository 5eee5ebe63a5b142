"""What the real Envoy says of a plan, told at the line of the source that it is about.

``envoy --mode validate`` looks at a bootstrap only, so it gets the self-contained form. Where it refuses, halves of the
plan are tried in turn until one rule or cluster remains that is refused alone: Envoy's message names no line of ours.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from compiler.backends.envoy import static
from compiler.backends.envoy.payload import module_file
from compiler.backends.envoy.secrets import host_secrets, with_secrets
from compiler.diagnostics import Finding
from compiler.plan import Cluster, Deployable, Endpoint, Plan, Rule, Secret
from compiler.source import Span
from compiler.yaml_text import encoded

_SECONDS = 120
T = TypeVar("T", Rule, Cluster)


def check_all(binary: Path, plan: Plan) -> list[Finding]:
    """Findings of rule envoy-rejected; none where Envoy takes every deployable. Raises OSError where it cannot run."""
    with ThreadPoolExecutor(2) as pool:
        return [f for found in pool.map(lambda d: check(binary, d), plan.deployables) for f in found]


def check(binary: Path, deployable: Deployable) -> list[Finding]:
    """What Envoy refuses of one deployable, at the place of the refused part."""
    with TemporaryDirectory(prefix="gatewright-check-") as name:
        folder = Path(name)
        local = with_throwaway_secrets(deployable, folder)
        if (module := module_file(deployable)) is not None:
            (folder / module[0]).write_bytes(module[1])

        def refusal(candidate: Deployable) -> str | None:
            return _refusal(binary, candidate, folder)

        said = refusal(local)
        if said is None:
            return []
        rule = _culprit(
            local.rules, lambda rules: refusal(replace(local, rules=tuple(rules), clusters=_stand_ins(local)))
        )
        if rule is not None:
            return [_finding(rule[1], rule[0].where)]
        cluster = _culprit(local.clusters, lambda some: refusal(replace(local, rules=(), clusters=tuple(some))))
        if cluster is not None:
            return [_finding(cluster[1], cluster[0].where)]
        return [_finding(said, deployable.listener.where)]


def with_throwaway_secrets(deployable: Deployable, folder: Path) -> Deployable:
    """The deployable with files of our own in the place of its secrets, written into ``folder``."""
    secrets = host_secrets(deployable)
    if not secrets:
        return deployable
    from compiler.throwaway import pair, users

    made = pair(("localhost",))
    replaced: dict[Secret, Secret] = {}
    for wanted in secrets:
        path = folder / f"{wanted.use}.pem"
        path.write_bytes(users().encode() if wanted.use == "users" else getattr(made, wanted.use))
        path.chmod(0o600)
        replaced[wanted.secret] = Secret("file", str(path))
    return with_secrets(deployable, replaced)


def _finding(said: str, where: Span) -> Finding:
    return Finding(
        "envoy-rejected",
        f"Envoy refuses what this becomes: {said}",
        where,
        "this is a defect of gatewright; please report it with these lines of the project",
    )


def _stand_ins(deployable: Deployable) -> tuple[Cluster, ...]:
    """Clusters that surely are fine, so that only the rules are on trial."""
    return tuple(
        replace(c, endpoints=(Endpoint("127.0.0.1", 1, None),), connect_timeout=1000) for c in deployable.clusters
    )


def _culprit(items: Sequence[T], refusal: Callable[[Sequence[T]], str | None]) -> tuple[T, str] | None:
    """One item that is refused alone, with what Envoy says of it; found by halving."""
    said = refusal(items) if items else None
    if said is None:
        return None
    while len(items) > 1:
        half = items[: len(items) // 2]
        in_half = refusal(half)
        if in_half is not None:
            items, said = half, in_half
            continue
        items = items[len(items) // 2 :]
        in_rest = refusal(items)
        if in_rest is None:
            return None  # only refused together: no single line is to blame
        said = in_rest
    return items[0], said


def _refusal(binary: Path, deployable: Deployable, folder: Path) -> str | None:
    """Envoy's sentence, or None where it takes the deployable."""
    path = folder / "envoy.yaml"
    path.write_bytes(encoded(static(deployable, str(folder))))
    try:
        done = subprocess.run(
            [binary, "--mode", "validate", "--config-path", path, "--log-level", "error", "--use-dynamic-base-id"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not finish reading this within {_SECONDS} s"
    if done.returncode == 0:
        return None
    return _sentence(done.stderr + done.stdout, folder)


def _sentence(printed: str, folder: Path) -> str:
    """The reason in what Envoy printed, without log prefixes and our temporary paths."""
    lines = [re.sub(r"^\[[^\]]*\](\[[^\]]*\])*\s*(\[[^\]]*\]\s*)?", "", line) for line in printed.splitlines()]
    reasons = (
        [line for line in lines if "rror" in line or "invalid" in line.lower()] or lines or ["it does not say why"]
    )
    text = re.sub(r"^error initializing configuration '[^']*': ", "", reasons[0].strip())
    return text.replace(str(folder) + "/", "")[:500]
