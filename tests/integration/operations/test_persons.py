"""Erasing a person: nothing of them is left in any table, others and counts stay, and nothing brings them back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from models.accounts.account import Account
from models.erasing.ends import ENDS
from models.erasing.erasure import Erasure, subject_of
from models.harvests import raw_answer
from models.harvests.raw_answer import Answer, RawAnswer, packed, unpacked
from models.history.comment import Comment, SeenComment, see_comments
from models.history.mention import Mention, announce_comment, announce_mention, record_reading
from models.history.tag import SeenTag, Tag, see_tags
from models.hooks.inbox import InboxEvent, NewChange, store_changes
from models.posts.event import Cause, record_event, timeline
from models.posts.post import Post
from models.publishing.attempt import Attempt
from models.publishing.reply import Reply
from operations.accounts.removals import erase, look_at_person
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown
from tests.factories.rows import (
    first_part,
    make_account,
    make_attempt,
    make_inbox_event,
    make_mention,
    make_post,
    make_reply,
)
from worker.harvests.reread import reread

NOW = clock.now()
ANA, IGSID, OWN_ID = "ana.lima_7", "6511223344556677", "6598765432100001"
SECRET = "only ana could say this"
FROM_ANA = {"from_id": IGSID, "self_ig_scoped_id": OWN_ID, "media_product_type": "FEED"}
LISTED = {
    "data": [
        {
            "id": "c1", "username": "Ana.Lima_7", "text": SECRET, "timestamp": "2026-01-01T00:00:00+0000",
            "like_count": 4, "from": {"id": IGSID, "username": ANA},
            "replies": {"data": [{"id": "c2", "username": "bob", "text": f"thanks @{ANA}!", "like_count": 1}]},
        },
        {"id": "c3", "username": "bob", "text": f"@{ANA}xx is somebody else", "like_count": 2},
    ]
}  # fmt: skip
TAGGED = {
    "data": [
        {
            "id": "t1", "username": ANA, "caption": SECRET, "permalink": "https://www.instagram.com/p/ana/",
            "like_count": 9, "media_type": "CAROUSEL_ALBUM", "children": {"data": [{"id": "t2", "media_url": "https://x/ana.jpg"}]},
        }
    ]
}  # fmt: skip
WEBHOOK = {
    "id": "c1", "text": SECRET, "from": {"id": IGSID, "username": ANA, "self_ig_scoped_id": OWN_ID},
    "media": {"id": "m1", "media_product_type": "FEED"},
}  # fmt: skip


@pytest.fixture
def account(ctx: Context) -> Account:
    """An account to which Ana has written in every way, and Bob too."""
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        hers = SeenComment("c1", "m1", username="Ana.Lima_7", text=SECRET, extra=FROM_ANA | {"like_count": 4})
        listed = SeenComment("c9", "m1", username=ANA, text=SECRET)
        his = SeenComment("c2", "m1", "c1", username="bob", text=f"thanks @{ANA.upper()}, and @{ANA}xx")
        see_comments(tx, account.id, [hers, listed, his], now=NOW, are_shown=True)
        announce_comment(tx, account.id, hers, announced_at=NOW)
        make_mention(
            tx, account, ig_media_id="m2", ig_comment_id="", username=ANA, text=SECRET, media_url="https://x/a"
        )
        make_mention(tx, account, ig_media_id="m3", ig_comment_id="c5", username="bob", text="hello")
        tags = [
            SeenTag(
                "t1", ANA, SECRET, "IMAGE", "https://www.instagram.com/p/ana/", NOW, {"media_url": "x", "likes": 9}
            ),
            SeenTag("t3", "bob", f"with @{ANA}"),
        ]
        see_tags(tx, account.id, tags, now=NOW)
        change = NewChange(account.id, "instagram", account.ig_id, "comments", WEBHOOK, NOW)
        store_changes(tx, [change])
        make_inbox_event(tx, account_id=account.id, value={"id": "c2", "text": f"hi @{ANA}", "from": {"id": "22"}})
        for number, (endpoint, path, answer) in enumerate(
            (
                ("GET /{media}/comments", "m1/comments", LISTED),
                ("GET /{ig}/tags", f"{account.ig_id}/tags", TAGGED),
                ("GET /{ig}/insights", f"{account.ig_id}/insights", {"data": []}),
            )
        ):
            body = packed(json.dumps(answer).encode())
            kept = Answer(number, NOW, endpoint, {"path": path, "params": {}}, body)
            raw_answer.keep_answers(tx, [kept], run_id=1, account_id=account.id, api_version="v25.0")
    return account


def _everything(ctx: Context) -> str:
    """Every word of the database, answers unpacked."""
    with ctx.database.transaction() as tx:
        words = [
            str(row)
            for table in ENDS
            for row in tx.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t"))  # noqa: S608 - our own names
        ]
        words += [json.dumps(unpacked(one.body)) for one in tx.scalars(select(RawAnswer))]
    return "\n".join(words).lower()


def _counts(ctx: Context) -> dict[str, int]:
    with ctx.database.transaction() as tx:
        return {
            table: tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ENDS
            if table != "erasures"
        }


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("said", [ANA, "@Ana.Lima_7", IGSID, OWN_ID])
def test_no_word_of_hers_is_left_anywhere_and_no_row_is_gone(ctx: Context, said: str) -> None:
    before = _counts(ctx)

    found = erase(ctx, OWNER, said)

    words = _everything(ctx)
    assert SECRET not in words
    assert IGSID not in words
    assert OWN_ID not in words
    assert words.count(ANA) == words.count(f"@{ANA}xx") == 2  # the other one, whose name begins alike
    assert "/p/ana/" not in words
    assert "ana.jpg" not in words
    assert _counts(ctx) == before | {"audit": before["audit"] + 1}  # that it was done, and not of whom
    assert set(found.rows) == {"comments", "mentions", "tags", "inbox_events", "raw_answers"}


@pytest.mark.usefixtures("account")
def test_a_look_finds_the_same_and_changes_nothing(ctx: Context) -> None:
    before = _everything(ctx)

    looked = look_at_person(ctx, OWNER, ANA)

    assert _everything(ctx) == before
    assert (looked.names, looked.ids) == ((ANA,), (IGSID, OWN_ID))
    assert dict(looked.rows) == {"comments": 3, "mentions": 2, "tags": 2, "inbox_events": 2, "raw_answers": 2}
    assert erase(ctx, OWNER, ANA) == looked


@pytest.mark.usefixtures("account")
def test_what_others_said_stays_but_for_her_name(ctx: Context) -> None:
    erase(ctx, OWNER, ANA)

    with ctx.database.transaction() as tx:
        his = tx.scalars(select(Comment).where(Comment.ig_id == "c2")).one()
        hers = tx.scalars(select(Comment).where(Comment.ig_id == "c1")).one()
        tags = {tag.ig_media_id: tag for tag in tx.scalars(select(Tag))}
        raw = [unpacked(one.body) for one in tx.scalars(select(RawAnswer).order_by(RawAnswer.number))]
    assert (his.username, his.text, his.erased_at) == ("bob", f"thanks @[erased], and @{ANA}xx", None)
    assert (hers.username, hers.text, hers.extra) == (None, None, {"like_count": 4})
    assert hers.erased_at is not None
    assert (tags["t3"].username, tags["t3"].caption) == ("bob", "with @[erased]")
    assert (tags["t1"].caption, tags["t1"].permalink, tags["t1"].extra) == (None, None, {"likes": 9})
    comment, other = raw[0]["data"]
    assert (comment["id"], comment["text"], comment["like_count"]) == ("c1", "[erased]", 4)
    assert comment["timestamp"] == "2026-01-01T00:00:00+0000"
    assert comment["replies"]["data"][0] == {
        "id": "c2",
        "username": "bob",
        "text": "thanks @[erased]!",
        "like_count": 1,
    }
    assert other == LISTED["data"][1]


def test_nothing_that_is_read_again_brings_her_back(ctx: Context, account: Account) -> None:
    erase(ctx, OWNER, ANA)
    seen = SeenComment("c1", "m1", username=ANA, text=SECRET, extra=FROM_ANA)

    with ctx.database.transaction() as tx:
        see_comments(tx, account.id, [seen], now=NOW + timedelta(1), are_shown=True)
        see_tags(tx, account.id, [SeenTag("t1", ANA, SECRET)], now=NOW + timedelta(1))
        announce_comment(tx, account.id, seen, announced_at=NOW)
        mention = announce_mention(tx, account.id, ig_media_id="m2", ig_comment_id="", announced_at=NOW)
        _read_again(tx, mention.id, NOW)
        store_changes(tx, [NewChange(account.id, "instagram", account.ig_id, "comments", WEBHOOK, NOW)])
        for raw in tx.scalars(select(RawAnswer).where(RawAnswer.number < 2)):
            reread(tx, [raw])

    assert SECRET not in _everything(ctx)
    with ctx.database.transaction() as tx:
        assert tx.scalar(select(Comment.username).where(Comment.ig_id == "c1")) is None


def _read_again(tx: Any, mention_id: int, now: datetime) -> None:
    told: dict[str, Any] = {"username": ANA, "text_": SECRET, "media_url": None, "mentioned_at": None, "extra": {}}
    record_reading(tx, mention_id, now=now, **told)


def test_an_event_of_hers_that_waits_is_ended_and_one_that_names_her_goes_on(ctx: Context, account: Account) -> None:
    erase(ctx, OWNER, ANA)

    with ctx.database.transaction() as tx:
        hers, his = tx.scalars(select(InboxEvent).order_by(InboxEvent.id))
    assert (hers.next_action_at, hers.error, hers.claim) == (None, "who sent it was erased", 1)
    assert hers.handled_at is not None
    assert (his.handled_at, his.value["text"]) == (None, "hi @[erased]")
    assert his.next_action_at is not None
    assert account.id == his.account_id


class TestReplies:
    def _replied(self, ctx: Context, account: Account, state: str) -> int:
        with ctx.database.transaction() as tx:
            mention = tx.scalars(select(Mention).where(Mention.ig_media_id == "m2")).one()
            over = {"next_action_at": None} if state == "sent" else {}
            sent = {"comment_id": "r1", "settled_at": NOW, "intent_at": NOW} if state == "sent" else {}
            reply = make_reply(tx, mention, text="dear Ana, …", state=state, **over, **sent)
            tx.execute(text("UPDATE attempts SET words = 'dear Ana, …'"))
            assert account.id == reply.account_id
            return reply.id

    def test_what_was_said_to_her_goes_too(self, ctx: Context, account: Account) -> None:
        reply_id = self._replied(ctx, account, "sent")

        found = erase(ctx, OWNER, ANA)

        with ctx.database.transaction() as tx:
            reply = tx.get_one(Reply, reply_id)
        assert (reply.text, reply.state, reply.comment_id) == ("[erased]", "sent", "r1")
        assert "dear ana" not in _everything(ctx)
        assert (found.rows["replies"], found.rows["attempts"]) == (1, 1)

    @pytest.mark.parametrize("state", ["queued", "unknown"])
    def test_not_while_it_is_under_way(self, ctx: Context, account: Account, state: str) -> None:
        self._replied(ctx, account, state)
        before = _everything(ctx)

        with pytest.raises(NotPossible) as refused:
            erase(ctx, OWNER, ANA)

        assert refused.value.type == "person.busy"
        assert _everything(ctx) == before


def test_errors_that_name_her_name_nobody_any_more(ctx: Context, account: Account) -> None:
    """A comment of hers said the same as one of ours that was lost: the post and its timeline name her."""
    why = f"a comment with the same words stands there under another name (@{ANA}, @bob)"
    with ctx.database.transaction() as tx:
        post = make_post(
            tx,
            account,
            state="published",
            published_at=NOW,
            media_id="7",
            permalink="x",
            next_action_at=None,
            error=why,
        )
        post.first_comment, post.missing = "hi", {"comment": why}
        first_part(tx, post).media_id = "7"
        record_event(tx, post.id, Cause("comment.needs_review", why), from_state="published", to_state="published")
        record_event(tx, post.id, Cause("post.published", "live"), from_state="published", to_state="published")
        reading = {"perhaps": {"1": ANA}, "ours": {}, "after": "x", "began_at": NOW.isoformat()}
        make_attempt(tx, post, action="comment", state="needs_review", message=why, reading=reading)

    found = erase(ctx, OWNER, ANA)

    told = "a comment with the same words stands there under another name (@[erased], @bob)"
    with ctx.database.transaction() as tx:
        seen = tx.get_one(Post, post.id)
        attempt = tx.scalars(select(Attempt)).one()
        messages = [event.message for event in timeline(tx, post.id)]
        record = tx.scalars(select(Erasure)).one()
        events = [event.id for event in timeline(tx, post.id)]
    assert (seen.error, seen.missing, messages) == (told, {"comment": told}, [told, "live"])
    assert (attempt.message, attempt.reading) == (told, None)
    assert record.rows == {"post_events": events[:1]}
    assert {name: found.rows[name] for name in ("posts", "post_events", "attempts")} == {
        "posts": 1,
        "post_events": 1,
        "attempts": 1,
    }


@pytest.mark.usefixtures("account")
def test_it_is_on_record_without_her_name(ctx: Context) -> None:
    found = erase(ctx, OWNER, f"@{ANA}", why="request 17")

    with ctx.database.transaction() as tx:
        (record,) = tx.scalars(select(Erasure))
    salt = (record.subject or "").partition(":")[0]
    assert record.subject == subject_of(ANA, salt=salt)
    assert (record.kind, record.why, record.asked_by, record.account) == ("person_erased", "request 17", "owner", None)
    assert record.counts == dict(found.rows)


@pytest.mark.usefixtures("account")
def test_there_is_nothing_to_erase_twice(ctx: Context) -> None:
    erase(ctx, OWNER, ANA)

    for said in (ANA, IGSID):
        with pytest.raises(Unknown):
            erase(ctx, OWNER, said)


@pytest.mark.parametrize(
    ("said", "error", "type_"),
    [
        ("", Invalid, "person.malformed"),
        ("two words", Invalid, "person.malformed"),
        ("a'); DROP TABLE comments; --", Invalid, "person.malformed"),
        ("x" * 31, Invalid, "person.malformed"),
        ("@", Invalid, "person.malformed"),
        ("nobody", Unknown, "person.unknown"),
        ("99999", Unknown, "person.unknown"),
        ("%", Invalid, "person.malformed"),
        ("_", Unknown, "person.unknown"),
    ],
)
@pytest.mark.usefixtures("account")
def test_who_cannot_be_meant_is_refused(ctx: Context, said: str, error: type[Exception], type_: str) -> None:
    before = _everything(ctx)

    for ask in (look_at_person, erase):
        with pytest.raises(error) as refused:
            ask(ctx, OWNER, said)
        assert getattr(refused.value, "type", None) == type_
    assert _everything(ctx) == before


def test_an_account_of_ones_own_is_no_such_person(ctx: Context, account: Account) -> None:
    for said in (account.username or "", account.ig_id):
        with pytest.raises(NotPossible) as refused:
            erase(ctx, OWNER, said)
        assert refused.value.type == "person.is_account"


class TestNamesThatChange:
    def test_under_a_name_of_several_the_id_has_to_be_said(self, ctx: Context, account: Account) -> None:
        with ctx.database.transaction() as tx:
            heir = SeenComment("h1", username=ANA, text="the name is mine now", extra={"from_id": "777"})
            see_comments(tx, account.id, [heir], now=NOW, are_shown=True)

        with pytest.raises(Conflict) as refused:
            erase(ctx, OWNER, ANA)
        assert refused.value.type == "person.ambiguous"
        found = erase(ctx, OWNER, IGSID)

        assert found.warnings
        with ctx.database.transaction() as tx:
            texts = {one.ig_id: one.text for one in tx.scalars(select(Comment))}
        assert (texts["c1"], texts["h1"]) == (None, "the name is mine now")

    def test_the_same_name_with_another_id_at_another_account_is_the_same_person(
        self, ctx: Context, account: Account
    ) -> None:
        with ctx.database.transaction() as tx:
            other = make_account(tx)
            see_comments(
                tx,
                other.id,
                [SeenComment("o1", username=ANA, text=SECRET, extra={"from_id": "5"})],
                now=NOW,
                are_shown=True,
            )
        assert other.id != account.id

        assert erase(ctx, OWNER, ANA).ids == ("5", IGSID, OWN_ID)
        assert SECRET not in _everything(ctx)

    def test_other_names_of_the_same_id_are_told(self, ctx: Context, account: Account) -> None:
        with ctx.database.transaction() as tx:
            before = SeenComment("b1", username="ana_before", text=SECRET, extra={"from_id": IGSID})
            see_comments(tx, account.id, [before], now=NOW, are_shown=True)

        found = erase(ctx, OWNER, ANA)

        assert found.also_called == ("ana_before",)
        assert SECRET not in _everything(ctx)  # by its id


def test_what_the_account_itself_published_is_left_and_told(ctx: Context, account: Account) -> None:
    with ctx.database.transaction() as tx:
        make_post(tx, account, caption=f"with @{ANA}")
        make_post(tx, account, params={"user_tags": [{"username": ANA}]})
        make_post(tx, account, caption=f"with @{ANA}xx")

    assert dict(erase(ctx, OWNER, ANA).left) == {"own posts": 2}


def test_whoever_may_not(ctx: Context, account: Account) -> None:
    assert account.id
    with pytest.raises(NotAllowed):
        erase(ctx, Asker("publisher", frozenset({Scope.READ, Scope.PUBLISH})), ANA)
