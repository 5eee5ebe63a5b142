"""Every rule that a diagnostic can name: one registry, from which ``explain``, the docs and the severities come.

A rule's page is ``<name>.md`` beside this file: why the rule is there, an example that breaks it, one that keeps it.
The tests run both examples.
"""

from __future__ import annotations

from compiler.diagnostics import Severity
from compiler.records import frozen

_E, _W = Severity.ERROR, Severity.WARNING


@frozen
class Rule:
    """A rule's name, its weight, what it says in one line, and whether a comment in the source may suppress it.

    It may not where nothing could be built that does what the project says, nor where a secret is at stake.
    """

    name: str
    severity: Severity
    says: str
    suppressible: bool = True


_ALL = (
    Rule("yaml-syntax", _E, "a file is not YAML, or not JSON", suppressible=False),
    Rule("duplicate-key", _E, "a key stands twice in one mapping", suppressible=False),
    Rule("schema", _E, "a key or value is not in the language", suppressible=False),
    Rule("duplicate-name", _E, "two files give one name", suppressible=False),
    Rule("include-not-found", _E, "an include matches no file", suppressible=False),
    Rule("path-outside-project", _E, "a path leaves the project's folder", suppressible=False),
    Rule("plaintext-secret", _E, "a literal secret", suppressible=False),
    Rule("envoy-rejected", _E, "Envoy itself refused the result", suppressible=False),
    Rule(
        "suppression-invalid",
        _E,
        "a suppression without a reason, or of no rule that can be suppressed",
        suppressible=False,
    ),
    Rule("suppression-unused", _W, "a suppression that suppresses nothing"),
    Rule("file-not-found", _E, "a file that the project names is not there", suppressible=False),
    Rule("openapi-invalid", _E, "a contract's document is broken, or uses what cannot be judged", suppressible=False),
    Rule("version-invalid", _E, "not a semantic version, or not a range of them", suppressible=False),
    Rule("bump-too-small", _E, "a version's number says less than what changed since the version before"),
    Rule("risky-change", _W, "a change that may break some clients came with a minor version"),
    Rule("lock-invalid", _E, "gatewright.lock is damaged, in conflict, or of a newer format", suppressible=False),
    Rule("lock-outdated", _W, "gatewright.lock does not know a version, an edge, a date or a removal"),
    Rule("published-version-changed", _E, "a published version's meaning changed"),
    Rule("published-version-removed", _E, "a published version is gone while clients may rely on it"),
    Rule("published-date-moved", _E, "a published day came nearer"),
    Rule("unknown-reference", _E, "a name that nothing bears", suppressible=False),
    Rule("same-everywhere", _E, "an environment changes what is the same in every place", suppressible=False),
    Rule("changes-nothing", _E, "an environment says what the project says already"),
    Rule("unknown-operation", _E, "an operation that the contract does not have"),
    Rule("unused", _W, "a contract, service, policy or aggregator that nothing uses"),
    Rule("version-unsatisfied", _E, "no version matches the range"),
    Rule("version-not-served", _E, "no service implements the resolved version"),
    Rule("sunset-without-deprecation", _E, "a version ends without having been deprecated"),
    Rule("deprecation-window-too-short", _E, "too little time between deprecation and sunset"),
    Rule("version-deprecated", _W, "a deprecated version without its successor beside it"),
    Rule("version-sunset", _E, "something uses a version after its sunset"),
    Rule("too-many-majors", _E, "more live majors than allowed"),
    Rule("edge-expired", _E, "the client of an edge is not supported any more"),
    Rule("edge-removed-early", _E, "an edge, or an operation of one, is gone while its client is supported"),
    Rule("support-shortened", _E, "the end of a client's support came nearer"),
    Rule("support-outlives-contract", _E, "a client is supported longer than a version that it uses lives"),
    Rule("shape-unknown-field", _E, "shape or decorate names a field that no schema has"),
    Rule("shape-collision", _E, "two changes of a body contradict each other", suppressible=False),
    Rule("shape-breaks-contract", _E, "a changed body does not satisfy the contract that clients rely on"),
    Rule("client-need-unmet", _E, "the worst case does not meet what the client of an edge needs"),
    Rule("response-unbounded", _W, "a client needs a largest answer, and the schema has none"),
    Rule("route-conflict", _E, "two operations answer the same request", suppressible=False),
    Rule("cors-conflict", _E, "one path is served with two different `cors`", suppressible=False),
    Rule("route-shadowed", _W, "a route that no request can reach"),
    Rule("timeout-inversion", _E, "an outer timeout is shorter than what it must wait for"),
    Rule("auth-missing", _W, "an operation that changes something is open to everybody"),
    Rule("auth-mismatch", _W, "the contract requires security of an operation that is open here"),
    Rule("tls-missing", _W, "plaintext on an address that is not loopback"),
    Rule("tls-unverified", _W, "TLS towards a service that nobody verifies"),
    Rule("step-cycle", _E, "steps that wait for each other", suppressible=False),
    Rule("unknown-field", _E, "an expression or an input names a field that there is not", suppressible=False),
    Rule("type-mismatch", _E, "a value does not fit what it is given to", suppressible=False),
    Rule("optional-unguarded", _E, "what may be absent or null is used where a value must be", suppressible=False),
    Rule("missing-input", _E, "a required parameter or body is not given", suppressible=False),
    Rule("composite-mismatch", _E, "the composed answer does not satisfy the aggregator's contract"),
    Rule("deadline-too-short", _E, "the worst case of the steps does not fit into the deadline"),
    Rule("needless-sequence", _W, "a step waits for another whose data it does not use"),
    Rule("needless-aggregation", _W, "an aggregator of one step"),
    Rule("undeclared-status", _W, "an aggregate can answer with a status that its contract does not declare"),
    Rule("weight-missing", _E, "several services implement one version, and one states no weight", suppressible=False),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}


def severity(name: str) -> Severity:
    """The severity of a rule. Raises KeyError for a name that is not in the registry, which is a defect of ours."""
    return RULES[name].severity
