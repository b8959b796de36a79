"""Design §8.1 and §8.3: whatever becomes of the answer to media_publish, the post is live once, with its media id."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from models.accounts.account import Account
from models.accounts.block import lift
from models.posts.states import PostState
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from tests.support.bench import Bench
from tests.support.waiting import until

ACCEPTED = (
    "accept_then_hang",
    "accept_then_reset",
    "accept_then_500",
    "accept_then_2207051",
    "accept_then_fatal",
    "accept_then_html",
    "accept_then_truncated",
    "accept_then_empty",
)
UNTOUCHED = ("refuse_500", "refuse_2207051", "refuse_fatal", "reset", "hang", "html", "empty", "truncated_json")
PROVED = ("not_ready", "quota")


def unblock(bench: Bench) -> None:
    """2207051 holds the account back for hours; what follows then is what is tested."""
    with bench.database.transaction() as tx:
        for account in tx.scalars(select(Account)):
            lift(tx, account.id, now=clock.now())


@pytest.mark.parametrize("mode", ACCEPTED)
def test_an_accepted_publish_is_found_by_reading(bench: Bench, mode: str) -> None:
    post_id = bench.post(bench.account(0), caption=f"lost answer: {mode}")
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode=mode, nth=1)

    bench.drive(post_id, PostState.UNCERTAIN)
    unblock(bench)
    post = bench.drive(post_id)

    ledger = bench.simulator.publishes()
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert [entry["media_id"] for entry in ledger] == [post.media_id]
    assert bench.simulator.report()["calls"]["media_publish"] == 1, "it was sent again"


@pytest.mark.parametrize("mode", UNTOUCHED)
def test_a_publish_that_did_nothing_is_sent_again_with_the_same_container(bench: Bench, mode: str) -> None:
    post_id = bench.post(bench.account(0), caption=f"did nothing: {mode}")
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode=mode, nth=1)

    bench.drive(post_id, PostState.UNCERTAIN)
    unblock(bench)
    post = bench.drive(post_id, timeout_s=60)

    ledger = bench.simulator.publishes()
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert [entry["media_id"] for entry in ledger] == [post.media_id]
    assert bench.value("SELECT count(*) FROM containers") == 1


@pytest.mark.parametrize("mode", PROVED)
def test_a_refusal_that_proves_itself_is_not_reconciled(bench: Bench, mode: str) -> None:
    post_id = bench.post(bench.account(0), caption=f"refused: {mode}")
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode=mode, nth=1)
    bench.hurry()
    bench.step()
    with bench.database.transaction() as tx:  # a while later: Instagram's figure is read again
        tx.execute(text("UPDATE accounts SET quota_read_at = now() - interval '10 minutes'"))

    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert "publish.unknown" not in bench.events(post_id)
    assert len(bench.simulator.publishes()) == 1


@pytest.mark.parametrize("kind", ["story", "carousel", "reel"])
def test_a_lost_answer_is_matched_by_type(bench: Bench, kind: str) -> None:
    columns = {
        "story": {"type": "story", "media": "story.jpg"},
        "carousel": {"type": "carousel", "media": "feed.jpg|feed-2.jpg", "caption": "same words"},
        "reel": {"type": "reel", "media": "reel.mp4", "caption": "same words"},
    }[kind]
    account = bench.account(1)
    other = bench.post(account, type="image", media="feed.jpg", caption="same words")
    bench.drive(other)
    post_id = bench.post(account, **columns)
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode="accept_then_reset", nth=1)

    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert post.media_id == bench.simulator.publishes()[-1]["media_id"]


def test_a_story_of_several_whose_sender_died_is_concluded_by_the_first_reading(bench: Bench) -> None:
    post_id = bench.post(bench.account(0), type="story", media="story.jpg|feed-2.jpg")
    bench.drive(post_id, PostState.STAGED)
    with failpoints.watched(die_after_the_first_answer()):
        bench.drive(post_id, PostState.PUBLISHING)

        bench.hurry()
        bench.step()

        assert bench.events(post_id)[-2:] == ["publish.lost_sight", "publish.succeeded"], bench.story(post_id)
        assert bench.drive(post_id).state == PostState.PUBLISHED
    assert len(bench.simulator.publishes()) == 2


def die_after_the_first_answer() -> Callable[[str], None]:
    reached: list[str] = []

    def watcher(name: str) -> None:
        reached.append(name)
        if name == "publish.after_response" and reached.count(name) == 1:
            raise FailpointRaised(name)

    return watcher


def test_two_lost_answers_that_look_alike_are_never_guessed(bench: Bench) -> None:
    account = bench.account(0)
    posts = [bench.post(account, caption="twins", key=f"twin-{number}") for number in range(2)]
    bench.simulator.fault(endpoint="media_publish", mode="accept_then_reset", count=2)
    for post_id in posts:
        bench.drive(post_id, PostState.UNCERTAIN)

    for _ in range(5):
        bench.hurry()
        bench.step()

    assert [bench.read(post_id).state for post_id in posts] == [PostState.UNCERTAIN, PostState.UNCERTAIN]
    assert len(bench.simulator.publishes()) == 2
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE attempts SET intent_at = intent_at - interval '25 hours'"))
    for post_id in posts:
        post = bench.drive(post_id)
        assert post.state == PostState.NEEDS_REVIEW, bench.story(post_id)
        assert post.error
    assert len(bench.simulator.publishes()) == 2


def test_a_list_of_which_an_item_cannot_be_read_does_not_prove_that_nothing_was_done(bench: Bench) -> None:
    post_id = bench.post(bench.account(0), caption="did nothing, and the list is odd")
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode="refuse_500", nth=1)
    bench.drive(post_id, PostState.UNCERTAIN)
    bench.simulator.fault(endpoint="user_media", mode="altered", pointer="/data/0", value=None)
    proved_at = bench.value("SELECT intent_at FROM attempts") + bench.settings.settle + 3 * bench.settings.settle_gap

    def has_looked_long_enough() -> bool:
        bench.hurry()
        bench.step()
        return bool(clock.now() > proved_at)

    until(has_looked_long_enough, what=lambda: bench.story(post_id))
    assert bench.read(post_id).state == PostState.UNCERTAIN, bench.story(post_id)

    bench.simulator.clear_faults()
    assert bench.drive(post_id).state == PostState.PUBLISHED, bench.story(post_id)
    assert bench.simulator.report()["calls"]["media_publish"] == 2
