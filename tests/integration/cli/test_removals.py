"""`account remove` and `account erase-person`: they say what they will do, ask, and say what they did."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.accounts.account import Account
from models.history.comment import Comment, SeenComment, see_comments
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_attempt, make_post
from tests.factories.worlds import make_lived_in_account
from tests.integration.cli.conftest import Command


@pytest.fixture
def account(database: Database) -> Account:
    with database.transaction() as tx:
        account = make_lived_in_account(tx, now=clock.now())
        account.name = "harbour-bakery"
        see_comments(
            tx, account.id, [SeenComment("1", username="ana", text="thanks \x1b[31m")], now=clock.now(), are_shown=True
        )
        return account


def _is_there(database: Database) -> bool:
    with database.transaction() as tx:
        return tx.scalar(select(Account.name)) is not None


class TestRemoving:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "either --keep-history or --erase-history"),
            (["--keep-history", "--erase-history", "--yes"], "either --keep-history or --erase-history"),
            (["--erase-history"], "--yes"),
            (["--erase-history", "--json"], "--yes"),
        ],
    )
    def test_it_does_nothing_that_was_not_chosen_and_confirmed(
        self, command: Command, account: Account, database: Database, arguments: list[str], told: str
    ) -> None:
        done = command.run("account", "remove", account.name, *arguments)

        assert done.returncode == 2
        assert told in done.stderr
        assert _is_there(database)

    def test_a_dry_run_says_what_it_would_do(self, command: Command, account: Account, database: Database) -> None:
        told = command.json("account", "remove", account.name, "--erase-history", "--dry-run")
        shown = command.run("account", "remove", account.name, "--erase-history", "--dry-run").stdout

        assert (told["account"], told["erases"], told["posts_canceled"]) == ("harbour-bakery", True, 1)
        assert told["rows"]["comments"] == 2
        assert "comments" in shown
        assert "to be erased" in shown
        assert _is_there(database)

    def test_it_is_erased_and_said(self, command: Command, account: Account, database: Database) -> None:
        done = command.json("account", "remove", account.name, "--erase-history", "--yes", "--why", "a letter")

        assert (done["keeps_history"], done["rows"]["accounts"], done["rows"]["comments"]) == (False, 1, 2)
        assert not _is_there(database)
        assert command.json("account", "list") == []

    def test_it_is_kept_and_said(self, command: Command, account: Account) -> None:
        done = command.run("account", "remove", account.name, "--keep-history", "--yes")

        assert done.returncode == 0
        assert "its history is kept" in done.stdout
        (shown,) = command.json("account", "list")
        assert (shown["name"], shown["state"]) == ("harbour-bakery", "removed")
        assert command.run("account", "resume", account.name).returncode == 2

    def test_what_is_in_the_way_is_told(self, command: Command, account: Account, database: Database) -> None:
        with database.transaction() as tx:
            post = make_post(
                tx, tx.get_one(Account, account.id), state="published", published_at=clock.now(), media_id="5"
            )
            post.first_comment = "hi"
            make_attempt(tx, post, action="comment", state="unknown")
            first_part(tx, post).media_id = "5"

        for more in (["--yes"], ["--yes", "--json"]):
            done = command.run("account", "remove", account.name, "--erase-history", *more)
            assert done.returncode == 2
            assert f"post {post.id}" in done.stderr
        assert _is_there(database)

    def test_an_account_that_nobody_knows(self, command: Command) -> None:
        assert command.run("account", "remove", "nobody", "--keep-history", "--yes").returncode == 2


class TestErasingAPerson:
    @pytest.mark.usefixtures("account")
    def test_it_is_asked_for_done_and_said(self, command: Command, database: Database) -> None:
        unasked = command.run("account", "erase-person", "@ana")
        looked = command.json("account", "erase-person", "@ana", "--dry-run")
        shown = command.run("account", "erase-person", "@ana", "--dry-run").stdout
        with database.transaction() as tx:
            assert len(tx.scalars(select(Comment).where(Comment.username == "ana")).all()) == 2

        done = command.json("account", "erase-person", "@ana", "--yes", "--why", "request 17")
        again = command.run("account", "erase-person", "@ana", "--yes")

        assert unasked.returncode == 2
        assert "--yes" in unasked.stderr
        assert looked == done
        assert done["names"] == ["ana"]
        assert done["rows"]["comments"] == 2
        assert "would be blanked" in shown
        assert again.returncode == 2
        with database.transaction() as tx:
            assert set(tx.scalars(select(Comment.username))) == {None}

    @pytest.mark.parametrize(("said", "told"), [("two words", "neither a user name"), ("nobody", "nothing of nobody")])
    def test_who_cannot_be_meant(self, command: Command, said: str, told: str) -> None:
        done = command.run("account", "erase-person", said, "--yes")

        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr

    def test_an_account_of_ones_own(self, command: Command, account: Account) -> None:
        done = command.run("account", "erase-person", f"@{account.username}", "--yes")

        assert done.returncode == 2
        assert "pressrun account remove" in done.stderr
