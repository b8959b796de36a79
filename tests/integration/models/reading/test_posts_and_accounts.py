"""What lists and pages show of posts and accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from models.accounts.quota import FALLBACK_TOTAL
from models.posts.event import Cause, record_event
from models.posts.states import PostState
from models.reading.accounts.accounts import list_accounts
from models.reading.posts.posts import COLUMNS, list_posts, post_page
from models.store.session import Database
from pressrun import clock
from pressrun.media.routes import Ways
from tests.factories.rows import make_account, make_post

T0 = clock.now().replace(microsecond=0)


class TestPosts:
    def test_posts_are_shown_by_the_time_they_are_due(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account, other = make_account(tx), make_account(tx)
            late, early, middle = (
                make_post(tx, one, publish_at=T0 + timedelta(hours=hours), state=state)
                for one, hours, state in ((account, 3, "staged"), (account, 1, "scheduled"), (other, 2, "staged"))
            )
            everything = list_posts(tx)
            ours = list_posts(tx, account_id=account.id)
            staged = list_posts(tx, state=PostState.STAGED)
            first = list_posts(tx, limit=1)

        assert [row.id for row in everything] == [early.id, middle.id, late.id]
        assert [row.id for row in ours] == [early.id, late.id]
        assert [row.id for row in staged] == [middle.id, late.id]
        assert [row.id for row in first] == [early.id]

    def test_a_post_is_shown_under_the_promised_names(self, loose: Database) -> None:
        sent_at = T0 + timedelta(milliseconds=1234)
        shown: dict[str, Any] = {
            "key": "k",
            "type": "reel",
            "state": "published",
            "publish_at": T0,
            "published_at": T0 + timedelta(seconds=4),
            "media_id": "1789",
            "permalink": "https://www.instagram.com/reel/x/",
            "error": None,
        }
        with loose.transaction() as tx:
            account = make_account(tx)
            post = make_post(tx, account, sent_at=sent_at, **shown)
            (row,) = list_posts(tx)

        assert tuple(row.columns()) == COLUMNS
        assert row.columns() == shown | {"id": post.id, "account": account.name, "lateness_ms": 1234}

    def test_a_page_holds_parts_and_timeline(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            post = make_post(tx, account, parts=2, wait_reason="quota")
            record_event(tx, post.id, Cause("post.queued", "queued"), from_state=None, to_state="scheduled")
            page = post_page(tx, post, Ways("auto", has_host=True, has_bucket=False))

        assert (page.post.id, page.post.account, page.post.is_waiting) == (post.id, account.name, True)
        assert [part.position for part in page.parts] == [0, 1]
        assert [(one.reason, one.to_state) for one in page.events] == [("post.queued", "scheduled")]


class TestAccounts:
    def test_they_are_listed_by_name_and_without_reading_tokens(self, loose: Database) -> None:
        with loose.transaction() as tx:
            second, first = make_account(tx, name="b"), make_account(tx, name="a", quota_total=25)
            make_post(tx, second)
            make_post(tx, second, state="canceled", next_action_at=None)
        asked: list[str] = []
        event.listen(loose.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

        with loose.transaction() as tx:
            shown = list_accounts(tx, now=clock.now())

        assert [(one.name, one.quota_total, one.posts_waiting) for one in shown] == [
            ("a", 25, 0),
            ("b", FALLBACK_TOTAL, 1),
        ]
        assert first.ig_id == shown[0].ig_id
        assert asked
        assert not [one for one in asked if "token_sealed" in one]
