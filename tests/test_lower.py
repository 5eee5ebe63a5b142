"""From a checked project to the plan: prefixes, defaults, lifetimes, weights."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compiler import pipeline
from compiler.plan import Answer, Deployable, Forward, Rule, Target
from compiler.routing import Request, answer

CONTRACT = """\
openapi: 3.1.0
info: {{title: Orders, version: {version}}}
paths:
  /orders/{{id}}:
    get:
      operationId: getOrder
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses: {{"200": {{description: ok}}}}
"""
PROJECT = """\
gatewright: 1
settings: {versioning: {max_live_majors: 9}}
contracts:
  orders:
    versions:
      0.3.1: {openapi: orders-0.3.1.yaml}
      1.4.2: {openapi: orders-1.4.2.yaml, deprecated: 2026-09-01, sunset: 2027-03-31}
      2.0.0: {openapi: orders-2.0.0.yaml}
      2.1.0: {openapi: orders-2.1.0.yaml}
      3.0.0-rc.1: {openapi: orders-3.0.0-rc.1.yaml}
services:
  s0: {implements: orders@0.3.1, endpoints: [{host: a, port: 1}]}
  s1: {implements: orders@1.4.2, endpoints: [{host: a, port: 1}], base_path: /api/}
  s20: {implements: orders@2.0.0, endpoints: [{host: a, port: 1}]}
  s21a: {implements: orders@2.1.0, endpoints: [{host: b, port: 2}, {host: a, port: 1}], weight: 90}
  s21b: {implements: orders@2.1.0, endpoints: [{host: a, port: 1}], weight: 10}
  s21c: {implements: orders@2.1.0, endpoints: [{host: a, port: 1}], weight: 0}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
"""


def plan(folder: Path, rest: str, project: str = PROJECT) -> Deployable:
    for version in ("0.3.1", "1.4.2", "2.0.0", "2.1.0", "3.0.0-rc.1"):
        (folder / f"orders-{version}.yaml").write_text(CONTRACT.format(version=version))
    (folder / "gatewright.yaml").write_text(project + rest)
    outcome = pipeline.validate(folder, date(2026, 11, 1))
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    return pipeline.plan(outcome).deployables[0]


def get(deployable: Deployable, path: str, **headers: str) -> Rule | None:
    return answer(deployable, Request("GET", "any", path, headers))


def forward(rule: Rule | None) -> Forward:
    assert rule is not None
    assert isinstance(rule.action, Forward), rule.name
    return rule.action


def test_each_major_is_served_at_its_highest_implemented_version(tmp_path: Path) -> None:
    made = plan(tmp_path, "    expose: [{contract: orders}]\n")
    assert [(e.label, e.version, e.prefix) for e in made.exposed] == [
        ("0.3", "0.3.1", "/v0.3"),
        ("1", "1.4.2", "/v1"),
        ("2", "2.1.0", "/v2"),
    ]
    assert forward(get(made, "/v0.3/orders/7")).strip == "/v0.3"
    assert get(made, "/v3/orders/7") is None


def test_prefixes_weights_and_base_path(tmp_path: Path) -> None:
    made = plan(tmp_path, "    expose: [{contract: orders, versions: ^1 || ^2, at: /shop/}]\n")
    first = forward(get(made, "/v1/shop/orders/7"))
    assert (first.strip, first.prepend, first.targets) == ("/v1/shop", "/api", (Target("s1", 1),))
    second = forward(get(made, "/v2/shop/orders/7"))
    assert second.targets == (Target("s21a", 90), Target("s21b", 10))
    cluster = next(c for c in made.clusters if c.name == "s21a")
    assert [(e.host, e.port) for e in cluster.endpoints] == [("a", 1), ("b", 2)]


SHARING = PROJECT.replace(
    "  s21a: {implements: orders@2.1.0, endpoints: [{host: b, port: 2}, {host: a, port: 1}], weight: 90}\n"
    "  s21b: {implements: orders@2.1.0, endpoints: [{host: a, port: 1}], weight: 10}\n"
    "  s21c: {implements: orders@2.1.0, endpoints: [{host: a, port: 1}], weight: 0}\n",
    "  s21:\n"
    "    {implements: orders@2.1.0, endpoints: [{host: b, port: 2}], weight: 10, share_with: 2.0.0, base_path: /b}\n",
).replace("s20: {", "s20: {weight: 90, ")


def test_a_canary_of_a_newer_version_shares_the_older_one(tmp_path: Path) -> None:
    made = plan(tmp_path, "    expose: [{contract: orders, versions: ^2}]\n", SHARING)
    (exposed,) = made.exposed
    assert (exposed.version, exposed.services) == ("2.0.0", ("s20", "s21")), "clients are promised what both keep"
    action = forward(get(made, "/v2/orders/7"))
    assert action.version == "2.0.0"
    assert action.targets == (Target("s20", 90), Target("s21", 10, "/b"))
    assert action.prepend == ""


def test_a_range_that_leaves_out_the_older_version_gets_the_canary_alone(tmp_path: Path) -> None:
    made = plan(tmp_path, "    expose: [{contract: orders, versions: ~2.1}]\n", SHARING)
    action = forward(get(made, "/v2/orders/7"))
    assert (action.version, action.prepend) == ("2.1.0", "/b")
    assert action.targets == (Target("s21", 1),)


def test_what_the_newer_version_lacks_stays_with_the_older_one(tmp_path: Path) -> None:
    allowed = (
        "      # gatewright: allow bump-too-small -- what is missing stays with the older services\n      2.1.0: {"
    )
    project = SHARING.replace("orders-2.1.0.yaml", "other.yaml").replace("      2.1.0: {", allowed)
    (tmp_path / "other.yaml").write_text(CONTRACT.format(version="2.1.0").replace("/orders/{id}", "/lines/{id}"))
    made = plan(tmp_path, "    expose: [{contract: orders, versions: ^2}]\n", project)
    assert forward(get(made, "/v2/orders/7")).targets == (Target("s20", 1),)
    assert get(made, "/v2/lines/7") is None, "what only the newer one has is not promised yet"


def test_lifetime_headers(tmp_path: Path) -> None:
    made = plan(tmp_path, "    expose: [{contract: orders, versions: ^1 || ^2, at: /shop}]\n")
    assert forward(get(made, "/v1/shop/orders/7")).response_headers.set == (
        ("deprecation", "@1788220800"),  # date -u -d 2026-09-01 +%s
        ("link", '</v2/shop/>; rel="successor-version"'),
        ("sunset", "Wed, 31 Mar 2027 23:59:59 GMT"),
    )
    assert forward(get(made, "/v2/shop/orders/7")).response_headers.set == ()


def test_a_header_version_has_no_link(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        "    versioning: {in: header, name: X-Version}\n    expose: [{contract: orders, versions: ^1 || ^2}]\n",
    )
    names = [name for name, _ in forward(get(made, "/orders/7", **{"x-version": "1"})).response_headers.set]
    assert names == ["deprecation", "sunset"]


def test_defaults(tmp_path: Path) -> None:
    for default, version in (("latest", "2.1.0"), ("oldest", "1.4.2")):
        made = plan(
            tmp_path,
            f"    versioning: {{default: {default}}}\n    expose: [{{contract: orders, versions: ^1 || ^2}}]\n",
        )
        unversioned = forward(get(made, "/orders/7"))
        assert (unversioned.version, unversioned.strip) == (version, "")
        assert forward(get(made, "/v1/orders/7")).version == "1.4.2"
        assert forward(get(made, "/v2/orders/7")).version == "2.1.0"


def test_a_range_as_default(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        "    versioning: {in: header, name: x-version}\n"
        "    expose: [{contract: orders, versions: ^1 || ^2, default: ~1.4}]\n",
    )
    assert forward(get(made, "/orders/7")).version == "1.4.2"
    refused = get(made, "/orders/7", **{"x-version": "9"})
    assert refused is not None
    assert isinstance(refused.action, Answer)
    assert refused.action.status == 400


def test_a_pre_release_is_served_where_a_range_names_it(tmp_path: Path) -> None:
    service = "  s3: {implements: orders@3.0.0-rc.1, endpoints: [{host: a, port: 1}]}\ngateways:\n"
    project = PROJECT.replace("gateways:\n", service)
    made = plan(tmp_path, "    expose: [{contract: orders, versions: 3.0.0-rc.1}]\n", project)
    assert [e.version for e in made.exposed] == ["3.0.0-rc.1"]


def test_servers_and_title_of_the_effective_api(tmp_path: Path) -> None:
    made = plan(tmp_path, "    hosts: [b.test, a.test]\n    expose: [{contract: orders, versions: ^2}]\n")
    assert made.hosts == ("a.test", "b.test")
    assert made.api["servers"] == [{"url": "http://a.test:8080"}, {"url": "http://b.test:8080"}]
    assert list(made.api["paths"]) == ["/v2/orders/{id}"]


def test_observability(tmp_path: Path) -> None:
    expose = "    expose: [{contract: orders, versions: ^2}]\n"
    assert (plan(tmp_path, expose).metrics_port, plan(tmp_path, expose).tracing) == (None, None)
    made = plan(
        tmp_path,
        expose + "    observability: {metrics: {port: 9902}, tracing: {otlp: {host: otel}, sampling: 0.25%}}\n",
    )
    assert made.metrics_port == 9902
    assert made.tracing is not None
    assert (made.tracing.host, made.tracing.port, made.tracing.per_million) == ("otel", 4317, 2_500)


TWO_VIEWS = """\
gatewright: 1
contracts:
  orders:
    versions:
      1.0.0:
        openapi:
          openapi: 3.1.0
          info: {title: Orders, version: 1.0.0}
          paths:
            /orders:
              post:
                operationId: placeOrder
                requestBody:
                  required: true
                  content:
                    application/json:
                      schema: {type: object, required: [customer], properties: {customer: {type: string}}}
                responses: {"201": {description: Placed.}}
services:
  orders: {implements: orders@1.0.0, endpoints: [{host: a, port: 1}]}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    expose:
      - {contract: orders, at: /a, validate: request, decorate: {request: {rename: {customer: buyer}}}}
      - {contract: orders, at: /b, validate: request, decorate: {request: {rename: {customer: client}}}}
      - {contract: orders, at: /c, validate: request}
"""


def test_each_view_of_a_body_is_held_against_its_own_schema(tmp_path: Path) -> None:
    (tmp_path / "gatewright.yaml").write_text(TWO_VIEWS)
    (made,) = pipeline.plan(pipeline.validate(tmp_path, date(2027, 3, 31))).deployables
    required = {}
    for rule in made.rules:
        if isinstance(rule.action, Forward) and rule.action.asks is not None and rule.action.asks.body is not None:
            ((_, number),) = rule.action.asks.body.media
            assert number is not None
            required[str(rule.path)] = made.tables.schemas[number]["required"]
    assert required == {"/v1/a/orders": ["buyer"], "/v1/b/orders": ["client"], "/v1/c/orders": ["customer"]}
