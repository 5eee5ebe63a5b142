"""Findings in their order, and hints."""

from __future__ import annotations

from compiler.diagnostics import Finding, Note, did_you_mean, in_order, one_of
from compiler.source import Source

ONE, OTHER = Source("a.yaml", "first\nsecond\n"), Source("b.yaml", "first\n")


def test_findings_go_by_file_then_place_then_rule() -> None:
    findings = [
        Finding("schema", "4", OTHER.span(0, 1)),
        Finding("unused", "3", ONE.span(6, 7)),
        Finding("schema", "2", ONE.span(6, 7)),
        Finding("yaml-syntax", "1", ONE.span(0, 1)),
    ]
    assert [f.message for f in in_order(findings)] == ["1", "2", "3", "4"]
    assert in_order(reversed(findings)) == in_order(findings)


def test_one_cause_is_told_once_and_with_its_notes() -> None:
    plain = Finding("schema", "same", ONE.span(0, 1))
    noted = Finding("schema", "same", ONE.span(0, 1), None, (Note("look here", OTHER.span(0, 1)),))
    assert in_order([plain, noted, plain]) == [noted]


def test_hints() -> None:
    assert did_you_mean("ordres", ["orders", "customers"]) == "did you mean `orders`?"
    assert did_you_mean("base-path", ["base_path"]) == "did you mean `base_path`?"
    assert did_you_mean("xyz", ["orders"]) is None
    assert did_you_mean("a" * 10_000, ["a" * 9_999]) is None


def test_hints_among_many() -> None:
    known = [f"contract-{n}" for n in range(20_000)]
    assert did_you_mean("contrakt-1234", known) is not None
    assert did_you_mean("contract-12345x", known) == "did you mean `contract-12345`?"
    assert did_you_mean("orders", known) is None


def test_lists_are_cut() -> None:
    assert one_of(["b", "a"]) == "one of `a`, `b`"
    assert one_of([]) == "there is none"
    assert one_of(map(str, range(10)), most=2) == "one of `0`, `1` and 8 more"
