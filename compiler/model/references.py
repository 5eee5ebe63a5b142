"""Texts that point at something else: a contract version, an operation of it, a range."""

from typing import Annotated

from compiler.model.kinds import VERSION, Scalar
from compiler.ranges import is_range
from compiler.records import frozen


@frozen
class Implements:
    """``orders@2.1.0``, or with the operation that an aggregator answers: ``overview@1.0.0#getOverview``."""

    contract: str
    version: str
    operation: str | None


@frozen
class Call:
    """``customers@^3#getCustomer``: a contract, a range of versions, an operationId."""

    contract: str
    range: str
    operation: str


def _implements(text: str) -> Implements:
    contract, _, rest = text.partition("@")
    version, _, operation = rest.partition("#")
    return Implements(contract, version, operation or None)


def _call(text: str) -> Call:
    contract, _, rest = text.partition("@")
    wanted, _, operation = rest.partition("#")
    check_range(wanted)
    return Call(contract, wanted, operation)


def check_range(text: str) -> str:
    """The range itself. Raises ValueError with a sentence where npm would not read it."""
    if len(text) > 256 or "\n" in text:
        raise ValueError("not a range of versions")
    if not is_range(text):
        raise ValueError(f"`{text}` is not a range that npm reads, such as `^2`, `~2.1`, `1.x` or `^1.4 || ^2`")
    return text


Range = Annotated[
    str,
    Scalar(
        "a range of versions such as `^2`, `~2.1` or `^1.4 || ^2`",
        r"[^#@\n]*",
        check_range,
        rule="version-invalid",
        raw=True,
    ),
]
ServiceImplements = Annotated[
    Implements,
    Scalar("`contract@version`, such as `orders@2.1.0`", rf"[a-z][a-z0-9-]{{0,62}}@({VERSION.pattern})", _implements),
]
AggregatorImplements = Annotated[
    Implements,
    Scalar(
        "`contract@version#operation`, such as `customer-overview@1.0.0#getCustomerOverview`",
        rf"[a-z][a-z0-9-]{{0,62}}@({VERSION.pattern})#\S(.*\S)?",
        _implements,
    ),
]
StepCall = Annotated[
    Call,
    Scalar(
        "`contract@range#operation`, such as `orders@^2#listOrders`", r"[a-z][a-z0-9-]{0,62}@[^#@\n]+#\S(.*\S)?", _call
    ),
]
Published = Annotated[
    Implements,
    Scalar(
        "`contract@version`, such as `mobile-orders@1.0.0`", rf"[a-z][a-z0-9-]{{0,62}}@({VERSION.pattern})", _implements
    ),
]
