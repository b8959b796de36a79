"""`harvest list`, `harvest backfill`, `mention …` and `tag list`, from the command line to the rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.history.mention import Mention
from pressrun import clock
from tests.factories.rows import make_mention
from tests.integration.cli.conftest import Command, Here


@pytest.mark.parametrize(
    "arguments",
    [
        ["harvest", "list"],
        ["tag", "list"],
        ["mention", "list"],
        ["harvest", "backfill", "--since", "2026-01-01"],
        ["insight", "coverage"],
    ],
)
def test_nothing_yet_is_an_empty_list(command: Command, arguments: list[str]) -> None:
    assert command.json(*arguments) == []


def test_accounts_are_compared(command: Command, here: Here) -> None:
    here.add(0)
    here.add(1)
    two = ("insight", "compare", "--account", "sim-1", "--account", "sim-0")

    spans, days = command.json(*two), command.json(*two, "--metric", "followers")
    alone = command.run("insight", "compare", "--account", "sim-0")

    assert [(row["account"], row["followers"], row["views"], row["posts"]) for row in spans] == [
        ("sim-1", None, None, None),
        ("sim-0", None, None, None),
    ]
    assert [one["values"] for one in days] == [{"sim-1": None, "sim-0": None}] * 28
    assert alone.returncode == 2
    assert "--account: 2 to 8 accounts can be compared, not 1" in alone.stderr


@pytest.mark.usefixtures("workers")
def test_a_list_of_harvests_says_what_when_and_at_what_cost(command: Command, here: Here) -> None:
    here.add(0, timezone="Europe/Berlin")
    command.json("harvest", "run", "--kind", "tags")

    rows = {row["kind"]: row for row in command.json("harvest", "list", "--account", "sim-0")}
    shown = command.run("harvest", "list").stdout

    assert set(rows) >= {"profile", "account", "audience", "media", "stories", "tags"}
    tags = rows["tags"]
    assert (tags["status"], tags["cron"], tags["timezone"]) == ("done", "0 */2 * * *", "Europe/Berlin")
    assert tags["calls"] == tags["calls_per_day"] > 0
    assert tags["last_at"].endswith("Z")
    assert (rows["media"]["last_at"], rows["media"]["calls_per_day"], rows["media"]["refused"]) == (None, 0, {})
    assert any(zone in shown for zone in (" CET", " CEST"))


@pytest.mark.usefixtures("workers")
def test_a_backfill_reads_back_to_instagrams_limit_and_says_so(command: Command, here: Here) -> None:
    here.add(0)
    since = (clock.now() - timedelta(days=400)).date().isoformat()

    done = command.run("harvest", "backfill", "--since", since, "--kind", "tags")
    again = command.json("harvest", "backfill", "--since", since, "--kind", "tags")
    noted = command.run("harvest", "backfill", "--since", since, "--kind", "media").stderr

    assert done.returncode == 0
    assert "done" in done.stdout
    assert [(row["status"], row["rows"], row["progress"]) for row in again] == [("done", 0, 1.0)]
    assert "not those of earlier days" in noted


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "2026-01-01", "--kind", "stories"], "only while it is up"),
        (["--since", "2026-01-01", "--kind", "audience"], "this week and month only"),
        (["--since", "2199-01-01"], "lies in the future"),
        (["--since", "1999-01-01"], "before Instagram"),
        (["--since", "yesterday"], "is not a time"),
        (["--since", "2026-01-01", "--account", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_read_back_is_refused(command: Command, arguments: list[str], told: str) -> None:
    done = command.run("harvest", "backfill", *arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_what_is_missing_is_shown_with_its_reason(command: Command, here: Here) -> None:
    here.add(0)
    account = here.account(0)
    assert account is not None
    with here.database.transaction() as tx:
        made = {"at": clock.now() - timedelta(days=4), "id": account.id}
        tx.execute(text("UPDATE accounts SET created_at = :at WHERE id = :id"), made)

    rows = command.json("insight", "coverage", "--kind", "account")
    shown = command.run("insight", "coverage", "--account", "sim-0", "--state", "lost")

    assert {(row["account"], row["kind"], row["state"]) for row in rows} == {("sim-0", "account", "missed")}
    assert all(list(row) == ["account", "kind", "day", "state", "why", "ig_media_ids"] for row in rows)
    assert rows[-1]["day"] == max(row["day"] for row in rows)
    assert shown.returncode == 0
    assert "profile" in shown.stdout
    assert "lost for good" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "yesterday"], "is no day"),
        (["--kind", "weather"], "unknown kind"),
        (["--state", "gone"], "unknown state"),
        (["--account", "nobody"], "nobody"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "the end is not after the beginning"),
    ],
)
def test_coverage_that_cannot_be_asked_for_is_refused(command: Command, arguments: list[str], told: str) -> None:
    done = command.run("insight", "coverage", *arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def _tags(here: Here) -> tuple[list[dict[str, Any]], list[datetime]]:
    """What is known of them, and when each was last seen."""
    with here.database.transaction() as tx:
        rows = [dict(row) for row in tx.execute(text("SELECT * FROM tags ORDER BY id")).mappings()]
    return rows, [row.pop("last_seen_at") for row in rows]


@pytest.mark.usefixtures("workers")
def test_kept_answers_are_read_again_and_nothing_is_asked_of_instagram(command: Command, here: Here) -> None:
    here.add(0)
    (read,) = command.json("harvest", "run", "--kind", "tags")
    read_until = clock.now()
    since = (clock.now() - timedelta(days=1)).date().isoformat()

    tags, seen = _tags(here)
    assert tags
    (row,) = command.json("harvest", "reread", "--since", since)
    shown = command.run("harvest", "reread", "--since", since, "--account", "sim-0")

    # Workers read the account's past meanwhile: those answers are read again too, perhaps before they are stored.
    assert (row["account"], row["status"], row["errors"]) == ("sim-0", "done", [])
    assert row["answers"] >= read["calls"]
    again, seen_again = _tags(here)
    assert again == tags
    # A run stamps its reading before it asks, a kept answer the asking itself: the same call, some microseconds on.
    assert all(first <= second <= read_until for first, second in zip(seen, seen_again, strict=True))
    assert shown.returncode == 0
    assert "the oldest answer that is kept is of" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "2199-01-01"], "--since"),
        (["--since", "2026-01-02", "--until", "2026-01-01"], "--until"),
        (["--since", "yesterday"], "is not a time"),
        (["--since", "2026-01-01", "--until", "soon"], "--until"),
        (["--since", "2026-01-01", "--account", "nobody"], "nobody"),
        (["--since", "2026-01-01"], "PRESSRUN_RAW_ANSWERS"),
        ([], "--since"),
    ],
)
def test_what_cannot_be_read_again_is_refused(command: Command, arguments: list[str], told: str) -> None:
    done = command.run("harvest", "reread", *arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def _mentioned(here: Here) -> int:
    made = here.simulator.post("/_sim/mention", account=0, kind="comment")
    account = here.account(0)
    assert account is not None
    with here.database.transaction() as tx:
        mention: Mention = make_mention(
            tx, account, ig_media_id=made["media_id"], ig_comment_id=made["comment_id"], text="hello\x1b[31m"
        )
        return mention.id


@pytest.mark.usefixtures("workers")
def test_a_mention_is_listed_and_replied_to_once(command: Command, here: Here) -> None:
    here.add(0)
    number = _mentioned(here)

    sent = command.json("mention", "reply", str(number), "--text", "Thank you!")
    second = command.run("mention", "reply", str(number), "--text", "Thank you!")
    further = command.json("mention", "reply", str(number), "--text", "And again!", "--again")
    (listed,) = command.json("mention", "list")
    shown = command.run("mention", "list").stdout

    assert (sent["state"], sent["number"], sent["text"]) == ("sent", 1, "Thank you!")
    assert second.returncode == 2
    assert "ask for a further reply" in second.stderr
    assert (further["state"], further["number"]) == ("sent", 2)
    assert (listed["id"], listed["reply"], listed["reply_comment_id"]) == (number, "sent", further["comment_id"])
    assert "\x1b" not in shown


@pytest.mark.usefixtures("workers")
def test_a_reply_that_nobody_can_read_is_decided_by_a_person(command: Command, here: Here) -> None:
    here.add(0)
    number = _mentioned(here)
    here.simulator.fault(endpoint="mention_create", mode="accept_then_reset", count=1)

    lost = command.run("mention", "reply", str(number), "--text", "Thank you!")
    decided = command.json("mention", "reply", str(number), "--sent")

    assert lost.returncode == 1
    assert f"mention reply {number} --not-sent" in lost.stdout + lost.stderr
    assert decided["state"] == "sent"
    assert command.run("mention", "reply", str(number), "--not-sent").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [["1"], ["1", "--text", " "], ["1", "--sent", "--not-sent"], ["1", "--sent", "--again"], ["1", "--text", "x"]],
)
def test_a_reply_without_sense_is_refused(command: Command, arguments: list[str]) -> None:
    done = command.run("mention", "reply", *arguments)

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.usefixtures("workers")
def test_tags_are_listed(command: Command, here: Here) -> None:
    here.add(0)
    command.json("harvest", "run", "--kind", "tags")

    rows = command.json("tag", "list", "--limit", "1", "--account", "sim-0")

    assert len(rows) == 1
    assert rows[0]["account"] == "sim-0"
    assert rows[0]["permalink"] or rows[0]["caption"]
