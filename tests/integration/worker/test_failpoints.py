"""A worker that dies between any two durable steps: the post still goes out once, with its true media id.

A raised failpoint leaves exactly what SIGKILL leaves: whatever was committed. (`tests/chaos` kills real processes.)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models.post import Post
from models.states import PostState
from pressrun import failpoints
from tests.support.bench import Bench

POINTS = (
    "stage.before_container",
    "stage.after_container",
    "stage.after_record",
    "poll.after_read",
    "publish.before_intent",
    "publish.after_intent",
    "publish.after_response",
    "publish.after_record",
    "comment.after_intent",
    "comment.after_response",
    "comment.after_record",
)
SERVER = ("accepts", "accept_then_reset", "refuse_500")


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest.mark.parametrize("server", SERVER)
@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_any_point_costs_nothing_but_time(bench: Bench, point: str, server: str) -> None:
    post_id = bench.post(bench.account(0), caption=f"{point} {server}", first_comment="the first word")
    if server != "accepts":
        bench.simulator.fault(endpoint="media_publish", mode=server, nth=1)
    failpoints.arm(f"{point}=raise@1")

    post = bench.drive(post_id, timeout_s=60)
    settled = (
        bench.settle(post_id, timeout_s=60) if not point.startswith("comment") else _comment_settled(bench, post_id)
    )

    ledger = bench.simulator.publishes()
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert [entry["media_id"] for entry in ledger] == [post.media_id]
    assert settled.comment_id, bench.story(post_id)
    comments = bench.simulator.http.get(
        f"/v25.0/{post.media_id}/comments", params={"access_token": bench.simulator.token(0)}
    ).json()
    assert [one["text"] for one in comments["data"]] == ["the first word"]


def _comment_settled(bench: Bench, post_id: int) -> Post:
    for _ in range(3):  # as if the time had passed after which a comment must be listed
        bench.hurry()
        bench.step()
        with bench.database.transaction() as tx:
            tx.execute(
                text(
                    "UPDATE attempts SET intent_at = intent_at - interval '6 minutes' "
                    "WHERE action = 'comment' AND state IN ('intent', 'unknown')"
                )
            )
    return bench.settle(post_id, timeout_s=60)
