"""Reading ``${...}``: what is an expression, what is text, and where a mistake stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.expressions.lexer import MAX_TOKENS
from compiler.expressions.parser import MAX_NESTING, parse
from compiler.expressions.syntax import (
    Binary,
    Conditional,
    Each,
    Expression,
    Has,
    Index,
    Literal,
    Member,
    Name,
    Not,
    Problem,
    Size,
    Template,
)


def read(text: str) -> Expression:
    template = parse(text)
    assert isinstance(template, Template), template
    assert template.single is not None
    return template.single


def shape(expression: Expression) -> str:
    """The expression with all its parentheses."""
    match expression:
        case Literal():
            return repr(expression.value)
        case Name():
            return expression.name
        case Member():
            return f"{shape(expression.of)}.{expression.name}"
        case Index():
            return f"{shape(expression.of)}[{expression.index}]"
        case Has():
            return f"has({shape(expression.of)})"
        case Size():
            return f"size({shape(expression.of)})"
        case Not():
            return f"(!{shape(expression.of)})"
        case Binary():
            return f"({shape(expression.left)} {expression.operator} {shape(expression.right)})"
        case Conditional():
            return f"({shape(expression.test)} ? {shape(expression.then)} : {shape(expression.otherwise)})"
        case Each():
            return f"{shape(expression.of)}.{expression.kind}({expression.variable}, {shape(expression.body)})"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.b.c", "a.b.c"),
        ("a['b c'][\"d\"][0]", "a.b c.d[0]"),
        ("a || b && c == d", "(a || (b && (c == d)))"),
        ("!a.b && !!c", "((!a.b) && (!(!c)))"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("(a || b) && c", "((a || b) && c)"),
        ("a + 'x' + b == c", "(((a + 'x') + b) == c)"),
        ("'x' in a.b", "('x' in a.b)"),
        ("size(a) >= -1.5e3", "(size(a) >= -1500.0)"),
        ("has(a.b[1].c)", "has(a.b[1].c)"),
        ("a.filter(x, x.b != null).map(y, y.c)", "a.filter(x, (x.b != None)).map(y, y.c)"),
        ("'\\u00e9\\n\\'' == \"a'b\"", '("é\\n\'" == "a\'b")'),
        ("true ? 10 : 1.0", "(True ? 10 : 1.0)"),
        (" a\n . b ", "a.b"),
    ],
)
def test_precedence_and_literals(text: str, wanted: str) -> None:
    assert shape(read("${" + text + "}")) == wanted


def test_numbers_keep_their_digits() -> None:
    found = read("${12345678901234567890.10}")
    assert isinstance(found, Literal)
    assert found.text == "12345678901234567890.10"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("plain $ { }", ["plain $ { }"]),
        ("$${a}", ["${a}"]),
        ("$$${a}", ["$${a}"]),
        ("Hello ${a}, $${b} ${c}!", ["Hello ", "a", ", ${b} ", "c", "!"]),
        ("${a}${b}", ["a", "b"]),
        ("${'}'}", ["'}'"]),
    ],
)
def test_templates(text: str, parts: list[str]) -> None:
    template = parse(text)
    assert isinstance(template, Template)
    assert [part if isinstance(part, str) else shape(part) for part in template.parts] == parts


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        ("x ${a", "${a", "not closed"),
        ("${}", "${}", "no expression"),
        ("${a = b}", "=", "`=` does not belong"),
        ("${a & b}", "&", "`&` does not belong"),
        ("${a b}", "b", "`b` does not belong"),
        ("${a and b}", "and", "`and` does not belong"),
        ("${a < b < c}", "<", "`<` does not belong"),
        ("${a * 2}", "*", "`*` does not belong"),
        ("${-a}", "-", "`-` stands before numbers only"),
        ("${a.}", "}", "a name is missing"),
        ("${a[b]}", "b", "an index must be"),
        ("${foo(a)}", "foo", "no function `foo()`"),
        ("${a.foo(x)}", "foo", "no function `.foo()`"),
        ("${has(1)}", "1", "`has` asks for a field"),
        ("${a.map(x x)}", "x", "`,` is missing"),
        ("${'abc}", "'abc}", "not closed"),
        ("${'\\q'}", "\\q", "no escape"),
        ("${[1]}", "[", "no lists"),
        ("${{a: 1}}", "{", "does not belong"),
        ("${007}", "007", "begins with a zero"),
        ("${a ? b}", "}", "`:` is missing"),
        ("${(a}", "}", "`)` is missing"),
    ],
)
def test_mistakes_are_found_at_their_place(text: str, marked: str, says: str) -> None:
    problem = parse(text)
    assert isinstance(problem, Problem)
    assert text[problem.start : problem.end] == marked
    assert says in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "${" + "(" * (MAX_NESTING + 1) + "a" + ")" * (MAX_NESTING + 1) + "}",
        "${" + "!" * 5000 + "a}",
        "${a" + ".b" * 5000 + "}",
        "${a" + " + a" * MAX_TOKENS + "}",
        "${a}" * 5000,
        "${" * 5000,
        "${'" + "a" * 100_000 + "'}",
        "${a ? " * 300 + "a" + " : a" * 300 + "}",
    ],
)
def test_hostile_input_is_refused(text: str) -> None:
    assert isinstance(parse(text), Problem)


@given(st.text(alphabet="${}ab.()[]'\"\\!?:=<>&|+, 019-\nxéU", max_size=60))
def test_any_text_is_a_template_or_a_problem_at_a_place_in_it(text: str) -> None:
    found = parse(text)
    if isinstance(found, Problem):
        assert 0 <= found.start < found.end <= len(text) + 1
    elif "${" not in text:
        assert found.parts == (text,)


@given(st.text(max_size=40))
def test_an_escaped_text_is_itself(text: str) -> None:
    escaped = text.replace("$", "").replace("{", "")
    assert parse("$${" + escaped) == Template(("${" + escaped,))
