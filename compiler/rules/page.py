"""The pages of the rules: read from beside this file, and gathered into docs/rules.md.

A page says why its rule is there. Below ``## Wrong`` and ``## Right`` stand two small projects as fenced blocks: a
block is ``gatewright.yaml`` unless the word behind ``yaml`` names another file. Blocks below ``## Both`` belong to both
projects. A line ``As of: 2027-04-01`` is the day on which they are judged, where that matters. With a section
``## Published``, that project is locked first, and the two others are what becomes of it.

``python -m compiler.rules.page`` writes docs/rules.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from compiler.records import frozen
from compiler.rules import RULES

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent.parent / "docs" / "rules.md"
_BLOCK = re.compile(r"^```ya?ml(?:[ ]+(?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_AS_OF = re.compile(r"^As of: (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
_SECTIONS = ("Published", "Wrong", "Right", "Both")


@frozen
class Page:
    """A rule's page: its text, and its two example projects as file names to texts, judged ``as_of`` a day.

    ``published`` is the project that was locked before, or empty.
    """

    text: str
    wrong: Mapping[str, str]
    right: Mapping[str, str]
    as_of: date | None
    published: Mapping[str, str]


def page(name: str) -> Page:
    """The page of a rule. Raises KeyError for a name that is not in the registry."""
    return parse((FOLDER / f"{RULES[name].name}.md").read_text(encoding="utf-8"))


def parse(text: str) -> Page:
    """A page from its text."""
    sections: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        if title.strip() in sections:
            for block in _BLOCK.finditer(body):
                sections[title.strip()][block.group("name") or "gatewright.yaml"] = block.group("text")
    day = _AS_OF.search(text)
    return Page(
        text=text,
        wrong=sections["Wrong"] | sections["Both"],
        right=sections["Right"] | sections["Both"],
        as_of=date.fromisoformat(day.group(1)) if day else None,
        published=sections["Published"] | sections["Both"] if sections["Published"] else {},
    )


def reference() -> str:
    """All pages as one document, by name."""
    parts = [
        "# Rules\n",
        "Every finding names one of these rules. `gatewright explain RULE` prints what stands here about it. An error\n"
        "makes `validate` and `build` fail, a warning does so with `--fail-on warning`. A finding can be allowed by a\n"
        "comment with its reason, on the line that it is found on or on the line above:\n",
        "```yaml\nlisten: {port: 8080} # gatewright: allow tls-missing -- the proxy in front ends TLS\n```\n",
        "This page is made by `python -m compiler.rules.page`.\n",
        "| rule | | says |\n|---|---|---|\n"
        + "".join(f"| [{r.name}](#{r.name}) | {r.severity.value} | {r.says} |\n" for _, r in sorted(RULES.items())),
    ]
    for name, rule in sorted(RULES.items()):
        allowed = "can be allowed with a reason" if rule.suppressible else "cannot be allowed"
        body = re.sub(r"^## ", "### ", page(name).text.strip(), flags=re.MULTILINE)
        parts.append(f"## {name}\n\n{rule.severity.value.capitalize()}, {allowed}: {rule.says}.\n\n{body}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCS.parent.mkdir(exist_ok=True)
    DOCS.write_text(reference(), encoding="utf-8")
