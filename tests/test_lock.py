"""``gatewright lock`` as its users meet it: drafts, releases, branches and merges in a git repository of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from compiler import artifacts
from compiler.cli import gatewright
from compiler.lock.text import read_lock
from compiler.source import Source
from tests.projects import locked

DAY = "2026-06-01"
LATER = "2027-06-01"
HEAD = "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths:\n"


def document(*operations: str) -> str:
    """A document with these operations, each a GET of a path of its own."""
    return HEAD + "".join(
        f'  /{name}:\n    get: {{operationId: {name}, responses: {{"200": {{description: Fine.}}}}}}\n'
        for name in operations
    )


def contract(name: str, versions: Mapping[str, str]) -> str:
    """A part of a project: one contract, with what stands beside the path of each version's document."""
    lines = ["contracts:", f"  {name}:", "    versions:"]
    lines += [
        f"      {number}: {{openapi: ../contracts/{name}-{number}.yaml{more}}}" for number, more in versions.items()
    ]
    last = [number for number, more in versions.items() if "sunset" not in more][-1]
    lines += ["services:", f"  {name}:", f"    implements: {name}@{last}"]
    lines += [f"    endpoints: [{{host: {name}.internal, port: 8080}}]"]
    return "\n".join(lines) + "\n"


ROOT = """\
gatewright: 1
include: [teams/*.yaml]
gateways:
  public:
    listen: {address: 127.0.0.1, port: 8080}
    expose:
      - {contract: orders, at: /orders}
      - {contract: customers, at: /customers}
"""


class Shop:
    """A project of two teams in a git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "teams").mkdir(parents=True)
        (folder / "contracts").mkdir()
        (folder / "gatewright.yaml").write_text(ROOT)
        self.release("orders", {"1.0.0": ""}, **{"1.0.0": document("list")})
        self.release("customers", {"3.0.0": ""}, **{"3.0.0": document("list")})
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "team@shop.example")
        self.git("config", "user.name", "team")

    def release(self, name: str, versions: Mapping[str, str], **documents: str) -> None:
        """Declare versions of a contract, and write documents by version."""
        (self.folder / "teams" / f"{name}.yaml").write_text(contract(name, versions))
        for number, text in documents.items():
            (self.folder / "contracts" / f"{name}-{number}.yaml").write_text(text)

    def run(self, command: str, *words: str) -> Result:
        """A command of gatewright on the project."""
        return CliRunner().invoke(gatewright, [command, str(self.folder), *words])

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)

    def lock(self, day: str = DAY) -> None:
        """Lock what there is."""
        done = self.run("lock", "--as-of", day)
        assert done.exit_code == 0, done.stdout + done.stderr

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        done = self.git("commit", "-q", "-m", message)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def text(self) -> str:
        return (self.folder / "gatewright.lock").read_text(encoding="ascii")

    def found(self, *words: str, day: str = DAY) -> list[str]:
        """The rules of what `validate` finds."""
        done = self.run("validate", "--as-of", day, *words)
        return [line.partition("[")[2].partition("]")[0] for line in done.stdout.splitlines() if "[" in line[:60]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_without_a_lock_nothing_is_published(shop: Shop) -> None:
    assert shop.found() == []
    done = shop.run("validate", "--locked", "--as-of", DAY)
    assert done.exit_code == 1
    assert "gatewright.yaml:1:1: error[lock-outdated]: the project has no gatewright.lock" in done.stdout
    assert shop.run("build", "-o", str(shop.folder / "out"), "--locked", "--no-envoy-check").exit_code == 1
    assert not (shop.folder / "out").exists()


def test_the_first_lock_and_the_next_one(shop: Shop) -> None:
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["added customers@3.0.0", "added orders@1.0.0"]
    assert done.stderr == f"wrote {shop.folder}/gatewright.lock\n"
    before = shop.text
    assert shop.found("--locked") == []
    inode = (shop.folder / "gatewright.lock").stat().st_ino
    again = shop.run("lock", "--as-of", DAY)
    assert (again.exit_code, again.stdout, again.stderr.strip()) == (0, "", "gatewright.lock is up to date")
    assert shop.text == before
    assert (shop.folder / "gatewright.lock").stat().st_ino == inode
    assert sorted(path.name for path in shop.folder.iterdir()) == [
        ".git",
        "contracts",
        "gatewright.lock",
        "gatewright.yaml",
        "teams",
    ]


def test_a_draft_becomes_a_release(shop: Shop) -> None:
    shop.lock()
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    assert shop.found() == ["lock-outdated"]
    assert shop.run("validate", "--as-of", DAY).exit_code == 0
    assert shop.run("validate", "--as-of", DAY, "--locked").exit_code == 1
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get", "count")})
    assert shop.found() == ["lock-outdated"], "a draft may change"
    done = shop.run("lock", "--as-of", DAY)
    assert done.stdout.splitlines() == ["added orders@1.1.0 (minor change since 1.0.0)"]
    assert shop.found("--locked") == []
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    assert shop.found() == ["published-version-changed"]


def test_a_cosmetic_edit_is_no_change_and_a_real_one_is_refused(shop: Shop) -> None:
    shop.lock()
    before = shop.text
    path = shop.folder / "contracts" / "orders-1.0.0.yaml"
    path.write_text(path.read_text().replace("Fine.", "All orders.") + "tags: [{name: orders}]\n")
    assert shop.found("--locked") == []
    path.write_text(document("list", "get"))
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 1
    assert "error[published-version-changed]" in done.stdout
    assert done.stderr.strip() == "gatewright.lock is left as it was"
    assert shop.text == before


@pytest.mark.parametrize(
    ("others", "free"), [((), "2.0.0"), (("1.2.0",), "2.0.0"), (("2.0.0",), "3.0.0"), (("2.1.0", "5.0.0"), "6.0.0")]
)
def test_a_changed_document_is_offered_a_number_that_is_free(shop: Shop, others: tuple[str, ...], free: str) -> None:
    versions = dict.fromkeys(("1.0.0", *others), "")
    shop.release("orders", versions, **dict.fromkeys(versions, document("list")))
    shop.lock()
    (shop.folder / "contracts" / "orders-1.0.0.yaml").write_text(document("count"))
    said = shop.run("validate", "--as-of", DAY).stdout
    assert f"help: restore the document, and publish the changed one as {free}\n" in said


def test_a_key_that_an_example_shows_is_none_in_a_document_that_is_not_read(shop: Shop) -> None:
    key = "-----BEGIN PRIVATE KEY----- MIIB -----END PRIVATE KEY-----"
    shown = document("list").replace(
        "{description: Fine.}", f"{{description: Fine., content: {{a/b: {{example: {key}}}}}}}"
    )
    shop.release("orders", {"1.0.0": "", "2.0.0": ""}, **{"1.0.0": shown, "2.0.0": document("list")})
    assert shop.found() == []
    shop.lock()
    assert shop.found("--locked") == []


def test_what_was_allowed_with_a_reason_stays_allowed(shop: Shop) -> None:
    reason = "# gatewright: allow bump-too-small -- nobody ever called it"
    both = {"1.0.0": document("list", "get"), "1.0.1": document("list")}
    shop.release("orders", {"1.0.0": "", "1.0.1": ""}, **both)
    team = shop.folder / "teams" / "orders.yaml"
    team.write_text(team.read_text().replace("orders-1.0.1.yaml}", "orders-1.0.1.yaml} " + reason))
    assert shop.found() == []
    done = shop.run("lock", "--as-of", DAY)
    assert "added orders@1.0.1 (major change since 1.0.0)" in done.stdout
    assert shop.found("--locked") == [], "the comment is not in vain"
    team.write_text(team.read_text().replace("      1.0.0: {openapi: ../contracts/orders-1.0.0.yaml}\n", ""))
    assert shop.found("--locked") == ["published-version-removed"], "what breaks clients supersedes nothing"


def test_a_document_that_moves_into_several_files_is_no_change(shop: Shop) -> None:
    shop.lock()
    folder = shop.folder / "contracts"
    shared = "list: {operationId: list, responses: {'200': {description: Fine.}}}\n"
    (folder / "orders-1.0.0.yaml").write_text(HEAD + "  /list: {$ref: shared/list.yaml}\n")
    (folder / "shared").mkdir()
    (folder / "shared" / "list.yaml").write_text(shared.replace("list:", "get:", 1))
    assert shop.found("--locked") == []
    (folder / "shared" / "list.yaml").write_text(shared.replace("list:", "get:", 1).replace("200", "201"))
    assert shop.found("--locked") == ["published-version-changed"]


def test_a_project_with_errors_is_not_locked(shop: Shop) -> None:
    shop.release("orders", {"1.0.0": "", "1.0.1": ""}, **{"1.0.0": document("list", "get"), "1.0.1": document("list")})
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 1
    assert "error[bump-too-small]" in done.stdout
    assert not (shop.folder / "gatewright.lock").exists()


def test_dates_only_move_later(shop: Shop) -> None:
    both = {"1.0.0": document("list"), "2.0.0": document("list")}
    dates = ", deprecated: 2026-07-01, sunset: {}"
    shop.release("orders", {"1.0.0": "", "2.0.0": ""}, **both)
    shop.lock()
    shop.release("orders", {"1.0.0": dates.format("2026-12-31"), "2.0.0": ""})
    assert shop.found() == ["lock-outdated", "lock-outdated"]
    done = shop.run("lock", "--as-of", DAY)
    assert done.stdout.splitlines() == ["dates of orders@1.0.0"]
    assert "deprecated=2026-07-01 sunset=2026-12-31" in shop.text
    shop.release("orders", {"1.0.0": dates.format("2026-11-30"), "2.0.0": ""})
    assert shop.found() == ["published-date-moved"]
    shop.release("orders", {"1.0.0": dates.format("2027-01-31"), "2.0.0": ""})
    shop.lock()
    assert "sunset=2027-01-31" in shop.text
    assert shop.found("--locked") == []


def test_a_version_leaves_and_its_number_stays_taken(shop: Shop) -> None:
    dates = ", deprecated: 2026-07-01, sunset: 2026-12-31"
    both = {"1.0.0": document("list"), "2.0.0": document("get")}
    shop.release("orders", {"1.0.0": dates, "2.0.0": ""}, **both)
    shop.lock()
    shop.release("orders", {"2.0.0": ""})
    assert shop.found(day="2026-12-31") == ["published-version-removed"]
    assert shop.found(day="2027-01-01") == ["lock-outdated"]
    done = shop.run("lock", "--as-of", "2027-01-01")
    assert done.stdout.splitlines() == ["removed orders@1.0.0"]
    assert "sunset=2026-12-31 removed" in shop.text
    assert shop.found("--locked", day="2026-07-01") == [], "what was removed rightly stays so on any day"
    tombstone = shop.text
    shop.release("orders", {"1.0.0": "", "2.0.0": ""}, **{"1.0.0": document("other")})
    assert "published-version-changed" in shop.found(day=LATER)
    assert shop.run("lock", "--as-of", LATER).exit_code == 1
    assert shop.text == tombstone


def test_a_version_is_compared_with_one_that_left(shop: Shop) -> None:
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.0.0": document("list"), "1.1.0": document("list", "get")})
    shop.lock()
    shop.release("orders", {"1.1.0": ""})
    (shop.folder / "contracts" / "orders-1.0.0.yaml").unlink()
    shop.lock()
    shop.release("orders", {"1.1.0": "", "1.0.1": ""}, **{"1.0.1": document("get")})
    done = shop.run("validate", "--as-of", DAY)
    assert "error[bump-too-small]: `orders` from 1.0.0 to 1.0.1" in done.stdout
    assert "note: gatewright.lock:" in done.stdout


def branch_off(shop: Shop) -> None:
    """A main branch with a lock, and another branch from there."""
    shop.lock()
    shop.commit("first")
    shop.git("branch", "other")


def test_two_branches_with_a_contract_each(shop: Shop) -> None:
    branch_off(shop)
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    shop.lock()
    shop.commit("orders 1.1.0")
    shop.git("switch", "-q", "other")
    shop.release("customers", {"3.0.0": "", "3.1.0": ""}, **{"3.1.0": document("list", "get")})
    shop.lock()
    shop.commit("customers 3.1.0")
    merged = shop.git("merge", "-q", "main", "-m", "merge")
    assert merged.returncode == 0, merged.stdout
    assert shop.found("--locked") == []
    before = shop.text
    shop.lock()
    assert shop.text == before
    assert shop.text == locked(shop.folder, date.fromisoformat(DAY)), "as if one had written it"


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_two_branches_with_a_version_each_of_one_contract(shop: Shop, style: str) -> None:
    shop.git("config", "merge.conflictStyle", style)
    branch_off(shop)
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    shop.lock()
    shop.commit("orders 1.1.0")
    shop.git("switch", "-q", "other")
    shop.release("orders", {"1.0.0": "", "1.2.0": ""}, **{"1.2.0": document("list", "get", "count")})
    shop.lock()
    shop.commit("orders 1.2.0")
    assert shop.git("merge", "-q", "main").returncode == 1
    shop.release("orders", {"1.0.0": "", "1.1.0": "", "1.2.0": ""})
    done = shop.run("validate", "--as-of", DAY)
    assert done.exit_code == 1
    assert "error[lock-invalid]: a merge left the two sides of a conflict here" in done.stdout
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "<<<<" not in shop.text
    assert shop.found("--locked") == []
    made, _ = read_lock(Source("gatewright.lock", shop.text))
    assert made is not None
    assert [number for _, number in made.versions] == ["3.0.0", "1.0.0", "1.1.0", "1.2.0"]
    assert made.versions["orders", "1.2.0"].after == ("1.1.0", made.versions["orders", "1.1.0"].digest[:12])
    (shop.folder / "gatewright.lock").unlink()
    merged = shop.git("show", "HEAD:gatewright.lock").stdout
    shop.lock()
    assert shop.text != merged
    assert shop.text == locked(shop.folder, date.fromisoformat(DAY))


def test_a_merge_that_joins_what_does_not_fit(shop: Shop) -> None:
    branch_off(shop)
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    shop.lock()
    shop.commit("orders 1.1.0")
    shop.git("switch", "-q", "other")
    shop.release("orders", {"1.0.0": "", "1.2.0": ""}, **{"1.2.0": document("list", "count")})
    shop.lock()
    shop.commit("orders 1.2.0")
    assert shop.git("merge", "-q", "main").returncode == 1
    shop.release("orders", {"1.0.0": "", "1.1.0": "", "1.2.0": ""})
    before = shop.text
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 1
    assert "error[bump-too-small]: `orders` from 1.1.0 to 1.2.0: 1 change breaks clients" in done.stdout
    assert "both are published" in done.stdout
    assert shop.text == before


def test_two_branches_with_one_number(shop: Shop) -> None:
    branch_off(shop)
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    shop.lock()
    shop.commit("orders 1.1.0")
    shop.git("switch", "-q", "other")
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "count")})
    shop.lock()
    shop.commit("another orders 1.1.0")
    assert shop.git("merge", "-q", "main").returncode == 1
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    before = shop.text
    done = shop.run("lock", "--as-of", DAY)
    assert done.exit_code == 1
    assert "error[lock-invalid]: `orders@1.1.0` stands here twice, with two meanings" in done.stdout
    assert shop.text == before
    # what the help says
    assert shop.git("checkout", "--theirs", "gatewright.lock").returncode == 0
    documents = {"1.1.0": document("list", "get"), "1.2.0": document("list", "get", "count")}
    shop.release("orders", {"1.0.0": "", "1.1.0": "", "1.2.0": ""}, **documents)
    shop.lock()
    assert shop.found("--locked") == []


def test_git_may_lay_the_lines_together_itself(shop: Shop) -> None:
    (shop.folder / ".gitattributes").write_text("gatewright.lock merge=union\n")
    branch_off(shop)
    shop.release("orders", {"1.0.0": "", "1.1.0": ""}, **{"1.1.0": document("list", "get")})
    shop.lock()
    shop.commit("orders 1.1.0")
    shop.git("switch", "-q", "other")
    shop.release("orders", {"1.0.0": "", "2.0.0": ""}, **{"2.0.0": document("get")})
    shop.lock()
    shop.commit("orders 2.0.0")
    shop.git("merge", "-q", "main")
    shop.release("orders", {"1.0.0": "", "1.1.0": "", "2.0.0": ""})
    assert shop.found("--locked") == []
    shop.lock()
    assert shop.text == locked(shop.folder, date.fromisoformat(DAY))


def test_a_checkout_with_windows_line_ends(shop: Shop) -> None:
    shop.lock()
    path = shop.folder / "gatewright.lock"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    for document_path in (shop.folder / "contracts").glob("*-*.yaml"):
        document_path.write_bytes(document_path.read_bytes().replace(b"\n", b"\r\n"))
    assert shop.found("--locked") == []
    assert "up to date" in shop.run("lock", "--as-of", DAY).stderr


def test_pre_releases_are_never_locked(shop: Shop) -> None:
    shop.release("orders", {"1.0.0": "", "2.0.0-rc.1": ""}, **{"2.0.0-rc.1": document("get")})
    shop.release("orders", {"2.0.0-rc.1": "", "1.0.0": ""})
    shop.lock()
    assert "rc.1" not in shop.text
    shop.release("orders", {"2.0.0-rc.1": "", "1.0.0": ""}, **{"2.0.0-rc.1": document("other")})
    assert shop.found("--locked") == []


def test_a_deployable_alone_is_judged_by_its_own_contracts(shop: Shop) -> None:
    more = "  partners:\n    listen: {address: 127.0.0.1, port: 8081}\n    expose: [{contract: customers}]\n"
    (shop.folder / "gatewright.yaml").write_text(ROOT + more)
    shop.lock()
    shop.release("orders", {"1.0.0": ""}, **{"1.0.0": document("other")})
    words = ("-o", str(shop.folder / "out"), "--no-envoy-check", "--as-of", DAY)
    assert shop.run("build", *words, "--only", "public").exit_code == 1
    assert shop.run("build", *words, "--only", "partners").exit_code == 0
    shop.release("orders", {"1.0.1": ""}, **{"1.0.1": document("list")})
    assert shop.run("build", *words, "--only", "public").exit_code == 1
    assert shop.run("build", *words, "--only", "partners", "--locked").exit_code == 0


def test_a_file_that_cannot_be_written(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.folder / "gatewright.lock"
    path.write_text("as it was\n")
    path.chmod(0o640)

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(artifacts.WriteProblem, match=r"gatewright\.lock` cannot be written: Permission denied"):
            artifacts.write_file(path, b"new\n")
    assert path.read_text() == "as it was\n"
    assert not list(shop.folder.glob(".gatewright-*"))
    artifacts.write_file(path, b"new\n")
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old\n")
    (tmp_path / "gatewright.lock").symlink_to("real")
    artifacts.write_file(tmp_path / "gatewright.lock", b"new\n")
    assert (tmp_path / "gatewright.lock").is_symlink()
    assert (tmp_path / "real").read_text() == "new\n"


def test_no_project(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "compiler", "lock", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no gatewright.yaml" in done.stderr
