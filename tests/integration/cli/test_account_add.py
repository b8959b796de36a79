"""`account add`, from the command line to the account: with workers there, and with none."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.reading.upkeep.workers import has_worker
from pressrun.network.hints import Queue
from tests.integration.cli.conftest import Command, Here

FACEBOOK = ["account", "add", "--login", "facebook", "--ig-id", "17841400000000000", "--name", "bakery"]
INSTAGRAM = ["account", "add", "--login", "instagram", "--ig-id", "17841400000000001", "--name", "lena"]


@pytest.mark.usefixtures("workers")
def test_the_token_comes_from_stdin_or_a_file_and_is_never_shown(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("\n  SIM-TOKEN-1\n")

    first = command.run(*FACEBOOK, text="SIM-TOKEN-0\r\n")
    second = command.run(*INSTAGRAM, "--token-file", str(file), "--json")
    again = command.run(*FACEBOOK, text="SIM-TOKEN-0")
    wrong = command.run(*FACEBOOK, text="SIM-TOKEN-nobody")
    listed = command.json("account", "list")

    assert first.returncode == second.returncode == again.returncode == 0
    assert first.stdout.startswith("added bakery (17841400000000000, @")
    assert '"is_new": true' in second.stdout
    assert again.stdout.startswith("renewed bakery")
    assert first.stderr == second.stderr == again.stderr == ""
    assert (wrong.returncode, wrong.stdout) == (1, "")
    [line] = wrong.stderr.splitlines()
    assert line.startswith("pressrun: Instagram refuses the token of bakery")
    assert [(row["name"], row["login"], row["state"]) for row in listed] == [
        ("bakery", "facebook", "active"),
        ("lena", "instagram", "active"),
    ]
    assert list(listed[0]) == [
        "name", "login", "ig_id", "username", "state", "state_until", "timezone", "quota", "posts_waiting",
    ]  # fmt: skip
    said = "".join(done.stdout + done.stderr for done in (first, second, again, wrong)) + str(listed)
    assert "SIM-TOKEN" not in said


def test_without_a_worker_the_command_runs_one_and_says_so(here: Here, command: Command) -> None:
    done = command.run(*FACEBOOK, text="SIM-TOKEN-0")

    assert done.returncode == 0
    assert done.stdout.startswith("added bakery (17841400000000000, @")
    [line] = done.stderr.splitlines()
    assert "`pressrun up`" in line
    assert here.account(0) is not None
    logs = "".join(path.read_text() for path in (here.runtime.settings.home / "logs").iterdir())
    assert "connect.done" in logs
    assert "SIM-TOKEN" not in logs
    with here.database.transaction() as tx:
        assert not has_worker(tx, Queue.PREPARE)


@pytest.mark.usefixtures("workers")
def test_an_instagram_that_does_not_answer_can_be_left_out(here: Here, command: Command) -> None:
    here.simulator.stop()

    refused = command.run(*FACEBOOK, text="SIM-TOKEN-0")
    unchecked = command.run(*FACEBOOK, "--no-check", text="SIM-TOKEN-0")

    assert refused.returncode == 1
    assert "could not be checked" in refused.stderr
    assert "--no-check" in refused.stderr
    assert unchecked.stdout == "added bakery (17841400000000000), zone UTC\n"


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        ([], "", "pressrun: the token is empty"),
        (["--token-file", "/nowhere/token"], "", "pressrun: --token-file: /nowhere/token: No such file"),
    ],
    ids=["empty", "no file"],
)
def test_a_bad_token_is_one_line(command: Command, arguments: list[str], text: str, said: str) -> None:
    done = command.run(*FACEBOOK, *arguments, text=text)

    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(said)
