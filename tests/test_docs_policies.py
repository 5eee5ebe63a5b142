"""The pages of the policies: each shows a project and what it answers, and this is what it answers."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from compiler import pipeline
from compiler.backends.envoy.filters import FILTERS
from compiler.local.credentials import Credential
from compiler.local.envoy import find_envoy
from compiler.local.ports import free_port
from compiler.local.session import Session
from compiler.model.policies import Policy
from tests.test_docs import ROOT

FOLDER = ROOT / "docs" / "policies"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")


def blocks(page: Path) -> dict[str, str]:
    """The fenced blocks by what stands behind their fence: a language, or a language and a file's name."""
    return dict(
        re.findall(r"^```(\S+(?: \S+)?)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_answers_as_it_is_shown(page: Path, tmp_path: Path) -> None:
    shown = blocks(page)
    for title, text in shown.items():
        if " " in title:
            (tmp_path / title.split()[1]).write_text(text)
    outcome = pipeline.validate(tmp_path, date(2026, 12, 1))
    assert outcome.checked is not None, [d.finding.message for d in outcome.diagnostics]
    assert outcome.diagnostics == ()
    binary = find_envoy()
    assert binary is not None
    port = free_port()
    with Session(binary, with_stubs=True, ports={"public": port}) as session:
        session.start(outcome.checked, pipeline.plan(outcome))
        for call in re.split(r"^\$ ", shown["console"], flags=re.MULTILINE)[1:]:
            command, *expected = call.strip().splitlines()
            got = answered(command.replace(":8080", f":{port}"), session.credentials["public"])
            for line in (said.replace(":8080", f":{port}") for said in expected):
                absent = line.removeprefix("# without ")
                if absent != line:
                    assert not any(said.startswith(absent + ":") for said in got), (command, got)
                else:
                    assert line.lower() in got, (command, got)


def answered(command: str, credentials: Mapping[str, Credential] = MappingProxyType({})) -> list[str]:
    """The status line and the headers that curl prints, in small letters.

    A variable that is named like a policy stands for what calls bear in a header there.
    """
    bearing = {name.upper(): next(iter(made.headers.values())) for name, made in credentials.items() if made.headers}
    environment = os.environ | bearing
    done = subprocess.run(command, shell=True, capture_output=True, timeout=20, check=True, env=environment)
    head = done.stdout.partition(b"\r\n\r\n")[0].decode().lower()
    assert head, done.stderr
    return head.splitlines()


def test_the_stations_are_those_of_the_table() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
    assert listed == [line.what for line in FILTERS]


def test_every_policy_has_its_page() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for field in fields(Policy):
        if field.name != "where":
            assert f"`{field.name}`" in text, field.name
