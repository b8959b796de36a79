"""The first comment: once, never from an account that is held, and never silently missing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row, text

from models.accounts.account import Login, break_account, get_account
from models.accounts.account_name import names_of
from models.connecting.joining import NewAccount, join_account
from models.owed.seizing import seize
from models.posts.post import Post
from models.posts.states import PostState
from models.reading.posts.posts import show_post
from models.reading.upkeep.health import incomplete_posts
from pressrun import clock, failpoints
from pressrun.errors import NotPossible
from pressrun.vault import Vault
from scheduler.posts.completing import resolve_comment, retry_missing
from tests.factories.rows import KEY
from tests.support.bench import Bench
from tests.support.waiting import until
from worker.once import search
from worker.publishing.aftercare import MOST_PERMALINK_TRIES
from worker.publishing.first_comment import MOST_SENDS

WORDS = "more in the shop, @ana"


def name_of(bench: Bench) -> str:
    return str(bench.simulator.http.get("/_sim/accounts").json()[0]["username"])


def comments(bench: Bench, media_id: str | None, *, token: str | None = None) -> list[str]:
    answer = bench.simulator.http.get(
        f"/v25.0/{media_id}/comments", params={"access_token": token or bench.simulator.token(0)}
    ).raise_for_status()
    return [one["text"] for one in answer.json()["data"]]


@pytest.mark.parametrize("state", ["paused", "broken", "blocked"])
def test_a_held_account_does_not_comment_until_it_goes_on(bench: Bench, state: str) -> None:
    post_id = bench.post(bench.account(0), first_comment="more in the shop")
    media_id = bench.drive(post_id).media_id
    hold = "UPDATE accounts SET state = :state, state_until = now() + interval '1 day'"
    with bench.database.transaction() as tx:
        tx.execute(text(hold), {"state": state})

    for _ in range(3):
        bench.hurry()
        bench.step()

    post = bench.read(post_id)
    assert (post.state, post.wait_reason, post.comment_id) == (PostState.PUBLISHED, "account", None)
    assert comments(bench, media_id) == []
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET state = 'active', state_until = NULL"))
    assert bench.settle(post_id).comment_id
    assert comments(bench, media_id) == ["more in the shop"]


def published(bench: Bench, **over: Any) -> tuple[int, str]:
    """A live post that is owed its first comment, and its media."""
    post_id = bench.post(bench.account(0, **over), first_comment=WORDS)
    media_id = bench.drive(post_id).media_id
    assert media_id is not None
    return post_id, media_id


def settle(bench: Bench, post_id: int) -> Post:
    """Steps until nothing is owed; the minutes for which a comment is doubted are taken as passed."""

    def settled() -> Post | None:
        bench.hurry()
        with bench.database.transaction() as tx:
            tx.execute(
                text(
                    "UPDATE attempts SET intent_at = intent_at - interval '6 minutes'"
                    " WHERE state = 'unknown' AND intent_at > now() - interval '5 minutes'"
                )
            )
        bench.step()
        post = bench.read(post_id)
        return post if post.next_action_at is None else None

    return until(settled, what=lambda: bench.story(post_id))


def notices(bench: Bench) -> list[Row[Any]]:
    with bench.database.transaction() as tx:
        return list(tx.execute(text("SELECT kind, post_id, message, detail FROM notices ORDER BY id")))


def calls(bench: Bench) -> int:
    return int(bench.simulator.report()["calls"].get("comment_create", 0))


class TestOneThatIsNotThere:
    @pytest.fixture(params=[10, 100])
    def given_up(self, bench: Bench, request: pytest.FixtureRequest) -> int:
        """A post whose comment Instagram has refused for good."""
        post_id, _ = published(bench)
        bench.simulator.fault(endpoint="comment_create", mode="refuse", code=request.param, count=1)
        settle(bench, post_id)
        return post_id

    def test_says_so_wherever_somebody_looks(self, bench: Bench, given_up: int) -> None:
        post = bench.read(given_up)

        assert (post.state, post.error_class, calls(bench)) == (PostState.PUBLISHED, "incomplete", 1)
        assert "the first comment does not stand" in (post.error or "")
        assert ".. " not in (post.error or "")  # Instagram's sentences end by themselves
        assert bench.events(given_up).count("comment.given_up") == 1
        with bench.database.transaction() as tx:
            assert show_post(tx, given_up).error == post.error
            assert incomplete_posts(tx) == {"comment": 1}
        (told,) = notices(bench)
        code = bench.value("SELECT code FROM attempts WHERE action = 'comment'")
        assert (told.kind, told.post_id, told.message) == ("post.incomplete", given_up, post.error)
        assert told.detail["code"] == code

    def test_is_tried_again_when_a_person_asks(self, bench: Bench, given_up: int) -> None:
        with bench.database.transaction() as tx:
            retry_missing(tx, given_up, now=clock.now())
        assert bench.read(given_up).error is None

        post = settle(bench, given_up)

        assert (post.error, post.missing) == (None, None)
        assert comments(bench, post.media_id) == [WORDS]

    def test_is_there_when_a_person_has_written_it(self, bench: Bench, given_up: int) -> None:
        with bench.database.transaction() as tx:
            resolve_comment(tx, given_up, was_sent=True, now=clock.now())

        post = bench.read(given_up)
        assert (post.error, post.missing, post.next_action_at) == (None, None, None)
        assert len(notices(bench)) == 1
        with pytest.raises(NotPossible, match="lacks nothing"), bench.database.transaction() as tx:
            retry_missing(tx, given_up, now=clock.now())
        with pytest.raises(NotPossible, match="nothing is to be said"), bench.database.transaction() as tx:
            resolve_comment(tx, given_up, was_sent=True, now=clock.now())

    def test_ends_after_a_bounded_number_of_tries(self, bench: Bench) -> None:
        post_id, _ = published(bench)
        bench.simulator.fault(endpoint="comment_create", mode="refuse_500", count=100)

        post = settle(bench, post_id)

        assert "first comment does not stand" in (post.error or "")
        assert calls(bench) == MOST_SENDS


def test_a_refused_token_breaks_the_account_and_the_comment_goes_on_with_the_next(bench: Bench) -> None:
    post_id, media_id = published(bench, name="bakery")
    bench.simulator.post("/_sim/token", account=0, action="expire")
    for _ in range(3):
        bench.hurry()
        bench.step()
    assert bench.value("SELECT state FROM accounts") == "broken"
    assert (bench.read(post_id).error, calls(bench) <= 1) == (None, True)

    token = bench.simulator.post("/_sim/token", account=0, action="rotate")["token"]
    with bench.database.transaction() as tx:
        join_account(tx, NewAccount(Login.FACEBOOK, bench.simulator.ig_id(0), "bakery", token), Vault([KEY]))
    post = settle(bench, post_id)

    assert post.comment_id
    assert comments(bench, media_id, token=token) == [WORDS]


def test_a_late_refusal_of_an_old_token_breaks_nothing(bench: Bench) -> None:
    account = bench.account(0)

    with bench.database.transaction() as tx:
        assert not break_account(tx, account.id, token_seen="v1:an older one", reason="refused")
        assert get_account(tx, account.id).state == "active"
        assert break_account(tx, account.id, token_seen=account.token_sealed, reason="refused")


def test_nor_does_that_of_a_comment_and_it_follows(bench: Bench) -> None:
    post_id, media_id = published(bench)
    account_id = bench.read(post_id).account_id
    bench.simulator.fault(endpoint="comment_create", mode="refuse", code=190, status=401, count=1)
    renewed = NewAccount(Login.FACEBOOK, bench.simulator.ig_id(0), "bakery", bench.simulator.token(0))

    def renew() -> None:
        with bench.database.transaction() as tx:
            join_account(tx, renewed, Vault([KEY]))

    with failpoints.watched(lambda name: renew() if name == "comment.after_intent" and not calls(bench) else None):
        until(lambda: bench.step() and calls(bench))

    with bench.database.transaction() as tx:
        assert get_account(tx, account_id).state == "active"
    assert bench.read(post_id).wait_reason is None
    assert settle(bench, post_id).comment_id
    assert comments(bench, media_id) == [WORDS]


class TestIdentity:
    def test_a_renamed_account_knows_its_comment(self, bench: Bench) -> None:
        post_id, media_id = published(bench, username=name_of(bench))
        bench.simulator.fault(endpoint="comment_create", mode="accept_then_500", count=1)
        until(lambda: bench.step() and calls(bench))
        bench.simulator.post("/_sim/account", account=0, username="the.new.bakery")

        post = settle(bench, post_id)

        assert post.comment_id
        assert (comments(bench, media_id), calls(bench)) == ([WORDS], 1)
        with bench.database.transaction() as tx:
            assert "the.new.bakery" in names_of(tx, post.account_id)

    def test_the_authors_id_decides_where_the_answer_tells_it(self, bench: Bench) -> None:
        post_id, media_id = published(bench, username=name_of(bench))
        bench.simulator.fault(endpoint="comment_create", mode="accept_then_500", count=1)
        until(lambda: bench.step() and calls(bench))
        ours = [
            {"pointer": "/data/0/username", "value": "a.name.of.nobody"},
            {"pointer": "/data/0/from", "value": {"id": bench.simulator.ig_id(0)}},
        ]
        bench.simulator.fault(endpoint="media_comments", mode="altered", changes=ours)

        post = settle(bench, post_id)

        bench.simulator.clear_faults()
        assert post.comment_id, bench.story(post_id)
        assert (comments(bench, media_id), calls(bench)) == ([WORDS], 1)

    def test_the_same_words_under_another_name_go_to_a_person(self, bench: Bench) -> None:
        post_id, media_id = published(bench, username=name_of(bench))
        bench.simulator.fault(endpoint="comment_create", mode="refuse_500", count=1)
        until(lambda: bench.step() and calls(bench))
        bench.simulator.post("/_sim/comment", account=0, media_id=media_id, text=WORDS)

        post = settle(bench, post_id)

        assert "cannot be told" in (post.error or "")
        assert calls(bench) == 1
        assert [(one.kind, one.message) for one in notices(bench)] == [("comment.needs_review", post.error)]
        with pytest.raises(NotPossible, match="may stand"), bench.database.transaction() as tx:
            retry_missing(tx, post_id, now=clock.now())
        with bench.database.transaction() as tx:
            resolve_comment(tx, post_id, was_sent=False, now=clock.now())
            assert len(notices(bench)) == 1  # who said it knows it
            retry_missing(tx, post_id, now=clock.now())
        assert settle(bench, post_id).comment_id
        assert comments(bench, media_id) == [WORDS, WORDS]


class TestAnAddressThatCannotBeRead:
    """Best effort, and never in silence."""

    @pytest.fixture
    def unread(self, bench: Bench) -> int:
        post_id = bench.post(bench.account(0))
        bench.drive(post_id)
        bench.simulator.fault(endpoint="media_node", mode="flake_100_33")
        bench.settle(post_id)
        return post_id

    def test_it_ends_after_some_tries_and_the_post_says_so(self, bench: Bench, unread: int) -> None:
        post = bench.read(unread)

        assert (post.state, post.permalink, post.tries) == (PostState.PUBLISHED, None, MOST_PERMALINK_TRIES)
        assert bench.simulator.report()["calls"]["media_node"] == MOST_PERMALINK_TRIES
        assert (post.error_class, list(post.missing or {})) == ("incomplete", ["permalink"])
        assert f"could not be read in {MOST_PERMALINK_TRIES} tries" in (post.error or "")
        assert [(one.kind, one.message) for one in notices(bench)] == [("post.incomplete", post.error)]

    def test_it_is_told_once_however_often_the_post_is_come_back_to(self, bench: Bench, unread: int) -> None:
        with bench.database.transaction() as tx:
            seize(tx, "posts", unread, due_at=clock.now())  # as when an answer to its comment comes late

        post = bench.settle(unread)

        assert list(post.missing or {}) == ["permalink"]
        assert len(notices(bench)) == 1

    def test_it_is_read_when_a_person_asks_again(self, bench: Bench, unread: int) -> None:
        bench.simulator.clear_faults()
        with bench.database.transaction() as tx:
            retry_missing(tx, unread, now=clock.now())

        post = bench.settle(unread)

        assert post.permalink
        assert (post.error, post.missing, len(notices(bench))) == (None, None, 1)


@pytest.mark.cost(cpu_s=8)
@pytest.mark.parametrize("pages", [10, 2], ids=["in one step", "in several"])
def test_four_pages_of_newer_comments_do_not_hide_it(bench: Bench, pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_PAGES", pages)
    post_id, media_id = published(bench, username=name_of(bench))
    bench.simulator.fault(endpoint="comment_create", mode="accept_then_500", count=1)
    until(lambda: bench.step() and calls(bench))
    for _ in range(205):
        bench.simulator.post("/_sim/comment", account=0, media_id=media_id)

    post = settle(bench, post_id)

    assert (bool(post.comment_id), calls(bench)) == (True, 1), bench.story(post_id)


def test_a_list_that_is_never_read_to_its_end_proves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_PAGES", 0)
    post_id, _ = published(bench)
    bench.simulator.fault(endpoint="comment_create", mode="refuse_500", count=1)
    until(lambda: bench.step() and calls(bench))
    for _ in range(3):
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE attempts SET intent_at = intent_at - interval '7 hours' WHERE action = 'comment'"))
        bench.hurry()
        bench.step()
    assert bench.value("SELECT state FROM attempts WHERE action = 'comment'") == "unknown"

    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE attempts SET intent_at = intent_at - interval '7 hours' WHERE action = 'comment'"))
    post = bench.settle(post_id)

    assert "a day after the call" in (post.error or "")
    assert calls(bench) == 1
