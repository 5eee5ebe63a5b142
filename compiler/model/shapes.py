"""Changes to JSON bodies on their way through a gateway or an edge."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from compiler.model.kinds import Keys, Raw, Scalar, Size, Text, Where, doc, place
from compiler.records import frozen

_DOTTED = Scalar("a dotted path such as `items.id`", r"[^.\s]+(\.[^.\s]+)*")
DottedPath = Annotated[str, _DOTTED]


@frozen
class BodyChanges:
    """`include`, `remove`, `rename`, `set`, in that order: dotted paths of the service's schema, as clients see it."""

    where: Where = place()
    include: tuple[DottedPath, ...] | None = doc("Keep these and nothing else.", ["items.id", "items.total"], None)
    remove: tuple[DottedPath, ...] = doc("Take these out.", ["internal_notes"], ())
    rename: Annotated[Mapping[str, Text], Keys(_DOTTED)] = doc("New last segments.", {"items": "orders"}, dict)
    set: Annotated[Mapping[str, Annotated[Any, Raw("any value")]], Keys(_DOTTED)] = doc(
        "Values to put in.", {"served_by": "public"}, dict
    )


@frozen
class BodyShape:
    """Changes to the JSON bodies of an exposure."""

    where: Where = place()
    response: BodyChanges | None = doc("Changes to answers.", {"include": ["items.id"]}, None)
    request: BodyChanges | None = doc(
        "Changes to requests: what clients may not send, name otherwise, or leave to the gateway.",
        {"set": {"channel": "web"}},
        None,
    )
    errors: Literal["replace", "pass"] = doc(
        "Bodies of other statuses than 2xx: replaced by problem+json with the status alone, or passed on.",
        "pass",
        "replace",
    )
    max_body: Size = doc("The largest body that is changed.", "1MiB", 1 << 20)
