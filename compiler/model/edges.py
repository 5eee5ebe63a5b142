"""Edges: gateways for one client, or a few, with needs of their own."""

from collections.abc import Mapping
from typing import Annotated

from compiler.model.gateways import Expose, Gateway
from compiler.model.kinds import NAME, Date, Items, Keys, Name, Size, Text, Timeout, Where, doc, place
from compiler.model.references import Published
from compiler.model.shapes import BodyShape
from compiler.records import frozen


@frozen
class Needs:
    """What the client cannot do without."""

    where: Where = place()
    max_latency: Timeout | None = doc("The longest that an answer may take.", "1s", None)
    max_response: Size | None = doc("The largest answer.", "64KiB", None)


@frozen
class Client:
    """Whom the edge is for."""

    where: Where = place()
    name: Name = doc("The client.", "shop-mobile")
    supported_until: Date = doc("The last day on which it is supported.", "2027-12-31")
    owner: Text | None = doc("Who answers for it.", "team-mobile", None)
    needs: Needs | None = doc("What it cannot do without.", {"max_latency": "1s", "max_response": "64KiB"}, None)


@frozen
class EdgeExpose(Expose):
    """A contract or an aggregator that the client can call."""

    shape: BodyShape | None = doc("Changes to JSON bodies.", {"response": {"include": ["items.id"]}}, None)
    publish: Published | None = doc("The contract that the shaped operations satisfy.", "mobile-orders@1.0.0", None)


def body_shape(expose: Expose) -> BodyShape | None:
    """The changes to bodies that an entry asks for, by whichever name."""
    if isinstance(expose, EdgeExpose) and expose.shape is not None:
        return expose.shape
    return expose.decorate


@frozen(kw_only=True)
class Edge(Gateway):
    """A gateway for one client, kept as long as the client is supported."""

    client: Client = doc("Whom it is for.", {"name": "shop-mobile", "supported_until": "2027-12-31"})
    expose: Annotated[tuple[EdgeExpose, ...], Items(least=1, unique=False)] = doc(
        "What the client can call.", [{"contract": "orders", "versions": "^2"}]
    )


EdgesByName = Annotated[Mapping[str, Edge], Keys(NAME)]
