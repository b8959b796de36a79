"""`pressrun post move|swap`, `account forecast` and `comment list`, as their user runs them."""

from __future__ import annotations

from datetime import timedelta

from models.accounts.account import get_account
from models.history.comment import SeenComment, see_comments
from models.history.media import SeenMedia, see_media
from pressrun import clock
from tests.factories.rows import make_post
from tests.integration.cli.conftest import Command, Here


def test_posts_are_moved_and_change_places(here: Here, command: Command) -> None:
    account = here.add(0, timezone="Europe/Oslo").account
    at = clock.now().replace(microsecond=0) + timedelta(days=1)
    with here.database.transaction() as tx:
        for number, key in enumerate(("a", "b")):
            make_post(tx, get_account(tx, account.id), key=key, publish_at=at + timedelta(hours=number), timezone="UTC")

    stale = command.run("post", "swap", "a", "b", "--other-version", "9")
    first, other = command.json("post", "swap", "a", "b", "--version", "1", "--other-version", "1")
    moved = command.json("post", "move", "a", "--at", "2030-12-24T18:30")

    assert (stale.returncode, "has been changed since" in stale.stderr) == (2, True)
    assert (first["key"], first["publish_at"] > other["publish_at"]) == ("a", True)
    assert moved["publish_at"] == "2030-12-24T18:30:00Z"
    past = command.run("post", "move", "a", "--at", "2020-12-24T18:30")
    assert (past.returncode, "--at" in past.stderr, "--late" in past.stderr) == (2, True, True)
    assert command.run("post", "swap", "a", "a").returncode == 2
    assert command.run("post", "swap", "a", "c").returncode == 2


def test_what_is_ahead_and_what_was_said(here: Here, command: Command) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        make_post(tx, get_account(tx, account.id), publish_at=clock.now() + timedelta(days=1))
        see_comments(
            tx, account.id, [SeenComment("c1", "1", username="ana", text="hi")], now=clock.now(), are_shown=True
        )
        see_media(tx, account.id, [SeenMedia("2")], now=clock.now())

    told = command.json("account", "forecast", "sim-0", "--days", "3")

    assert (told["containers_total"], [day["posts"] for day in told["days"]]) == (400, [0, 1, 0])
    shown = command.run("account", "forecast", "sim-0", "--days", "3")
    assert "0 of 50 publishes; 0 of 400 containers" in shown.stderr
    assert [one["text"] for one in command.json("comment", "list", "--media", "1")] == ["hi"]
    assert command.json("comment", "list", "--media", "2") == []
    unknown = command.run("comment", "list", "--media", "3")
    assert (unknown.returncode, "no media has the id '3'" in unknown.stderr) == (2, True)
