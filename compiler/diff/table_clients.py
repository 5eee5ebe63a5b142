"""What a change of each field of an edge's client means: of what was promised to whom."""

from __future__ import annotations

from compiler.diff.entries import Compared, Entry, Ignored, Inside, Kind, Table
from compiler.diff.judging import BREAKING, RISKY, SAFE, always, duration, number
from compiler.model.edges import Client, Needs

_SUPPORT = Kind("support-changed", "Until when an edge's client is supported.")
_CLIENT = Kind("client-changed", "Whom an edge is for.")
_NEEDS = Kind("needs-changed", "What an edge's client cannot do without.")
_PLACE = Ignored("where something stands makes no difference")

_OF_CLIENT: dict[str, Entry] = {
    "where": _PLACE,
    "name": Compared(_CLIENT, "client", always(RISKY), at=("name",)),
    "supported_until": Compared(_SUPPORT, "supported until", number(BREAKING, SAFE), at=("supported_until",)),
    "owner": Ignored("who answers for a client is no matter of what it gets"),
    "needs": Inside(("needs",), _NEEDS, "needs of the client", came=SAFE, gone=RISKY),
}
_OF_NEEDS: dict[str, Entry] = {
    "where": _PLACE,
    "max_latency": Compared(_NEEDS, "longest that an answer may take", number(SAFE, RISKY), duration, ("max_latency",)),
    "max_response": Ignored("the shapes of answers say the same"),
}
CLIENTS: Table = {Client: _OF_CLIENT, Needs: _OF_NEEDS}
