"""docs/fields.md is what the model says, and marks what is not built."""

from __future__ import annotations

import re

from compiler import reference


def test_the_page_is_up_to_date(update: bool) -> None:
    if update:
        reference.FILE.write_text(reference.page(), encoding="utf-8")
    assert reference.FILE.read_text(encoding="utf-8") == reference.page(), "run python -m compiler.reference"


def test_a_required_field_stands_out() -> None:
    page = reference.page()
    assert re.search(
        r"^\| \*\*`port`\*\* \| The TCP port\. \| a whole number from 1 to 65535 \| `8443` \|", page, re.MULTILINE
    )
