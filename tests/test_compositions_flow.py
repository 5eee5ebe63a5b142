"""Order, circles and worst cases of steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compiler.compositions.flow import circle, critical_path, in_order, rounds, worst_case
from compiler.decode import decode
from compiler.model.aggregators import Step
from compiler.reader import MapNode, read_yaml
from compiler.source import Source

NAMES = [f"s{n}" for n in range(6)]
waits = st.dictionaries(st.sampled_from(NAMES), st.frozensets(st.sampled_from(NAMES), max_size=3), min_size=1).map(
    lambda made: {name: others & made.keys() for name, others in made.items()}
)


def step(text: str) -> Step:
    document, _ = read_yaml(Source("s.yaml", f"{{call: 'a@^1#b', {text}}}"))
    assert document is not None
    assert isinstance(document.root, MapNode)
    made, findings = decode(Step, document.root, document.top)
    assert isinstance(made, Step), findings
    return made


@given(waits)
def test_there_is_an_order_or_a_circle(waits: dict[str, frozenset[str]]) -> None:
    found = circle(waits)
    if found is not None:
        for name, following in zip(found, [*found[1:], found[0]], strict=True):
            assert following in waits[name]
        return
    ordered = in_order(waits)
    assert sorted(ordered) == sorted(waits)
    for index, name in enumerate(ordered):
        assert waits[name] <= set(ordered[:index])


def test_a_step_that_waits_for_itself() -> None:
    assert circle({"a": frozenset("a")}) == ["a"]


def test_the_worst_case_of_a_step() -> None:
    assert worst_case(step("timeout: 300ms")) == 300
    assert worst_case(step("timeout: 300ms, retry: {attempts: 1}")) == 625
    assert worst_case(step("timeout: 100ms, retry: {attempts: 6}")) == 700 + 25 + 50 + 100 + 200 + 250 + 250
    each = "timeout: 100ms, for_each: '${a.body}'"
    assert worst_case(step(f"{each}, max: 20, concurrency: 10")) == 200
    assert worst_case(step(f"{each}, max: 21, concurrency: 10")) == 300
    assert rounds(step(f"{each}, max: 5, concurrency: 10")) == 1
    assert rounds(step(f"{each}, max: 5")) == 1


def test_the_longest_chain_counts() -> None:
    steps = {name: step(f"timeout: {ms}ms") for name, ms in {"a": 100, "b": 500, "c": 300, "d": 50}.items()}
    waits = {"a": frozenset[str](), "b": frozenset[str](), "c": frozenset("a"), "d": frozenset("bc")}
    assert critical_path(steps, waits) == (550, ["b", "d"])
    assert critical_path(steps, {**waits, "c": frozenset("b")}) == (850, ["b", "c", "d"])
