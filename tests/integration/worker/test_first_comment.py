"""The first comment: once, never from an account that is held, and never silently missing."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from models.states import PostState
from tests.support.bench import Bench


def comments(bench: Bench, media_id: str | None) -> list[str]:
    answer = bench.simulator.http.get(
        f"/v25.0/{media_id}/comments", params={"access_token": bench.simulator.token(0)}
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


def test_one_that_cannot_be_posted_says_so(bench: Bench) -> None:
    post_id = bench.post(bench.account(0), first_comment="more in the shop")
    bench.drive(post_id)
    bench.simulator.fault(endpoint="comment_create", mode="not_ready", count=100)

    post = bench.settle(post_id)

    assert post.state == PostState.PUBLISHED
    assert "first comment does not stand" in (post.error or "")
    assert bench.events(post_id).count("comment.given_up") == 1
    assert bench.simulator.report()["calls"]["comment_create"] == 3
