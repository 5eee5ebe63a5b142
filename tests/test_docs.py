"""The README and the docs: every link leads somewhere, and what they show is what one gets."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler import pipeline
from compiler.cli import _COMMANDS, gatewright, init
from compiler.plan import Forward
from compiler.report import json as report_json
from compiler.report import text

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
DAY = date(2026, 12, 1)


def blocks(page: str, language: str = "") -> list[str]:
    """The fenced blocks of a page that bear a language, or none."""
    content = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\S*)\n(.*?)^```$", content, re.MULTILINE | re.DOTALL)
    return [block for written, block in found if written == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{page.name}: {target}"


def _anchor(heading: str) -> str:
    """The anchor that GitHub and its like give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_shows_what_init_writes(tmp_path: Path) -> None:
    init.command.callback(tmp_path)  # type: ignore[misc]
    written = (tmp_path / "gatewright.yaml").read_text(encoding="utf-8")
    assert blocks("README.md", "yaml") == [written.partition("\n")[2]]


def test_the_readme_shows_what_validate_says(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "shop", project)
    root = project / "gatewright.yaml"
    mistaken = root.read_text(encoding="utf-8").replace("per_try_timeout: 1s", "per_try_timeout: 2s")
    root.write_text(mistaken.replace("contract: loyalty,", "contract: loyality,"), encoding="utf-8")
    said = text.render(pipeline.validate(project, DAY).diagnostics)
    assert "$ gatewright validate examples/shop\n" + said in blocks("README.md")
    assert said.partition("\n\n")[0] + "\n" in blocks("docs/diagnostics.md")


def test_the_readme_shows_what_the_example_answers() -> None:
    (shown,) = [block for block in blocks("README.md") if block.startswith("$ curl")]
    plan = pipeline.plan(pipeline.validate(ROOT / "examples" / "shop", DAY))
    (public,) = [d for d in plan.deployables if d.name == "public"]
    (old,) = [r.action for r in public.rules if r.name == "orders@1.getOrder"]
    assert isinstance(old, Forward)
    for name in ("deprecation", "sunset", "link"):
        assert f"\n{name}: {dict(old.response_headers.set)[name]}\n" in shown


def test_the_docs_show_findings_as_json(tmp_path: Path) -> None:
    init.command.callback(tmp_path)  # type: ignore[misc]
    root = tmp_path / "gatewright.yaml"
    root.write_text(
        root.read_text(encoding="utf-8").replace("contract: greetings", "contract: greeting"), encoding="utf-8"
    )
    (shown,) = blocks("docs/diagnostics.md", "json")
    assert json.loads(report_json.render(pipeline.validate(tmp_path, DAY).diagnostics)) == json.loads(shown)


def test_every_command_is_in_the_readme() -> None:
    content = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in content or f"gatewright {name}" in content for name in _COMMANDS)


def test_the_page_of_trace_shows_what_trace_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = blocks("docs/trace.md")
    line, _, shown = block.partition("\n")
    words = line.removeprefix("$ gatewright ").split()
    said = CliRunner().invoke(gatewright, [*words, "--as-of", str(DAY)])
    assert said.stdout == shown
