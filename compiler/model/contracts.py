"""Contracts: HTTP APIs in numbered versions."""

from collections.abc import Mapping
from typing import Annotated

from compiler.model.kinds import NAME, VERSION, Date, Keys, Text, Where, YamlMap, doc, place
from compiler.records import frozen


@frozen
class ContractVersion:
    """One published version of a contract."""

    where: Where = place()
    openapi: Text | YamlMap = doc(
        "The OpenAPI 3.0 or 3.1 document: a path relative to this file, or the document itself.",
        "contracts/orders-2.1.0.yaml",
    )
    deprecated: Date | None = doc("The day from which clients are told to move on.", "2026-09-01", None)
    sunset: Date | None = doc("The last day on which this version is served.", "2027-03-31", None)


@frozen
class Contract:
    """An HTTP/JSON API that services implement and clients rely on."""

    where: Where = place()
    versions: Annotated[Mapping[str, ContractVersion], Keys(VERSION, least=1)] = doc(
        "The versions of this contract by semantic version. A published version never changes its meaning.",
        {"2.1.0": {"openapi": "contracts/orders-2.1.0.yaml"}},
    )
    owner: Text | None = doc("Who answers for it; shows up in diagnostics and in the diff.", "team-orders", None)


ContractsByName = Annotated[Mapping[str, Contract], Keys(NAME)]
