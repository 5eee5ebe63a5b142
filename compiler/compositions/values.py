"""YAML with expressions in it: read once, each scalar with its place, and given a type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Finding
from compiler.expressions.judge import Facts, Judge, reads
from compiler.expressions.parser import parse
from compiler.expressions.places import stretch
from compiler.expressions.syntax import Expression, Name, Problem, Template
from compiler.expressions.types import Type, Variant, known, listed, record, union
from compiler.reader import ListNode, MapNode
from compiler.records import frozen
from compiler.source import Span

MAX_VALUES = 5_000
"""Values of one composed body, each alias counted as what it stands for."""


@frozen
class Written:
    """A scalar as it is written: a template for a text, else the value itself."""

    template: Template | None
    value: Any
    text: str
    where: Span

    @property
    def single(self) -> Expression | None:
        """The expression that the scalar is, if it is one."""
        return self.template.single if self.template is not None else None

    @property
    def literal(self) -> Any:
        """The value of a scalar without expressions."""
        return "".join(str(part) for part in self.template.parts) if self.template is not None else self.value


@frozen
class ObjectValue:
    """A mapping, in the order in which it is written."""

    fields: tuple[tuple[str, Value], ...]
    where: Span


@frozen
class ListValue:
    """A list."""

    items: tuple[Value, ...]
    where: Span


Value = Written | ObjectValue | ListValue


def read(value: Any, where: Span, out: list[Finding]) -> Value:
    """A value as it was decoded, with its expressions read. What is wrong with them goes to ``out``."""
    left = [MAX_VALUES]
    made = _read(value, where, out, left)
    if left[0] < 0:
        out.append(Finding("schema", f"a body of more than {MAX_VALUES:,} values", where, "let a service make it"))
    return made


def _read(value: Any, where: Span, out: list[Finding], left: list[int]) -> Value:
    left[0] -= 1
    if left[0] < 0:
        return Written(None, None, "", where)
    if isinstance(value, MapNode):
        fields = [(name, _read(inner, value.value_span(name), out, left)) for name, inner in value.items()]
        return ObjectValue(tuple(fields), where)
    if isinstance(value, ListNode):
        items = [_read(inner, value.value_span(index), out, left) for index, inner in enumerate(value)]
        return ListValue(tuple(items), where)
    if isinstance(value, str):
        return scalar(value, where, out)
    return Written(None, value, "", where)


def scalar(text: str, where: Span, out: list[Finding]) -> Written:
    """A text with its expressions read; where it cannot be read, a text without any."""
    template = parse(text)
    if isinstance(template, Problem):
        out.append(finding(template, text, where))
        template = Template(())
    return Written(template, text, text, where)


def finding(problem: Problem, text: str, where: Span) -> Finding:
    """A problem with an expression, at its place in the file."""
    return Finding(problem.rule, problem.message, stretch(where, text, problem.start, problem.end), problem.help)


def expressions(value: Value) -> Iterator[tuple[Expression, Written]]:
    """Every expression in a value, with the scalar that holds it."""
    if isinstance(value, ObjectValue):
        for _, inner in value.fields:
            yield from expressions(inner)
    elif isinstance(value, ListValue):
        for inner in value.items:
            yield from expressions(inner)
    elif value.template is not None:
        yield from ((part, value) for part in value.template.parts if not isinstance(part, str))


def names(value: Value) -> Iterator[tuple[Name, Written]]:
    """Every name that the expressions of a value read, with the scalar that holds it."""
    for expression, written in expressions(value):
        yield from ((name, written) for name in reads(expression))


def type_of(
    value: Value, roots: Mapping[str, Type], hidden: Mapping[str, str], facts: Facts
) -> tuple[Type, list[Finding]]:
    """The type of a value, and what is wrong with its expressions."""
    found: list[Finding] = []
    return _type_of(value, roots, hidden, facts, found), found


def _type_of(
    value: Value, roots: Mapping[str, Type], hidden: Mapping[str, str], facts: Facts, out: list[Finding]
) -> Type:
    if isinstance(value, ObjectValue):
        return record({name: _type_of(inner, roots, hidden, facts, out) for name, inner in value.fields})
    if isinstance(value, ListValue):
        items = [_type_of(inner, roots, hidden, facts, out) for inner in value.items]
        for item, inner in zip(items, value.items, strict=True):
            if item.absent:
                help = "say what stands there otherwise with `? :`"
                out.append(Finding("optional-unguarded", "an element of a list may be absent", inner.where, help))
        if not items:
            return Type((Variant("array", values=([],), most=0),))
        return listed(union(items), most=len(items))
    if value.template is None:
        return known(value.value)
    judge = Judge(roots, hidden=hidden)
    made = judge.template(value.template, facts)
    out += [finding(problem, value.text, value.where) for problem in judge.problems]
    return made
