"""What a person may still want of a queued post, in every state: done, or refused with the reason."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from models.accounts.account import find_account
from models.posts.event import Cause
from models.posts.part import parts_of
from models.posts.slot import WeeklyTime, occurrences
from models.posts.states import PostState, transition
from pressrun import clock
from pressrun.errors import NotPossible, PressrunError
from pressrun.network.hints import Task
from scheduler.posts import changing
from scheduler.posts.editing import edit_post
from scheduler.slots import add_slots, parse_days, parse_time
from tests.support.bench import Bench

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_SENDING = (PostState.SCHEDULED, PostState.STAGING, PostState.STAGED)


def staged(bench: Bench, **columns: str) -> int:
    post_id = bench.post(bench.account(0), **columns)
    bench.drive(post_id, PostState.STAGED)
    return post_id


@pytest.mark.parametrize("state", BEFORE_SENDING)
def test_a_cancel_before_the_intent_wins(bench: Bench, state: PostState) -> None:
    post_id = bench.post(bench.account(0), publish_at="+1h")
    bench.drive(post_id, state)

    with bench.database.transaction() as tx:
        changing.cancel(tx, post_id, why="wrong picture")

    bench.hurry()
    assert bench.step() == 0
    assert bench.read(post_id).state == PostState.CANCELED
    assert bench.simulator.publishes() == []


def test_a_cancel_after_the_post_went_out_says_so(bench: Bench) -> None:
    post_id = bench.post(bench.account(0))
    bench.drive(post_id)

    with pytest.raises(NotPossible, match="has gone out as media"), bench.database.transaction() as tx:
        changing.cancel(tx, post_id)


def test_cancel_and_publish_at_the_same_moment_never_both_win(bench: Bench) -> None:
    account = bench.account(0)
    for number in range(8):
        post_id = bench.post(account, caption=f"race {number}")
        bench.drive(post_id, PostState.STAGED, hurry=False)
        gate = threading.Barrier(2)
        canceled: list[bool] = []

        def cancel(post_id: int = post_id, gate: threading.Barrier = gate, canceled: list[bool] = canceled) -> None:
            gate.wait()
            try:
                with bench.database.transaction() as tx:
                    changing.cancel(tx, post_id)
                canceled.append(True)
            except PressrunError:
                canceled.append(False)

        rival = threading.Thread(target=cancel)
        rival.start()
        gate.wait()
        bench.step(Task.POST_PUBLISH)
        rival.join()
        post = bench.drive(post_id)

        live = [entry for entry in bench.simulator.publishes() if entry["caption"] == f"race {number}"]
        assert (post.state == PostState.CANCELED) == canceled[0], bench.story(post_id)
        assert len(live) == (0 if canceled[0] else 1), bench.story(post_id)


@pytest.mark.parametrize("state", BEFORE_SENDING)
def test_a_paused_post_waits_and_a_resumed_one_goes_out(bench: Bench, state: PostState) -> None:
    post_id = bench.post(bench.account(0), publish_at="+1h")
    bench.drive(post_id, state)
    with bench.database.transaction() as tx:
        changing.pause(tx, post_id)
    bench.hurry()
    assert bench.step() == 0

    with bench.database.transaction() as tx:
        changing.resume(tx, post_id, bench.settings)

    assert bench.drive(post_id).state == PostState.PUBLISHED
    assert len(bench.simulator.publishes()) == 1


def test_an_edit_after_staging_drops_the_container(bench: Bench) -> None:
    post_id = staged(bench, publish_at="+1h", caption="tpyo")

    report = edit_post(bench.database, bench.settings, post_id, {"caption": "typo"}, base=bench.media_folder)

    assert not report.problems
    bench.drive(post_id)
    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["typo"]


def test_an_edit_of_the_media_replaces_the_parts(bench: Bench) -> None:
    post_id = staged(bench, publish_at="+1h", type="carousel", media="feed.jpg|feed-2.jpg")

    changes = {"media": "feed-2.jpg|reel.mp4|feed.jpg", "alt_text": "one"}
    report = edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder)

    assert not report.problems
    with bench.database.transaction() as tx:
        parts = parts_of(tx, post_id)
    assert [part.source for part in parts] == [None, "feed-2.jpg", "reel.mp4", "feed.jpg"]
    assert bench.drive(post_id).state == PostState.PUBLISHED
    assert len(bench.simulator.publishes()[0]["children"]) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"caption": "x" * 2201}, "2200"),
        ({"media": "story.mp4"}, "video"),
        ({"publish_at": "2020-01-01T00:00"}, "past"),
        ({"trial": "manual"}, "takes none"),
    ],
)
def test_a_bad_edit_changes_nothing(bench: Bench, changes: dict[str, str], said: str) -> None:
    post_id = staged(bench, publish_at="+1h")
    before = bench.read(post_id)

    report = edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder)

    assert said in " ".join(map(str, report.problems))
    after = bench.read(post_id)
    assert (after.state, after.caption, after.claim) == (before.state, before.caption, before.claim)


def test_a_failed_post_can_be_retried(bench: Bench) -> None:
    post_id = bench.post(bench.account(0))
    bench.simulator.fault(endpoint="media", mode="fail_processing", count=10)
    bench.drive(post_id)
    assert bench.read(post_id).error
    bench.simulator.clear_faults()

    with bench.database.transaction() as tx:
        changing.retry(tx, post_id, bench.settings, now=clock.now())

    post = bench.drive(post_id)
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert post.error is None


def in_review(bench: Bench) -> tuple[int, str]:
    """A post whose publish was accepted and whose fate nobody could read; with the media id that it truly has."""
    post_id = staged(bench, caption="in doubt")
    bench.simulator.fault(endpoint="media_publish", mode="accept_then_reset", nth=1)
    bench.drive(post_id, PostState.UNCERTAIN)
    with bench.database.transaction() as tx:
        told = Cause("reconcile.needs_review", "set by a test")
        transition(tx, post_id, from_=PostState.UNCERTAIN, to=PostState.NEEDS_REVIEW, claim=None, cause=told)
        tx.execute(text("UPDATE attempts SET state = 'needs_review'"))
    return post_id, bench.simulator.publishes()[0]["media_id"]


def test_a_person_resolves_a_post_as_published(bench: Bench) -> None:
    post_id, media_id = in_review(bench)

    with bench.database.transaction() as tx:
        changing.resolve_published(tx, post_id, media_id, now=clock.now())

    post = bench.read(post_id)
    assert (post.state, post.media_id) == (PostState.PUBLISHED, media_id)
    assert bench.settle(post_id).permalink


def test_a_person_resolves_a_post_as_not_published(bench: Bench) -> None:
    post_id, _ = in_review(bench)

    with bench.database.transaction() as tx:
        changing.resolve_not_published(tx, post_id, now=clock.now())

    assert bench.read(post_id).state == PostState.FAILED
    assert bench.value("SELECT state FROM quota_entries") == "released"


def test_a_paused_account_holds_its_posts_and_a_resumed_one_lets_them_go(bench: Bench) -> None:
    post_id = staged(bench)
    with bench.database.transaction() as tx:
        changing.pause_account(tx, find_account(tx, "sim-0"), why="holiday")
    bench.hurry()
    bench.step()
    assert bench.read(post_id).wait_reason == "account"

    with bench.database.transaction() as tx:
        assert changing.resume_account(tx, find_account(tx, "sim-0"), now=clock.now()) == 1

    assert bench.drive(post_id).state == PostState.PUBLISHED


def test_a_late_post_expires_and_says_how_late_it_was(bench: Bench) -> None:
    post_id = bench.post(bench.account(0), max_lateness="60s")
    moved = time.monotonic()
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '2 minutes'"))

    post = bench.drive(post_id)

    took_s = time.monotonic() - moved
    assert post.state == PostState.EXPIRED
    told = re.search(r"it would be (\d+) s late", post.error or "")
    assert told is not None, post.error
    assert 120 <= int(told[1]) <= 121 + took_s
    assert bench.simulator.publishes() == []


def test_late_posts_take_the_next_free_slots_of_their_account(bench: Bench) -> None:
    account = bench.account(0, timezone="America/New_York")
    with bench.database.transaction() as tx:
        at = parse_time(f"{clock.now().astimezone(NEW_YORK) + timedelta(hours=6):%H:%M}")
        times = [WeeklyTime(day, at) for day in parse_days("daily")]
        add_slots(tx, account.id, times)
    columns = {"publish_at": "+20m", "max_lateness": "60s", "if_late": "next_slot"}
    late = [bench.post(account, caption=f"late {number}", **columns) for number in (0, 1)]
    for post_id in late:
        bench.drive(post_id, PostState.STAGED, hurry=False)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '2 minutes', next_action_at = now()"))

    bench.step()

    moved = [bench.read(post_id) for post_id in late]
    assert {post.publish_at for post in moved} == set(islice(occurrences(times, NEW_YORK, after=clock.now()), 2))
    for post in moved:
        assert post.state == PostState.SCHEDULED
        assert post.next_action_at == post.publish_at - bench.settings.stage_ahead
        assert bench.events(post.id)[-1] == "post.moved"
    assert bench.simulator.publishes() == []
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now()"))
    for post in moved:
        assert bench.drive(post.id).state == PostState.PUBLISHED
    assert sorted(entry["caption"] for entry in bench.simulator.publishes()) == ["late 0", "late 1"]


def test_a_late_post_without_slots_left_expires_and_says_so(bench: Bench) -> None:
    account = bench.account(0)
    with bench.database.transaction() as tx:
        add_slots(tx, account.id, [WeeklyTime(1, parse_time("09:00"))])
    post_id = bench.post(account, max_lateness="60s", if_late="next_slot")
    with bench.database.transaction() as tx:
        tx.execute(text("DELETE FROM slots"))
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '2 minutes'"))

    post = bench.drive(post_id)

    assert post.state == PostState.EXPIRED
    assert "no posting slots" in (post.error or "")


def test_stories_that_expire_or_fail_half_way_say_how_many_went_out(bench: Bench) -> None:
    late, refused = (
        bench.post(
            bench.account(number), type="story", media="story.jpg|feed-2.jpg", publish_at="+20m", max_lateness="60s"
        )
        for number in range(2)
    )
    for post_id in (late, refused):
        bench.drive(post_id, PostState.STAGED, hurry=False)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now(), next_action_at = now()"))
    bench.step(Task.POST_PUBLISH)
    bench.simulator.fault(endpoint="media_publish", mode="refuse", code=200, status=403, account=1)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '2 minutes' WHERE id = :id"), {"id": late})

    posts = [bench.drive(post_id) for post_id in (late, refused)]

    assert [post.state for post in posts] == [PostState.EXPIRED, PostState.FAILED]
    assert all((post.error or "").startswith("1 of 2 went out; ") for post in posts), [post.error for post in posts]
    assert len(bench.simulator.publishes()) == 2


def test_a_backlog_goes_out_oldest_first_with_a_distance(bench: Bench) -> None:
    account = bench.account(0)
    posts = [bench.post(account, caption=f"backlog {number}", publish_at="+20m") for number in range(3)]
    for post_id in posts:
        bench.drive(post_id, PostState.STAGED, hurry=False)
    with bench.database.transaction() as tx:
        for number, post_id in enumerate(reversed(posts)):
            tx.execute(
                text("UPDATE posts SET publish_at = now() - :late, next_action_at = now() WHERE id = :id"),
                {"late": timedelta(minutes=5 + number), "id": post_id},
            )

    bench.step(Task.POST_PUBLISH)

    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["backlog 0"]
    waits = {post_id: bench.read(post_id) for post_id in posts[1:]}
    assert {post.wait_reason for post in waits.values()} == {"spacing"}
    distance = waits[posts[2]].next_action_at - waits[posts[1]].next_action_at  # type: ignore[operator]
    assert distance >= timedelta(seconds=5)


def test_an_accounts_own_spacing_holds_for_posts_of_the_same_second(bench: Bench) -> None:
    account = bench.account(0, min_spacing_s=120)
    posts = [bench.post(account, caption=f"spaced {number}", publish_at="+20m") for number in range(3)]
    for post_id in posts:
        bench.drive(post_id, PostState.STAGED, hurry=False)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now(), next_action_at = now()"))

    bench.step(Task.POST_PUBLISH)

    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["spaced 0"]
    waits = [bench.read(post_id) for post_id in posts[1:]]
    assert [post.wait_reason for post in waits] == ["spacing", "spacing"]
    dates = [post.next_action_at for post in waits]
    assert dates[1] - dates[0] >= timedelta(seconds=115)  # type: ignore[operator]
    with bench.database.transaction() as tx:  # the distance has passed for the second, not for the third
        tx.execute(text("UPDATE attempts SET intent_at = intent_at - interval '121 seconds'"))
    bench.hurry()
    bench.step(Task.POST_PUBLISH)
    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["spaced 0", "spaced 1"]


def test_a_full_window_makes_the_post_wait_for_the_moment_it_frees(
    bench: Bench,
) -> None:
    post_id = staged(bench)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET quota_total = 2, quota_usage = 2, quota_read_at = now()"))

    bench.hurry()
    bench.step(Task.POST_PUBLISH)

    post = bench.read(post_id)
    assert (post.state, post.wait_reason) == (PostState.STAGED, "quota")
    assert bench.simulator.publishes() == []
