"""Every kind of change that a diff may tell of, with a sentence on each and the levels that it may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.compat.catalog import KINDS as CONTRACT_KINDS
from compiler.diff import aggregates, deployables, projects, published, services
from compiler.diff.entries import Coded, Compared, Inside, Kind
from compiler.diff.table import TABLE
from compiler.diff.table_clients import CLIENTS


def _kinds() -> Iterator[Kind]:
    for entries in (*TABLE.values(), *CLIENTS.values()):
        for entry in entries.values():
            if isinstance(entry, Coded):
                yield from entry.kinds
            elif isinstance(entry, (Compared, Inside)) and entry.kind is not None:
                yield entry.kind
    for module in (aggregates, deployables, projects, published):
        yield from module.KINDS
    yield from (services.RENAMED, services.REPLACED)


OWN: Mapping[str, str] = {kind.rule: kind.says for kind in sorted(_kinds(), key=lambda kind: kind.rule)}
"""What is a matter of projects, by rule."""
SAYS: Mapping[str, str] = {**{rule: kind.says for rule, kind in CONTRACT_KINDS.items()}, **OWN}
"""All of them: contracts' as `contract diff` tells them."""
