"""The pages on edges and on changes of bodies: their examples are sound, and answer as they are shown."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from compiler import dataplane, pipeline
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_ports
from compiler.local.session import Session
from tests.test_docs import ROOT
from tests.test_docs_policies import answered, blocks

PAGES = [ROOT / "docs" / "edges.md", ROOT / "docs" / "shapes.md"]


@pytest.mark.skipif(not dataplane.FILE.is_file(), reason="the payload module was not built")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_answers_as_it_is_shown(page: Path, tmp_path: Path) -> None:
    shown = blocks(page)
    for title, text in shown.items():
        if " " in title:
            (tmp_path / title.split()[1]).write_text(text)
    outcome = pipeline.validate(tmp_path, date(2026, 12, 1))
    assert outcome.diagnostics == ()
    plan = pipeline.plan(outcome)
    assert [(d.kind, d.name) for d in plan.deployables] == [("edge", "mobile"), ("gateway", "public")]
    binary = find_envoy()
    assert binary is not None
    assert outcome.checked is not None
    mobile, public = free_ports(2)
    with Session(binary, with_stubs=True, ports={"mobile": mobile, "public": public}) as session:
        session.start(outcome.checked, plan)
        for call in re.split(r"^\$ ", shown["console"], flags=re.MULTILINE)[1:]:
            command, *expected = call.strip().splitlines()
            placed = command.replace(":8444", f":{mobile}").replace(":8080", f":{public}")
            got, body = answered(placed, {}), answered(placed.replace("curl -i", "curl"), {})
            for line in expected:
                assert line.lower() in got or json.loads(line) == json.loads(body[-1]), (command, got, body)
