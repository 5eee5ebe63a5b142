"""`contract import`: a few lines more in a project's files, and everything else as it was."""

from __future__ import annotations

import json
import shutil
from datetime import date
from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import pipeline
from compiler.adopt import CannotAdopt, Unsound, adopt
from compiler.cli.contract_import import command
from tests.projects import CONTRACT, write_project
from tests.test_mutations import run

DAY = date(2026, 12, 1)
EXAMPLE = Path(__file__).parent.parent / "examples" / "shop"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "payments.yaml"
    path.write_text(CONTRACT.replace("1.0.0", "2.3.0"), encoding="utf-8")
    return path


def changed(before: str, after: str) -> list[str]:
    return [
        line for line in unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="") if line[:3] != "+++"
    ][2:]


def test_a_new_contract(project: Path, document: Path) -> None:
    before = (project / "gatewright.yaml").read_text()
    code, said = run(command, str(document), "--name", "payments", "--project", str(project))
    assert code == 0
    assert (project / "contracts" / "payments-2.3.0.yaml").read_bytes() == document.read_bytes()
    after = (project / "gatewright.yaml").read_text()
    assert [line for line in changed(before, after) if not line.startswith("@@")] == [
        "+  payments:",
        "+    versions:",
        "+      2.3.0: {openapi: contracts/payments-2.3.0.yaml}",
        "+  payments:",
        "+    implements: payments@2.3.0",
        "+    endpoints: [{host: payments.internal, port: 8080}]",
    ]
    assert "- {contract: payments, versions: ^2}" in said
    outcome = pipeline.validate(project, DAY)
    assert {d.finding.rule for d in outcome.diagnostics} == {"unused"}


def test_a_new_version_goes_where_its_contract_stands(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "shop")
    document = tmp_path / "shop" / "contracts" / "orders-2.2.0.yaml"
    shutil.copy(tmp_path / "shop" / "contracts" / "orders-2.1.0.yaml", document)
    code, _ = run(command, str(document), "--name", "orders", "--project", str(tmp_path / "shop"), "--version", "2.2.0")
    assert code == 0
    before, after = ((at / "teams" / "orders.yaml").read_text() for at in (EXAMPLE, tmp_path / "shop"))
    assert [line for line in changed(before, after) if not line.startswith("@@")] == [
        "+      2.2.0: {openapi: ../contracts/orders-2.2.0.yaml}",
        "+  orders:",
        "+    implements: orders@2.2.0",
        "+    endpoints: [{host: orders.internal, port: 8080}]",
    ]
    assert (tmp_path / "shop" / "gatewright.yaml").read_text() == (EXAMPLE / "gatewright.yaml").read_text()
    assert pipeline.validate(tmp_path / "shop", DAY).errors == 0


def test_sections_that_are_not_there_are_begun(tmp_path: Path, document: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "gatewright.yaml").write_bytes(b"gatewright: 1\r\npolicies: {a: {}} # one\r\n# end")
    assert run(command, str(document), "--name", "payments", "--project", str(tmp_path / "new"))[0] == 0
    assert (tmp_path / "new" / "gatewright.yaml").read_bytes().decode() == (
        "gatewright: 1\r\npolicies: {a: {}} # one\r\n# end\r\n"
        "\r\ncontracts:\r\n  payments:\r\n    versions:\r\n"
        "      2.3.0: {openapi: contracts/payments-2.3.0.yaml}\r\n"
        "\r\nservices:\r\n  payments:\r\n    implements: payments@2.3.0\r\n"
        "    endpoints: [{host: payments.internal, port: 8080}]\r\n"
    )


def test_a_dry_run_writes_nothing(project: Path, document: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    code, said = run(command, str(document), "--name", "payments", "--project", str(project), "--dry-run")
    assert code == 0
    assert "would add to gatewright.yaml:" in said
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "version", "content", "says"),
    [
        ("Payments", None, CONTRACT, "`Payments` is not a name"),
        ("orders", "1.0.0", CONTRACT, "`orders@1.0.0` is there already"),
        ("payments", None, CONTRACT.replace("1.0.0", "v1"), "`v1` is not a semantic version"),
        ("payments", None, CONTRACT.replace("1.0.0", "1.10"), "`1.10` is not a semantic version"),
    ],
)
def test_what_cannot_be_added_says_why(
    project: Path, document: Path, name: str, version: str | None, content: str, says: str
) -> None:
    document.write_text(content, encoding="utf-8")
    with pytest.raises(CannotAdopt, match="^" + says):
        adopt(project, document, name, version)


def test_a_document_from_elsewhere_must_be_whole(project: Path, document: Path) -> None:
    (document.parent / "more.yaml").write_text("A: {type: string}\n")
    document.write_text(CONTRACT.replace("schema: {type: string}", "schema: {$ref: 'more.yaml#/A'}"), encoding="utf-8")
    with pytest.raises(CannotAdopt, match=r"refers to other files: `more\.yaml`"):
        adopt(project, document, "payments")


def test_what_is_broken_is_shown(project: Path, document: Path) -> None:
    document.write_text(CONTRACT.replace("in: path", "in: pth"), encoding="utf-8")
    code, said = run(command, str(document), "--name", "payments", "--project", str(project))
    assert code == 1
    assert "payments.yaml:7:" in said
    with pytest.raises(Unsound):
        adopt(project, document, "payments")


def test_what_is_written_in_braces_is_left_to_its_author(project: Path, document: Path) -> None:
    root = project / "gatewright.yaml"
    text = root.read_text().replace("services:\n  orders:\n    implements:", "services: {orders: {implements:")
    root.write_text(text.replace("@1.0.0\n    endpoints", "@1.0.0,\n    endpoints").replace("8080}]\ng", "8080}]}}\ng"))
    with pytest.raises(CannotAdopt, match=r"`services` in `gatewright\.yaml` is not written line by line") as raised:
        adopt(project, document, "payments")
    assert "add this by hand:\n    payments:\n      implements: payments@2.3.0" in str(raised.value.hint)


LAYOUTS = st.sampled_from(["", "# a comment\n", "\n\n", "  # indented\n"])
NAMES = st.text("abz", min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(
    services=st.dictionaries(NAMES, st.sampled_from(["8080", "1 # one"]), max_size=3),
    between=LAYOUTS,
    indent=st.integers(1, 5),
    last=st.booleans(),
    newline=st.booleans(),
)
def test_only_lines_are_added_whatever_the_layout(
    tmp_path_factory: pytest.TempPathFactory,
    services: dict[str, str],
    between: str,
    indent: int,
    last: bool,
    newline: bool,
) -> None:
    folder = tmp_path_factory.mktemp("layout")
    document = folder.with_name(f"{folder.name}.json")
    document.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1.0.0"}, "paths": {}}))
    lines = ("{}:", "  endpoints:", "  - host: a", "    port: {}")
    form = "".join(f"{' ' * indent}{line}\n" for line in lines) + between
    entries = "".join(form.format(name, port) for name, port in services.items())
    section = f"services:\n{entries}" if services else ""
    text = "gatewright: 1\n" + (between + section if last else section + "policies:\n  a: {}\n" + between)
    text = text if newline else text.rstrip("\n")
    (folder / "gatewright.yaml").write_text(text)
    made = adopt(folder, document, "new")
    left = made.text.splitlines()
    for line in made.added:
        left.remove(line)
    assert [line for line in left if line.strip()] == [line for line in text.splitlines() if line.strip()]
    (folder / "gatewright.yaml").write_text(made.text)
    (folder / "contracts").mkdir()
    assert made.copy == ("contracts/new-1.0.0.json", document.read_bytes())
    (folder / made.copy[0]).write_bytes(made.copy[1])
    found = [d.finding.message for d in pipeline.validate(folder, DAY).diagnostics if d.finding.rule != "unused"]
    assert found == []
