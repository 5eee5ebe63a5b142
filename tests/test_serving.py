"""Which services serve a version, and which versions a range can come to."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from compiler.contracts.versions import label, precedence
from compiler.decode import decode
from compiler.model.project import Project, Sections, VersioningSettings
from compiler.reader import read_yaml
from compiler.serving import canaries, reachable, served, shared
from compiler.source import Source

VERSIONS = ("1.0.0", "1.1.0", "2.0.0", "2.0.1", "2.1.0-rc.1", "2.1.0")


def project(*services: tuple[str, str | None]) -> Project:
    """Services s0, s1, ... of one contract: the version that each implements, and the one that it shares with."""
    lines = [
        f"  s{n}: {{implements: orders@{version}, endpoints: [{{host: a, port: 1}}]"
        + (f", share_with: {other}}}" if other else "}")
        for n, (version, other) in enumerate(services)
    ]
    document, _ = read_yaml(Source("gatewright.yaml", "\n".join(["services:", *lines]) + "\n"))
    assert document is not None
    part, findings = decode(Sections, document.root, document.top)
    assert part is not None, findings
    empty: dict[str, Any] = {key: {} for key in ("contracts", "policies", "gateways", "aggregators", "edges")}
    return Project(where=part.where, settings=VersioningSettings(where=part.where), services=part.services, **empty)


def reached(made: Project, wanted: str | None) -> set[str]:
    return reachable("orders", wanted, {version for _, version in served(made)}, canaries(made))


def test_a_service_serves_its_own_version_and_the_one_that_it_shares() -> None:
    made = project(("2.0.0", None), ("2.1.0", "2.0.0"))
    assert served(made) == {("orders", "2.0.0"): ("s0", "s1"), ("orders", "2.1.0"): ("s1",)}
    assert canaries(made) == {("orders", "2.1.0"): frozenset({"2.0.0"})}


def test_a_canary_is_reached_where_its_older_version_is_not_asked_for() -> None:
    made = project(("2.0.0", None), ("2.1.0", "2.0.0"))
    assert reached(made, "^2") == reached(made, None) == {"2.0.0"}
    assert reached(made, "^2.1") == {"2.0.0", "2.1.0"}


def test_a_version_that_one_service_serves_alone_is_no_canary() -> None:
    made = project(("2.0.0", None), ("2.1.0", "2.0.0"), ("2.1.0", None))
    assert canaries(made) == {}
    assert reached(made, "^2") == {"2.0.0", "2.1.0"}


def test_a_version_that_nobody_implements_is_not_served_by_sharing() -> None:
    made = project(("2.1.0", "2.0.0"))
    assert served(made) == {("orders", "2.1.0"): ("s0",)}
    assert reached(made, "^2") == {"2.1.0"}


one = st.tuples(st.sampled_from(VERSIONS), st.one_of(st.none(), st.sampled_from(VERSIONS)))


@given(st.lists(one, min_size=1, max_size=5))
def test_laws(services: list[tuple[str, str | None]]) -> None:
    made = project(*services)
    found = served(made)
    assert {version for _, version in found} == {version for version, _ in services}
    for (_, version), names in found.items():
        assert list(names) == sorted(set(names))
        for name in names:
            implements = made.services[name].implements
            assert implements is not None
            assert implements.version == version or shared(made.services[name]) == ("orders", version)
            assert label(implements.version) == label(version)
            assert precedence(implements.version) >= precedence(version)
    for wanted in (None, "^2", "^2.1", "2.1.0-rc.1"):
        assert reached(made, wanted) or not services, "a canary is held back only for a version that is there"
