"""Process aggregators: several calls, one composite answer."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from compiler.model.kinds import (
    HEADER_NAME,
    NAME,
    STEP_NAME,
    Bounds,
    Count,
    HeaderName,
    HeaderValue,
    Keys,
    Raw,
    Scalar,
    Size,
    Timeout,
    Where,
    YamlValue,
    doc,
    place,
)
from compiler.model.references import AggregatorImplements, StepCall
from compiler.records import frozen

_PARAMETER = Scalar("a parameter's name", r"[^\r\n]+")
Expression = Annotated[str, Scalar("an expression such as `${request.path.id}`", r"\$\{[\s\S]+\}")]
Inputs = Annotated[Mapping[str, Annotated[Any, Raw("a value or an expression")]], Keys(_PARAMETER)]


@frozen
class Bindings:
    """What a step sends: path, query, headers and body as its operation declares them."""

    where: Where = place()
    path: Inputs = doc("Path parameters.", {"id": "${request.path.id}"}, dict)
    query: Inputs = doc("Query parameters.", {"limit": 10}, dict)
    headers: Inputs = doc("Request headers.", {"accept-language": "${request.headers['accept-language']}"}, dict)
    body: YamlValue = doc("The JSON body.", {"id": "${request.body.id}"}, None)


@frozen
class StepRetry:
    """Try a step again, within the aggregate's deadline."""

    where: Where = place()
    attempts: Annotated[int, Bounds(1, 10)] = doc("Retries after the first try.", 1)


@frozen
class Optional:
    """What stands in for a step that failed."""

    where: Where = place()
    fallback: YamlValue = doc("The body to use instead; `null` without it.", {"items": []}, None)


@frozen
class Step:
    """One call to one operation."""

    where: Where = place()
    call: StepCall = doc("The operation: contract @ range # operationId.", "customers@^3#getCustomer")
    timeout: Timeout = doc("How long one try may take.", "300ms")
    with_: Bindings | None = doc("What is sent.", {"path": {"id": "${request.path.id}"}}, None)
    after: tuple[Annotated[str, STEP_NAME], ...] = doc("Steps to wait for without using their data.", ["customer"], ())
    when: Expression | None = doc("The step runs only where this holds.", "${has(customer.body.card)}", None)
    for_each: Expression | None = doc(
        "One call for each element of this list, as `item`.", "${orders.body.items}", None
    )
    max: Count | None = doc("The most elements of `for_each`.", 20, None)
    on_excess: Literal["cut", "fail"] = doc("What more elements do: leave a partial answer, or fail.", "fail", "cut")
    concurrency: Count | None = doc("Calls of `for_each` under way at a time; all of them without it.", 10, None)
    retry: StepRetry | None = doc("Try again.", {"attempts": 1}, None)
    optional: Optional | Literal[True] | None = doc(
        "The whole does not fail with this step.", {"fallback": {"items": []}}, None
    )
    max_body: Size | None = doc("The largest answer.", "256KiB", None)


@frozen
class Response:
    """The composite answer."""

    where: Where = place()
    body: YamlValue = doc(
        "Any YAML; a scalar that is one ${...} keeps the value's type.", {"id": "${customer.body.id}"}
    )
    status: Annotated[int, Bounds(200, 299)] = doc("The status.", 200, 200)
    headers: Annotated[Mapping[str, HeaderValue], Keys(HEADER_NAME)] = doc(
        "Response headers.", {"cache-control": "private, max-age=5"}, dict
    )


@frozen
class Aggregator:
    """Calls several services, in parallel where nothing forbids it, and answers with one payload."""

    where: Where = place()
    implements: AggregatorImplements = doc(
        "The operation that it answers.", "customer-overview@1.0.0#getCustomerOverview"
    )
    deadline: Timeout = doc("How long the whole may take.", "950ms")
    steps: Annotated[Mapping[str, Step], Keys(STEP_NAME, least=1)] = doc(
        "The calls by name.", {"customer": {"call": "customers@^3#getCustomer", "timeout": "300ms"}}
    )
    response: Response = doc("The composite answer.", {"body": {"id": "${customer.body.id}"}})
    max_concurrent: Count | None = doc("Aggregates under way at a time in one process.", 200, None)
    max_body: Size = doc("The largest answer of a step, and the largest request.", "1MiB", 1 << 20)
    forward: tuple[HeaderName, ...] = doc("Request headers for the steps.", ["authorization"], ())


AggregatorsByName = Annotated[Mapping[str, Aggregator], Keys(NAME)]
