"""``gatewright diff``: formats, exit codes, and sides that cannot be compared."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from compiler.cli import gatewright
from compiler.lock import LOCK_FILE
from tests.diffs import base, laid, rich, write
from tests.projects import locked as lock_of
from tests.test_docs import ROOT

SHORTER = {"project": {"policies": {"usual": {"timeout": "3s"}}}}
LONGER = {"project": {"policies": {"usual": {"timeout": "9s"}}}}
MOVED = {"project": {"gateways": {"public": {"listen": {"port": 9443}}}}}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "old", base())


def new(tmp_path: Path, change: dict[str, Any]) -> Path:
    return write(tmp_path / "new", laid(base(), change))


def line_of(folder: Path, text: str) -> int:
    """The line of the root file on which a text begins."""
    return (folder / "gatewright.yaml").read_text(encoding="utf-8").partition(text)[0].count("\n") + 1


def diff(old: Path, new: Path, *options: str) -> Result:
    return CliRunner().invoke(gatewright, ["diff", str(old), str(new), *options])


@pytest.mark.parametrize(
    ("change", "codes"),
    [({}, [0, 0, 0, 0]), (LONGER, [0, 0, 1, 0]), (SHORTER, [0, 1, 1, 0]), (MOVED, [1, 1, 1, 0])],
)
def test_the_exit_code_goes_by_the_level(old: Path, tmp_path: Path, change: dict[str, Any], codes: list[int]) -> None:
    other = new(tmp_path, change)
    for fail_on, code in zip(("breaking", "risky", "any", "never"), codes, strict=True):
        assert diff(old, other, "--fail-on", fail_on).exit_code == code
    for form in ("text", "json", "markdown", "github", "gitlab", "sarif"):
        assert diff(old, other, "--format", form).exit_code == codes[0]


def test_text_groups_by_deployable_what_breaks_first(old: Path, tmp_path: Path) -> None:
    change = laid(laid(SHORTER, MOVED), {"project": {"gateways": {"partners": {"hosts": ["b2b.shop.example"]}}}})
    other = new(tmp_path, change)
    hosts, port, timeout = (line_of(other, text) for text in ("hosts:\n    - b2b", "port: 9443", 'timeout: "3s"'))
    assert diff(old, other).stdout == (
        "gateway/partners\n"
        "  breaking  hosts: without partners.shop.example, now with b2b.shop.example [hosts-changed] "
        f"gatewright.yaml:{hosts}:5\n"
        "\n"
        "gateway/public\n"
        f"  breaking  listener's port: 8443 -> 9443 [listener-moved] gatewright.yaml:{port}:7\n"
        f"  risky     timeout: 5s -> 3s; all operations [timeout-changed] gatewright.yaml:{timeout}:5\n"
        "\n"
        "2 breaking, 1 risky; reaches gateway/partners, gateway/public\n"
    )
    assert diff(old, old).stdout == "no changes\n"


def test_json_has_what_programs_ask_for(old: Path, tmp_path: Path) -> None:
    change = {"project": {"services": {"customers": {"base_path": "/api"}}}}
    other = new(tmp_path, change)
    report = json.loads(diff(old, other, "--format", "json").stdout)
    assert report == {
        "changes": [
            {
                "level": "risky",
                "rule": "service-path-changed",
                "deployable": "gateway/public",
                "operation": "GET /v3/customers/{id}",
                "operations": ["GET /v3/customers/{id}"],
                "message": "service `customers` is asked below / -> /api",
                "clients": ["gateway/public"],
                "weakened": False,
                "owner": None,
                "where": {"file": "gatewright.yaml", "line": line_of(other, "base_path"), "column": 5},
            }
        ],
        "summary": {"breaking": 0, "risky": 1, "safe": 0, "weakened": 0},
    }


def test_errors_that_leave_a_plan_do_not_matter(old: Path, tmp_path: Path) -> None:
    past = {"contracts": {"orders": {"versions": {"1.4.0": {"deprecated": "2020-01-01", "sunset": "2020-01-02"}}}}}
    other = new(tmp_path, {"project": past})
    assert CliRunner().invoke(gatewright, ["validate", str(other)]).exit_code == 1
    for arguments in ((old, other), (other, old), (other, other)):
        result = diff(*arguments, "--fail-on", "never")
        assert (result.exit_code, result.stderr) == (0, "")
    assert diff(other, other, "--as-of", "2030-01-01").stdout == "no changes\n"


def test_an_old_side_that_cannot_be_decoded(old: Path, tmp_path: Path) -> None:
    broken = write(tmp_path / "broken", laid(base(), {"project": {"policies": {"usual": {"tiemout": "5s"}}}}))
    for arguments in ((broken, old), (old, broken)):
        result = diff(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "unknown key `tiemout`" in result.stderr
        assert "cannot be compared" in result.stderr


CONFLICT: dict[str, Any] = {
    "project": {"gateways": {"partners": {"expose": [{"contract": "orders"}, {"contract": "orders"}]}}}
}
REFERENCE: dict[str, Any] = {"project": {"gateways": {"partners": {"expose": [{"contract": "ordres"}]}}}}
DOCUMENT: dict[str, Any] = {"files": {"customers-3.yaml": {"paths": {"/customers/{id}": {"get": {"responses": 1}}}}}}
TEXT: dict[str, Any] = {"files": {"customers-3.yaml": "openapi: [\n"}}
GONE: dict[str, Any] = {"files": {"customers-3.yaml": None}}


@pytest.mark.parametrize(
    ("mistake", "unknown"),
    [
        (CONFLICT, "gateway/partners"),
        (REFERENCE, "gateway/partners"),
        (DOCUMENT, "gateway/public"),
        (TEXT, "gateway/public"),
        (GONE, "gateway/public"),
    ],
)
def test_what_of_the_old_side_has_no_plan_is_not_called_safe(
    old: Path, tmp_path: Path, mistake: dict[str, Any], unknown: str
) -> None:
    broken = write(tmp_path / "broken", laid(base(), mistake))
    result = diff(broken, new(tmp_path, MOVED), "--format", "json")
    found = [(c["level"], c["rule"], c["deployable"]) for c in json.loads(result.stdout)["changes"]]
    moved = [("breaking", "listener-moved", "gateway/public")] if unknown != "gateway/public" else []
    assert found == [*moved, ("risky", "not-compared", unknown)]
    refused = diff(old, broken)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "error[" in refused.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("customers@^3#getCustomer", "customers@^4#getCustomer"),
        ("customers@^3#getCustomer", "customers@^3#getNobody"),
        ("${request.path.id}", "${request.path.idd}"),
        ("aggregator: overview", "aggregator: overvie"),
    ],
)
def test_aggregators_of_the_old_side_that_cannot_be_made(tmp_path: Path, right: str, wrong: str) -> None:
    broken, other = write(tmp_path / "broken", rich()), write(tmp_path / "new", rich())
    text = (broken / "gatewright.yaml").read_text(encoding="utf-8")
    assert right in text
    (broken / "gatewright.yaml").write_text(text.replace(right, wrong), encoding="utf-8")
    changes = json.loads(diff(broken, other, "--format", "json").stdout)["changes"]
    found = [(change["rule"], change["deployable"]) for change in changes]
    assert found == [("not-compared", "edge/mobile"), ("not-compared", "gateway/public")]
    assert diff(other, broken).exit_code == 2


def test_no_project(old: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no gatewright.yaml" in diff(old, tmp_path / "empty").stderr
    assert "does not exist" in diff(old, tmp_path / "nowhere").stderr
    assert diff(tmp_path / "empty", old).exit_code == diff(tmp_path / "nowhere", old).exit_code == 2
    assert diff(old / "gatewright.yaml", old).stdout == "no changes\n"


def test_the_page_shows_what_one_gets(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop")
    root = tmp_path / "shop" / "gatewright.yaml"
    text = root.read_text(encoding="utf-8").replace("timeout: 5s", "timeout: 4s").replace("port: 8443", "port: 8442")
    root.write_text(text.replace("remove: [x-powered-by]", "remove: []"), encoding="utf-8")
    shown = diff(ROOT / "examples" / "shop", tmp_path / "shop").stdout
    assert f"```\n{shown}```\n" in page, shown


def test_an_environment_must_be_on_both_sides(old: Path, tmp_path: Path) -> None:
    environment = {"files": {"environments/prod.yaml": {"policies": {"usual": {"timeout": "1s"}}}}}
    other = new(tmp_path, environment)
    assert diff(old, other).stdout == "no changes\n"
    result = diff(old, other, "-e", "prod")
    assert result.exit_code == 2
    assert "no environment is named `prod`" in result.stderr
    assert diff(other, other, "-e", "prod").stdout == "no changes\n"


def locked(folder: Path) -> Path:
    (folder / LOCK_FILE).write_text(lock_of(folder, date(2026, 6, 1)), encoding="utf-8")
    return folder


def test_a_lock_that_changes_with_its_contract_is_found_out(old: Path, tmp_path: Path) -> None:
    note = {
        "files": {"orders-2.yaml": {"components": {"schemas": {"Order": {"properties": {"more": {"type": "string"}}}}}}}
    }
    locked(old)
    other = locked(new(tmp_path, note))
    assert CliRunner().invoke(gatewright, ["validate", str(other), "--locked"]).exit_code == 0
    changes = json.loads(diff(old, other, "--format", "json").stdout)["changes"]
    (change,) = [one for one in changes if one["rule"] == "lock-not-append-only"]
    assert (change["level"], change["deployable"]) == ("breaking", None)
    assert change["clients"] == ["gateway/partners", "gateway/public"]
    assert "`orders@2.1.0` means something else" in change["message"]
    assert change["where"]["file"] == LOCK_FILE
    assert "\nproject\n  breaking  `orders@2.1.0` means" in "\n" + diff(old, other).stdout


def test_a_lock_that_is_gone_is_one_change(old: Path, tmp_path: Path) -> None:
    locked(old)
    (change,) = json.loads(diff(old, new(tmp_path, {}), "--format", "json").stdout)["changes"]
    assert (change["rule"], change["message"]) == (
        "lock-not-append-only",
        "gatewright.lock is gone, and with it what was published",
    )
    assert diff(new(tmp_path, {}), old).stdout == "no changes\n"


def test_versions_that_nobody_locked_are_refused_if_asked(old: Path, tmp_path: Path) -> None:
    locked(old)
    version = {"project": {"contracts": {"orders": {"versions": {"2.2.0": {"openapi": "orders-2.yaml"}}}}}}
    other = write(tmp_path / "new", laid(base(), version))
    (other / LOCK_FILE).write_text((old / LOCK_FILE).read_text(encoding="utf-8"), encoding="utf-8")
    assert diff(old, other).exit_code == 0
    refused = diff(old, other, "--locked")
    assert refused.exit_code == 2
    assert "lock-outdated" in refused.stderr
    assert diff(other, old, "--locked").exit_code == 0


def test_artifacts_are_paired_by_name(old: Path, tmp_path: Path) -> None:
    report = json.loads(diff(old, new(tmp_path, SHORTER), "--artifacts", "--format", "json").stdout)
    assert set(report["artifacts"]) == {"gateway/public"}
    routes = report["artifacts"]["gateway/public"]
    assert routes["route customers@3.getCustomer"] == ['route.timeout: "5s" -> "3s"']
    assert all(name.startswith("route ") for name in routes)
    for form in ("text", "markdown"):
        assert (
            'route.timeout: "5s" -> "3s"' in diff(old, new(tmp_path, SHORTER), "--artifacts", "--format", form).stdout
        )
    gone = new(tmp_path, {"project": {"gateways": {"partners": None}}})
    report = json.loads(diff(old, gone, "--artifacts", "--format", "json").stdout)
    assert report["artifacts"]["gateway/partners"]["listener"] == ["removed"]
    assert json.loads(diff(old, old, "--artifacts", "--format", "json").stdout)["artifacts"] == {}


def edge(until: str, *operations: str) -> dict[str, Any]:
    exposed = {"contract": "orders", "versions": "^2", "operations": list(operations)}
    client = {"name": "shop-mobile", "supported_until": until}
    return {"project": {"edges": {"mobile": {"client": client, "listen": {"port": 8444}, "expose": [exposed]}}}}


def test_what_the_lock_promised_to_a_client_holds_until_its_day(tmp_path: Path) -> None:
    old = locked(write(tmp_path / "old", laid(base(), edge("2027-01-31", "listOrders", "getOrder"))))
    other = locked(new(tmp_path, edge("2027-01-31", "getOrder")))
    found = json.loads(diff(old, other, "--as-of", "2027-01-31", "--format", "json").stdout)["changes"]
    assert [(c["level"], c["rule"], c["clients"]) for c in found] == [
        ("breaking", "lock-not-append-only", ["edge/mobile"]),
        ("breaking", "operation-removed", ["edge/mobile"]),
    ]
    later = json.loads(diff(old, other, "--as-of", "2027-02-01", "--format", "json").stdout)["changes"]
    assert [c["rule"] for c in later] == ["operation-removed"]


def test_an_edge_stands_for_its_client(old: Path, tmp_path: Path) -> None:
    other = new(tmp_path, edge("2027-01-31", "getOrder"))
    assert diff(old, other).stdout == (
        "edge/mobile\n"
        "  safe      edge/mobile is new, with 1 operation [deployable-added] "
        f"gatewright.yaml:{line_of(other, 'mobile:')}:3\n"
        "\n"
        "1 safe\n"
    )
