"""Every kind of change: its level, and what it means in one sentence. docs/compatibility.md shows the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.compat.changes import Level
from compiler.records import frozen


@frozen
class Kind:
    """A kind of change. Some are judged one by one: their level here is the one that they have by themselves."""

    level: Level
    says: str


_ASPECTS: Mapping[str, str] = {
    "type": "the types",
    "values": "the listed values as a whole",
    "minimum": "the least number",
    "maximum": "the largest number",
    "multiple": "the step of numbers",
    "length": "the length of texts",
    "pattern": "the pattern of texts",
    "format": "the format",
    "items-count": "the number of items",
    "unique-items": "whether items must differ",
    "properties-count": "the number of properties",
    "additional-properties": "properties that are not named",
    "not": "what `not` shuts out",
    "if": "a condition (`if`, `then`, `else`)",
    "contains": "what a list must contain",
    "property-names": "the names of properties",
    "pattern-properties": "properties named by a pattern",
    "dependent-required": "properties required beside others",
    "dependent-schemas": "schemas that a property brings with it",
    "unevaluated-properties": "properties that no other keyword looks at",
    "unevaluated-items": "items that no other keyword looks at",
    "schema": "the schema as a whole",
}
"""What a schema says, and how the table calls it."""


def _aspects() -> Iterator[tuple[str, Kind]]:
    for aspect, called in _ASPECTS.items():
        for flow, whose in (("request", "what clients send"), ("response", "what clients get")):
            refused = "clients' requests may be refused" if flow == "request" else "clients read at least what they did"
            met = "all that clients send is still taken" if flow == "request" else "clients may get what they never did"
            narrowed: Level = "breaking" if flow == "request" else "safe"
            widened: Level = "safe" if flow == "request" else "breaking"
            yield f"{flow}-{aspect}-narrowed", Kind(narrowed, f"Of {whose}, {called}: less is allowed; {refused}.")
            yield f"{flow}-{aspect}-widened", Kind(widened, f"Of {whose}, {called}: more is allowed; {met}.")
            yield (
                f"{flow}-{aspect}-changed",
                Kind("breaking", f"Of {whose}, {called}: other values are allowed than before."),
            )
            yield (
                f"{flow}-{aspect}-undecided",
                Kind("risky", f"Of {whose}, {called}: changed in a way that cannot be decided."),
            )


KINDS: Mapping[str, Kind] = {
    **dict(_aspects()),
    # Values.
    "request-enum-value-removed": Kind("breaking", "A listed value that clients may send is no longer taken."),
    "request-enum-value-added": Kind("safe", "Clients may send one more value."),
    "response-enum-value-removed": Kind("safe", "Clients no longer get a value that they know."),
    "response-enum-value-added": Kind("risky", "Clients may get a value that they do not know; a setting weighs it."),
    # Properties.
    "request-property-added": Kind("safe", "Clients may send a new property."),
    "request-property-added-over-others": Kind(
        "breaking", "A new property asks more of a name that clients could send freely so far."
    ),
    "request-property-removed": Kind("risky", "A property that clients send is no longer read."),
    "request-property-refused": Kind("breaking", "A property that clients send is refused now."),
    "request-property-required-added": Kind("breaking", "A property must be sent that was not declared before."),
    "request-property-became-required": Kind("breaking", "A property must be sent that could be left out."),
    "request-property-became-optional": Kind("safe", "A property may be left out."),
    "request-property-became-read-only": Kind("risky", "A property that clients send is no longer theirs to send."),
    "request-property-default-changed": Kind("risky", "What leaving a property out means has changed."),
    "response-property-added": Kind("safe", "Clients get a new property."),
    "response-property-added-to-closed": Kind(
        "breaking", "Clients get a property that their document shuts out, or describes in another way."
    ),
    "response-property-removed": Kind("risky", "An optional property that clients read is gone."),
    "response-property-required-removed": Kind("breaking", "A property that clients could rely on is gone."),
    "response-property-became-optional": Kind("breaking", "A property that clients could rely on may be absent."),
    "response-property-became-required": Kind("safe", "A property is now always there."),
    "response-property-became-write-only": Kind("risky", "An optional property that clients read is only taken."),
    "request-property-deprecated": Kind("safe", "A property that clients send is deprecated."),
    "response-property-deprecated": Kind("safe", "A property that clients read is deprecated."),
    # Choices.
    "request-branch-removed": Kind("breaking", "A variant that clients may send is no longer taken."),
    "request-branch-added": Kind("safe", "Clients may send one more variant."),
    "response-branch-removed": Kind("safe", "Clients no longer get a variant that they know."),
    "response-branch-added": Kind("breaking", "Clients may get a variant that they do not know."),
    "request-discriminator-changed": Kind("breaking", "Which property tells variants apart, or how, has changed."),
    "response-discriminator-changed": Kind("breaking", "Which property tells variants apart, or how, has changed."),
    "request-discriminator-added": Kind("safe", "A property now tells variants apart."),
    "response-discriminator-added": Kind("safe", "A property now tells variants apart."),
    # Operations.
    "operation-added": Kind("safe", "There is a new operation."),
    "operation-removed": Kind("breaking", "Clients call an operation that is gone."),
    "operation-deprecated": Kind("safe", "An operation is deprecated."),
    "operation-no-longer-deprecated": Kind("safe", "An operation is no longer deprecated."),
    "operation-id-changed": Kind("risky", "Generated clients call the operation by another name."),
    "operation-id-added": Kind("safe", "The operation has a name for generated clients."),
    "webhook-added": Kind("safe", "Clients may subscribe to a new webhook or callback."),
    "webhook-removed": Kind("breaking", "Clients wait for a webhook or callback that no longer comes."),
    # Parameters.
    "parameter-added": Kind("safe", "Clients may send a new parameter."),
    "parameter-required-added": Kind("breaking", "A parameter must be sent that was not there."),
    "parameter-became-required": Kind("breaking", "A parameter must be sent that could be left out."),
    "parameter-became-optional": Kind("safe", "A parameter may be left out."),
    "parameter-removed": Kind("risky", "A parameter that clients send is no longer read."),
    "parameter-serialization-changed": Kind(
        "breaking", "A parameter is written in another way: `style`, `explode`, or `content` in place of `schema`."
    ),
    "parameter-reserved-changed": Kind("risky", "Whether reserved characters stand unescaped has changed."),
    "parameter-empty-refused": Kind("breaking", "A parameter may no longer be sent empty."),
    "parameter-empty-allowed": Kind("safe", "A parameter may be sent empty."),
    "parameter-default-changed": Kind("risky", "What leaving a parameter out means has changed."),
    "parameter-deprecated": Kind("safe", "A parameter is deprecated."),
    # Bodies.
    "request-body-added": Kind("safe", "Clients may send a body."),
    "request-body-required-added": Kind("breaking", "Clients must send a body where there was none."),
    "request-body-removed": Kind("breaking", "The body that clients send is no longer taken."),
    "request-body-became-required": Kind("breaking", "The body can no longer be left out."),
    "request-body-became-optional": Kind("safe", "The body may be left out."),
    "request-media-type-added": Kind("safe", "Clients may send the body in one more form."),
    "request-media-type-removed": Kind("breaking", "A form in which clients send the body is no longer taken."),
    "request-encoding-changed": Kind("breaking", "Parts of the body are written in another way."),
    "response-added": Kind("safe", "Clients may get a status that was not declared."),
    "response-success-added": Kind("risky", "Clients may get another status where all went well."),
    "response-removed": Kind("safe", "A status of failure is no longer declared."),
    "response-success-removed": Kind("breaking", "A status on which clients rely where all went well is gone."),
    "response-default-removed": Kind(
        "breaking", "What clients get with all other statuses is no longer declared: it may be anything."
    ),
    "response-media-type-added": Kind("safe", "Clients may ask for one more form of the answer."),
    "response-media-type-removed": Kind("breaking", "A form of the answer that clients read is gone."),
    "response-encoding-changed": Kind("breaking", "Parts of the answer are written in another way."),
    "response-header-added": Kind("safe", "An answer bears a new header."),
    "response-header-removed": Kind("risky", "An optional header that clients read is gone."),
    "response-header-required-removed": Kind("breaking", "A header that clients could rely on is gone."),
    "response-header-became-optional": Kind("breaking", "A header that clients could rely on may be absent."),
    "response-header-became-required": Kind("safe", "A header is now always there."),
    "response-header-serialization-changed": Kind("breaking", "A header is written in another way."),
    # Webhooks: what clients get there is the request.
    "webhook-body-added": Kind("breaking", "Clients get a body with a call that had none."),
    "webhook-body-removed": Kind("breaking", "A call no longer bears the body that clients read."),
    "webhook-body-became-optional": Kind("breaking", "A call may come without the body that clients read."),
    "webhook-body-became-required": Kind("safe", "A call always bears its body."),
    "webhook-media-type-added": Kind("breaking", "A call may bear its body in a form that clients do not read."),
    "webhook-media-type-removed": Kind("safe", "A form of the body no longer comes."),
    "webhook-parameter-added": Kind("safe", "A call bears a new parameter."),
    "webhook-parameter-removed": Kind("risky", "A call no longer bears an optional parameter."),
    "webhook-parameter-required-removed": Kind("breaking", "A call no longer bears a parameter to rely on."),
    "webhook-parameter-became-optional": Kind("breaking", "A call may come without a parameter to rely on."),
    "webhook-parameter-became-required": Kind("safe", "A call always bears the parameter."),
    "webhook-response-added": Kind("safe", "Clients may answer a call with one more status."),
    "webhook-response-removed": Kind("breaking", "A status with which clients answer is no longer taken."),
    "webhook-answer-media-type-added": Kind("safe", "Clients may answer in one more form."),
    "webhook-answer-media-type-removed": Kind("breaking", "A form in which clients answer is no longer taken."),
    "webhook-header-required-added": Kind("breaking", "Clients must answer with a header that was not asked for."),
    "webhook-header-became-required": Kind("breaking", "Clients must answer with a header that could be left out."),
    "webhook-header-added": Kind("safe", "Clients may answer with one more header."),
    "webhook-header-became-optional": Kind("safe", "Clients may leave out a header of their answer."),
    "webhook-header-removed": Kind("risky", "A header of clients' answers is no longer read."),
    # The API.
    "security-added": Kind("breaking", "Clients must show a credential, or a scope, that they need not have so far."),
    "security-widened": Kind("safe", "Clients have one more way to show who they are."),
    "security-scheme-changed": Kind("risky", "Where clients get their credentials has changed."),
    "server-added": Kind("safe", "The API is served at one more address."),
    "server-removed": Kind("risky", "Clients call an address that is no longer named."),
    "text-changed": Kind("safe", "Descriptions, examples, spelling: nothing that clients' programs can see."),
}
LEVEL_OF: Mapping[str, Level] = {rule: kind.level for rule, kind in KINDS.items()}
