"""Once a post is live: who accepts to be its co-author is an event of it, and how its poll stands is history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.asked.poll import store_tally
from models.history.media import bind_media
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.post import Post
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_post
from tests.support.bench import Bench
from worker.asked.following_up import MOST_TRIES
from worker.boundary import perform
from worker.tasks import STEPS

WORK = next(work for work in WORKS if work.name == "follow_up")
PAIR = {"collaborators": "ana.bakes, Ben_Rye"}
POLL = {"poll_options": "yes|no", "caption": "Rye or wheat?"}
SHARES = "/option_a_votes_percentage"


def _live(bench: Bench, **columns: str) -> Post:
    """A post that went out and was looked after."""
    post_id = bench.post(bench.account(0), **columns)
    bench.drive(post_id)
    return bench.settle(post_id)


def _look(bench: Bench) -> int:
    """Look at all that is followed up, as if it were due."""
    due = "SET next_action_at = now(), leased_until = NULL WHERE next_action_at IS NOT NULL"
    with bench.database.transaction() as tx:
        tx.execute(text(f"UPDATE follow_ups {due}"))
        hints = claim_due(tx, WORK, limit=10, lease_s=30)
    for hint in hints:
        perform(bench.ctx, STEPS, hint)
    return len(hints)


def _told(bench: Bench, post: Post) -> list[tuple[str, str]]:
    events = bench.timeline(post.id)
    return [(one.reason, one.message or "") for one in events if one.reason.startswith("collaborator.")]


def _row(bench: Bench) -> Any:
    with bench.database.transaction() as tx:
        return tx.execute(text("SELECT * FROM follow_ups")).one()


def _tallies(bench: Bench) -> list[Any]:
    with bench.database.transaction() as tx:
        return list(tx.execute(text("SELECT t.* FROM poll_tallies t ORDER BY captured_at")))


def _answer(bench: Bench, post: Post, username: str, *, accepts: bool = True) -> None:
    bench.simulator.post("/_sim/answer_invite", media_id=post.media_id, username=username, accepts=accepts)


@pytest.mark.parametrize("reading", ["status", "accepted"])
def test_each_acceptance_is_told_once(bench: Bench, reading: str) -> None:
    bench.simulator.post("/_sim/readings", collaborators=reading)
    post = _live(bench, **PAIR)
    _look(bench)
    assert _told(bench, post) == []
    _answer(bench, post, "Ben_Rye")

    _look(bench)
    _look(bench)

    assert _told(bench, post) == [("collaborator.accepted", "@Ben_Rye has accepted the invitation to be a co-author")]
    assert _row(bench).next_action_at > clock.now()
    _answer(bench, post, "ana.bakes")
    _look(bench)
    assert [reason for reason, _ in _told(bench, post)] == ["collaborator.accepted"] * 2
    assert (_row(bench).next_action_at, _look(bench)) == (None, 0)
    assert bench.read(post.id).state == "published"


def test_one_who_declines_is_told_and_nobody_waits_for_them(bench: Bench) -> None:
    post = _live(bench, collaborators="ana.bakes")
    _answer(bench, post, "ana.bakes", accepts=False)

    _look(bench)

    assert [reason for reason, _ in _told(bench, post)] == ["collaborator.declined"]
    assert _row(bench).ended_at is not None


def test_who_does_not_answer_in_a_week_is_told(bench: Bench) -> None:
    post = _live(bench, **PAIR)
    _answer(bench, post, "ana.bakes")
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE follow_ups SET published_at = now() - interval '8 days'"))

    _look(bench)

    told = _told(bench, post)
    assert [reason for reason, _ in told] == ["collaborator.accepted", "collaborator.unanswered"]
    assert told[1][1].startswith("@Ben_Rye did not answer")
    assert _look(bench) == 0


def test_a_post_without_any_of_it_is_not_followed_up(bench: Bench) -> None:
    _live(bench)

    assert bench.value("SELECT count(*) FROM follow_ups") == 0


def test_the_poll_of_a_post_becomes_history(bench: Bench) -> None:
    post = _live(bench, **POLL)

    _look(bench)

    [first] = _tallies(bench)
    assert [one["text"] for one in first.options] == ["yes", "no"]
    assert sum(one["votes_share"] for one in first.options) == pytest.approx(1, abs=0.001)
    assert first.expires_at - _row(bench).published_at > timedelta(days=2)
    assert bench.value("SELECT ig_id FROM media WHERE id = :id", id=first.media_id) == post.media_id


@pytest.mark.parametrize("reading", ["object", "data"])
def test_only_what_changed_is_a_row_and_what_is_not_known_is_kept(bench: Bench, reading: str) -> None:
    bench.simulator.post("/_sim/readings", poll_attachment=reading)
    _live(bench, **POLL)
    _look(bench)
    _look(bench)
    assert len(_tallies(bench)) == 1
    root = "/data" if reading == "data" else ""
    changes = [
        {"pointer": f"{root}{SHARES}", "value": None},
        {"pointer": f"{root}/total_votes", "value": 12},
    ]
    bench.simulator.fault(endpoint="media_poll", mode="altered", changes=changes)

    _look(bench)

    before, after = _tallies(bench)
    assert before.options[0]["votes_share"] is not None
    assert after.options[0] == {"text": "yes", "votes_share": None}
    assert after.extra == {"total_votes": 12}


def test_it_is_read_once_after_its_end_and_no_more(bench: Bench) -> None:
    _live(bench, **POLL)
    _look(bench)
    bench.simulator.fault(
        endpoint="media_poll", mode="altered", pointer="/expiration_timestamp", value="2026-01-01T00:00:00+0000"
    )

    _look(bench)

    assert (_row(bench).ended_at is not None, _look(bench)) == (True, 0)


@pytest.mark.parametrize("answer", ["null", "[]", "7", '{"data": null}', '{"option_a": 5}'])
def test_an_answer_of_another_shape_stores_nothing_that_was_not_said(bench: Bench, answer: str) -> None:
    _live(bench, **POLL)
    bench.simulator.fault(endpoint="media_poll", mode="altered", pointer="", raw=answer)

    _look(bench)

    assert [one.options for one in _tallies(bench)] in ([], [[]])
    assert _row(bench).next_action_at > clock.now()


def test_a_history_of_a_poll_is_not_changed(bench: Bench) -> None:
    _live(bench, **POLL)
    _look(bench)

    for act in ("UPDATE poll_tallies SET options = '[]'", "DELETE FROM poll_tallies", "TRUNCATE poll_tallies"):
        with pytest.raises(IntegrityError, match="append-only"), bench.database.transaction() as tx:
            tx.execute(text(act))


def test_an_older_reading_does_not_take_a_newer_ones_place(bench: Bench) -> None:
    now = clock.now()
    with bench.database.transaction() as tx:
        account = make_account(tx)
        post = make_post(tx, account, state="published", published_at=now, media_id="17", next_action_at=None)
        bind_media(tx, account.id, "17", first_part(tx, post).id, now=now)

        def store(share: float, *, hours: int) -> bool:
            votes = [{"text": "yes", "votes_share": share}]
            at = now + timedelta(hours=hours)
            return store_tally(tx, account.id, "17", votes, captured_at=at, expires_at=None, extra={})

        stored = [store(0.1, hours=1), store(0.2, hours=3), store(0.1, hours=2), store(0.2, hours=4)]
        unknown = store_tally(tx, account.id, "18", [], captured_at=now, expires_at=None, extra={})
        tx.execute(text("UPDATE posts SET media_id = NULL, state = 'canceled', published_at = NULL"))
    assert (stored, unknown) == ([True, True, False, False], False)


class TestTroubles:
    def test_what_passes_is_tried_again_and_then_left_for_the_next_age(self, bench: Bench) -> None:
        _live(bench, **PAIR)
        bench.simulator.fault(endpoint="media_collaborators", mode="refuse_500")
        waits = []
        for _ in range(MOST_TRIES):
            _look(bench)
            waits.append(_row(bench).next_action_at - clock.now())

        assert _row(bench).error is not None
        assert _row(bench).tries == 0
        assert waits[-1] > timedelta(minutes=5)
        bench.simulator.clear_faults()
        _look(bench)
        assert _row(bench).error is None

    def test_what_is_refused_waits_for_the_next_age_and_breaks_nothing(self, bench: Bench) -> None:
        post = _live(bench, **PAIR)
        bench.simulator.fault(endpoint="media_collaborators", mode="refuse", code=10, status=403, nth=1)
        _look(bench)

        assert (_row(bench).error is not None, _row(bench).ended_at) == (True, None)
        assert bench.read(post.id).state == "published"

    def test_a_refused_token_breaks_the_account_and_all_waits(self, bench: Bench) -> None:
        _live(bench, **PAIR)
        bench.simulator.fault(endpoint="media_collaborators", mode="refuse", code=190, subcode=460, nth=1)
        _look(bench)
        _look(bench)

        assert bench.value("SELECT state FROM accounts") == "broken"
        assert _row(bench).next_action_at > clock.now()
