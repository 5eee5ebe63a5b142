"""Checks over small projects: what each finds at its bounds, and what it lets pass.

The mistakes themselves are in tests/cases/reject; here stand the bounds between wrong and right.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from compiler import checks
from compiler.checks import CHECKS, Checked
from compiler.pipeline import Outcome, validate

OPENAPI = """
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders: {get: {operationId: listOrders, responses: {"200": {description: The orders.}}}}
"""
CONTRACTS = """
contracts:
  orders:
    versions:
      1.0.0: {openapi: orders.yaml}
      2.0.0: {openapi: orders.yaml}
"""
SERVICES = """
services:
  orders-v1: {implements: orders@1.0.0, endpoints: [{host: a.internal, port: 80}]}
  orders-v2: {implements: orders@2.0.0, endpoints: [{host: b.internal, port: 80}]}
"""
GATEWAYS = """
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    expose: [{contract: orders}]
"""


def judged(folder: Path, *sections: str, as_of: str = "2026-01-01", **files: str) -> Outcome:
    """A project of these sections, with orders.yaml as its contract unless ``files`` say otherwise."""
    (folder / "gatewright.yaml").write_text("gatewright: 1\n" + "".join(sections), encoding="utf-8")
    for name, text in {"orders": OPENAPI, **files}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return validate(folder, date.fromisoformat(as_of))


def rules(outcome: Outcome) -> list[str]:
    return [d.finding.rule for d in outcome.diagnostics]


def test_only_the_checks_make_a_checked(tmp_path: Path) -> None:
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS)
    assert outcome.checked is not None
    with pytest.raises(TypeError, match=r"only compiler\.checks"):
        Checked(outcome.checked.workspace)
    again, findings = checks.run(outcome.checked.workspace)
    assert again == outcome.checked
    assert findings == []


def test_an_earlier_error_leaves_nothing_checked(tmp_path: Path) -> None:
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS.replace("orders", "order"))
    assert outcome.checked is None
    fine = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS)
    assert fine.checked is not None
    earlier = outcome.diagnostics[0].finding
    assert checks.run(fine.checked.workspace, [earlier]) == (None, [earlier])


def test_a_warning_does_not_stand_in_the_way(tmp_path: Path) -> None:
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS.replace("127.0.0.1", "0.0.0.0"))
    assert rules(outcome) == ["tls-missing"]
    assert outcome.checked is not None


def test_an_allowed_error_does_not_either(tmp_path: Path) -> None:
    wanted = GATEWAYS.replace("[{contract: orders}]", "[{contract: orders, versions: ^1 || ^2 || ^3}]")
    assert judged(tmp_path, CONTRACTS, SERVICES, wanted).checked is None
    allowed = wanted.rstrip() + " # gatewright: allow version-unsatisfied -- 3.0.0 comes next week\n"
    outcome = judged(tmp_path, CONTRACTS, SERVICES, allowed)
    assert rules(outcome) == []
    assert outcome.checked is not None


def test_every_check_is_listed_once_and_has_a_reason() -> None:
    folder = Path(checks.__file__).parent
    assert sorted(f"{check.__module__.rpartition('.')[2]}.py" for check in CHECKS) == sorted(
        file.name for file in folder.glob("*.py") if file.name != "__init__.py"
    )
    assert all(check.__doc__ for check in CHECKS)


def test_checks_live_with_a_broken_document(tmp_path: Path) -> None:
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS, orders="openapi: 3.1.0\n")
    assert set(rules(outcome)) == {"openapi-invalid"}


def contracts(first: str) -> str:
    return CONTRACTS.replace("1.0.0: {openapi: orders.yaml}", f"1.0.0: {{openapi: orders.yaml, {first}}}")


@pytest.mark.parametrize(
    ("sunset", "window", "wrong"),
    [
        ("2026-04-01", "90d", False),  # ninety days after the first of January
        ("2026-03-31", "90d", True),
        ("2026-01-01", "0s", False),
        ("2026-01-02", "25h", True),
        ("2026-01-03", "25h", False),
    ],
)
def test_the_window_between_deprecation_and_sunset(tmp_path: Path, sunset: str, window: str, wrong: bool) -> None:
    settings = f"settings: {{versioning: {{deprecation_window: {window}}}}}\n"
    dates = contracts(f"deprecated: 2026-01-01, sunset: {sunset}")
    outcome = judged(tmp_path, settings, dates, SERVICES, GATEWAYS)
    assert rules(outcome) == (["deprecation-window-too-short"] if wrong else [])


@pytest.mark.parametrize(
    ("as_of", "found"),
    [("2026-05-31", []), ("2026-06-01", []), ("2026-12-31", []), ("2027-01-01", ["version-sunset"])],
)
def test_the_last_day_is_included(tmp_path: Path, as_of: str, found: list[str]) -> None:
    dates = contracts("deprecated: 2026-06-01, sunset: 2026-12-31")
    assert rules(judged(tmp_path, dates, SERVICES, GATEWAYS, as_of=as_of)) == found


@pytest.mark.parametrize(("as_of", "found"), [("2026-05-31", []), ("2026-06-01", ["version-deprecated"])])
def test_a_deprecated_version_alone(tmp_path: Path, as_of: str, found: list[str]) -> None:
    alone = GATEWAYS.replace("[{contract: orders}]", "[{contract: orders, versions: ^1}]")
    services = SERVICES.replace("  orders-v2", "  # orders-v2")
    assert rules(judged(tmp_path, contracts("deprecated: 2026-06-01"), services, alone, as_of=as_of)) == found


def test_a_successor_that_is_deprecated_itself_is_none(tmp_path: Path) -> None:
    both = CONTRACTS.replace("orders.yaml}", "orders.yaml, deprecated: 2026-06-01}")
    outcome = judged(tmp_path, both, SERVICES, GATEWAYS, as_of="2026-07-01")
    assert [(d.finding.rule, d.finding.message[:14]) for d in outcome.diagnostics] == [
        ("version-deprecated", "`orders@1.0.0`"),
        ("version-deprecated", "`orders@2.0.0`"),
    ]


def test_a_major_past_its_sunset_is_not_live(tmp_path: Path) -> None:
    one = "settings: {versioning: {max_live_majors: 1}}\n"
    dates = contracts("deprecated: 2026-06-01, sunset: 2026-12-31")
    assert rules(judged(tmp_path, one, dates, SERVICES, GATEWAYS, as_of="2026-12-31")) == ["too-many-majors"]
    assert rules(judged(tmp_path, one, dates, SERVICES, GATEWAYS, as_of="2027-01-01")) == ["version-sunset"]


def test_too_many_majors_points_at_the_setting(tmp_path: Path) -> None:
    one = "settings: {versioning: {max_live_majors: 1}}\n"
    [diagnostic] = judged(tmp_path, one, CONTRACTS, SERVICES, GATEWAYS).diagnostics
    assert [note.where.line for note in diagnostic.finding.notes] == [2]


def with_policy(policy: str, services: str = SERVICES) -> tuple[str, ...]:
    gateways = GATEWAYS.replace("    expose", "    policies: [default]\n    expose")
    return f"policies:\n  default: {policy}\n", CONTRACTS, services, gateways


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ("{timeout: 3s, retry: {attempts: 2, per_try_timeout: 1s}}", False),
        ("{timeout: 2999ms, retry: {attempts: 2, per_try_timeout: 1s}}", True),
        ("{timeout: 1s, retry: {attempts: 1}}", False),
        ("{retry: {attempts: 1, per_try_timeout: 7500ms}}", False),
        ("{retry: {attempts: 1, per_try_timeout: 7501ms}}", True),
        ("{timeout: 500ms}", False),  # the built-in connect_timeout of 1s ends with the request
    ],
)
def test_tries_fit_into_the_timeout(tmp_path: Path, policy: str, wrong: bool) -> None:
    assert rules(judged(tmp_path, *with_policy(policy))) == (["timeout-inversion"] if wrong else [])


@pytest.mark.parametrize(("connect", "wrong"), [("2s", False), ("2001ms", True)])
def test_a_connection_fits_into_the_timeout(tmp_path: Path, connect: str, wrong: bool) -> None:
    services = SERVICES.replace("orders@1.0.0,", f"orders@1.0.0, connect_timeout: {connect},")
    outcome = judged(tmp_path, *with_policy("{timeout: 2s}", services))
    assert rules(outcome) == (["timeout-inversion"] if wrong else [])


def test_one_inversion_of_many_operations_is_said_once(tmp_path: Path) -> None:
    paths = "".join(f"  /o{i}: {{get: {{responses: {{'200': {{description: One.}}}}}}}}\n" for i in range(20))
    policy = "{timeout: 1s, retry: {attempts: 1, per_try_timeout: 1s}}"
    outcome = judged(tmp_path, *with_policy(policy), orders=OPENAPI + paths)
    assert rules(outcome) == ["timeout-inversion"]


def test_an_operations_policy_counts_for_it_alone(tmp_path: Path) -> None:
    policies = "policies:\n  retry: {retry: {attempts: 2, per_try_timeout: 2s}}\n  fast: {timeout: 1s}\n"
    gateways = GATEWAYS.replace(
        "[{contract: orders}]", "[{contract: orders, operations: [{listOrders: {policies: [fast]}}]}]"
    )
    gateways = gateways.replace("    expose", "    policies: [retry]\n    expose")
    [diagnostic] = judged(tmp_path, policies, CONTRACTS, SERVICES, gateways).diagnostics
    assert diagnostic.finding.message == "one try may take 2s, and the whole answer 1s"


VERSIONED = GATEWAYS.replace("    expose", "    versioning: {VERSIONING}\n    expose")
OTHER = """
openapi: 3.1.0
info: {title: Other, version: 1.0.0}
paths:
  /orders: {METHOD: {operationId: other, responses: {"200": {description: Another.}}}}
"""


def conflicting(tmp_path: Path, versioning: str, method: str, version: str, at: str = "/") -> Outcome:
    """orders@1.0.0 with GET /orders beside another contract with a method on the same path."""
    contracts = f"""
contracts:
  orders: {{versions: {{1.0.0: {{openapi: orders.yaml}}}}}}
  other: {{versions: {{{version}: {{openapi: other.yaml}}}}}}
services:
  orders: {{implements: orders@1.0.0, endpoints: [{{host: a.internal, port: 80}}]}}
  other: {{implements: other@{version}, endpoints: [{{host: b.internal, port: 80}}]}}
"""
    gateways = VERSIONED.replace("VERSIONING", versioning)
    gateways = gateways.replace("{contract: orders}", f"{{contract: orders}}, {{contract: other, at: {at}}}")
    return judged(tmp_path, contracts, gateways, other=OTHER.replace("METHOD", method))


HEADER = "in: header, name: x-v"


@pytest.mark.parametrize(
    ("versioning", "method", "version", "at", "wrong"),
    [
        ("in: path", "get", "1.0.0", "/", True),
        ("in: path", "get", "2.0.0", "/", False),
        ("in: path", "get", "1.0.0", "/other", False),
        ("in: path", "post", "1.0.0", "/", False),
        ("in: path", "head", "1.0.0", "/", True),  # HEAD is served where GET is
        ("in: path, default: latest", "get", "2.0.0", "/", True),
        ("in: path, default: latest", "get", "2.0.0", "/other", False),
        (HEADER, "get", "1.0.0", "/", True),
        (HEADER, "get", "2.0.0", "/", False),
        (f"{HEADER}, default: oldest", "get", "2.0.0", "/", True),
        (f"{HEADER}, default: oldest", "get", "2.0.0", "/other", False),
    ],
)
def test_route_conflict(tmp_path: Path, versioning: str, method: str, version: str, at: str, wrong: bool) -> None:
    outcome = conflicting(tmp_path, versioning, method, version, at)
    assert rules(outcome) == (["route-conflict"] if wrong else [])


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("{a}/b", True), ("v{a}/b", True), ("{a}.{b}/c", True), ("{a}.json/b", False), ("{a}", False), ("v9/b", False)],
)
def test_a_path_without_version_that_could_be_a_version(tmp_path: Path, path: str, wrong: bool) -> None:
    names = [part.split("}")[0] for part in path.split("{")[1:]]
    parameters = ", ".join(f"{{name: {name}, in: path, required: true, schema: {{}}}}" for name in names)
    orders = OPENAPI.replace("/orders: {", f"'/{path}': {{parameters: [{parameters}], ")
    gateways = VERSIONED.replace("VERSIONING", "in: path, default: latest")
    outcome = judged(tmp_path, CONTRACTS, SERVICES, gateways, orders=orders)
    assert rules(outcome) == (["route-conflict"] if wrong else [])


def test_head_beside_get_in_one_contract_is_no_conflict(tmp_path: Path) -> None:
    both = OPENAPI.replace("/orders: {", '/orders: {head: {responses: {"200": {description: None.}}}, ')
    assert rules(judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS, orders=both)) == []


def test_names_of_parameters_do_not_tell_paths_apart(tmp_path: Path) -> None:
    templated = OPENAPI.replace(
        "/orders: {", "'/orders/{KEY}': {parameters: [{name: KEY, in: path, required: true, schema: {}}], "
    )
    contracts = CONTRACTS + "  other: {versions: {1.0.0: {openapi: other.yaml}}}\n"
    services = SERVICES + "  other: {implements: other@1.0.0, endpoints: [{host: c.internal, port: 80}]}\n"
    gateways = GATEWAYS.replace("{contract: orders}", "{contract: orders}, {contract: other}")
    outcome = judged(
        tmp_path,
        contracts,
        services,
        gateways,
        orders=templated.replace("KEY", "id"),
        other=templated.replace("KEY", "number"),
    )
    assert rules(outcome) == ["route-conflict"]


def test_a_version_that_has_none_of_the_listed_operations(tmp_path: Path) -> None:
    contracts = CONTRACTS.replace("2.0.0: {openapi: orders.yaml}", "2.0.0: {openapi: other.yaml}")
    gateways = GATEWAYS.replace("orders}", "orders, operations: [listOrders]}")
    outcome = judged(tmp_path, contracts, SERVICES, gateways, other=OTHER.replace("METHOD", "get"))
    [diagnostic] = outcome.diagnostics
    assert diagnostic.finding.rule == "route-shadowed"
    assert "`orders@2.0.0`" in diagnostic.finding.message


WRITTEN_DEFAULTS = """
services:
  orders-v1:
    implements: orders@1.0.0
    endpoints: [{host: a.internal, port: 80}]
    protocol: http1
    load_balancing: least_request
  orders-v2: {implements: orders@2.0.0, endpoints: [{host: b.internal, port: 80}]}
policies:
  default: {auth: none, compression: [], deny_ips: []}
settings: {versioning: {enum_values_added_to_responses: risky}}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    policies: [default]
    expose: [{contract: orders, streaming: false, validate: none}]
"""


def test_a_default_that_is_written_out_is_built(tmp_path: Path) -> None:
    assert rules(judged(tmp_path, CONTRACTS, WRITTEN_DEFAULTS)) == []


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ('"::1"', False),
        ("0.0.0.0", True),
        ('"::"', True),
        ("10.0.0.1", True),
    ],
)
def test_plaintext_is_fine_on_loopback_alone(tmp_path: Path, address: str, wrong: bool) -> None:
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS.replace("127.0.0.1", address))
    assert rules(outcome) == (["tls-missing"] if wrong else [])


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("weight: 90, ", "weight: 10, ", []),
        ("weight: 100, ", "weight: 0, ", []),
        ("weight: 90, ", "", ["weight-missing"]),
        ("", "", ["weight-missing", "weight-missing"]),
        ("weight: 0, ", "weight: 0, ", ["schema"]),
        ("weight: 1, base_path: /a, ", "weight: 1, base_path: /b, ", []),
        ("weight: 1, base_path: /a, ", "weight: 1, base_path: /a/, ", []),
    ],
)
def test_weights(tmp_path: Path, first: str, second: str, found: list[str]) -> None:
    services = SERVICES + (
        f"  blue: {{{first}implements: orders@2.1.0, endpoints: [{{host: c.internal, port: 80}}]}}\n"
        f"  green: {{{second}implements: orders@2.1.0, endpoints: [{{host: d.internal, port: 80}}]}}\n"
    )
    services = "\n".join(line for line in services.splitlines() if "orders-v2" not in line) + "\n"
    contracts = CONTRACTS.replace("2.0.0", "2.1.0")
    assert rules(judged(tmp_path, contracts, services, GATEWAYS)) == found


def test_a_weight_without_implements(tmp_path: Path) -> None:
    services = SERVICES + "  idp: {weight: 1, endpoints: [{host: idp.internal, port: 80}]}\n"
    assert rules(judged(tmp_path, CONTRACTS, services, GATEWAYS)) == ["unused", "schema"]


@pytest.mark.parametrize("form", ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
def test_a_private_key_on_one_line_is_covered_to_its_end(tmp_path: Path, form: str) -> None:
    key = f'"-----BEGIN {form}-----\\nMIIEvQ\\n-----END {form}-----\\n"'
    outcome = judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS, orders=OPENAPI + f"x-key: {key}\n")
    [diagnostic] = outcome.diagnostics
    where = diagnostic.finding.where
    assert diagnostic.finding.rule == "plaintext-secret"
    assert where.source.text[where.start : where.end].endswith(f"END {form}-----")


def test_public_keys_and_certificates_are_no_secrets(tmp_path: Path) -> None:
    orders = OPENAPI + 'x-key: "-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----"\n'
    assert rules(judged(tmp_path, CONTRACTS, SERVICES, GATEWAYS, orders=orders)) == []


@pytest.mark.parametrize(
    ("default", "found"),
    [("^1", []), ("^2", []), ("latest", []), ("^3", ["version-unsatisfied"]), ("'*'", ["version-unsatisfied"])],
)
def test_a_default_is_one_exposed_major(tmp_path: Path, default: str, found: list[str]) -> None:
    gateways = GATEWAYS.replace("orders}", f"orders, default: {default}}}")
    assert rules(judged(tmp_path, CONTRACTS, SERVICES, gateways)) == found


def test_a_misspelled_name_is_one_mistake(tmp_path: Path) -> None:
    policies = "policies:\n  strict: {timeout: 1s}\n"
    gateways = GATEWAYS.replace("orders}", "order, policies: [strct]}")
    outcome = judged(tmp_path, policies, CONTRACTS, SERVICES, gateways)
    assert rules(outcome) == ["unknown-reference", "unknown-reference"]
    assert [d.finding.help for d in outcome.diagnostics] == ["did you mean `orders`?", "did you mean `strict`?"]


def test_a_project_of_nothing_is_fine(tmp_path: Path) -> None:
    assert rules(judged(tmp_path)) == []
