"""`pressrun slot` and `pressrun account edit`, as their user runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.conftest import Command, Here


def test_slots_are_added_once_listed_and_removed(here: Here, command: Command) -> None:
    here.add(0, timezone="Europe/Oslo")
    wanted = ["slot", "add", "--account", "sim-0", "--days", "mon,fri", "--at", "08:30", "--at", "17:00"]

    assert command.json(*wanted) == {"added": 4, "unchanged": 0}
    assert command.json(*wanted) == {"added": 0, "unchanged": 4}
    shown = command.json("slot", "list", "--account", "sim-0")
    assert [(slot["day"], slot["time"]) for slot in shown] == [
        ("mon", "08:30"),
        ("mon", "17:00"),
        ("fri", "08:30"),
        ("fri", "17:00"),
    ]
    assert {slot["timezone"] for slot in shown} == {"Europe/Oslo"}
    assert all(slot["next_at"].endswith("Z") for slot in shown)
    assert command.json("slot", "remove", str(shown[0]["id"])) == {"removed": shown[0]["id"]}
    assert len(command.json("slot", "list")) == 3
    assert command.run("slot", "remove", str(shown[0]["id"])).returncode == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--at", "25:00"], "'25:00' is no time of day"),
        (["--at", "09:00", "--days", "someday"], "'someday' is no day"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(here: Here, command: Command, options: list[str], told: str) -> None:
    here.add(0)

    done = command.run("slot", "add", "--account", "sim-0", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert command.json("slot", "list") == []


def test_a_post_may_move_to_slots_only_where_there_are_some(here: Here, command: Command, media_folder: Path) -> None:
    here.add(0)
    picture = str(media_folder / "feed.jpg")
    post = ["post", "add", "--account", "sim-0", "--at", "+2h", "--media", picture, "--if-late", "next_slot"]

    refused = command.run(*post)
    command.json("slot", "add", "--account", "sim-0", "--at", "09:00")

    assert refused.returncode == 2
    assert refused.stderr.startswith("pressrun: --if-late: sim-0 has no posting slots")
    assert len(command.json(*post)["added"]) == 1


def test_what_posts_inherit_is_edited(here: Here, command: Command) -> None:
    here.add(0)
    command.json("slot", "add", "--account", "sim-0", "--at", "09:00")
    options = ["--max-lateness", "2m", "--if-late", "next_slot", "--min-spacing", "5m", "--timezone", "Europe/Oslo"]

    edited = command.json("account", "edit", "sim-0", *options)
    back = command.json("account", "edit", "sim-0", "--if-late", "", "--max-lateness", "")

    assert edited == {
        "name": "sim-0",
        "timezone": "Europe/Oslo",
        "max_lateness_s": 120,
        "if_late": "next_slot",
        "min_spacing_s": 300,
        "warnings": [],
    }
    assert (back["if_late"], back["max_lateness_s"], back["min_spacing_s"]) == (None, None, 300)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "nothing to change"),
        (["--timezone", "Oslo"], "--timezone: unknown time zone 'Oslo'; did you mean Europe/Oslo?"),
        (["--min-spacing", "often"], "--min-spacing: 'often' is not a duration"),
        (["--min-spacing", "2d"], "--min-spacing: '2d' is more than a day"),
        (["--if-late", "shrug"], "--if-late: 'shrug' is unknown"),
        (["--if-late", "next_slot"], "--if-late: sim-0 has no posting slots"),
    ],
)
def test_a_bad_edit_changes_nothing(here: Here, command: Command, options: list[str], told: str) -> None:
    here.add(0)

    done = command.run("account", "edit", "sim-0", *(["--max-lateness", "9m"] if options else []), *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    account = here.account(0)
    assert account is not None
    assert (account.max_lateness_s, account.if_late, account.timezone) == (None, None, "UTC")
