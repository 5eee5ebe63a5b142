"""A project: settings, and everything by name."""

from typing import Annotated, Literal

from compiler.model.aggregators import AggregatorsByName
from compiler.model.contracts import ContractsByName
from compiler.model.edges import EdgesByName
from compiler.model.gateways import Gateway, GatewaysByName
from compiler.model.kinds import Bounds, Duration, Text, Where, doc, place
from compiler.model.policies import PoliciesByName
from compiler.model.services import ServicesByName
from compiler.records import frozen


@frozen
class VersioningSettings:
    """How versions are judged."""

    where: Where = place()
    deprecation_window: Duration = doc("The least time between `deprecated` and `sunset`.", "90d", 90 * 86_400_000)
    max_live_majors: Annotated[int, Bounds(1, 100)] = doc("Live majors for each contract and exposure.", 2, 2)
    enum_values_added_to_responses: Literal["breaking", "risky", "safe"] = doc(
        "What a new enum value in an answer counts as.", "breaking", "risky"
    )


@frozen
class Settings:
    """Settings for the whole project."""

    where: Where = place()
    versioning: VersioningSettings | None = doc("How versions are judged.", {"max_live_majors": 2}, None)


@frozen
class Sections:
    """What any file of a project may hold."""

    where: Where = place()
    contracts: ContractsByName = doc(
        "HTTP APIs by name.", {"orders": {"versions": {"2.1.0": {"openapi": "orders.yaml"}}}}, dict
    )
    services: ServicesByName = doc(
        "What runs behind the gateways, by name.",
        {"orders-v2": {"endpoints": [{"host": "orders.internal", "port": 8080}]}},
        dict,
    )
    policies: PoliciesByName = doc(
        "Named bundles of what is done to requests and answers.", {"public": {"timeout": "5s"}}, dict
    )
    gateways: GatewaysByName = doc(
        "The entry points for all clients, by name.",
        {"public": {"listen": {"port": 8443}, "expose": [{"contract": "orders"}]}},
        dict,
    )
    aggregators: AggregatorsByName = doc(
        "Several calls, one answer, by name.",
        {
            "overview": {
                "implements": "overview@1.0.0#getOverview",
                "deadline": "1s",
                "steps": {"orders": {"call": "orders@^2#listOrders", "timeout": "500ms"}},
                "response": {"body": {"orders": "${orders.body.items}"}},
            }
        },
        dict,
    )
    edges: EdgesByName = doc(
        "Gateways for one client, by name.",
        {
            "mobile": {
                "client": {"name": "shop-mobile", "supported_until": "2027-12-31"},
                "listen": {"port": 8444},
                "expose": [{"contract": "orders"}],
            }
        },
        dict,
    )


@frozen(kw_only=True)
class RootFile(Sections):
    """`gatewright.yaml`, the root of a project."""

    gatewright: Literal[1] = doc("The version of the language; required in the root file, and only there.", 1)
    include: tuple[Text, ...] = doc("Globs of further files with the same sections.", ["teams/*.yaml"], ())
    settings: Settings | None = doc("Settings for the whole project.", {"versioning": {"max_live_majors": 2}}, None)


@frozen
class Project:
    """All files of a project together."""

    where: Where = place()
    settings: VersioningSettings = place()
    contracts: ContractsByName = place()
    services: ServicesByName = place()
    policies: PoliciesByName = place()
    gateways: GatewaysByName = place()
    aggregators: AggregatorsByName = place()
    edges: EdgesByName = place()
    environment: str | None = None
    """The environment that is laid over the files, if one is."""

    @property
    def deployables(self) -> tuple[tuple[str, Gateway], ...]:
        """What becomes an Envoy of its own, by name: the gateways, then the edges."""
        return (*self.gateways.items(), *self.edges.items())
