"""Comments on own media: answered once, hidden, shown again and deleted, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from models.accounts.account import get_account
from models.history.comment import Comment
from models.owed.claims import take
from models.owed.gate import Purpose
from models.owed.presence import Presence
from models.upkeep.sweeping import sweep
from operations.history import comments, mentions
from operations.history.inquiries import outcome
from operations.operation import OWNER
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, PressrunError, Unknown
from tests.integration.hooks.conftest import Desk
from worker.asked import comments as wishes
from worker.asking import Asking, Stopping


def _comment(desk: Desk, index: int, *, is_known: bool = True) -> tuple[int, str]:
    """Somebody comments on media of the account, as its list has shown; our number of it, and Instagram's."""
    account_id = desk.join(index)
    said = desk.simulator.post("/_sim/comment", account=index, text="How much is it?")
    add = """
        INSERT INTO comments
               (account_id, ig_id, ig_media_id, text, is_hidden, commented_at, first_seen_at, last_seen_at)
        VALUES (:account, :id, :media, 'How much is it?', false, now(), now(), now()) RETURNING id
    """
    told = {"account": account_id, "id": said["comment_id"], "media": said["media_id"]}
    return int(desk.one(add, **told).id), said["comment_id"]


def _on_instagram(desk: Desk, index: int, comment: str) -> dict[str, Any]:
    answer: dict[str, Any] = desk.simulator.http.get(
        f"/v25.0/{comment}",
        params={"fields": "hidden,replies{text}"},
        headers={"Authorization": f"Bearer {desk.simulator.token(index)}"},
    ).json()
    return answer


def _replies(desk: Desk, index: int, comment: str) -> list[str]:
    return [one["text"] for one in _on_instagram(desk, index, comment).get("replies", {"data": []})["data"]]


class TestReplying:
    @pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
    def test_it_stands_below_the_comment_once(self, desk: Desk, index: int) -> None:
        comment_id, ig_id = _comment(desk, index)
        reply_id = comments.reply(desk.context, OWNER, comment_id, " 4 euros ")
        with pytest.raises(Conflict, match="has a reply that is queued"):
            comments.reply(desk.context, OWNER, comment_id, "4 euros", again=True)

        desk.work("reply")

        told = mentions.show_reply(desk.context, OWNER, reply_id)
        assert (told.comment, told.mention, told.state, told.number) == (comment_id, None, "sent", 1)
        assert _replies(desk, index, ig_id) == ["4 euros"]
        shown = comments.show(desk.context, OWNER, comment_id)
        assert (shown.reply, shown.reply_comment_id) == ("sent", told.comment_id)
        with pytest.raises(Conflict, match="ask for a further reply"):
            comments.reply(desk.context, OWNER, comment_id, "4 euros")
        comments.reply(desk.context, OWNER, comment_id, "or 3", again=True)
        desk.work("reply")
        assert sorted(_replies(desk, index, ig_id)) == ["4 euros", "or 3"]

    @pytest.mark.parametrize("mode", ["accept_then_500", "accept_then_reset"])
    def test_a_lost_answer_is_looked_for_and_nothing_is_sent_again(self, desk: Desk, mode: str) -> None:
        comment_id, ig_id = _comment(desk, 2)
        desk.simulator.fault(endpoint="reply_create", mode=mode, account=2, nth=1)
        reply_id = comments.reply(desk.context, OWNER, comment_id, "4 euros")
        desk.work("reply")
        assert mentions.show_reply(desk.context, OWNER, reply_id).state == "unknown"

        desk.work("reply")

        assert mentions.show_reply(desk.context, OWNER, reply_id).state == "sent"
        assert desk.one("SELECT sends, settled_by FROM replies WHERE id = :id", id=reply_id) == (1, "reading")
        assert _replies(desk, 2, ig_id) == ["4 euros"]

    def test_below_a_reply_nobody_can_read_it_and_a_person_decides(self, desk: Desk) -> None:
        comment_id, _ = _comment(desk, 4)
        desk.sql("UPDATE comments SET parent_ig_id = '1'")
        desk.simulator.fault(endpoint="reply_create", mode="refuse_500", account=4, nth=1)
        comments.reply(desk.context, OWNER, comment_id, "4 euros")
        desk.work("reply")
        for _ in range(3):
            desk.sql("UPDATE attempts SET intent_at = intent_at - interval '6 minutes'")
            desk.work("reply")

        assert comments.show(desk.context, OWNER, comment_id).reply == "needs_review"
        told = comments.resolve(desk.context, OWNER, comment_id, was_sent=False)
        assert (told.comment, told.state) == (comment_id, "failed")

    def test_what_is_a_mention_too_is_answered_as_one_of_both(self, desk: Desk) -> None:
        comment_id, ig_id = _comment(desk, 6)
        add = """
            INSERT INTO mentions (account_id, ig_media_id, ig_comment_id, state, announced_at)
            SELECT account_id, ig_media_id, ig_id, 'read', now() FROM comments WHERE ig_id = :id RETURNING id
        """
        mention_id = desk.one(add, id=ig_id).id
        comments.reply(desk.context, OWNER, comment_id, "4 euros")
        with pytest.raises(Conflict, match=f"comment {comment_id} has a reply that is queued"):
            mentions.reply(desk.context, OWNER, mention_id, "4 euros")
        desk.work("reply")

        with pytest.raises(Conflict, match=f"mention {mention_id} was replied to"):
            mentions.reply(desk.context, OWNER, mention_id, "4 euros")

    def test_it_goes_with_its_comment_when_that_is_old(self, desk: Desk) -> None:
        comment_id, _ = _comment(desk, 8)
        comments.reply(desk.context, OWNER, comment_id, "4 euros")
        desk.work("reply")
        desk.sql("UPDATE comments SET first_seen_at = '2020-01-01', last_seen_at = '2020-01-01'")

        def left() -> int:
            with desk.database.transaction() as tx:
                sweep(tx, before=clock.now() - timedelta(days=400), now=clock.now(), limit=100)
            return int(desk.one("SELECT count(*) AS n FROM comments").n)

        assert left() == 1
        desk.sql("UPDATE replies SET settled_at = '2020-01-01', created_at = '2020-01-01'")
        assert left() == 0
        assert desk.one("SELECT count(*) AS n FROM replies").n == 0

    def test_bad_input_is_refused(self, desk: Desk) -> None:
        comment_id, _ = _comment(desk, 0)
        with pytest.raises(Invalid):
            comments.reply(desk.context, OWNER, comment_id, " \n")
        with pytest.raises(Unknown):
            comments.reply(desk.context, OWNER, 10**9, "x")
        with pytest.raises(NotPossible, match="nothing to resolve"):
            comments.resolve(desk.context, OWNER, comment_id, was_sent=True)
        desk.sql("UPDATE comments SET gone_at = now()")
        with pytest.raises(NotPossible, match="is gone"):
            comments.reply(desk.context, OWNER, comment_id, "x")
        for wish in (comments.hide, comments.unhide, comments.delete):
            with pytest.raises(NotPossible, match="is gone"):
                wish(desk.context, OWNER, comment_id)


class TestHiding:
    @pytest.mark.parametrize("index", [10, 11], ids=["Facebook Login", "Instagram Login"])
    def test_it_is_hidden_and_shown_again_and_that_is_known(self, desk: Desk, index: int) -> None:
        comment_id, ig_id = _comment(desk, index)
        steps: tuple[tuple[Callable[..., int], bool], ...] = ((comments.hide, True), (comments.unhide, False))
        for wish, is_hidden in steps:
            inquiry = wish(desk.context, OWNER, comment_id)
            assert comments.show(desk.context, OWNER, comment_id).wish == wish.__name__
            assert wish(desk.context, OWNER, comment_id) == inquiry
            other = comments.unhide if is_hidden else comments.hide
            with pytest.raises(Conflict, match="under way"):
                other(desk.context, OWNER, comment_id)

            desk.work("inquiry")

            [row] = outcome(desk.context, OWNER, inquiry).rows
            assert row == {"comment_id": comment_id, "is_hidden": is_hidden}
            shown = comments.show(desk.context, OWNER, comment_id)
            assert (shown.is_hidden, shown.wish) == (is_hidden, None)
            assert _on_instagram(desk, index, ig_id)["hidden"] is is_hidden
        states = desk.one("SELECT array_agg(is_hidden ORDER BY seen_at) AS told FROM comment_versions").told
        assert states == [False, True, False]

    @pytest.mark.parametrize("mode", ["accept_then_500", "refuse_500"])
    def test_a_lost_answer_is_no_matter(self, desk: Desk, mode: str) -> None:
        comment_id, ig_id = _comment(desk, 12)
        desk.simulator.fault(endpoint="comment_update", mode=mode, account=12, nth=1)
        comments.hide(desk.context, OWNER, comment_id)
        desk.work("inquiry")
        desk.work("inquiry")

        assert comments.show(desk.context, OWNER, comment_id).is_hidden
        assert _on_instagram(desk, 12, ig_id)["hidden"] is True

    def test_what_instagram_refuses_is_said(self, desk: Desk) -> None:
        comment_id, _ = _comment(desk, 14)
        desk.simulator.fault(endpoint="comment_update", mode="refuse", code=100, account=14, nth=1)
        inquiry = comments.hide(desk.context, OWNER, comment_id)
        desk.work("inquiry")

        with pytest.raises(PressrunError):
            outcome(desk.context, OWNER, inquiry)
        shown = comments.show(desk.context, OWNER, comment_id)
        assert (shown.wish, shown.wish_state, shown.is_hidden) == ("hide", "refused", False)
        assert shown.error

    @pytest.mark.parametrize(
        ("index", "scope"), [(13, "instagram_business_manage_comments"), (14, "instagram_manage_comments")]
    )
    def test_a_permission_that_lacks_is_said(self, desk: Desk, index: int, scope: str) -> None:
        comment_id, _ = _comment(desk, index)
        desk.simulator.fault(endpoint="comment_delete", mode="refuse", code=10, account=index, nth=1)
        inquiry = comments.delete(desk.context, OWNER, comment_id)
        desk.work("inquiry")

        with pytest.raises(PressrunError, match=f"does not let sim-{index} do this; it takes the permission {scope}:"):
            outcome(desk.context, OWNER, inquiry)

    @pytest.mark.parametrize("wish", [comments.hide, comments.unhide, comments.delete])
    def test_an_account_that_is_paused_changes_nothing(self, desk: Desk, wish: Callable[..., int]) -> None:
        comment_id, ig_id = _comment(desk, 3)
        desk.sql("UPDATE accounts SET state = 'paused'")
        inquiry = wish(desk.context, OWNER, comment_id)
        desk.work("inquiry")

        with pytest.raises(NotPossible, match="is paused") as told:
            outcome(desk.context, OWNER, inquiry)
        assert told.value.type == "account.held_back"
        assert _on_instagram(desk, 3, ig_id)["hidden"] is False
        shown = comments.show(desk.context, OWNER, comment_id)
        assert (shown.is_hidden, shown.gone_at) == (False, None)

    def test_a_worker_that_has_lost_the_row_changes_nothing(self, desk: Desk) -> None:
        comment_id, ig_id = _comment(desk, 5)
        inquiry = comments.hide(desk.context, OWNER, comment_id)
        [hint] = desk.claim("inquiry")
        presence = Presence(desk.database)
        presence.absent_holders()
        try:
            with desk.database.transaction() as tx:
                lease = take(tx, "inquiries", inquiry, hint.claim, lease_s=30.0, holder=presence.number)
                account = get_account(tx, tx.get_one(Comment, comment_id).account_id)
            assert lease is not None
            asking = Asking(replace(desk.worker, presence=presence), lease, account, Purpose.PUBLISH)
            desk.sql("UPDATE inquiries SET claim = claim + 1")

            for late in (partial(wishes.hide, is_hidden=True), partial(wishes.delete, may_be_done=False)):
                with pytest.raises(Stopping):
                    late(asking, comment_id)
        finally:
            presence.leave()

        assert _on_instagram(desk, 5, ig_id)["hidden"] is False
        assert comments.show(desk.context, OWNER, comment_id).gone_at is None

    @pytest.mark.parametrize("mode", [None, "accept_then_500"])
    def test_one_that_is_deleted_is_gone(self, desk: Desk, mode: str | None) -> None:
        comment_id, ig_id = _comment(desk, 15)
        if mode:
            desk.simulator.fault(endpoint="comment_delete", mode=mode, account=15, nth=1)
        inquiry = comments.delete(desk.context, OWNER, comment_id)
        desk.work("inquiry")
        desk.work("inquiry")

        assert outcome(desk.context, OWNER, inquiry).rows == [{"comment_id": comment_id, "is_gone": True}]
        assert comments.show(desk.context, OWNER, comment_id).gone_at is not None
        assert "error" in _on_instagram(desk, 15, ig_id)
