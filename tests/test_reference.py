"""docs/fields.md is what the model says, marks what is not built, and every link of the docs leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler import reference

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_page_is_up_to_date(update: bool) -> None:
    if update:
        reference.FILE.write_text(reference.page(), encoding="utf-8")
    assert reference.FILE.read_text(encoding="utf-8") == reference.page(), "run python -m compiler.reference"


def test_what_is_not_built_is_marked_and_not_entered() -> None:
    page = reference.page()
    assert re.search(r"^\| `edges` \| .*\*Not built yet\.\*", page, re.MULTILINE)
    assert "## Edge\n" not in page
    assert "only `path` and `header` can be used" in page
    assert re.search(
        r"^\| \*\*`port`\*\* \| The TCP port\. \| a whole number from 1 to 65535 \| `8443` \|", page, re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
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
