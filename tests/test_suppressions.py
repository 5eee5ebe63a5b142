"""Comments that allow findings: where they hold, and where what looks like one is none."""

from __future__ import annotations

import pytest

from compiler.diagnostics import Finding
from compiler.source import Source
from compiler.suppressions import apply

WHY = "-- the proxy in front ends TLS"


def source(text: str, name: str = "gatewright.yaml") -> Source:
    return Source(name, text)


def finding(where: Source, line: int, rule: str = "tls-missing") -> Finding:
    return Finding(rule, "a finding", where.whole_line(line))


def rules(findings: list[Finding]) -> list[str]:
    return [f.rule for f in findings]


def test_on_the_line() -> None:
    text = source(f"a: 1\nlisten: 2 # gatewright: allow tls-missing {WHY}\n")
    assert apply([finding(text, 2)], [text]) == []


def test_on_the_line_above() -> None:
    text = source(f"# gatewright: allow tls-missing {WHY}\nlisten: 2\n")
    assert apply([finding(text, 2)], [text]) == []


def test_comments_above_one_another_all_hold_for_the_line_below() -> None:
    text = source(f"# gatewright: allow tls-missing {WHY}\n# gatewright: allow unused -- soon\n# also\nlisten: 2\n")
    assert apply([finding(text, 4), finding(text, 4, "unused")], [text]) == []


@pytest.mark.parametrize("line", [1, 3])
def test_a_comment_behind_a_value_holds_for_its_own_line_alone(line: int) -> None:
    text = source(f"a: 1\nlisten: 2 # gatewright: allow tls-missing {WHY}\nb: 3\n")
    assert rules(apply([finding(text, line)], [text])) == ["tls-missing", "suppression-unused"]


def test_another_rule_is_not_allowed() -> None:
    text = source(f"listen: 2 # gatewright: allow tls-missing {WHY}\n")
    assert rules(apply([finding(text, 1, "unused")], [text])) == ["unused", "suppression-unused"]


def test_another_file_is_not_allowed() -> None:
    text, other = source(f"listen: 2 # gatewright: allow tls-missing {WHY}\n"), source("listen: 2\n", "b.yaml")
    assert rules(apply([finding(other, 1)], [text, other])) == ["tls-missing", "suppression-unused"]


def test_one_comment_allows_several_findings() -> None:
    text = source(f"listen: 2 # gatewright: allow tls-missing {WHY}\n")
    assert apply([finding(text, 1), finding(text, 1)], [text]) == []


def test_nothing_is_unused_before_all_checks_have_run() -> None:
    text = source(f"listen: 2 # gatewright: allow tls-missing {WHY}\n")
    assert apply([], [text], complete=False) == []
    assert rules(apply([], [text])) == ["suppression-unused"]


@pytest.mark.parametrize(
    ("comment", "message", "help"),
    [
        ("tls-missing", "`tls-missing` is allowed here without a reason", "write `# gatewright: allow"),
        ("tls-missing --", "`tls-missing` is allowed here without a reason", "write `# gatewright: allow"),
        ("tls-missing --   ", "`tls-missing` is allowed here without a reason", "write `# gatewright: allow"),
        (
            "tls-missing because of the proxy",
            "this comment does not say what it allows, and why",
            "write `# gatewright: allow",
        ),
        ("", "this comment does not say what it allows, and why", "write `# gatewright: allow"),
        ("tls-mising -- the proxy", "no rule is named `tls-mising`", "did you mean `tls-missing`?"),
        ("everything -- why not", "no rule is named `everything`", "`gatewright explain` lists the rules"),
        ("schema -- we like it", "`schema` cannot be suppressed", "mend what it finds"),
        ("plaintext-secret -- it is only a test", "`plaintext-secret` cannot be suppressed", "mend what it finds"),
    ],
)
def test_a_comment_that_is_wrong_allows_nothing(comment: str, message: str, help: str) -> None:
    text = source(f"listen: 2 # gatewright: allow {comment}\n")
    left = apply([finding(text, 1)], [text])
    assert rules(left) == ["tls-missing", "suppression-invalid"]
    assert left[1].message == message
    assert (left[1].help or "").startswith(help)
    assert str(left[1].where) == "gatewright.yaml:1:11"


@pytest.mark.parametrize("comment", ["#gatewright:allow unused --soon", "#  gatewright:  allow   unused--soon  "])
def test_spaces_do_not_matter(comment: str) -> None:
    text = source(f"a: 1 {comment}\n")
    assert apply([finding(text, 1, "unused")], [text]) == []


IN_SCALARS = [
    'a: "x # gatewright: allow unused -- y"\n',
    "a: 'x # gatewright: allow unused -- y'\n",
    "a: x# gatewright: allow unused -- y\n",
    "a: |\n  x\n  # gatewright: allow unused -- y\n",
    "a: >-\n  # gatewright: allow unused -- y\nb: 1\n",
    'a: "x\n  # gatewright: allow unused -- y\n  z"\n',
    "? 'k # gatewright: allow unused -- y'\n: 1\n",
    "a: [1, 'x # gatewright: allow unused -- y']\n",
    "a: !!str |\n  # gatewright: allow unused -- y\n",
    "a: &b |\n  # gatewright: allow unused -- y\nc: *b\n",
]


@pytest.mark.parametrize("text", IN_SCALARS)
def test_what_stands_in_a_text_is_no_comment(text: str) -> None:
    read = source(text)
    line = text[: text.index("#")].count("\n") + 1
    assert rules(apply([finding(read, line, "unused")], [read])) == ["unused"]


@pytest.mark.parametrize(
    "text",
    [
        "a: | # gatewright: allow unused -- y\n  text\n",
        "a: &b | # gatewright: allow unused -- y\n  text\n",
        "- x # gatewright: allow unused -- y\n",
        "a: {b: 1} # gatewright: allow unused -- y\n",
        "a: # gatewright: allow unused -- y\n  b: 1\n",
        '"a": "b"\t# gatewright: allow unused -- y\n',
        "a: 1 # gatewright: allow unused -- y",
    ],
)
def test_what_stands_beside_a_text_is_a_comment(text: str) -> None:
    read = source(text)
    assert apply([finding(read, 1, "unused")], [read]) == []


def test_behind_a_block_scalar_is_a_comment() -> None:
    read = source("a: |\n  text\n# gatewright: allow unused -- y\nb: 1\n")
    assert apply([finding(read, 4, "unused")], [read]) == []


def test_windows_line_ends() -> None:
    read = source("# gatewright: allow unused -- y\r\nb: 1\r\n")
    assert apply([finding(read, 2, "unused")], [read]) == []


def test_json_has_no_comments() -> None:
    read = source('{"a": "# gatewright: allow unused -- y"}', "orders.json")
    assert rules(apply([finding(read, 1, "unused")], [read])) == ["unused"]


def test_a_file_that_cannot_be_read_allows_nothing() -> None:
    read = source("a: [ # gatewright: allow unused -- y\n")
    assert rules(apply([finding(read, 1, "unused")], [read])) == ["unused"]


def test_what_nothing_can_be_built_without_is_not_allowed() -> None:
    text = source(f"listen: 2 # gatewright: allow tls-missing {WHY}\n")
    firm = Finding("tls-missing", "a finding", text.whole_line(1), firm=True)
    kept = apply([firm], [text])
    assert rules(kept) == ["tls-missing", "suppression-invalid"]
    assert "cannot be suppressed here" in kept[1].message
