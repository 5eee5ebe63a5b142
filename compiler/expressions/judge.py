"""The types of expressions, and what is wrong with them: names, fields, kinds, and what may be absent or null.

What a test has shown holds where the test must have held: behind ``&&``, in the branches of ``?:``, and in a step whose
``when`` it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from compiler.diagnostics import did_you_mean, one_of
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
from compiler.expressions.types import (
    BOOLEAN,
    CALLED,
    TEXT,
    WHOLE,
    WRONG,
    Kind,
    Type,
    element,
    field_names,
    known,
    listed,
    member,
    union,
)
from compiler.records import mutable

Facts = frozenset[str]
"""Names of what is known to be there and not null, such as ``customer.body.card``."""
_PRINTED: tuple[Kind, ...] = ("string", "integer", "number", "boolean")
_NUMBERS: tuple[Kind, ...] = ("integer", "number")


@mutable
class Judge:
    """Gives types to expressions. ``roots`` are the names that may be used; ``problems`` grows with each that is wrong.

    ``hints`` says of a root why it may be absent, for messages.
    """

    roots: Mapping[str, Type]
    problems: list[Problem] = field(default_factory=list)
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Names that exist and cannot be used here, with the reason."""

    def template(self, template: Template, facts: Facts = frozenset()) -> Type:
        """The type of a scalar: that of its one expression, or a text."""
        if template.single is not None:
            return self.type_of(template.single, facts)
        if not template.parts:  # it could not be read
            return WRONG
        if len(template.parts) == 1 and isinstance(template.parts[0], str):
            return known(template.parts[0])
        for part in template.parts:
            if not isinstance(part, str):
                self.needed(part, facts, _PRINTED, "inside of a text")
        return TEXT

    def condition(self, expression: Expression) -> Facts:
        """What is known where a condition holds, which must be true or false.

        Of one that is wrong, all that it reads counts as known, so that one mistake is not reported twice.
        """
        before = len(self.problems)
        self.needed(expression, frozenset(), ("boolean",), "as a condition")
        return holds(expression) | (_through(expression) if len(self.problems) > before else frozenset())

    def needed(self, expression: Expression, facts: Facts, kinds: tuple[Kind, ...], where: str) -> Type:
        """The type of a value that must be there, and of one of these kinds."""
        found = self.type_of(expression, facts)
        if found.wrong:
            return found
        if found.optional:
            self.unguarded(expression, found, where)
            return WRONG
        if not found.kinds <= set(kinds):
            self.wrong(
                "type-mismatch",
                f"{shown(expression)} is {found.says()}, and {_any_of(kinds)} is needed {where}",
                "use another field, or compare it first",
                expression,
            )
            return WRONG
        return found

    def unguarded(self, expression: Expression, found: Type, where: str) -> None:
        """Say that a value may be absent or null where it must not."""
        may = " or ".join(w for w, so in (("absent", found.absent), ("null", "null" in found.kinds)) if so)
        name = _path(expression)
        help = f"write `has({name}) ? ... : ...`" if name else "say what it is otherwise with `? :`"
        step = name.partition(".")[0] if name else ""
        if step and isinstance(expression, (Name, Member)) and name.endswith(".body") and name.count(".") == 1:
            help += f", or give the step `{step}` a `fallback`"
        self.wrong(
            "optional-unguarded", f"{shown(expression)} may be {may}, and a value is needed {where}", help, expression
        )

    def wrong(self, rule: str, message: str, help: str | None, at: Expression) -> None:
        self.problems.append(Problem(message, help, at.start, at.end, rule))

    def type_of(self, expression: Expression, facts: Facts) -> Type:
        """The type of an expression where these facts hold; problems are noted, and each is noted once."""
        match expression:
            case Literal():
                return known(expression.value)
            case Name():
                found = self._name(expression)
            case Member():
                found = self._member(expression, facts)
            case Index():
                found = self._index(expression, facts)
            case Has():
                self._has(expression, facts)
                return BOOLEAN
            case Size():
                self.needed(expression.of, facts, ("string", "array"), "for `size`")
                return WHOLE
            case Not():
                self.needed(expression.of, facts, ("boolean",), "behind `!`")
                return BOOLEAN
            case Binary():
                return self._binary(expression, facts)
            case Conditional():
                self.needed(expression.test, facts, ("boolean",), "before `?`")
                then = self.type_of(expression.then, facts | holds(expression.test))
                return union([then, self.type_of(expression.otherwise, facts | fails(expression.test))])
            case Each():
                return self._each(expression, facts)
        return found.present() if _path(expression) in facts else found

    def _name(self, name: Name) -> Type:
        found = self.roots.get(name.name)
        if found is None:
            reason = self.hidden.get(name.name)
            hint = did_you_mean(name.name, self.roots) or f"there is {one_of(self.roots)}"
            message = f"`{name.name}` {reason}" if reason else f"nothing is named `{name.name}` here"
            self.wrong("unknown-reference", message, hint if not reason else None, name)
            return WRONG
        return found

    def _read_through(self, of: Expression, facts: Facts, kind: Kind, what: str, help: str) -> Type:
        """The type of what a field or an element is read of."""
        found = self.type_of(of, facts)
        if found.wrong:
            return found
        if found.optional:
            self.unguarded(of, found, f"to read {what} of it")
            return WRONG
        if found.kinds != {kind}:
            self.wrong("type-mismatch", f"{shown(of)} is {found.says()}, and has no {what}", help, of)
            return WRONG
        return found

    def _member(self, expression: Member, facts: Facts) -> Type:
        of = self._read_through(
            expression.of, facts, "object", "fields", "go through a list with `.map(x, x.name)`, or read an object"
        )
        if of.wrong:
            return of
        found = [member(variant, expression.name) for variant in of.variants]
        types = [one for one in found if one is not None]
        if not types:
            names = sorted({name for variant in of.variants for name in field_names(variant)})
            end = expression.end - (1 if expression.end - expression.at > len(expression.name) else 0)
            self.problems.append(
                Problem(
                    f"{shown(expression.of)} has no field `{expression.name}`",
                    did_you_mean(expression.name, names) or (f"it has {one_of(names)}" if names else "it has no field"),
                    expression.at,
                    end,
                    "unknown-field",
                )
            )
            return WRONG
        made = union(types)
        return Type(made.variants, absent=made.absent or len(types) < len(found))

    def _index(self, expression: Index, facts: Facts) -> Type:
        of = self._read_through(expression.of, facts, "array", "elements", "read a field with `.name`")
        if of.wrong:
            return of
        return Type(union([element(variant) for variant in of.variants]).variants, absent=True)

    def _has(self, expression: Has, facts: Facts) -> None:
        """All that ``has`` reads through may be absent; what it names must be there in the schemas."""
        through: set[str] = set()
        at: Expression = expression.of
        while isinstance(at, (Member, Index)):
            at = at.of
            through.add(_path(at))
        self.type_of(expression.of, facts | frozenset(through - {""}))

    def _binary(self, expression: Binary, facts: Facts) -> Type:
        operator, left, right = expression.operator, expression.left, expression.right
        if operator in ("&&", "||"):
            self.needed(left, facts, ("boolean",), f"beside `{operator}`")
            shown_by = holds(left) if operator == "&&" else fails(left)
            self.needed(right, facts | shown_by, ("boolean",), f"beside `{operator}`")
            return BOOLEAN
        if operator == "+":
            for side in (left, right):
                self.needed(side, facts, ("string",), "beside `+`, which joins texts")
            return TEXT
        if operator == "in":
            self._in(expression, facts)
            return BOOLEAN
        if operator in ("==", "!="):
            self._equal(expression, facts)
            return BOOLEAN
        one = self.needed(left, facts, ("integer", "number", "string"), f"beside `{operator}`")
        other = self.needed(right, facts, ("integer", "number", "string"), f"beside `{operator}`")
        if not one.wrong and not other.wrong and not _alike(one, other):
            self._never(expression, one, other)
        return BOOLEAN

    def _equal(self, expression: Binary, facts: Facts) -> None:
        """Absent counts as null here, so both sides may be absent; lists and objects are not compared."""
        one, other = self.type_of(expression.left, facts), self.type_of(expression.right, facts)
        if one.wrong or other.wrong:
            return
        for side, found, against in ((expression.left, one, other), (expression.right, other, one)):
            if found.kinds & {"object", "array"} and against.kinds - {"null"}:
                self.wrong(
                    "type-mismatch",
                    f"{shown(side)} is {found.says()}, and only texts, numbers and true or false can be compared",
                    "compare one of its fields",
                    side,
                )
                return
        null_on_both = one.optional and other.optional
        with_null = {"null"} in (one.kinds, other.kinds)
        if not with_null and not null_on_both and not _alike(one, other):
            self._never(expression, one, other)

    def _in(self, expression: Binary, facts: Facts) -> None:
        one = self.needed(expression.left, facts, _PRINTED, "before `in`")
        several = self.needed(expression.right, facts, ("array",), "behind `in`")
        if one.wrong or several.wrong:
            return
        each = union([element(variant) for variant in several.variants])
        if not _alike(one, each):
            self._never(expression, one, each)

    def _never(self, expression: Binary, one: Type, other: Type) -> None:
        self.wrong(
            "type-mismatch",
            f"`{expression.operator}` compares {one.says()} with {other.says()}, which are never alike",
            "compare values of one type",
            expression,
        )

    def _each(self, expression: Each, facts: Facts) -> Type:
        several = self.needed(expression.of, facts, ("array",), f"for `{expression.kind}`")
        if expression.variable in self.roots or expression.variable in self.hidden:
            self.problems.append(
                Problem(
                    f"`{expression.variable}` is already the name of something else",
                    "give the variable another name",
                    expression.of.end,
                    expression.end,
                )
            )
            return WRONG
        each = WRONG if several.wrong else union([element(variant) for variant in several.variants])
        roots = {**self.roots, expression.variable: each}
        inner = Judge(roots, self.problems, self.hidden)
        if expression.kind == "filter":
            inner.needed(expression.body, facts, ("boolean",), "for `filter`")
            return several
        body = inner.type_of(expression.body, facts)
        if body.absent:
            inner.unguarded(expression.body, body, "for each element")
            return WRONG
        if several.wrong or body.wrong:
            return WRONG
        bounds = [variant.most for variant in several.variants]
        return listed(body, max(b for b in bounds if b is not None) if None not in bounds else None)


def holds(expression: Expression) -> Facts:
    """What is known where a test is true."""
    match expression:
        case Has():
            return _through(expression.of)
        case Not():
            return fails(expression.of)
        case Binary(operator="&&"):
            return holds(expression.left) | holds(expression.right)
        case Binary(operator="||"):
            return holds(expression.left) & holds(expression.right)
        case Binary(operator="!="):
            return _compared_with_null(expression)
        case Binary(operator="=="):
            return _compared_with_value(expression)
    return frozenset()


def fails(expression: Expression) -> Facts:
    """What is known where a test is false."""
    match expression:
        case Not():
            return holds(expression.of)
        case Binary(operator="||"):
            return fails(expression.left) | fails(expression.right)
        case Binary(operator="&&"):
            return fails(expression.left) & fails(expression.right)
        case Binary(operator="=="):
            return _compared_with_null(expression)
        case Binary(operator="!="):
            return _compared_with_value(expression)
    return frozenset()


def _compared_with_null(expression: Binary) -> Facts:
    for one, other in ((expression.left, expression.right), (expression.right, expression.left)):
        if isinstance(other, Literal) and other.value is None:
            return _through(one)
    return frozenset()


def _compared_with_value(expression: Binary) -> Facts:
    for one, other in ((expression.left, expression.right), (expression.right, expression.left)):
        if isinstance(other, Literal) and other.value is not None:
            return _through(one)
    return frozenset()


def _through(expression: Expression) -> Facts:
    """What is there if the value of an expression is: the value, and all that it is read through."""
    found: set[str] = set()
    at = expression
    while isinstance(at, (Member, Index)):
        found.add(_path(at))
        at = at.of
    return frozenset((found | {_path(at)}) - {""})


def _path(expression: Expression) -> str:
    """A name for what an expression reads, the same wherever it is read; empty for anything that is computed."""
    match expression:
        case Name():
            return expression.name
        case Member():
            of = _path(expression.of)
            plain = expression.name.replace("_", "a").isalnum() and expression.name.isascii()
            return of and (f"{of}.{expression.name}" if plain else f"{of}['{expression.name}']")
        case Index():
            of = _path(expression.of)
            return of and f"{of}[{expression.index}]"
    return ""


def shown(expression: Expression) -> str:
    """An expression in a message."""
    path = _path(expression)
    if path:
        return f"`{path}`"
    return f"`{expression.text}`" if isinstance(expression, Literal) else "this"


def reads(expression: Expression) -> list[Name]:
    """The names that an expression reads, apart from its own variables, in their order."""
    match expression:
        case Name():
            return [expression]
        case Member() | Index() | Has() | Size() | Not():
            return reads(expression.of)
        case Binary():
            return reads(expression.left) + reads(expression.right)
        case Conditional():
            return reads(expression.test) + reads(expression.then) + reads(expression.otherwise)
        case Each():
            return reads(expression.of) + [n for n in reads(expression.body) if n.name != expression.variable]
    return []


def _any_of(kinds: tuple[Kind, ...]) -> str:
    words = [CALLED[kind] for kind in kinds if kind != "integer" or "number" not in kinds]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _alike(one: Type, other: Type) -> bool:
    """Whether values of two types can be equal; null and absent do not count."""

    def kinds(found: Type) -> set[str]:
        return {"number" if kind == "integer" else kind for kind in found.kinds if kind != "null"}

    return bool(kinds(one) & kinds(other))
