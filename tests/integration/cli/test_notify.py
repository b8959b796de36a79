"""`notify …`, from the command line to the rows."""

from __future__ import annotations

import pytest

from tests.integration.cli.conftest import Command, Here


def test_an_endpoint_is_added_ruled_rotated_and_removed(command: Command) -> None:
    assert command.json("notify", "list") == []
    added = command.json("notify", "add", "--webhook", "https://example.com/hunter2", "--name", "ops")
    assert (added["name"], added["way"], added["place"]) == ("ops", "webhook", "https://example.com")

    rules = command.json("notify", "rules", "ops", "--how", "digest", "--kind", "post.published")
    assert rules == [{"endpoint": "ops", "account": None, "kind": "post.published", "how": "digest"}]
    command.json("notify", "rules", "ops", "--quiet", "22:00-07:00", "--timezone", "Europe/Zurich")
    [shown] = command.json("notify", "list")
    assert (shown["quiet_from"], shown["quiet_to"], shown["timezone"]) == ("22:00", "07:00", "Europe/Zurich")
    command.json("notify", "rules", "ops", "--quiet", "none")
    assert command.json("notify", "list")[0]["quiet_from"] is None

    rotated = command.json("notify", "rotate", "ops", "--keep-old", "7d")
    assert {secret.partition("_")[0] for secret in (added["secret"], rotated["secret"])} == {"whsec"}
    assert added["secret"] != rotated["secret"]
    assert command.json("notify", "log", "ops") == []
    assert command.json("notify", "replay", "ops") == {"name": "ops", "sent_again": 0}
    assert command.json("notify", "remove", "ops") == {"removed": "ops"}
    assert command.json("notify", "list") == []


def test_an_address_may_come_on_stdin_and_the_secret_is_shown_to_a_person(command: Command) -> None:
    done = command.run("notify", "add", "--webhook", "-", text="https://example.com/hook\n")

    assert done.returncode == 0, done.stderr
    assert "whsec_" in done.stdout
    assert "shown this once" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--quiet", "22:00-07:00", "--how", "never", "--account", "nobody"], "nobody"),
        (["--how", "never", "--quiet", "25:00-07:00"], "--quiet: '25:00' is no time of day"),
        (["--how", "never", "--digest-at", "9:00", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
    ],
)
def test_of_a_wish_that_is_wrong_in_part_nothing_is_done(command: Command, wrong: list[str], told: str) -> None:
    command.json("notify", "add", "--webhook", "https://example.com/hook", "--name", "ops")

    done = command.run("notify", "rules", "ops", *wrong)

    assert (done.returncode, told in done.stderr) == (2, True)
    [shown] = command.json("notify", "list")
    assert (shown["quiet_from"], shown["digest_at"], shown["timezone"]) == (None, "08:00", "UTC")
    assert command.json("notify", "rules") == []


@pytest.mark.usefixtures("workers")
def test_a_test_waits_for_its_outcome_and_fails_with_it(command: Command, here: Here) -> None:
    private = ["--webhook", "http://127.0.0.1:9/hook", "--name", "ops"]
    command.json("notify", "add", *private, ALLOW_PRIVATE_URLS="true")

    done = command.run("notify", "test", "ops")

    assert done.returncode == 1
    assert "ops was not reached: the host has a private address" in done.stderr
    [logged] = command.json("notify", "log")
    assert (logged["state"], logged["kinds"], logged["tries"]) == ("failed", ["test"], 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add"], "give one address"),
        (["add", "--webhook", "example.com"], "--webhook: it must be an http:// or https:// URL"),
        (["add", "--apprise", "nonsense"], "--apprise: it must be an apprise address"),
        (["rules", "--how", "never"], "name the endpoint"),
        (["rules", "ops", "--kind", "post.failed"], "say how it is told"),
        (["test", "ops"], "no endpoint is called 'ops'; `pressrun notify list` lists them"),
        (["log", "--state", "eaten"], "--state: 'eaten' must be one of"),
        (["rotate", "ops", "--keep-old", "soon"], "'soon' is not a duration"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(command: Command, arguments: list[str], told: str) -> None:
    done = command.run("notify", *arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
