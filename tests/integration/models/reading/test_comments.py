"""Comments stand in the order in which they were written, and page after page shows each of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from models.reading.history.comments import CommentsThat, newest_comments
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_comment


def _pages(database: Database, behind: tuple[datetime, int] | None = None) -> list[str]:
    seen: list[str] = []
    with database.transaction() as tx:
        while found := newest_comments(tx, None, limit=2, behind=behind):
            seen += [str(one.text) for one in found]
            behind = found[-1].place
    return seen


def test_comments_are_listed_by_when_they_were_written(database: Database) -> None:
    now = clock.now()
    with database.transaction() as tx:
        account = make_account(tx)
        make_comment(tx, account, text="today, told by no list yet")
        for days in (9, 2, 30, 2):  # as a first harvest of old media finds them
            make_comment(tx, account, text=f"{days} days", commented_at=now - timedelta(days=days))

    assert _pages(database) == ["today, told by no list yet", "2 days", "2 days", "9 days", "30 days"]


def test_no_comment_is_passed_over_when_it_turns_out_older_between_two_pages(database: Database) -> None:
    now = clock.now()
    with database.transaction() as tx:
        account = make_account(tx)
        for number in range(4):
            make_comment(tx, account, text=str(number), first_seen_at=now - timedelta(hours=number))
        first = newest_comments(tx, None, limit=2)
        tx.execute(text("UPDATE comments SET commented_at = :at WHERE text = '2'"), {"at": now - timedelta(days=9)})

    assert [one.text for one in first] == ["0", "1"]
    assert _pages(database, first[-1].place) == ["3", "2"]


def test_a_page_of_many_comments_is_read_by_an_index(database: Database) -> None:
    with database.transaction() as tx:
        account = make_account(tx)
        told = {"account": account.id, "now": clock.now()}
        tx.execute(
            text(
                "INSERT INTO comments (account_id, ig_id, commented_at, extra, first_seen_at, last_seen_at) "
                "SELECT :account, n::text, :now - n * interval '1 minute', '{}', :now, :now "
                "FROM generate_series(1, 5000) n"
            ),
            told,
        )
        tx.execute(text("ANALYZE comments"))
        plan = tx.scalars(
            text(
                "EXPLAIN SELECT id FROM comments WHERE account_id = :account "
                "AND (coalesce(commented_at, first_seen_at), id) < (:now, 9) "
                "ORDER BY coalesce(commented_at, first_seen_at) DESC, id DESC LIMIT 51"
            ),
            told,
        ).all()

    assert "Index Scan Backward using ix_comments_written_at" in "\n".join(plan)
    assert "Sort" not in "\n".join(plan)


def test_an_accounts_own_comment_waits_for_nobody(database: Database) -> None:
    with database.transaction() as tx:
        account = make_account(tx, name="alma", username="alma.bakes")
        for username in ("alma.bakes", "zoe", None):
            make_comment(tx, account, username=username, text=str(username))

        waiting = newest_comments(tx, account.id, that=CommentsThat.WAIT, limit=9)
        of_all = newest_comments(tx, account.id, limit=9)

    assert {one.text for one in waiting} == {"zoe", "None"}
    assert len(of_all) == 3
