"""A suspicion of Instagram's: how long it holds back publishing and replying, and that it holds back nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.block import LADDER, LIVE_FOR
from models.states import PostState
from tests.support.bench import Bench

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
