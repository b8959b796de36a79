"""How posts are found, and how a database is reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.posts.post import find_post, posts_by_key
from models.store.session import Database, in_transaction, server_of
from pressrun import clock
from pressrun.errors import ServerUnreachable, Unknown, UsageError
from tests.factories.rows import make_account, make_post

T0 = clock.now().replace(microsecond=0)


class TestFinding:
    def test_a_post_is_found_by_its_number_and_by_its_key(self, loose: Database) -> None:
        with loose.transaction() as tx:
            post = make_post(tx, make_account(tx), key="spring-1")
            assert find_post(tx, str(post.id)).id == post.id
            assert find_post(tx, "spring-1").id == post.id

    def test_the_number_goes_before_a_key_that_looks_like_it(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            first = make_post(tx, account)
            second = make_post(tx, account, key=str(first.id))
            third = make_post(tx, account, key="900")
            assert find_post(tx, str(first.id)).id == first.id
            assert find_post(tx, str(second.id)).id == second.id
            assert find_post(tx, "900").id == third.id

    @pytest.mark.parametrize("reference", ["", "0", "nothing", "²", "9" * 30, "-1", "1.0"])
    def test_what_names_no_post_is_refused(self, loose: Database, reference: str) -> None:
        with loose.transaction() as tx:
            make_post(tx, make_account(tx))
            with pytest.raises(Unknown, match="no post has the number or key"):
                find_post(tx, reference)

    def test_posts_are_known_by_their_keys(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            ids = {key: make_post(tx, account, key=key).id for key in ("a", "b", "c")}
            found = posts_by_key(tx, ["a", "c", "z"])

        assert {key: post.id for key, post in found.items()} == {"a": ids["a"], "c": ids["c"]}

    def test_a_key_belongs_to_one_post(self, loose: Database) -> None:
        with loose.transaction() as tx:
            make_post(tx, make_account(tx), key="a")

        with pytest.raises(IntegrityError, match="uq_posts_key"), loose.transaction() as tx:
            make_post(tx, make_account(tx), key="a")


class TestDatabase:
    def test_a_transaction_commits_at_its_end_and_only_there(self, loose: Database) -> None:
        with loose.transaction() as tx:
            make_account(tx)
            with loose.transaction() as other:
                assert other.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 0

        with loose.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 1

    def test_an_exception_rolls_it_back(self, loose: Database) -> None:
        def fail() -> None:
            with loose.transaction() as tx:
                make_account(tx)
                raise RuntimeError("crash")

        with pytest.raises(RuntimeError, match="crash"):
            fail()

        with loose.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 0
        assert not in_transaction()

    def test_whether_one_is_open_is_known_in_its_own_thread(self, loose: Database) -> None:
        assert not in_transaction()
        with loose.transaction():
            with loose.transaction():
                assert in_transaction()
            assert in_transaction()
        assert not in_transaction()

    def test_every_session_counts_in_utc_and_gives_up_when_it_stalls(self, loose: Database) -> None:
        with loose.transaction() as tx:
            found = {
                name: tx.execute(text(f"SHOW {name}")).scalar_one()
                for name in ("timezone", "lock_timeout", "idle_in_transaction_session_timeout")
            }

        assert found == {"timezone": "UTC", "lock_timeout": "20s", "idle_in_transaction_session_timeout": "30s"}

    def test_a_connection_that_was_cut_while_idle_costs_nothing(self, loose: Database) -> None:
        with loose.transaction() as tx:
            mine = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with loose.standing_connection(channel="pressrun_due") as other:
            # With a timeout it returns when the process has ended, not when it has been asked to.
            assert other.execute("SELECT pg_terminate_backend(%s, 60000)", (mine,)).fetchone() == (True,)

            with loose.transaction() as tx:
                assert tx.execute(text("SELECT pg_backend_pid()")).scalar_one() != mine

    def test_its_version_is_told(self, loose: Database) -> None:
        assert int(loose.check().split(".")[0]) >= 14

    def test_a_server_that_does_not_answer_is_named_without_its_password(self, tmp_path: Path) -> None:
        database = Database(f"postgresql://someone:secret@/name?host={tmp_path}")

        with pytest.raises(ServerUnreachable) as caught:
            database.check()

        assert str(tmp_path) in str(caught.value)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("url", ["postgres://h/n", "postgresql://h/n", "postgresql+psycopg://h/n"])
    def test_every_spelling_of_a_postgres_url_is_taken(self, url: str) -> None:
        assert server_of(url) == {"host": "h", "dbname": "n"}

    @pytest.mark.parametrize("url", ["mysql://h/n", "not a url", "sqlite:///x"])
    def test_any_other_is_refused(self, url: str) -> None:
        with pytest.raises(UsageError, match="postgresql:// URL"):
            server_of(url)
