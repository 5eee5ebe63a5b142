"""Environments: what `-e` lays over a project, and where its findings stand."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import pipeline, schema
from compiler.decode import decode
from compiler.environments import UnknownEnvironment, known
from compiler.model.environments import SECTIONS, environment_file
from compiler.model.gateways import Gateway
from compiler.model.services import Service
from compiler.pipeline import Outcome
from compiler.reader import read_yaml
from compiler.source import Source
from tests.projects import CONTRACT
from tests.test_cli import run
from tests.test_docs import blocks

DAY = date(2026, 12, 1)
ROOT = Path(__file__).parent.parent
PROJECT = """\
gatewright: 1
contracts:
  orders: {versions: {1.0.0: {openapi: orders.yaml}}}
services:
  orders:
    implements: orders@1.0.0
    endpoints: [{host: orders.internal, port: 8080}]
    tls: {server_name: orders.internal, ca: system}
    health_check: {path: /healthz, interval: 2s}
policies:
  usual:
    timeout: 5s
    headers: {request: {set: {x-a: a, x-b: b}, remove: [x-c]}}
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8443, tls: {certificate: {file: /etc/tls.crt}, key: {file: /etc/tls.key}}}
    policies: [usual]
    expose: [{contract: orders}]
"""


def project(folder: Path, text: str = PROJECT, **environments: str) -> Path:
    (folder / "environments").mkdir(parents=True)
    (folder / "orders.yaml").write_text(CONTRACT, encoding="utf-8")
    (folder / "gatewright.yaml").write_text(text, encoding="utf-8")
    for name, said in environments.items():
        (folder / "environments" / f"{name}.yaml").write_text(said, encoding="utf-8")
    return folder


def in_environment(folder: Path, environment: str) -> Outcome:
    return pipeline.validate(project(folder, prod=environment), DAY, environment="prod")


def built(outcome: Outcome) -> dict[str, bytes]:
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    files = pipeline.artifacts(pipeline.plan(outcome), "xds", "/etc/envoy")
    return {name: data for name, data in files.items() if not name.endswith("manifest.json")}


@pytest.mark.parametrize(
    ("environment", "old", "new"),
    [
        ("services: {orders: {connect_timeout: 1ms}}", "    tls: {", "    connect_timeout: 1ms\n    tls: {"),
        ("services: {orders: {endpoints: [{host: a, port: 1}]}}", "orders.internal, port: 8080", "a, port: 1"),
        ("services: {orders: {tls: {server_name: a.prod}}}", "server_name: orders.internal", "server_name: a.prod"),
        ("services: {orders: {tls: null}}", "    tls: {server_name: orders.internal, ca: system}\n", ""),
        ("services: {orders: {health_check: {interval: null}}}", ", interval: 2s", ""),
        ("services: {orders: {health_check: {path: /a, interval: 9s}}}", "/healthz, interval: 2s", "/a, interval: 9s"),
        ("policies: {usual: {timeout: 9s}}", "timeout: 5s", "timeout: 9s"),
        ("policies: {usual: {headers: {request: {set: {x-b: c, x-d: d}}}}}", "x-b: b}", "x-b: c, x-d: d}"),
        ("policies: {usual: {headers: {request: {set: {x-a: null}}}}}", "x-a: a, ", ""),
        ("policies: {usual: {headers: {request: {remove: [x-z]}}}}", "remove: [x-c]", "remove: [x-z]"),
        ("policies: {usual: {headers: null}}", "    headers: {request: {set: {x-a: a, x-b: b}, remove: [x-c]}}\n", ""),
        ("gateways: {public: {listen: {port: 443}}}", "port: 8443", "port: 443"),
        ("gateways: {public: {listen: {tls: {key: {env: KEY}}}}}", "key: {file: /etc/tls.key}", "key: {env: KEY}"),
        ("gateways: {public: {hosts: [a.prod]}}", "    policies: [", "    hosts: [a.prod]\n    policies: ["),
        ("gateways: {public: {admin: {port: 9901}}}", "    policies: [", "    admin: {port: 9901}\n    policies: ["),
        ("", "", ""),
        ("# nothing differs here\n", "", ""),
    ],
)  # fmt: skip
def test_an_environment_is_as_if_it_were_written_out(tmp_path: Path, environment: str, old: str, new: str) -> None:
    assert old in PROJECT
    laid = in_environment(tmp_path / "laid", environment)
    written = pipeline.validate(project(tmp_path / "written", PROJECT.replace(old, new, 1)), DAY)
    assert built(laid) == built(written)
    assert not old or built(laid) != built(pipeline.validate(project(tmp_path / "plain"), DAY))


def test_a_value_keeps_the_place_where_it_stands(tmp_path: Path) -> None:
    outcome = in_environment(tmp_path, "gateways:\n  public:\n    listen: {port: 443}\n")
    assert outcome.checked is not None
    gateway = outcome.checked.workspace.project.gateways["public"]
    assert str(gateway.listen.where["port"]) == "environments/prod.yaml:3:20"
    assert str(gateway.listen.where["address"]) == "gatewright.yaml:16:23"
    assert str(gateway.where.span) == "gatewright.yaml:15:3"
    assert str(gateway.listen.where.span) == "environments/prod.yaml:3:5"


def test_the_manifest_alone_says_which_environment(tmp_path: Path) -> None:
    outcome = in_environment(tmp_path, "policies: {usual: {timeout: 9s}}")
    files = pipeline.artifacts(pipeline.plan(outcome), "xds", "/etc/envoy")
    assert json.loads(files["public/manifest.json"])["environment"] == "prod"
    assert "environment" not in json.loads(
        pipeline.artifacts(pipeline.plan(pipeline.validate(tmp_path, DAY)), "xds", "/etc/envoy")["public/manifest.json"]
    )


def test_an_unknown_environment_is_told_from_those_that_are_there(tmp_path: Path) -> None:
    folder = project(tmp_path, prod="", staging="")
    (folder / "environments" / "README.md").write_text("no environment")
    assert known(folder) == ["prod", "staging"]
    for asked, hint in (("stagin", "did you mean `staging`?"), ("qa", "the project has `prod`, `staging`")):
        with pytest.raises(UnknownEnvironment, match=f"no environment is named `{asked}`; ") as raised:
            pipeline.validate(folder, DAY, environment=asked)
        assert hint in str(raised.value)
    done = run("build", str(folder), "-e", "../prod", "-o", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no environment is named `../prod`" in done.stderr


def test_validate_looks_at_the_files_of_all_environments_and_build_does_not(tmp_path: Path) -> None:
    folder = project(tmp_path, prod="services: {ordrs: {weight: 1}}", staging="policies: {usual: {timeout: 1s}}")
    done = run("validate", str(folder))
    assert done.returncode == 1
    assert "environments/prod.yaml:1:12: error[unknown-reference]" in done.stdout
    assert run("validate", str(folder), "-e", "staging").returncode == 0
    assert run("validate", str(folder), "--env", "prod").returncode == 1
    assert run("build", str(folder), "-o", str(tmp_path / "out"), "--no-envoy-check").returncode == 0
    assert run("build", str(folder), "-e", "prod", "-o", str(tmp_path / "prod"), "--no-envoy-check").returncode == 1
    assert not (tmp_path / "prod").exists()


def test_only_one_gateway_in_an_environment(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        PROJECT + "  inner:\n    listen: {address: 127.0.0.1, port: 8081}\n    expose: [{contract: orders}]\n",
        prod="gateways: {public: {hosts: [a.prod]}, inner: {hosts: [b.prod]}}",
    )
    outcome = pipeline.validate(folder, DAY, "inner", "prod")
    assert outcome.diagnostics == ()
    assert [d.hosts for d in pipeline.plan(outcome).deployables] == [("b.prod",)]


def test_an_include_never_takes_an_environment_for_a_part(tmp_path: Path) -> None:
    folder = project(tmp_path, PROJECT.replace("gatewright: 1", "gatewright: 1\ninclude: ['**/prod.yaml']"), prod="")
    (found,) = pipeline.validate(folder, DAY).diagnostics
    assert "matches nothing but environments" in found.finding.message
    (folder / "teams").mkdir()
    (folder / "teams" / "prod.yaml").write_text("policies: {}\n")
    assert pipeline.validate(folder, DAY).diagnostics == ()


def test_an_environment_that_leads_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    (tmp_path / "secret.yaml").write_text("gateways: {}\n")
    os.symlink(tmp_path / "secret.yaml", folder / "environments" / "prod.yaml")
    (found,) = pipeline.validate(folder, DAY, environment="prod").diagnostics
    assert found.finding.rule == "path-outside-project"


def test_the_fields_that_vary_are_fields() -> None:
    for target in (Service, Gateway):
        assert set(target.__dataclass_fields__) >= target.VARIES


def test_the_documentation_names_every_field_that_varies() -> None:
    page = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert rows.keys() == SECTIONS.keys()
    for name, target in SECTIONS.items():
        for attribute in getattr(target, "VARIES", ()):
            assert f"`{attribute}`" in rows[name]


def test_the_documentation_shows_an_environment_of_the_example(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop")
    (said,) = blocks("docs/environments.md", "yaml")
    (tmp_path / "shop" / "environments" / "staging.yaml").write_text(said, encoding="utf-8")
    assert pipeline.validate(tmp_path / "shop", DAY, environment="staging").diagnostics == ()


JUDGE = jsonschema.Draft7Validator(schema.environment_schema())
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, 0, 1, 443, 70000, True, "", "5s", "0s", "a.prod", "/etc/x", "system", "none", [], {}, ["*"]]
    ),
    st.sampled_from([[{}], [{"host": "a", "port": 1}], {"env": "A", "file": None}, {"port": 1, "tls": None}]),
    st.sampled_from([{"x-a": None, "x-b": "b"}, {"request": {"set": {"x-a": None}}}, {"jwt": {"issuer": "a"}}]),
)
KEYS = st.sampled_from(
    [
        "endpoints",
        "tls",
        "weight",
        "connect_timeout",
        "load_balancing",
        "health_check",
        "implements",
        "listen",
        "hosts",
        "admin",
        "observability",
        "timeout",
        "retry",
        "headers",
        "auth",
        "cors",
        "deny_ips",
        "path",
        "port",
        "ca",
        "x",
    ]
)
THINGS = st.dictionaries(
    st.sampled_from(["orders", "public", "usual", "other"]), st.dictionaries(KEYS, VALUES), max_size=2
)
FILES = st.dictionaries(st.sampled_from([*SECTIONS, "contracts", "x"]), THINGS | VALUES, max_size=3)


@settings(max_examples=400, deadline=None)
@given(FILES)
def test_editor_and_compiler_agree_on_environments(said: dict[str, Any]) -> None:
    document, _ = read_yaml(Source("environments/prod.yaml", json.dumps(said)))
    assert document is not None
    _, findings = decode(environment_file(), document.root, document.top)
    errors = [f"{e.json_path}: {e.message[:200]}" for e in JUDGE.iter_errors(said)]
    assert bool(findings) == bool(errors), ([f.message for f in findings], errors)


@settings(max_examples=150, deadline=None)
@given(said=FILES)
def test_whatever_an_environment_says_has_an_answer_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, Any]
) -> None:
    folder = in_folder(tmp_path_factory)
    (folder / "environments" / "prod.yaml").write_text(json.dumps(said), encoding="utf-8")
    outcome = pipeline.validate(folder, DAY, environment="prod")
    for diagnostic in outcome.diagnostics:
        assert (folder / diagnostic.finding.where.file).is_file()
        assert diagnostic.finding.where.line >= 1
    if outcome.checked is not None:
        assert built(outcome)


def in_folder(factory: pytest.TempPathFactory) -> Path:
    folder = factory.getbasetemp() / "environments-law"
    return folder if folder.exists() else project(folder)
