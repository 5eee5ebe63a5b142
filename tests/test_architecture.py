"""Imports go one way: the table of docs/architecture.md, held against the code."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "compiler"

# A part is a module or a folder of compiler/; behind it, what it imports of the others.
TABLE = {
    part: set(re.findall(r"`(\w+)`", named))
    for part, named in re.findall(
        r"(?m)^\| `(\w+)` \|([ `\w]*)\|$", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    )
}
ONLY_THERE = {
    "click": {"cli"},
    "cryptography": {"throwaway"},
    "deepdiff": {"diff"},
    "envoy": {"local"},
    "jsonschema_rs": {"contracts"},
    "nodesemver": {"ranges"},
    "yaml": {"reader"},
}


def imported() -> Iterator[tuple[str, str]]:
    """(part, module) for each import in the package, wherever it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((part, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                module = node.module or ""
                names = [alias.name for alias in node.names] if module == "compiler" else []
                yield from ((part, f"compiler.{name}") for name in names)
                yield from [] if names else [(part, module)]


def test_parts_import_what_the_table_says_and_nothing_else() -> None:
    """But for ``records``, which is to every part what ``dataclasses`` is elsewhere."""
    found: dict[str, set[str]] = {path.stem: set() for path in PACKAGE.iterdir() if path.suffix == ".py"}
    found |= {path.name: set() for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    for part, module in imported():
        top, _, rest = module.partition(".")
        if top == "compiler" and rest.partition(".")[0] not in (part, "records"):
            found[part].add(rest.partition(".")[0])
    assert found == TABLE


def test_the_table_has_no_circle() -> None:
    assert set(TopologicalSorter(TABLE).static_order()) == TABLE.keys()


def test_other_distributions_are_imported_in_one_place() -> None:
    found: dict[str, set[str]] = {}
    for part, module in imported():
        top = module.partition(".")[0]
        if top != "compiler" and top not in sys.stdlib_module_names:
            found.setdefault(top, set()).add(part)
    assert found == ONLY_THERE
