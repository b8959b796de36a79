"""docs/instagram.md says by which command and which job each call of the seed's User node is used, and it is so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cli.main import app
from cli.problems import command_of
from pressrun.network.hints import Task
from tests.unit.docs.pages import ROOT, Page, names_in
from tests.unit.graph.test_guide import ENDPOINTS, USER_NODE
from worker.tasks import STEPS

ROWS = {row["seed"]: row for row in Page.of("docs/instagram.md").table("seed", "call", "command", "job")}
SOURCES = {path: path.read_text() for path in sorted((ROOT / "worker").rglob("*.py"))}


def test_all_of_the_seed_is_there_and_nothing_else() -> None:
    assert {seed: names_in(row["call"])[0] for seed, row in ROWS.items()} == USER_NODE
    assert len({seed.partition(".")[0] for seed in ROWS}) == 16


@pytest.mark.parametrize("seed", USER_NODE)
def test_its_command_is_one(seed: str) -> None:
    command: Any = command_of(app)
    [words] = names_in(ROWS[seed]["command"])
    for word in words.split()[1:]:
        command = command.commands[word]

    assert not hasattr(command, "commands")


@pytest.mark.parametrize("seed", USER_NODE)
def test_a_job_makes_the_call(seed: str) -> None:
    [job] = names_in(ROWS[seed]["job"])
    calls = [name.removeprefix("client.") for name in names_in(ENDPOINTS[USER_NODE[seed]][2])]
    made = re.compile("|".join(rf"\b{re.escape(call)}\b" for call in calls))

    assert Task(job) in STEPS
    assert [path for path, source in SOURCES.items() if made.search(source)], f"no worker calls {calls}"
