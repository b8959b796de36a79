"""A suspicion of Instagram's: how long it holds back publishing and replying, and that it holds back nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.accounts.account import get_account
from models.accounts.block import LADDER, LIVE_FOR
from models.posts.post import Post
from models.posts.states import PostState
from pressrun import clock
from pressrun.network.hints import Task
from scheduler.posts import changing
from tests.support.bench import Bench
from tests.support.waiting import until

HELD_S = "SELECT extract(epoch FROM until - suspected_at) FROM blocks"


def shown_until(bench: Bench) -> timedelta:
    found: timedelta = bench.value("SELECT state_until - now() FROM accounts WHERE state = 'blocked'")
    return found


def test_a_post_that_proves_live_holds_its_account_for_an_hour(bench: Bench) -> None:
    account = bench.account(0)
    post_id = bench.post(account, caption="live all the same")
    bench.drive(post_id, PostState.STAGED)
    bench.simulator.fault(endpoint="media_publish", mode="accept_then_2207051", nth=1)

    bench.drive(post_id, PostState.UNCERTAIN)
    assert bench.value(HELD_S) == LADDER[0].total_seconds()
    bench.drive(post_id)

    assert bench.value(HELD_S) == LIVE_FOR.total_seconds()
    assert shown_until(bench) <= LIVE_FOR
    second = bench.post(account, caption="waits for it")
    bench.hurry()
    bench.step()
    post = bench.read(second)
    assert (post.state, post.wait_reason) == (PostState.SCHEDULED, "account")
    assert "held back by Instagram until" in (bench.timeline(second)[-1].message or "")


@pytest.mark.parametrize("code", [(4, 2207051), (368, None)], ids=["2207051", "368"])
def test_one_that_is_refused_while_it_is_staged_holds_for_hours(bench: Bench, code: tuple[int, int | None]) -> None:
    post_id = bench.post(bench.account(0))
    subcode = {} if code[1] is None else {"subcode": code[1]}
    bench.simulator.fault(endpoint="container_create", mode="refuse", code=code[0], nth=1, **subcode)

    bench.step()

    post = bench.read(post_id)
    assert (post.state, post.wait_reason) == (PostState.SCHEDULED, "account")
    assert bench.value(HELD_S) == LADDER[0].total_seconds()
    assert bench.value("SELECT state FROM accounts") == "blocked"
    assert post.next_action_at == bench.value("SELECT state_until FROM accounts")


@pytest.mark.parametrize("state", ["blocked", "paused"])
def test_containers_are_looked_at_meanwhile(bench: Bench, state: str) -> None:
    account = bench.account(0)
    image = bench.post(account)
    carousel = bench.post(account, type="carousel", media="feed.jpg|feed-2.jpg", caption="two")
    for post_id in (image, carousel):
        bench.drive(post_id, PostState.STAGING)
    with bench.database.transaction() as tx:
        hold = "UPDATE accounts SET state = :state, state_reason = 'held', state_until = now() + interval '1 day'"
        tx.execute(text(hold), {"state": state})
    created = bench.simulator.report()["calls"]["container_create"]

    bench.drive(image, PostState.STAGED)
    waiting = until(lambda: _waits(bench, carousel), what=lambda: bench.story(carousel))

    finished = "SELECT count(*) FROM containers c JOIN parts p ON p.id = c.part_id WHERE p.post_id = :id AND {}"
    assert waiting.state == PostState.STAGING
    assert bench.value(finished.format("c.status_code = 'FINISHED'"), id=carousel) == 2
    assert bench.simulator.report()["calls"]["container_create"] == created  # its whole is made when the hold is over
    assert bench.simulator.publishes() == []
    with bench.database.transaction() as tx:
        changing.resume_account(tx, get_account(tx, account.id), now=clock.now())
    assert [bench.drive(post_id).state for post_id in (image, carousel)] == [PostState.PUBLISHED] * 2


def _waits(bench: Bench, post_id: int) -> Post | None:
    bench.hurry()
    bench.step(Task.POST_POLL)
    post = bench.read(post_id)
    return post if post.wait_reason == "account" else None
