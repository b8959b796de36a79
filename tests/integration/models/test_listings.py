"""Tags, comments and mentions: each is one row, however often it is listed or announced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text

from models.accounts.account import Account
from models.history.comment import Comment, SeenComment, forget_announced, record_gone, see_comments
from models.history.mention import Mention, MentionState, announce_mention, record_reading, record_unreadable
from models.history.tag import SeenTag, Tag, see_tags
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_reply
from tests.integration.models.racing import race
from tests.support.statements import waits_for_a_lock
from tests.support.waiting import until

T0 = clock.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def account(shared: Database) -> Account:
    with shared.transaction() as tx:
        return make_account(tx)


class TestTags:
    def _tags(self, database: Database, account: Account) -> list[Tag]:
        with database.transaction() as tx:
            return list(tx.scalars(select(Tag).where(Tag.account_id == account.id).order_by(Tag.ig_media_id)))

    def test_listing_them_again_adds_nothing(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            assert see_tags(tx, account.id, [SeenTag("1"), SeenTag("2"), SeenTag("1")], now=T0) == 2
            assert see_tags(tx, account.id, [SeenTag("2"), SeenTag("1")], now=T0 + HOUR) == 0
            assert see_tags(tx, account.id, [SeenTag("3"), SeenTag("1")], now=T0 + 2 * HOUR) == 1

        assert [(one.ig_media_id, one.first_seen_at, one.last_seen_at) for one in self._tags(shared, account)] == [
            ("1", T0, T0 + 2 * HOUR),
            ("2", T0, T0 + HOUR),
            ("3", T0 + 2 * HOUR, T0 + 2 * HOUR),
        ]

    def test_what_was_first_seen_is_kept_as_it_was(self, shared: Database, account: Account) -> None:
        first = SeenTag("1", "someone", "a caption", "IMAGE", "https://x/p/1", T0, {"like_count": 3})
        with shared.transaction() as tx:
            see_tags(tx, account.id, [first], now=T0)
            see_tags(tx, account.id, [SeenTag("1", caption="edited", extra={"like_count": 9})], now=T0 + HOUR)

        (tag,) = self._tags(shared, account)
        assert (tag.username, tag.caption, tag.media_type, tag.permalink) == (
            "someone",
            "a caption",
            "IMAGE",
            "https://x/p/1",
        )
        assert (tag.posted_at, tag.extra) == (T0, {"like_count": 3})

    def test_an_older_listing_does_not_set_back_when_one_was_last_seen(
        self, shared: Database, account: Account
    ) -> None:
        with shared.transaction() as tx:
            see_tags(tx, account.id, [SeenTag("1")], now=T0)
            see_tags(tx, account.id, [SeenTag("1")], now=T0 - HOUR)

        assert self._tags(shared, account)[0].last_seen_at == T0

    def test_the_same_media_tags_each_account_on_its_own(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            see_tags(tx, account.id, [SeenTag("1")], now=T0)
            assert see_tags(tx, make_account(tx).id, [SeenTag("1")], now=T0) == 1

    def test_harvests_at_once_count_each_new_one_once(self, shared: Database, account: Account) -> None:
        names = [str(number) for number in range(30)]

        def harvest(shift: int) -> int:
            with shared.transaction() as tx:
                return see_tags(tx, account.id, [SeenTag(one) for one in names[shift:] + names[:shift]], now=T0)

        assert sum(race([partial(harvest, shift) for shift in range(0, 30, 5)])) == 30


class TestComments:
    def _comments(self, database: Database, account: Account) -> list[Comment]:
        with database.transaction() as tx:
            return list(tx.scalars(select(Comment).where(Comment.account_id == account.id).order_by(Comment.ig_id)))

    @pytest.mark.parametrize("shown", [True, False])
    def test_seeing_them_again_adds_nothing(self, shared: Database, account: Account, shown: bool) -> None:
        with shared.transaction() as tx:
            assert see_comments(tx, account.id, [SeenComment(one) for one in "121"], now=T0, are_shown=shown) == 2
            assert see_comments(tx, account.id, [SeenComment("1")], now=T0 + HOUR, are_shown=shown) == 0
            assert see_comments(tx, account.id, [], now=T0 + HOUR, are_shown=shown) == 0

        assert [(one.ig_id, one.first_seen_at, one.last_seen_at) for one in self._comments(shared, account)] == [
            ("1", T0, T0 + HOUR),
            ("2", T0, T0),
        ]

    def test_what_a_webhook_left_out_is_completed_by_a_listing(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            see_comments(tx, account.id, [SeenComment("1", text="as announced")], now=T0, are_shown=False)
            listed = SeenComment("1", "m1", "parent", "someone", "as announced", T0 - HOUR, False)
            see_comments(tx, account.id, [listed], now=T0 + HOUR, are_shown=True)
            see_comments(tx, account.id, [SeenComment("1")], now=T0 + 2 * HOUR, are_shown=True)

        (one,) = self._comments(shared, account)
        assert (one.text, one.ig_media_id, one.parent_ig_id, one.username, one.commented_at, one.is_hidden) == (
            "as announced",
            "m1",
            "parent",
            "someone",
            T0 - HOUR,
            False,
        )
        assert _versions(shared, one.id) == []

    def test_each_state_of_one_that_changes_is_kept(self, shared: Database, account: Account) -> None:
        states = [("hello", False), ("hello!", False), ("hello!", True), ("hello!", True), ("hello!", False)]
        told = []
        for hours, (words, is_hidden) in enumerate(states):
            with shared.transaction() as tx:
                seen = [SeenComment("1", "m1", text=words, is_hidden=is_hidden)]
                told.append(see_comments(tx, account.id, seen, now=T0 + hours * HOUR, are_shown=True))

        (one,) = self._comments(shared, account)
        assert told == [1, 1, 1, 0, 1]
        assert (one.text, one.is_hidden, one.gone_at, one.changed_at) == ("hello!", False, None, T0 + 4 * HOUR)
        assert _versions(shared, one.id) == [
            (T0, "hello", False, False),
            (T0 + HOUR, "hello!", False, False),
            (T0 + 2 * HOUR, "hello!", True, False),
            (T0 + 4 * HOUR, "hello!", False, False),
        ]

    def test_what_comes_at_the_same_moment_or_from_a_webhook_changes_nothing(
        self, shared: Database, account: Account
    ) -> None:
        with shared.transaction() as tx:
            see_comments(tx, account.id, [SeenComment("1", "m1", text="now")], now=T0, are_shown=True)
            for at, shown in ((T0, True), (T0 + HOUR, False)):
                old = [SeenComment("1", "m1", text="then", is_hidden=True)]
                assert see_comments(tx, account.id, old, now=at, are_shown=shown) == 0

        (one,) = self._comments(shared, account)
        assert (one.text, one.changed_at, _versions(shared, one.id)) == ("now", None, [])

    def test_one_that_is_gone_and_comes_back_says_both(self, shared: Database, account: Account) -> None:
        seen = [SeenComment(name, "m1", text=name) for name in ("1", "2")]
        with shared.transaction() as tx:
            see_comments(tx, account.id, [*seen, SeenComment("3", "m2")], now=T0, are_shown=True)
            see_comments(tx, account.id, seen[:1], now=T0 + HOUR, are_shown=True)
            assert record_gone(tx, account.id, "m1", unseen_since=T0 + HOUR, now=T0 + HOUR) == 1
            assert record_gone(tx, account.id, "m1", unseen_since=T0 + HOUR, now=T0 + 2 * HOUR) == 0

        there, gone, elsewhere = self._comments(shared, account)
        assert (there.gone_at, gone.gone_at, elsewhere.gone_at) == (None, T0 + HOUR, None)
        with shared.transaction() as tx:
            announced = see_comments(tx, account.id, seen, now=T0 + 3 * HOUR, are_shown=False)
        assert (announced, self._comments(shared, account)[1].gone_at) == (0, T0 + HOUR)

        with shared.transaction() as tx:
            assert see_comments(tx, account.id, seen, now=T0 + 4 * HOUR, are_shown=True) == 1
        assert self._comments(shared, account)[1].gone_at is None
        assert [(at, is_gone) for at, _, _, is_gone in _versions(shared, gone.id)] == [
            (T0, False),
            (T0 + HOUR, True),
            (T0 + 4 * HOUR, False),
        ]

    def test_a_list_from_before_it_was_deleted_brings_none_back(self, shared: Database, account: Account) -> None:
        seen = [SeenComment("1", "m1", text="hello")]
        with shared.transaction() as tx:
            see_comments(tx, account.id, seen, now=T0, are_shown=True)
            at = T0 + 2 * HOUR
            assert record_gone(tx, account.id, "m1", unseen_since=at, now=at, ig_id="1") == 1
            assert see_comments(tx, account.id, seen, now=T0 + HOUR, are_shown=True) == 0

        (one,) = self._comments(shared, account)
        assert (one.gone_at, one.last_seen_at) == (at, T0 + HOUR)
        assert [is_gone for _, _, _, is_gone in _versions(shared, one.id)] == [False, True]

    def test_an_announced_one_is_forgotten_unless_more_is_known_of_it(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            see_comments(tx, account.id, [SeenComment(one, "m1", text=one) for one in "1234"], now=T0, are_shown=False)
            comments = tx.scalars(select(Comment).where(Comment.account_id == account.id).order_by(Comment.ig_id)).all()
            make_reply(tx, comments[1])
            record_gone(tx, account.id, "m1", unseen_since=T0 + HOUR, now=T0 + HOUR, ig_id="3")
            see_comments(tx, account.id, [SeenComment("4", commented_at=T0)], now=T0 + HOUR, are_shown=True)
        with shared.transaction() as tx:
            for one in comments:
                forget_announced(tx, tx.get_one(Comment, one.id))

        assert [one.ig_id for one in self._comments(shared, account)] == ["2", "3", "4"]

    def test_one_that_is_being_answered_is_not_forgotten(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            see_comments(tx, account.id, [SeenComment("1", "m1")], now=T0, are_shown=False)
        (one,) = self._comments(shared, account)

        def forget() -> None:
            with shared.transaction() as tx:
                forget_announced(tx, tx.get_one(Comment, one.id))

        with ThreadPoolExecutor(1) as pool, shared.transaction() as tx:
            make_reply(tx, one)
            forgetting = pool.submit(forget)
            until(lambda: forgetting.done() or waits_for_a_lock(shared), what="nothing waits")
            assert not forgetting.done()
            tx.commit()
            forgetting.result(20)

        assert len(self._comments(shared, account)) == 1


def _versions(database: Database, comment_id: int) -> list[tuple[Any, ...]]:
    query = "SELECT seen_at, text, is_hidden, is_gone FROM comment_versions WHERE comment_id = :id ORDER BY seen_at"
    with database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(query), {"id": comment_id})]


class TestMentions:
    def _announce(self, database: Database, account: Account, comment: str = "") -> Mention:
        with database.transaction() as tx:
            return announce_mention(tx, account.id, ig_media_id="m1", ig_comment_id=comment, announced_at=T0)

    def _read(self, database: Database, mention_id: int, text_: str) -> None:
        with database.transaction() as tx:
            record_reading(
                tx,
                mention_id,
                username="someone",
                text_=text_,
                media_url=None,
                mentioned_at=T0,
                extra={"like_count": 1},
                now=T0 + HOUR,
            )

    def _mention(self, database: Database, mention_id: int) -> Mention:
        with database.transaction() as tx:
            return tx.get_one(Mention, mention_id)

    def test_one_that_is_announced_again_is_the_same(self, shared: Database, account: Account) -> None:
        first, again = self._announce(shared, account), self._announce(shared, account)

        assert first.id == again.id
        assert again.state == MentionState.ANNOUNCED

    def test_a_caption_and_each_comment_below_it_are_mentions_of_their_own(
        self, shared: Database, account: Account
    ) -> None:
        assert len({self._announce(shared, account, comment).id for comment in ("", "c1", "c2", "c1")}) == 3

    def test_announcements_at_once_make_one_row(self, shared: Database, account: Account) -> None:
        assert len({one.id for one in race([partial(self._announce, shared, account)] * 8)}) == 1

    def test_what_it_said_when_it_was_first_read_is_kept(self, shared: Database, account: Account) -> None:
        mention_id = self._announce(shared, account).id

        self._read(shared, mention_id, "first")
        self._read(shared, mention_id, "edited")
        with shared.transaction() as tx:
            record_unreadable(tx, mention_id, error="gone")

        mention = self._mention(shared, mention_id)
        assert (mention.state, mention.text, mention.error, mention.read_at) == (
            MentionState.READ,
            "first",
            None,
            T0 + HOUR,
        )

    def test_one_that_could_not_be_read_may_be_readable_later(self, shared: Database, account: Account) -> None:
        mention_id = self._announce(shared, account).id
        with shared.transaction() as tx:
            record_unreadable(tx, mention_id, error="comments are disabled")
        assert self._mention(shared, mention_id).error == "comments are disabled"

        self._read(shared, mention_id, "now it can be read")

        mention = self._mention(shared, mention_id)
        assert (mention.state, mention.text, mention.error) == (MentionState.READ, "now it can be read", None)
